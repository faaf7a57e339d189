"""The same order again: in sequence, at once, at two services, after a restart, in other bytes."""

import asyncio
import threading
from datetime import UTC, datetime
from time import monotonic

import pytest
from acme import Raw, Refusing, body_of, error_of, multi_order
from acme.calls import request
from acme.house import changed, reordered, take_up, until
from acme.world import BRIEF_SECONDS
from sqlalchemy import event

from multiorder_sync.delivery.journal.due import Room
from multiorder_sync.delivery.journal.journal import new_token
from multiorder_sync.delivery.journal.opening import Arrival
from multiorder_sync.delivery.journal.records import AnswerRecord, Closing, Failure, OrderState
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.identity import fingerprint

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_order_that_comes_again_is_created_once(world, book):
    order = multi_order()
    answers = [await world.post("fail", order) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert world.oms.calls == ["create"]
    await until(lambda: book.answers(order["id"]) == [(200, None)] * 3)
    assert book.state(order["id"]) == "accepted"


async def test_fifty_calls_at_once_are_one_delivery(world, book):
    order = multi_order()
    world.oms.fail("latency", seconds=0.2)
    answers = await asyncio.gather(*(world.post("fail", order) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert world.oms.calls == ["create"]
    await until(lambda: len(book.answers(order["id"])) == 50)


async def test_fifty_calls_at_two_services_are_one_delivery(house, book):
    first, second = await house.open(), await house.open()
    order = multi_order()
    house.oms.fail("latency", seconds=0.2)
    answers = await asyncio.gather(
        *((first, second)[number % 2].post("fail", order) for number in range(50))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert house.oms.calls == ["create"]
    assert book.state(order["id"]) == "accepted"


async def test_calls_at_two_processes_are_one_delivery_each(house, book):
    processes = [await house.process(), await house.process()]
    orders = [multi_order() for _ in range(10)]
    house.oms.fail("latency", seconds=0.05, times=None)
    answers = await asyncio.gather(
        *(process.post(house.http, "fail", order) for order in orders for process in processes * 2)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(house.oms.held) == 10
    assert house.oms.count("create") == 10


async def test_a_repeat_after_a_restart_is_answered_from_the_journal(house):
    order = multi_order()
    first = await house.open()
    assert (await first.post("fail", order)).status_code == 200
    await house.close(first)
    second = await house.open()
    house.oms.key = "the OMS takes nothing any more"
    answer = await second.post("fail", order)
    assert answer.status_code == 200
    assert house.oms.calls == ["create"]


async def test_a_repeat_in_other_bytes_is_the_same_order(world):
    order = multi_order()
    assert (await world.post("fail", order)).status_code == 200
    assert (await world.post("fail", reordered(order))).status_code == 200
    assert world.oms.calls == ["create"]


async def test_a_repeat_is_known_although_fingerprints_are_made_in_another_way_by_now(world, book):
    order = multi_order()
    assert (await world.post("fail", order)).status_code == 200
    book.write("UPDATE orders SET fingerprint = 'sha1:of-an-earlier-version'")
    assert (await world.post("fail", order)).status_code == 200
    error_of(await world.post("fail", changed(order)), 422, "order_changed")
    assert world.oms.calls == ["create"]
    # Without the bytes it can't be told; then it is not taken for the same.
    book.write("UPDATE orders SET received = NULL")
    error_of(await world.post("fail", order), 422, "order_changed")
    book.write("UPDATE orders SET received = :bytes", bytes=b"p{}")
    error_of(await world.post("fail", order), 422, "order_changed")


async def test_a_repeat_in_doubt_is_known_although_fingerprints_are_made_in_another_way(
    by_hand, book
):
    order = multi_order()
    by_hand.oms.leave_in_doubt(when="after")
    error_of(await by_hand.post("fail", order), 500, "outcome_unknown")
    by_hand.oms.mend()
    book.write("UPDATE orders SET fingerprint = 'sha1:of-an-earlier-version'")
    assert (await by_hand.post("fail", order)).status_code == 200
    assert len(by_hand.oms.held) == 1


async def test_a_repeat_is_answered_with_its_own_bytes_though_the_oms_is_down(world):
    order = multi_order()
    assert (await world.post("fail", order)).status_code == 200
    world.oms.fail("drop", "*", times=None)
    again = b" \r\n\t" + reordered(order) + b"\n"
    answer = await world.post("fail", again)
    assert answer.status_code == 200
    assert answer.content == b'{"order":' + again.strip() + b"}"
    assert world.oms.calls == ["create"]


async def test_the_same_id_in_two_spaces_is_two_orders(world):
    order = multi_order()
    world.space(space_id="other")
    assert (await world.post("fail", order)).status_code == 200
    assert (await world.post("other", order)).status_code == 200
    assert len(world.oms.held) == 2


def openings_at(world):
    """Return a list that grows as a service tries to open orders.

    Once it tries that again, it has seen that the order is in other hands.
    """
    openings = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO orders"):
            openings.append(statement)

    event.listen(world.service.journal.engine, "before_cursor_execute", note)
    return openings


async def in_other_hands(journal, order, *, space="fail"):
    """Let another process have an order in hand, and return its claim."""
    body = body_of(order)
    arrival = Arrival(
        space=space,
        key=order["id"],
        fingerprint=fingerprint(OrderDecoder().decode(body, required_fields="lenient")),
        connector="acme",
        on_outage="fail",
        received=body,
        received_at=datetime.now(UTC),
        token=new_token(),
        owner=journal.owner,
        claim_seconds=600,
    )
    return (await journal.open(arrival, monotonic() + 60)).claim


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("untransformable", 422, "untransformable"),
        ("vetoed", 422, "vetoed"),
        ("hook_failed", 500, "hook_failed"),
        ("connector_unavailable", 500, "connector_unavailable"),
        ("journal_unavailable", 500, "journal_unavailable"),
        ("internal", 500, "internal"),
        ("of_a_later_version", 500, "internal"),
    ],
)
async def test_who_waited_is_told_what_another_process_was_told(
    world, journal, book, code, status, told
):
    order = multi_order()
    claim = await in_other_hands(journal, order)
    openings = openings_at(world)
    waiting = asyncio.create_task(world.post("fail", order))
    await until(lambda: len(openings) > 1)
    closing = Closing(
        state=OrderState.UNAVAILABLE,
        failure=Failure(code, "It was so."),
        answer=AnswerRecord(datetime.now(UTC), "r-1", status, code),
    )
    await journal.close(claim, closing)
    error = error_of(await waiting, status, told)
    assert error["error"] == "It was so."
    assert world.oms.calls == []


async def test_who_waits_in_vain_is_told_so_though_there_is_no_time_for_a_last_look(
    by_hand, journal
):
    order, go_on = multi_order(), threading.Event()
    space = by_hand.space(deadline_seconds=BRIEF_SECONDS)
    await in_other_hands(journal, order, space=space)
    openings = openings_at(by_hand)
    waiting = asyncio.create_task(by_hand.post(space, order))
    await until(lambda: len(openings) > 1)
    event.listen(by_hand.service.journal.engine, "begin", lambda _: go_on.wait(60))
    try:
        error_of(await waiting, 500, "overloaded")
    finally:
        go_on.set()
    assert by_hand.oms.calls == []


async def test_a_storm_of_repeats_while_the_oms_fails_costs_one_delivery(house, book):
    steps = []
    world = await house.open(by_hand=True, step=steps.append)
    order = multi_order()
    world.oms.leave_in_doubt()
    gate = world.oms.gate()
    calling = [asyncio.create_task(world.post("fail", order)) for _ in range(50)]
    await until(lambda: gate.holds and steps.count("received") == 50)
    gate.open()
    for answer in await asyncio.gather(*calling):
        error_of(answer, 500, "outcome_unknown")
    assert world.oms.calls == ["create", "find"]
    assert {attempt["caller"] for attempt in book.attempts(order["id"])} == {"nacelle"}


async def test_a_storm_at_two_services_while_the_oms_fails_costs_one_delivery(house):
    steps = []
    first, second = [await house.open(by_hand=True, step=steps.append) for _ in range(2)]
    openings = openings_at(second)
    order = multi_order()
    house.oms.key = "another"
    gate = house.oms.gate()
    calling = [asyncio.create_task(first.post("fail", order))]
    await until(lambda: gate.holds)
    calling += [
        asyncio.create_task((first, second)[number % 2].post("fail", order)) for number in range(19)
    ]
    # Whoever comes later would rightly try once more.
    await until(lambda: steps.count("received") == 20 and len(openings) > 1)
    gate.open()
    for answer in await asyncio.gather(*calling):
        error_of(answer, 500, "oms_unavailable")
    assert house.oms.count("create") == 1


async def test_other_contents_of_an_accepted_order_are_refused_and_change_nothing(world, book):
    order = multi_order()
    assert (await world.post("fail", order)).status_code == 200
    before = book.order(order["id"]), book.submissions(order["id"])
    error = error_of(await world.post("fail", changed(order)), 422, "order_changed")
    assert not error["details"]["retryable"]
    assert error["details"]["orders"][0]["oms_id"] == "A1"
    assert world.oms.calls == ["create"]
    await until(lambda: len(book.answers(order["id"])) == 2)
    assert (book.order(order["id"]), book.submissions(order["id"])) == before
    assert (await world.post("fail", order)).status_code == 200


async def test_a_refused_order_is_sent_again_with_its_new_contents(world, book):
    order = multi_order()
    world.oms.fail("refuse", code="E", message="No such SKU.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    answer = await world.post("fail", changed(order))
    assert answer.status_code == 200
    assert [held["order"]["lines"][0]["quantity"] for held in world.oms.held] == [7]
    error_of(await world.post("fail", order), 422, "order_changed")


async def test_a_refused_order_is_tried_again_with_the_same_contents(world):
    order = multi_order()
    world.oms.fail("refuse", code="E", message="No such SKU.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    assert (await world.post("fail", order)).status_code == 200
    assert world.oms.calls == ["create", "find", "create"]


async def test_an_order_that_was_never_sent_is_sent_with_its_new_contents(world, book):
    order = multi_order()
    world.oms.key = "another"
    error_of(await world.post("fail", order), 500, "oms_unavailable")
    assert book.states(order["id"]) == ["ready"]
    world.oms.key = world.oms_key
    assert (await world.post("fail", changed(order))).status_code == 200
    assert [held["order"]["lines"][0]["quantity"] for held in world.oms.held] == [7]


async def test_other_contents_of_an_order_in_doubt_are_refused(by_hand, book):
    order = multi_order()
    space = by_hand.space()
    by_hand.oms.leave_in_doubt()
    error_of(await by_hand.post(space, order), 500, "outcome_unknown")
    by_hand.oms.mend()
    creates = by_hand.oms.count("create")
    error = error_of(await by_hand.post(space, changed(order)), 422, "order_changed")
    assert "may be in the OMS" in error["error"]
    assert by_hand.oms.count("create") == creates
    assert (await by_hand.post(space, order)).status_code == 200


async def test_other_contents_of_a_partial_order_are_refused(world, book):
    order = multi_order(orders=2)
    world.oms.fail("refuse", code="E", message="No.", skip=1)
    error_of(await world.post("fail", order), 422, "oms_refused")
    assert book.state(order["id"]) == "partial"
    error_of(await world.post("fail", changed(order)), 422, "order_changed")
    assert len(world.oms.held) == 1


@pytest.mark.parametrize("end", ["dead", "refused"])
async def test_other_contents_of_a_promised_order_are_refused(house, book, end):
    world = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05,)})
    order = multi_order()
    world.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    if end == "refused":
        world.oms.fail("refuse", code="E", message="No.", times=None)
        world.oms.key = world.oms_key
    assert await take_up(world, order["id"]) == end
    received = book.order(order["id"])["received"]
    world.oms.key = world.oms_key
    world.oms.faults.clear()
    error = error_of(await world.post("queue", changed(order)), 422, "order_changed")
    assert "was promised already" in error["error"]
    assert book.order(order["id"])["received"] == received
    assert not world.oms.held
    assert (await world.post("queue", order)).status_code == 200
    assert book.state(order["id"]) == "accepted"


async def test_what_was_tried_stays_on_record_when_an_order_is_transformed_anew(world, book):
    order = multi_order(orders=2)
    world.oms.fail("refuse", code="E", message="No.", times=2)
    error_of(await world.post("fail", order), 422, "oms_refused")
    before = [(row["ref"], row["action"], row["result"]) for row in book.attempts(order["id"])]
    assert len(before) == 4
    assert (await world.post("fail", changed(order))).status_code == 200
    after = [(row["ref"], row["action"], row["result"]) for row in book.attempts(order["id"])]
    assert after[:4] == before
    assert [result for _, _, result in after[4:]] == ["accepted", "accepted"]


async def test_a_part_of_which_the_error_is_not_kept_any_more_is_told_all_the_same(world, book):
    order = multi_order(orders=3)
    world.oms.fail("refuse", code="E", message="No.", skip=1)
    world.oms.fail("rate_limit", retry_after=60, skip=1)
    error_of(await world.post("fail", order), 500, "oms_unavailable")
    assert book.states(order["id"]) == ["accepted", "refused", "ready"]
    book.write("UPDATE submissions SET error = NULL, payload = NULL")
    error = error_of(await world.post("fail", changed(order)), 422, "order_changed")
    states = [each["state"] for each in error["details"]["orders"]]
    assert states == ["accepted", "refused", "ready"]


async def test_an_abandoned_order_is_not_sent(world, book):
    order = multi_order()
    world.oms.fail("refuse", code="E", message="No.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    reason = b'p"Refunded by hand."'
    book.write(
        "UPDATE orders SET state = 'abandoned', abandoned_by = 'Kim', reason = :reason",
        reason=reason,
    )
    for again in (order, changed(order)):
        error = error_of(await world.post("fail", again), 422, "order_abandoned")
        assert "Refunded by hand." in error["error"]
        assert not error["details"]["retryable"]
    assert world.oms.count("create") == 1
    assert book.state(order["id"]) == "abandoned"


async def test_different_contents_at_once_are_not_mixed(world, book):
    order = multi_order()
    world.oms.fail("latency", seconds=0.2)
    answers = await asyncio.gather(
        *(world.post("fail", each) for each in (order, changed(order), order, changed(order)))
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 200, 422, 422]
    accepted = next(answer for answer in answers if answer.status_code == 200)
    quantity = accepted.json()["order"]["orders"][0]["order_items"][0]["quantity"]
    assert [held["order"]["lines"][0]["quantity"] for held in world.oms.held] == [quantity]


async def test_a_call_that_waited_in_vain_is_on_record_and_says_nothing_of_the_order(house, book):
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Patient(Refusing):
        async def submit(self, submission):
            begun.set()
            await go_on.wait()
            return await super().submit(submission)

    one, two = [await house.open(by_hand=True) for _ in range(2)]
    one.space(Patient, space_id="acme", deadline_seconds=60)
    two.space(space_id="acme", deadline_seconds=BRIEF_SECONDS)
    order = multi_order()
    first = asyncio.create_task(one.post("acme", order))
    await begun.wait()
    # One waits for the other machine, and those beside it for that one.
    waiting = [two.post("acme", body) for body in (order, order, changed(order))]
    for answer in await asyncio.gather(*waiting):
        error_of(answer, 500, "overloaded")
    await until(lambda: book.answers(order["id"]) == [(500, "overloaded")] * 3)
    assert book.order(order["id"])["told_status"] is None
    go_on.set()
    assert (await first).status_code == 200
    await until(lambda: len(book.answers(order["id"])) == 4)
    assert book.order(order["id"])["told_status"] == 200


async def test_a_repeat_with_other_contents_does_not_change_what_nacelle_was_told(house, book):
    # The order as it was first sent was promised: what becomes of it is measured by that.
    world = await house.open(by_hand=True)
    order = multi_order()
    world.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    error_of(await world.post("queue", changed(order)), 422, "order_changed")
    creates = world.oms.count("create")
    assert (await world.post("queue", order)).status_code == 200
    assert world.oms.count("create") == creates
    await until(lambda: len(book.answers(order["id"])) == 3)
    world.oms.key = world.oms_key
    world.oms.fail("refuse", code="E", message="No.")
    assert await take_up(world, order["id"]) == "refused"
    assert book.alarms(order["id"]) == ["refused_after_queued"]


async def test_a_caller_that_hangs_up_cancels_nothing(world, book):
    order = multi_order()
    await hang_up_over(world, "fail", order)
    await until(lambda: book.state(order["id"]) == "accepted")
    assert (await world.post("fail", order)).status_code == 200
    assert world.oms.calls == ["create"]


async def hang_up_over(world, space, order):
    """Send an order, and hang up before it is answered."""
    gate = world.oms.gate()
    place = world.url.removeprefix("http://").partition("/")
    async with await Raw.connect(f"http://{place[0]}") as raw:
        path = f"/{place[2]}/spaces/{space}/sync/consume"
        await raw.send(request(body_of(order), path=path))
        await until(lambda: gate.holds)
    gate.open()


async def test_an_order_that_is_in_while_nobody_is_there_to_be_told_is_alarmed(world, book, logged):
    order = multi_order()
    await hang_up_over(world, "fail", order)
    await until(lambda: book.alarms(order["id"]) == ["accepted_after_failure"])
    assert book.answers(order["id"]) == [(200, "caller_gone")]
    assert book.order(order["id"])["told_code"] == "not_heard"
    (line,) = await until(lambda: [line for line in logged if line["event"] == "order"])
    assert (line["status"], line["caller_gone"]) == (200, True)
    assert [line["kind"] for line in logged if line["event"] == "alarm"] == [
        "accepted_after_failure"
    ]
    # The next call is told, and nobody is alarmed again.
    assert (await world.post("fail", order)).status_code == 200
    await until(lambda: book.order(order["id"])["told_code"] is None)
    assert book.alarms(order["id"]) == ["accepted_after_failure"]


async def test_an_order_that_was_queued_for_nobody_is_alarmed_once_it_is_in(house, book):
    world = await house.open(by_hand=True)
    order = multi_order()
    world.oms.fail("rate_limit", retry_after=60)
    await hang_up_over(world, "queue", order)
    await until(lambda: book.answers(order["id"]) == [(200, "caller_gone")])
    book.write("UPDATE orders SET next_attempt_at = 0")  # the OMS has asked for a minute
    assert book.alarms(order["id"]) == []
    # It is promised all the same: a call that shared its outcome may have heard it.
    error_of(await world.post("queue", changed(order)), 422, "order_changed")
    assert await take_up(world, order["id"]) == "accepted"
    assert book.alarms(order["id"]) == ["accepted_after_failure"]


async def test_a_promise_that_is_made_again_while_the_order_is_refused_is_alarmed(
    house, book, logged
):
    world = await house.open(by_hand=True)
    order = multi_order()
    world.oms.fail("rate_limit", retry_after=60)
    world.oms.fail("latency", seconds=0.3)
    await hang_up_over(world, "queue", order)
    await until(lambda: book.order(order["id"])["told_code"] == "not_heard")
    world.oms.fail("refuse", code="E", message="No.", times=None)
    book.write("UPDATE orders SET next_attempt_at = 0")
    (due,) = await world.service.journal.claim_due(Room(most=1, each=1), claim_seconds=60)
    assert (await world.post("queue", order)).status_code == 200
    await until(lambda: book.order(order["id"])["told_code"] is None)
    assert await world.service.redelivery.deliver(due) == "refused"
    assert book.alarms(order["id"]) == ["refused_after_queued"]
    assert alarmed(logged) == ["refused_after_queued"]


async def test_a_promise_that_is_noted_after_the_order_was_refused_is_alarmed(house, book, logged):
    world = await house.open(by_hand=True)
    order = multi_order()
    world.oms.fail("refuse", code="E", message="No.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    assert book.alarms(order["id"]) == []
    journal, row = world.service.journal, book.order(order["id"])
    for request_id in ("a", "b"):
        promise = AnswerRecord(datetime.now(UTC), request_id, 200, None)
        journal.note_repeat(row["id"], "fail", order["id"], promise)
    await until(lambda: len(book.answers(order["id"])) == 3)
    assert book.alarms(order["id"]) == ["refused_after_queued"]
    await until(lambda: alarmed(logged) == ["refused_after_queued"])


def alarmed(logged):
    return [line["kind"] for line in logged if line["event"] == "alarm"]
