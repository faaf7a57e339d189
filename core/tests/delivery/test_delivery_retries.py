"""Faults on the way to the OMS: what is tried again, and what the caller is told."""

import time

import pytest
from acme import Merging, Refusing, Unguarded, error_of, multi_order
from acme.world import BRIEF_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUARDS = {"refuse": Refusing, "merge": Merging, "create": Unguarded}

PASSING = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "drop"},
    {"kind": "html"},
    {"kind": "garbage"},
]
HANGING = {"kind": "hang", "seconds": 60}


def guarded(world, on_duplicate, **settings):
    world.oms.on_duplicate = on_duplicate
    return world.space(GUARDS[on_duplicate], **settings)


async def test_without_a_fault_one_create_is_sent(world):
    answer = await world.post(world.space(), multi_order())
    assert answer.status_code == 200
    assert world.oms.calls == ["create"]


@pytest.mark.parametrize("on_duplicate", ["merge", "create"])
async def test_an_oms_that_does_not_refuse_duplicates_is_asked_first(world, on_duplicate):
    space, order = guarded(world, on_duplicate), multi_order()
    assert (await world.post(space, order)).status_code == 200
    assert world.oms.calls == ["find", "create"]
    assert (await world.post(space, order)).status_code == 200
    assert world.oms.calls == ["find", "create"]  # the journal knows the rest
    assert len(world.oms.held) == 1


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: str(list(fault.values())))
@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_a_fault_after_the_order_was_stored_ends_as_success(world, on_duplicate, fault):
    space = guarded(world, on_duplicate)
    world.oms.fail(**fault, when="after")
    answer = await world.post(space, multi_order())
    assert answer.status_code == 200
    assert len(world.oms.held) == 1
    assert world.oms.count("create") == 1
    assert world.oms.calls[-2:] == ["create", "find"]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: str(list(fault.values())))
@pytest.mark.parametrize("on_duplicate", ["refuse", "merge"])
async def test_a_fault_before_the_order_was_stored_ends_as_success(world, on_duplicate, fault):
    space = guarded(world, on_duplicate)
    world.oms.fail(**fault, when="before")
    answer = await world.post(space, multi_order())
    assert answer.status_code == 200
    assert len(world.oms.held) == 1
    creates = [number for number, call in enumerate(world.oms.calls) if call == "create"]
    assert len(creates) == 2
    assert "find" in world.oms.calls[creates[0] : creates[1]]


@pytest.mark.parametrize(
    "fault", [*PASSING[1:4], HANGING], ids=lambda fault: str(list(fault.values()))
)
async def test_an_unguarded_oms_never_gets_a_second_create(world, fault):
    space = guarded(world, "create", deadline_seconds=BRIEF_SECONDS)
    world.oms.fail(**fault, when="before", times=None)
    error = error_of(await world.post(space, multi_order()), 500, "outcome_unknown")
    assert error["details"]["retryable"]
    assert [order["state"] for order in error["details"]["orders"]] == ["unknown"]
    assert world.oms.count("create") == 1
    assert world.oms.count("find") >= 2
    assert world.oms.held == []


@pytest.mark.parametrize("on_duplicate", ["refuse", "create"])
async def test_an_order_stored_by_a_call_that_never_answers_is_found(world, on_duplicate):
    # Half of it is for the create, and half of the rest for the look-up.
    space = guarded(world, on_duplicate, deadline_seconds=8.0)
    world.oms.fail(**HANGING, when="after")
    answer = await world.post(space, multi_order())
    assert answer.status_code == 200
    assert len(world.oms.held) == 1


@pytest.mark.parametrize("on_duplicate", ["refuse", "merge"])
async def test_a_create_that_commits_after_the_second_one_is_not_doubled(world, on_duplicate):
    space = guarded(world, on_duplicate, deadline_seconds=8.0)
    gate = world.oms.gate()
    answer = await world.post(space, multi_order())
    assert answer.status_code == 200
    assert world.oms.count("create") == 2
    assert len(world.oms.held) == 1
    assert gate.holds
    await gate.let_all_through()
    assert len(world.oms.held) == 1


def lagging(base):
    """Return a connector whose OMS shows an order in its look-ups only after a while."""

    class Lagging(base):
        blind = 0

        async def find(self, submission):
            receipt = await super().find(submission)
            if receipt is None or self.blind >= 2:
                return receipt
            self.blind += 1
            return None

    return Lagging


@pytest.mark.parametrize(("on_duplicate", "creates"), [("refuse", 2), ("merge", 2), ("create", 1)])
async def test_an_order_that_look_ups_show_late_is_not_doubled(world, on_duplicate, creates):
    world.oms.on_duplicate = on_duplicate
    space = world.space(lagging(GUARDS[on_duplicate]))
    world.oms.fail("drop", when="after")
    assert (await world.post(space, multi_order())).status_code == 200
    assert world.oms.count("create") == creates
    assert len(world.oms.held) == 1


@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_slowness_within_the_deadline_is_no_failure(world, on_duplicate):
    space = guarded(world, on_duplicate)
    world.oms.fail("latency", seconds=0.3)
    assert (await world.post(space, multi_order())).status_code == 200
    assert world.oms.count("create") == 1


