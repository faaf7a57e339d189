"""Connectors that do not keep their contract: the order is never lost or doubled for it."""

import asyncio
import time

import pytest
from acme import Merging, Refusing, Unguarded, error_of, multi_order
from acme.world import BRIEF_SECONDS

from multiorder_sync import Receipt, Refused, Submission, Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Panic(BaseException):
    """What extensions written in Rust raise."""


CRASHES = [
    RuntimeError("secret-in-a-crash"),
    SystemExit(3),
    Panic(),
    asyncio.CancelledError(),
    RecursionError(),
    MemoryError(),
]


@pytest.fixture(params=CRASHES, ids=lambda error: type(error).__name__)
def crash(request):
    return request.param


async def test_a_crash_in_transform(world, crash, logged):
    class Broken(Refusing):
        def transform(self, order, context):
            raise crash

    error = error_of(await world.post(world.space(Broken), multi_order()), 500, "internal")
    assert error["details"]["retryable"]
    assert "orders" not in error["details"]
    assert "secret" not in error["error"]
    assert world.oms.calls == []
    assert any(line.get("exc_info") for line in logged)


async def test_a_crash_before_anything_was_sent(world, crash):
    class Broken(Refusing):
        async def submit(self, submission):
            raise crash

    error = error_of(await world.post(world.space(Broken), multi_order()), 500, "internal")
    assert error["details"]["orders"][0]["state"] == "ready"
    assert "secret" not in error["error"]
    assert world.oms.calls == []


async def test_a_crash_after_the_create_was_sent_is_looked_after(world, crash):
    class Broken(Refusing):
        async def submit(self, submission):
            await super().submit(submission)
            raise crash

    assert (await world.post(world.space(Broken), multi_order())).status_code == 200
    assert world.oms.calls == ["create", "find"]
    assert len(world.oms.held) == 1


async def test_a_crash_in_find_after_a_doubtful_create_leaves_it_unknown(world, crash):
    class Broken(Refusing):
        async def find(self, submission):
            raise crash

    world.oms.fail("drop", when="after")
    error = error_of(await world.post(world.space(Broken), multi_order()), 500, "outcome_unknown")
    assert error["details"]["orders"][0]["state"] == "unknown"
    assert "secret" not in error["error"]
    assert world.oms.count("create") == 1


@pytest.mark.parametrize("connector", [Merging, Unguarded])
async def test_a_crash_in_the_first_find_sends_nothing(world, connector, crash):
    class Broken(connector):
        async def find(self, submission):
            raise crash

    error = error_of(await world.post(world.space(Broken), multi_order()), 500, "internal")
    assert error["details"]["orders"][0]["state"] == "ready"
    assert world.oms.calls == []


@pytest.mark.parametrize("result", [None, "id", {"oms_id": "1"}, True])
async def test_a_submit_that_returns_no_receipt_is_in_doubt(world, result):
    class Broken(Unguarded):
        async def submit(self, submission):
            await super().submit(submission)
            return result

    world.oms.on_duplicate = "create"
    assert (await world.post(world.space(Broken), multi_order())).status_code == 200
    assert world.oms.count("create") == 1
    assert len(world.oms.held) == 1


@pytest.mark.parametrize("result", [False, "id", {}, ()])
async def test_a_find_that_returns_no_receipt_is_no_find(world, result):
    class Broken(Refusing):
        async def find(self, submission):
            return result

    world.oms.fail("drop", when="after")
    error = error_of(await world.post(world.space(Broken), multi_order()), 500, "outcome_unknown")
    assert error["details"]["orders"][0]["state"] == "unknown"
    assert world.oms.count("create") == 1


async def test_methods_that_are_no_coroutines(world):
    class Broken(Refusing):
        def submit(self, submission):
            return Receipt(oms_id="1", oms_ref=submission.ref)

    error_of(await world.post(world.space(Broken), multi_order()), 500, "internal")
    assert world.oms.calls == []


def returning(*refs, orders=None, payload=None):
    """Return a transform that makes these submissions of an order."""

    def transform(self, order, context):
        return [
            Submission(
                ref=ref, payload=payload, orders=orders or (order.orders[0].id,), fingerprint="f"
            )
            for ref in refs
        ]

    return transform


BAD_TRANSFORMS = {
    "none": lambda self, order, context: None,
    "empty": lambda self, order, context: [],
    "not submissions": lambda self, order, context: ["order"],
    "one submission alone": lambda self, order, context: Refusing.transform(self, order, context)[
        0
    ],
    "an order missing": lambda self, order, context: Refusing.transform(self, order, context)[1:],
    "an order twice": returning("a", "b"),
    "another order": returning("a", orders=("elsewhere",)),
    "no order": lambda self, order, context: [
        Submission(ref="a", payload=None, orders=(), fingerprint="f")
    ],
}


@pytest.mark.parametrize("transform", BAD_TRANSFORMS.values(), ids=BAD_TRANSFORMS)
async def test_a_transform_that_breaks_its_contract_sends_nothing(world, transform):
    broken = type("Broken", (Refusing,), {"transform": transform})
    answer = await world.post(world.space(broken), multi_order())
    error_of(answer, 500, "internal")
    assert world.oms.calls == []


@pytest.mark.parametrize("crash", CRASHES[:2], ids=["RuntimeError", "SystemExit"])
async def test_a_connector_that_can_not_be_built_takes_only_its_space_down(world, crash):
    class Broken(Refusing):
        def __init__(self, settings, http):
            raise crash

    order = multi_order()
    broken, working = world.space(Broken), world.space()
    error = error_of(await world.post(broken, order), 500, "connector_unavailable")
    assert error["details"]["retryable"]
    assert "secret" not in error["error"]
    assert (await world.post(working, order)).status_code == 200


async def test_a_connector_that_hangs_ends_with_the_deadline(world):
    class Hanging(Refusing):
        async def submit(self, submission):
            await asyncio.sleep(600)

    started = time.monotonic()
    space = world.space(Hanging, deadline_seconds=BRIEF_SECONDS)
    error_of(await world.post(space, multi_order()), 500, "oms_unavailable")
    assert time.monotonic() - started < 30


async def test_a_refusal_that_only_means_that_the_order_is_there_is_a_success(world):
    class Naive(Refusing):
        """Says Refused also where it should have looked."""

        async def submit(self, submission):
            await super().submit(submission)
            raise Refused("There is such an order.")

    assert (await world.post(world.space(Naive), multi_order())).status_code == 200
    assert len(world.oms.held) == 1


async def test_a_refusal_is_not_final_when_the_look_up_after_it_fails(world):
    # It may be refused because it is there: what is final is told as that only where it is known.
    class Blind(Refusing):
        async def find(self, submission):
            raise Unavailable("No look-ups today.")

    world.oms.fail("refuse", code="E", message="No.")
    space = world.space(Blind, deadline_seconds=BRIEF_SECONDS)
    error = error_of(await world.post(space, multi_order()), 500, "outcome_unknown")
    assert error["error"].startswith("Acme refused: No. Whether that is because")
    assert world.oms.count("create") == 1


@pytest.mark.parametrize("crash", CRASHES[:2], ids=["RuntimeError", "SystemExit"])
async def test_a_failing_close_does_not_keep_the_other_spaces_open(world, crash, logged):
    closed = []

    class Broken(Refusing):
        async def aclose(self):
            raise crash

    class Sound(Refusing):
        async def aclose(self):
            closed.append(self)

    world.space(Broken)
    world.space(Sound)
    await world.reset()
    assert len(closed) == 1
    assert any(line["log_level"] == "error" for line in logged)
