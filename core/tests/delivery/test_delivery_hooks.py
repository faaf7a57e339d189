"""Merchants' own packages have their say, and can hold up or break nothing but what they may."""

import asyncio
import threading
import time
from decimal import Decimal
from types import MappingProxyType

import msgspec
import pytest
from acme import Refusing, error_of, multi_order
from acme.connector import AcmePayload
from acme.world import BRIEF_SECONDS

from multiorder_sync.oms import listening, order_hooks
from multiorder_sync.oms.hookspecs import HOOK_SECONDS
from multiorder_sync.oms.order_hooks import OrderHooks
from multiorder_sync.oms.registry import InstalledHooks
from multiorder_sync.oms.turns import Turns

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Let packages take their time, where it is not the time that is tested."""
    for module in (order_hooks, listening):
        monkeypatch.setattr(module, "HOOK_SECONDS", 60.0)


@pytest.fixture
def timed(patient, monkeypatch):
    """Give packages the time that they have."""
    for module in (order_hooks, listening):
        monkeypatch.setattr(module, "HOOK_SECONDS", HOOK_SECONDS)


def package(name="merchant-hooks", version="1.2", **hooks):
    named = {f"multiorder_{hook}": function for hook, function in hooks.items()}
    return InstalledHooks(hooks=named, distribution=name, version=version, entry_point=name)


@pytest.fixture
def hooked(world):
    """Give a function that adds a space with the hooks of some packages."""
    made = []

    def space(*packages, **settings):
        space_id = world.space(**settings)
        made.append(OrderHooks(packages))
        world.spaces[space_id].hooks = made[-1]
        return space_id

    yield space
    for hooks in made:
        hooks.close()


def renamed(submission, **_):
    payload = msgspec.structs.replace(submission.payload, email="desk@merchant.example")
    return msgspec.structs.replace(submission, payload=payload, notes=("sent to the desk",))


def failures(logged):
    return [line for line in logged if line["event"] == "hook failed"]


async def test_a_submission_is_adjusted_before_it_is_frozen(world, hooked, logged):
    space = hooked(package(adjust_submission=renamed))
    assert (await world.post(space, multi_order())).status_code == 200
    assert world.oms.held[0]["order"]["email"] == "desk@merchant.example"
    (line,) = [line for line in logged if line["event"] == "order"]
    assert line["notes"] == ("sent to the desk",)


async def test_packages_adjust_one_after_the_other_and_may_leave_it(world, hooked):
    def doubled(submission, **_):
        lines = submission.payload.lines * 2
        return msgspec.structs.replace(submission, payload=AcmePayload(lines=lines))

    packages = [
        package("a", adjust_submission=doubled),
        package("b", adjust_submission=lambda **_: None),
    ]
    space = hooked(*packages, package("c", adjust_submission=doubled))
    assert (await world.post(space, multi_order())).status_code == 200
    assert len(world.oms.held[0]["order"]["lines"]) == 4


async def test_hooks_are_told_the_order_and_the_space(world, hooked):
    seen = []

    def veto(submission, multi_order, context):
        seen.append((submission.ref, multi_order.id, context.space, context.received_at.tzinfo))

    space, order = hooked(package(veto=veto)), multi_order()
    assert (await world.post(space, order)).status_code == 200
    ((ref, order_id, told_space, zone),) = seen
    assert (ref, order_id, told_space) == (world.oms.refs[0], order["id"], space)
    assert zone is not None


async def test_a_veto_is_answered_and_nothing_of_the_order_is_sent(world, hooked):
    def veto(submission, **_):
        return "Embargoed goods." if submission.ref.endswith("-1") else None

    space = hooked(package(veto=veto), on_outage="queue")
    error = error_of(await world.post(space, multi_order(orders=2)), 422, "vetoed")
    assert error["error"] == "Embargoed goods. (merchant-hooks)"
    assert error["details"]["retryable"] is False
    assert world.oms.calls == []


def raising(**_):
    raise RuntimeError("a bug of the merchant's")


def exiting(**_):
    raise SystemExit(3)


class Panic(BaseException):
    """What extensions written in Rust raise."""


def panicking(**_):
    raise Panic


def cancelling(**_):
    raise asyncio.CancelledError


def interrupting(**_):
    raise KeyboardInterrupt


class Reserving(Refusing):
    reserved = MappingProxyType({"email": "is what it is known by"})


def with_line(**line):
    return lambda submission, **_: msgspec.structs.replace(
        submission, payload=AcmePayload(lines=(line,))
    )


WRONG = {
    "raises": raising,
    "exits": exiting,
    "no submission": lambda **_: "yes",
    "another ref": lambda submission, **_: msgspec.structs.replace(submission, ref="mine"),
    "another payload": lambda submission, **_: msgspec.structs.replace(
        submission, payload=submission
    ),
    "an impossible payload": lambda submission, **_: msgspec.structs.replace(
        submission, payload=AcmePayload(email=3)
    ),
    "no texts for notes": lambda submission, **_: msgspec.structs.replace(submission, notes=None),
    "a payload of other types": lambda submission, **_: msgspec.structs.replace(
        submission, payload=AcmePayload(lines=[{"sku": {1, 2}}, object()])
    ),
    "what is reserved": lambda submission, **_: msgspec.structs.replace(
        submission, payload=AcmePayload(email="other@example.com", lines=submission.payload.lines)
    ),
    "an amount that is none": with_line(price=Decimal("NaN")),
    "an endless amount": with_line(price=[Decimal("Infinity")]),
    "a float for an amount": with_line(price=1.1),
    "panics": panicking,
    "cancels": cancelling,
    "interrupts": interrupting,
}


@pytest.mark.parametrize("hook", WRONG.values(), ids=WRONG)
async def test_an_order_is_not_sent_unadjusted(world, hooked, logged, hook):
    connector = Reserving if hook is WRONG["what is reserved"] else Refusing
    space = hooked(package(adjust_submission=hook), connector=connector)
    order = multi_order()
    error = error_of(await world.post(space, order), 500, "hook_failed")
    assert "merchant-hooks 1.2" in error["error"]
    assert error["details"]["retryable"] is True
    assert world.oms.calls == []
    (line,) = failures(logged)
    assert (line["distribution"], line["version"]) == ("merchant-hooks", "1.2")
    assert line["hook"] == "multiorder_adjust_submission"
    world.spaces[space].hooks = OrderHooks()
    assert (await world.post(space, order)).status_code == 200


@pytest.mark.parametrize("answer", [True, "", 7])
async def test_a_veto_that_is_no_sentence_is_a_failure(world, hooked, answer):
    space = hooked(package(veto=lambda **_: answer))
    error_of(await world.post(space, multi_order()), 500, "hook_failed")
    assert world.oms.calls == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("x" * 100_000, "x" * 499 + "…"),
        ("Not to \ud800.", "Not to ?."),
        (f"{'x' * 499}y ", "x" * 499 + "y"),
    ],
)
async def test_a_vetos_reason_is_cut_and_can_be_sent(world, hooked, answer, told):
    space = hooked(package(veto=lambda **_: answer))
    error = error_of(await world.post(space, multi_order()), 422, "vetoed")
    assert error["error"] == f"{told} (merchant-hooks)"


async def test_a_failing_hook_queues_the_order_where_the_space_says_so(world, hooked):
    space = hooked(package(veto=raising), on_outage="queue")
    assert (await world.post(space, multi_order())).status_code == 200
    assert world.oms.calls == []


async def test_a_hanging_hook_holds_up_no_other_order(world, hooked, timed, logged):
    over, asked = threading.Event(), threading.Event()

    def hanging(submission, **_):
        asked.set()
        over.wait(60)

    space, free = hooked(package(veto=hanging), deadline_seconds=60), world.space()
    held_up = asyncio.create_task(world.post(space, multi_order()))
    await asyncio.to_thread(asked.wait, 60)
    assert (await world.post(free, multi_order())).status_code == 200
    error = error_of(await held_up, 500, "hook_failed")
    assert "did not answer within the 2 seconds that it has" in error["error"]
    assert failures(logged)[0]["distribution"] == "merchant-hooks"
    started = time.monotonic()
    for _ in range(10):
        error = error_of(await world.post(space, multi_order()), 500, "hook_failed")
        assert "hangs still" in error["error"]
    assert time.monotonic() - started < 20  # of two seconds for each
    over.set()
    async with asyncio.timeout(60):
        while (await world.post(space, multi_order())).status_code != 200:
            await asyncio.sleep(0.01)


async def test_orders_wait_for_one_another_on_no_ones_time(world, hooked, timed):
    calls = []

    def veto(submission, **_):
        calls.append(submission.ref)
        time.sleep(0.1)

    space = hooked(package(veto=veto), deadline_seconds=60)
    answers = await asyncio.gather(*(world.post(space, multi_order()) for _ in range(25)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(calls) == 25


async def test_who_has_no_turn_until_the_deadline_is_told_so_and_is_asked_nothing(
    world, hooked, logged
):
    over, asked = threading.Event(), []

    def veto(multi_order, **_):
        asked.append(multi_order.id)
        over.wait(60)

    space = hooked(package(veto=veto), deadline_seconds=60)
    hurried = world.space(deadline_seconds=BRIEF_SECONDS)
    world.spaces[hurried].hooks = world.spaces[space].hooks
    first, second, third = multi_order(), multi_order(), multi_order()
    waited_for = asyncio.create_task(world.post(space, first))
    while not asked:
        await asyncio.sleep(0.01)
    error = error_of(await world.post(hurried, second), 500, "hook_failed")
    assert "it was busy with other orders until the call's deadline" in error["error"]
    assert error["details"]["retryable"] is True
    assert failures(logged)[0]["distribution"] == "merchant-hooks"
    over.set()
    assert (await waited_for).status_code == 200
    assert (await world.post(space, third)).status_code == 200
    assert asked == [first["id"], third["id"]]


async def test_who_waits_for_a_package_that_hangs_is_told_at_once(world, hooked, timed):
    over, asked = threading.Event(), []

    def hanging(multi_order, **_):
        asked.append(multi_order.id)
        over.wait(60)

    space = hooked(package(veto=hanging), deadline_seconds=50)
    first = asyncio.create_task(world.post(space, multi_order()))
    while not asked:
        await asyncio.sleep(0.01)
    others = [asyncio.create_task(world.post(space, multi_order())) for _ in range(3)]
    assert "2 seconds" in error_of(await first, 500, "hook_failed")["error"]
    for other in others:
        assert "hangs still" in error_of(await other, 500, "hook_failed")["error"]
    over.set()
    assert len(asked) == 1


async def test_a_turn_that_comes_as_nobody_waits_for_it_goes_to_the_next():
    turns, deadline = Turns(), time.monotonic() + 60
    await turns.take(deadline)
    gone, next_one = (asyncio.create_task(turns.take(deadline)) for _ in range(2))
    await asyncio.sleep(0)
    turns.give_back()
    gone.cancel()
    await next_one
    assert gone.cancelled()


async def test_a_slow_package_has_its_time_for_the_whole_order(world, hooked, timed):
    def slow(**_):
        time.sleep(0.8)

    space = hooked(package(veto=slow), deadline_seconds=60)
    error = error_of(await world.post(space, multi_order(orders=6)), 500, "hook_failed")
    assert "2 seconds" in error["error"]
    assert world.oms.calls == []


async def test_a_package_is_not_waited_for_beyond_the_deadline(world, hooked):
    over = threading.Event()
    space = hooked(package(veto=lambda **_: over.wait(60)), deadline_seconds=BRIEF_SECONDS)
    error = error_of(await world.post(space, multi_order()), 500, "hook_failed")
    assert "the call's deadline" in error["error"]
    over.set()


async def test_what_a_package_does_to_its_arguments_has_no_effect(world, hooked):
    seen = []

    def meddling(submission, multi_order, **_):
        submission.payload.lines[0]["sku"] = "another"
        multi_order.source["orders"].clear()
        seen.append(submission.payload.lines[0]["sku"])

    space = hooked(
        package("a", adjust_submission=meddling, veto=meddling),
        package(
            "b", veto=lambda multi_order, **_: None if multi_order.source["orders"] else "Gone."
        ),
    )
    order = multi_order()
    assert (await world.post(space, order)).status_code == 200
    assert seen == ["another", "another"]
    assert (
        world.oms.held[0]["order"]["lines"][0]["sku"] == order["orders"][0]["order_items"][0]["sku"]
    )


async def test_what_is_sent_is_what_is_kept(world, hooked):
    def listed(submission, **_):
        payload = AcmePayload(lines=[{"sku": "A", "quantity": 1}])
        return msgspec.structs.replace(submission, payload=payload, notes=["in a list"])

    space = hooked(package(adjust_submission=listed))
    assert (await world.post(space, multi_order())).status_code == 200
    assert world.oms.held[0]["order"]["lines"] == [{"sku": "A", "quantity": 1}]


async def test_who_is_slow_to_hear_of_orders_holds_up_none(world, hooked):
    over = threading.Event()
    heard = []

    def slow(settlement):
        heard.append(settlement.order)
        over.wait(60)

    space = hooked(package(order_settled=slow, veto=lambda **_: None))
    orders = [multi_order() for _ in range(3)]
    for order in orders:
        assert (await world.post(space, order)).status_code == 200
    over.set()
    async with asyncio.timeout(60):
        while len(heard) < 3:
            await asyncio.sleep(0.01)
    assert heard == [order["id"] for order in orders]


async def test_who_hangs_over_what_became_of_an_order_is_named(world, hooked, timed, logged):
    over = threading.Event()
    space = hooked(package(order_settled=lambda settlement: over.wait(60)))
    order = multi_order()
    assert (await world.post(space, order)).status_code == 200
    async with asyncio.timeout(60):
        while not failures(logged):
            await asyncio.sleep(0.01)
    (line,) = failures(logged)
    assert (line["hook"], line["order"]) == ("multiorder_order_settled", order["id"])
    assert "within 2 seconds" in line["reason"]
    over.set()


async def test_a_listener_that_panics_is_named(world, hooked, logged):
    space = hooked(package(order_settled=panicking))
    assert (await world.post(space, multi_order())).status_code == 200
    async with asyncio.timeout(60):
        while not failures(logged):
            await asyncio.sleep(0.01)
    assert failures(logged)[0]["distribution"] == "merchant-hooks"


def heard_by(heard):
    def settled(settlement):
        heard.append(settlement)

    return settled


async def test_what_became_of_an_order_is_told(world, hooked):
    heard = []
    space = hooked(package(order_settled=heard_by(heard)))
    order = multi_order()
    assert (await world.post(space, order)).status_code == 200
    world.oms.fail("refuse", code="X", message="No.")
    assert (await world.post(space, multi_order())).status_code == 422
    async with asyncio.timeout(60):
        while len(heard) < 2:
            await asyncio.sleep(0.01)
    first, second = heard
    assert (first.space, first.order, first.state) == (space, order["id"], "accepted")
    assert (first.connector, first.told_status) == ("acme", 200)
    assert first.results[0].receipt.oms_id == "A1"
    assert (second.state, second.told_status) == ("refused", 422)


async def test_a_listener_that_fails_changes_nothing(world, hooked, logged):
    space = hooked(package(order_settled=raising))
    assert (await world.post(space, multi_order())).status_code == 200
    async with asyncio.timeout(60):
        while not failures(logged):
            await asyncio.sleep(0.01)
    assert failures(logged)[0]["hook"] == "multiorder_order_settled"


async def test_a_listener_that_answers_is_named(world, hooked, logged):
    space = hooked(package(order_settled=lambda settlement: "a coroutine, say"))
    assert (await world.post(space, multi_order())).status_code == 200
    async with asyncio.timeout(60):
        while not failures(logged):
            await asyncio.sleep(0.01)
    (line,) = failures(logged)
    assert (line["hook"], line["distribution"]) == ("multiorder_order_settled", "merchant-hooks")
    assert "it answered str" in line["reason"]
