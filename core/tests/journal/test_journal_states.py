"""The states of orders and submissions, and what leads from one to another."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest
from acme import Merging, Refusing, body_of, error_of, multi_order
from acme.book import Block
from acme.calls import signed
from acme.house import take_up, until

from multiorder_sync import (
    OutcomeUnknown,
    Receipt,
    Refused,
    SubmissionResult,
    SubmissionState,
    Unavailable,
    Untransformable,
)
from multiorder_sync.delivery.admission import SignedRequest
from multiorder_sync.delivery.journal.due import Room
from multiorder_sync.delivery.journal.records import AlarmKind, OrderRecord, OrderState
from multiorder_sync.delivery.rules import Rules
from multiorder_sync.errors import ConnectorUnavailable, HookFailed, JournalUnavailable
from multiorder_sync.outcome import Outcome

session = pytest.mark.asyncio(loop_scope="session")

ERRORS = {
    "ready": Unavailable("Not sent."),
    "unknown": OutcomeUnknown("No answer."),
    "refused": Refused("No."),
    "accepted": None,
}


def outcome_of(*states):
    results = [
        SubmissionResult(
            ref=f"r{number}",
            orders=(f"o{number}",),
            state=SubmissionState(state),
            receipt=Receipt(oms_id="A", oms_ref="r") if state == "accepted" else None,
            error=ERRORS[state],
        )
        for number, state in enumerate(states)
    ]
    return Outcome(connector="acme", results=tuple(results))


def record(*, told=None, redeliveries=1, state="queued"):
    now = datetime.now(UTC)
    return OrderRecord(
        id=1,
        space="s",
        key="k",
        state=OrderState(state),
        connector="acme",
        on_outage="queue",
        fingerprint="f",
        error=None,
        received_at=now,
        updated_at=now,
        told_status=told,
        told_code=None,
        told_at=None,
        redeliveries=redeliveries,
        next_attempt_at=None,
        claimed_by=None,
        abandoned_by=None,
        reason=None,
    )


RULES = {name: Rules(on_outage=name, delays=(1.0, 2.0, 3.0)) for name in ("fail", "queue")}


@pytest.mark.parametrize(
    ("states", "fail", "queue"),
    [
        (["accepted"], "accepted", "accepted"),
        (["accepted", "accepted"], "accepted", "accepted"),
        (["refused"], "refused", "refused"),
        (["refused", "refused"], "refused", "refused"),
        (["ready"], "unavailable", "queued"),
        (["ready", "ready"], "unavailable", "queued"),
        (["refused", "ready"], "unavailable", "unavailable"),
        (["unknown"], "unknown", "queued"),
        (["unknown", "accepted"], "unknown", "queued"),
        (["unknown", "ready"], "unknown", "queued"),
        (["unknown", "refused"], "unknown", "unknown"),
        (["accepted", "ready"], "partial", "queued"),
        (["accepted", "refused"], "partial", "partial"),
        (["accepted", "refused", "ready"], "partial", "partial"),
    ],
    ids=str,
)
def test_what_becomes_of_an_order_after_a_call(states, fail, queue):
    for on_outage, expected in (("fail", fail), ("queue", queue)):
        decision = RULES[on_outage].after_call(outcome_of(*states))
        assert decision.state == expected
        open_still = expected in ("unknown", "queued")
        assert decision.next_seconds == (1.0 if open_still else None)
        assert decision.alarms == ((AlarmKind.PARTIAL,) if expected == "partial" else ())


@pytest.mark.parametrize(
    ("states", "told", "fail", "queue", "alarms"),
    [
        # Whether that makes untrue what was told is seen as it is closed, by what was told until then.
        (["accepted"], 200, "accepted", "accepted", []),
        (["accepted"], 500, "accepted", "accepted", []),
        (["accepted"], None, "accepted", "accepted", []),
        (["refused"], 200, "refused", "refused", []),
        (["refused"], 500, "refused", "refused", []),
        (["ready"], 500, "unavailable", "queued", []),
        (["unknown"], 500, "unknown", "queued", []),
        (["unknown", "accepted"], 200, "unknown", "queued", []),
        (["refused", "ready"], 500, "unavailable", "unavailable", []),
        (["refused", "accepted"], 200, "partial", "partial", ["partial"]),
    ],
    ids=str,
)
def test_what_becomes_of_an_order_after_it_was_taken_up_again(states, told, fail, queue, alarms):
    for on_outage, expected in (("fail", fail), ("queue", queue)):
        decision = RULES[on_outage].after_redelivery(record(told=told), outcome_of(*states))
        assert decision.state == expected
        assert decision.next_seconds == (2.0 if expected in ("unknown", "queued") else None)
        assert list(decision.alarms) == alarms


def test_what_was_promised_goes_on_although_a_part_was_refused():
    outcome = outcome_of("refused", "ready")
    assert RULES["queue"].after_redelivery(record(told=200), outcome).state == "queued"
    # Under "fail" it was promised by the space's configuration before; now nothing is sent.
    decision = RULES["fail"].after_redelivery(record(told=200), outcome)
    assert decision.state == "unavailable"


@pytest.mark.parametrize("on_outage", RULES)
@pytest.mark.parametrize(
    ("asked", "call", "redelivery"),
    [
        (None, 1.0, 2.0),
        (1.5, 1.5, 2.0),
        (600, 600.0, 600.0),
        (10.0**9, 86_400.0, 86_400.0),
        (float("inf"), 1.0, 2.0),
        (-5, 1.0, 2.0),
        ("soon", 1.0, 2.0),
    ],
)
def test_the_next_try_waits_as_long_as_the_oms_asks(on_outage, asked, call, redelivery):
    """No longer than a day, though, and not for what makes no sense."""
    error = OutcomeUnknown("No answer.")
    error.retry_after = Unavailable("Later.", retry_after=asked).retry_after
    (result,) = outcome_of("unknown").results
    others = outcome_of("accepted", "unknown").results
    outcome = Outcome(
        connector="acme", results=(*others, msgspec.structs.replace(result, error=error))
    )
    assert RULES[on_outage].after_call(outcome).next_seconds == call
    assert RULES[on_outage].after_redelivery(record(), outcome).next_seconds == redelivery


@pytest.mark.parametrize("on_outage", RULES)
def test_the_ladder_ends(on_outage):
    waits = []
    for redeliveries in (1, 2, 3, 4):
        decision = RULES[on_outage].again(record(redeliveries=redeliveries))
        waits.append(decision.next_seconds)
    assert waits == [2.0, 3.0, None, None]
    assert decision.state is OrderState.DEAD
    assert decision.alarms == (AlarmKind.DEAD,)


@session
async def test_a_repeat_of_a_partial_order_sends_only_the_rest(world, book):
    order = multi_order(orders=3)
    world.oms.fail("refuse", code="E", message="No.", skip=1)
    error = error_of(await world.post("fail", order), 422, "oms_refused")
    assert [each["state"] for each in error["details"]["orders"]] == [
        "accepted",
        "refused",
        "accepted",
    ]
    assert [each["oms_id"] for each in error["details"]["orders"]] == ["A1", None, "A2"]
    assert book.state(order["id"]) == "partial"
    world.oms.calls.clear()
    world.oms.fail("refuse", code="E", message="No.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    assert world.oms.calls == ["create", "find"]
    assert book.alarms(order["id"]) == ["partial"]  # once
    world.oms.calls.clear()
    assert (await world.post("fail", order)).status_code == 200
    assert world.oms.calls == ["create"]
    assert book.state(order["id"]) == "accepted"
    assert [each["orders"] for each in book.submissions(order["id"])] == [
        f'["{each["id"]}"]' for each in order["orders"]
    ]


@session
async def test_a_partial_order_is_not_taken_up_by_itself(world, book):
    order = multi_order(orders=2)
    world.oms.fail("rate_limit", retry_after=60, skip=1)
    error = error_of(await world.post("fail", order), 500, "oms_unavailable")
    assert [each["state"] for each in error["details"]["orders"]] == ["accepted", "ready"]
    assert book.state(order["id"]) == "partial"
    assert book.order(order["id"])["next_attempt_at"] is None


@session
async def test_a_partial_order_in_the_queue_is_completed(world, book):
    order = multi_order(orders=3)
    world.oms.fail("rate_limit", retry_after=60, skip=1)
    assert (await world.post("queue", order)).status_code == 200
    book.write("UPDATE orders SET next_attempt_at = 0")  # the OMS has asked for a minute
    await until(lambda: book.state(order["id"]) == "accepted")
    assert len(world.oms.held) == 3
    assert world.oms.count("create") == 4
    assert book.alarms(order["id"]) == []


@session
async def test_every_call_to_the_oms_is_on_record(by_hand, book):
    order = multi_order()
    by_hand.oms.leave_in_doubt(when="after")
    error_of(await by_hand.post("fail", order), 500, "outcome_unknown")
    by_hand.oms.mend()
    assert await take_up(by_hand, order["id"]) == "accepted"
    made = [(each["action"], each["caller"], each["result"]) for each in book.attempts(order["id"])]
    assert made == [
        ("submit", "nacelle", "outcome_unknown"),
        ("find", "nacelle", "oms_unavailable"),
        ("find", "redelivery", "accepted"),
    ]


async def is_gone():
    return False


def consuming(world, space, order):
    """Begin a call that can be cancelled, as one is at the end of the grace time of a stop."""
    body = body_of(order)
    request = SignedRequest(
        body=body,
        headers={name: (value,) for name, value in signed(body).items()},
        space=space,
        request_id="r-stopped",
        received_at=datetime.now(UTC),
        is_gone=is_gone,
    )
    return asyncio.create_task(world.service.sync.consume(request))


@session
@pytest.mark.parametrize(
    ("space", "orders", "state"),
    [("fail", 1, "unknown"), ("fail", 2, "unknown"), ("queue", 2, "queued")],
)
async def test_what_a_call_has_done_by_the_end_of_the_grace_time_is_on_record(
    house, book, space, orders, state
):
    world = await house.open(by_hand=True)
    order = multi_order(orders=orders)
    house.oms.fail("hang", "create", when="after", skip=orders - 1)
    call = consuming(world, space, order)
    await until(lambda: len(house.oms.held) == orders)
    call.cancel()
    reply = await call
    assert (reply.status, reply.code) == (500, "outcome_unknown")
    await house.close(world)
    assert book.state(order["id"]) == state
    done = ["accepted"] * (orders - 1)
    assert book.states(order["id"]) == [*done, "unknown"]
    assert [each["result"] for each in book.attempts(order["id"])] == [*done, "cancelled"]
    assert book.answers(order["id"]) == [(500, "outcome_unknown")]
    later = await house.open(by_hand=True)
    assert await take_up(later, order["id"]) == "accepted"
    assert house.oms.count("create") == orders
    assert book.alarms(order["id"]) == ["accepted_after_failure"]


@session
async def test_an_order_that_is_cut_off_before_it_is_sent_is_certainly_not_in_the_oms(house, book):
    world = await house.open(by_hand=True)
    world.space(Merging, space_id="asked")
    order = multi_order()
    house.oms.fail("hang", "find")
    call = consuming(world, "asked", order)
    await until(lambda: house.oms.count("find"))
    call.cancel()
    assert (await call).code == "outcome_unknown"
    await house.close(world)
    assert book.state(order["id"]) == "unavailable"
    assert book.states(order["id"]) == ["ready"]
    made = [(each["action"], each["result"]) for each in book.attempts(order["id"])]
    assert made == [("find", "cancelled")]
    assert book.answers(order["id"]) == [(500, "outcome_unknown")]


@session
async def test_a_call_that_is_cut_off_as_its_order_is_closed_is_on_record_as_it_was_told(
    house, book
):
    block = Block(book, "sent")
    world = await house.open(step=block, by_hand=True)
    order = multi_order()
    try:
        call = consuming(world, "fail", order)
        await until(lambda: house.oms.held)
        await until(lambda: block.at is None)
        call.cancel()
        assert (await call).code == "outcome_unknown"
    finally:
        block.lift()
    await house.close(world)
    assert book.state(order["id"]) == "accepted"
    assert book.answers(order["id"]) == [(500, "outcome_unknown")]
    assert book.alarms(order["id"]) == ["accepted_after_failure"]


@session
async def test_a_process_dies_of_an_order_no_more_often_than_the_ladder_is_long(house, book):
    # Claimed and never closed, as by processes that are killed each time.
    by_hand = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05,) * 5})
    order = multi_order()
    by_hand.oms.key = "another"
    assert (await by_hand.post("queue", order)).status_code == 200
    by_hand.oms.calls.clear()
    for _ in range(5):
        book.write("UPDATE orders SET next_attempt_at = 0, claim_until = 0")
        assert await by_hand.service.journal.claim_due(Room(most=1, each=1), claim_seconds=60)
    book.write("UPDATE orders SET next_attempt_at = 0, claim_until = 0")
    assert await take_up(by_hand, order["id"]) == "dead"
    assert by_hand.oms.calls == []
    assert book.alarms(order["id"]) == ["dead"]


STOPPED = [
    # how the submissions stand, then: state under "fail", under "queue", and if it is not retryable
    ([], "unavailable", "queued", "refused"),
    (["ready"], "unavailable", "queued", "refused"),
    (["refused"], "unavailable", "queued", "refused"),
    (["ready", "refused"], "unavailable", "queued", "refused"),
    (["unknown"], "unknown", "queued", None),
    (["unknown", "ready"], "unknown", "queued", None),
    (["unknown", "refused"], "unknown", "unknown", None),
    (["accepted", "unknown"], "unknown", "queued", None),
    (["accepted", "ready"], "partial", "queued", None),
    (["accepted", "refused"], "partial", "partial", None),
    (["accepted", "ready", "refused"], "partial", "partial", None),
    (["accepted"], "accepted", "queued", None),
]


@pytest.mark.parametrize(("states", "fail", "queue", "final"), STOPPED)
def test_what_is_known_of_an_order_is_not_lost_when_a_call_is_stopped(states, fail, queue, final):
    known = outcome_of(*states) if states else None
    for error in (ConnectorUnavailable("Broken."), HookFailed("Broken.")):
        assert RULES["fail"].after_stop(error, known).state == fail
        decision = RULES["queue"].after_stop(error, known)
        assert decision.state == queue
        assert (decision.next_seconds is not None) == (queue in ("queued", "unknown"))
    # What can't be written down is not queued.
    failed = RULES["queue"].after_stop(JournalUnavailable("Full."), known)
    assert failed.state == (queue if "unknown" in states else fail)
    if final:
        assert RULES["fail"].after_stop(Untransformable("No."), known).state == final
        assert RULES["queue"].after_stop(Untransformable("No."), known).state == final


@session
@pytest.mark.parametrize("space", ["fail", "queue"])
async def test_a_partial_order_stays_so_while_its_connector_is_broken(house, book, space):
    class Broken(Refusing):
        def __init__(self, settings, http):
            raise RuntimeError("out of order")

    world = await house.open(by_hand=True)
    order = multi_order(orders=2)
    world.oms.fail("refuse", code="E", message="No.", skip=1)
    error_of(await world.post(space, order), 422, "oms_refused")
    await world.spaces[space].aclose()
    world.space(Broken, space_id=space, on_outage=space)
    for _ in range(2):
        error = error_of(await world.post(space, order), 500, "connector_unavailable")
        states = [each["state"] for each in error["details"]["orders"]]
        assert states == ["accepted", "refused"]
        assert book.state(order["id"]) == "partial"
    world.space(space_id=space, on_outage=space)
    assert (await world.post(space, order)).status_code == 200
    assert len(world.oms.held) == 2


@session
async def test_an_order_that_came_in_by_another_hand_is_accepted_while_its_connector_is_broken(
    house, book
):
    class Broken(Refusing):
        def __init__(self, settings, http):
            raise RuntimeError("out of order")

    world = await house.open(by_hand=True)
    order = multi_order()
    assert (await world.post("fail", order)).status_code == 200
    # As a process leaves it that was too late to close the order, and not to bring it in.
    book.write("UPDATE orders SET state = 'unknown', told_status = 500")
    await world.spaces["fail"].aclose()
    world.space(Broken, space_id="fail")
    assert (await world.post("fail", order)).status_code == 200
    assert book.state(order["id"]) == "accepted"
    assert world.oms.calls == ["create"]