async def test_a_rate_limit_that_fits_is_waited_for(world):
    # It was certainly not created: even an OMS without any guard gets a second create.
    space = guarded(world, "create")
    world.oms.fail("rate_limit", retry_after=1)
    assert (await world.post(space, multi_order())).status_code == 200
    assert world.oms.count("create") == 2
    assert len(world.oms.held) == 1


async def test_a_rate_limit_that_does_not_fit_is_told_at_once(world):
    space = world.space(deadline_seconds=30)
    world.oms.fail("rate_limit", retry_after=60, times=None)
    error = error_of(await world.post(space, multi_order()), 500, "oms_unavailable")
    assert error["details"]["retryable"]
    assert error["details"]["orders"][0]["state"] == "ready"
    assert world.oms.calls == ["create"]


async def test_refused_credentials_are_not_tried_again(world):
    world.oms.key = "another key"
    error = error_of(await world.post(world.space(), multi_order()), 500, "oms_unavailable")
    assert error["details"]["oms_errors"] == [{"code": "KEY", "text": "The key is not known."}]
    assert world.oms.calls == ["create"]


async def test_an_oms_that_is_not_there_is_unavailable(world):
    from acme import AcmeSettings

    from multiorder_sync import Secret

    nowhere = AcmeSettings(base_url="http://127.0.0.1:1", api_key=Secret("k"))
    space = world.space(oms=nowhere, deadline_seconds=BRIEF_SECONDS)
    error = error_of(await world.post(space, multi_order()), 500, "oms_unavailable")
    assert error["details"]["orders"][0]["state"] == "ready"
    assert error["details"]["oms"] == "acme"


async def test_a_refusal_is_final_and_in_the_omss_words(world):
    world.oms.fail("refuse", code="E-17", message="No such SKU.")
    space, order = world.space(), multi_order()
    error = error_of(await world.post(space, order), 422, "oms_refused")
    assert "No such SKU." in error["error"]
    assert error["details"]["oms_errors"] == [{"code": "E-17", "text": "No such SKU."}]
    assert error["details"]["orders"] == [
        {
            "id": order["orders"][0]["id"],
            "state": "refused",
            "oms_ref": f"{space}-{order['orders'][0]['id']}",
            "oms_id": None,
        }
    ]
    assert not error["details"]["retryable"]
    assert world.oms.count("create") == 1
    assert world.oms.held == []


@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_anothers_order_under_our_ref_is_not_taken_for_ours(world, on_duplicate):
    space, order = guarded(world, on_duplicate), multi_order()
    world.oms.put(f"{space}-{order['orders'][0]['id']}")
    error = error_of(await world.post(space, order), 422, "ref_taken")
    assert error["details"]["orders"][0]["state"] == "refused"
    assert len(world.oms.held) == 1


async def test_a_repeated_order_is_accepted_again_and_not_doubled(world):
    space, order = world.space(), multi_order()
    answers = [await world.post(space, order) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len(world.oms.held) == 1


@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_a_look_up_that_fails_after_a_doubtful_create_leaves_it_unknown(world, on_duplicate):
    space = guarded(world, on_duplicate, deadline_seconds=BRIEF_SECONDS)
    world.oms.fail("drop", when="after")
    passing = 0 if on_duplicate == "refuse" else 1  # the look-up before the create
    world.oms.fail("refuse", "find", code="F", message="Not allowed.", times=None, skip=passing)
    error = error_of(await world.post(space, multi_order()), 500, "outcome_unknown")
    assert error["details"]["orders"][0]["state"] == "unknown"
    assert world.oms.count("create") == 1
    assert len(world.oms.held) == 1


@pytest.mark.parametrize(
    ("on_duplicate", "kind"), [("refuse", "hang"), ("refuse", "latency"), ("create", "hang")]
)
async def test_the_call_ends_within_its_deadline(world, on_duplicate, kind):
    space = guarded(world, on_duplicate, deadline_seconds=0.5)
    world.oms.fail(kind, "*", seconds=60, times=None)
    started = time.monotonic()
    answer = await world.post(space, multi_order())
    assert answer.status_code == 500
    assert 0.2 < time.monotonic() - started < 10


async def test_an_error_after_the_deadline_for_many_orders_is_one_answer(world):
    tried = []

    class Noted(Refusing):
        async def submit(self, submission):
            tried.append(submission.orders)
            return await super().submit(submission)

    space, order = world.space(Noted, deadline_seconds=BRIEF_SECONDS), multi_order(orders=5)
    world.oms.fail("hang", seconds=60, times=None)
    started = time.monotonic()
    error = error_of(await world.post(space, order), 500, "outcome_unknown")
    assert time.monotonic() - started < 20
    states = [order["state"] for order in error["details"]["orders"]]
    # The second is begun if the first is given up with some time left, which its waits decide.
    begun = len(set(tried))
    assert begun in (1, 2)
    assert states == [*["unknown"] * begun, *["ready"] * (5 - begun)]
    assert set(tried) == {(each["id"],) for each in order["orders"][:begun]}
