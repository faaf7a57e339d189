"""`on_outage = "queue"`: 200 once it is on disk, and then it is delivered or a person is told."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from acme import Merging, Refusing, Unguarded, body_of, error_of, multi_order
from acme.book import Block
from acme.house import changed, take_up, until
from acme.world import BRIEF_SECONDS

from multiorder_sync import Untransformable
from multiorder_sync.delivery.journal.records import AnswerRecord

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUARDS = {"refuse": Refusing, "merge": Merging, "create": Unguarded}


async def test_an_order_is_queued_while_the_oms_is_down_and_delivered_later(world, book):
    order = multi_order()
    world.oms.key = "another"
    body = body_of(order)
    answer = await world.post("queue", body)
    assert answer.status_code == 200
    assert answer.content == b'{"order":' + body + b"}"
    assert world.oms.held == []
    world.oms.key = world.oms_key
    await until(lambda: book.state(order["id"]) == "accepted")
    assert len(world.oms.held) == 1
    assert book.alarms(order["id"]) == []
    assert book.answers(order["id"]) == [(200, None)]


@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_a_queued_order_in_doubt_is_found_and_not_doubled(house, book, on_duplicate):
    house.oms.on_duplicate = on_duplicate
    world = await house.open(by_hand=True)
    space = world.space(GUARDS[on_duplicate], on_outage="queue")
    order = multi_order()
    world.oms.leave_in_doubt(when="after")
    assert (await world.post(space, order)).status_code == 200
    assert book.states(order["id"]) == ["unknown"]
    world.oms.mend()
    assert await take_up(world, order["id"]) == "accepted"
    assert world.oms.count("create") == 1
    assert len(world.oms.held) == 1


@pytest.mark.parametrize("on_duplicate", ["refuse", "merge"])
async def test_a_queued_order_that_is_not_found_is_created_again(house, on_duplicate):
    house.oms.on_duplicate = on_duplicate
    world = await house.open(by_hand=True)
    space = world.space(GUARDS[on_duplicate], on_outage="queue")
    order = multi_order()
    world.oms.leave_in_doubt()
    assert (await world.post(space, order)).status_code == 200
    world.oms.mend()
    assert await take_up(world, order["id"]) == "accepted"
    assert world.oms.count("create") == 2
    assert len(world.oms.held) == 1


async def test_an_unguarded_order_in_doubt_is_never_created_again(house, book):
    house.oms.on_duplicate = "create"
    world = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05, 0.05)})
    space = world.space(Unguarded, on_outage="queue")
    order = multi_order()
    world.oms.leave_in_doubt()
    assert (await world.post(space, order)).status_code == 200
    world.oms.mend()
    assert await take_up(world, order["id"]) == "queued"
    assert await take_up(world, order["id"]) == "dead"
    assert world.oms.count("create") == 1
    assert book.alarms(order["id"]) == ["dead"]
    assert book.states(order["id"]) == ["unknown"]
    assert book.order(order["id"])["next_attempt_at"] is None


async def test_a_queued_order_that_is_refused_later_is_alarmed(world, book, logged):
    order = multi_order()
    world.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    world.oms.fail("refuse", code="E-17", message="Erika Mustermann is not welcome.", times=None)
    world.oms.key = world.oms_key
    await until(lambda: book.state(order["id"]) == "refused")
    assert book.alarms(order["id"]) == ["refused_after_queued"]
    alarms = await until(lambda: [line for line in logged if line["event"] == "alarm"])
    assert [line["kind"] for line in alarms] == ["refused_after_queued"]
    assert not any("Mustermann" in str(line) for line in logged)
    # Nacelle was told 200; the call after that is told the truth, and tries again.
    error_of(await world.post("queue", order), 422, "oms_refused")
    world.oms.faults.clear()
    assert (await world.post("queue", order)).status_code == 200


@pytest.mark.parametrize("is_readable", [True, False])
async def test_the_shopper_stays_out_of_the_log_though_the_order_would_not_be_taken_now(
    house, book, logged, is_readable
):
    first = await house.open(by_hand=True)
    first.space(space_id="acme", on_outage="queue")
    order = multi_order()
    house.oms.key = "another"
    assert (await first.post("acme", order)).status_code == 200
    await house.close(first)
    world = await house.open(by_hand=True)
    world.space(space_id="acme", on_outage="queue", required_fields="strict")
    if not is_readable:
        book.write("UPDATE orders SET received = :bytes", bytes=b"p{}")
    world.oms.key = world.oms_key
    world.oms.fail("refuse", code="E-17", message="Erika Mustermann is not welcome.", times=None)
    assert await take_up(world, order["id"]) == "refused"
    (line,) = [line for line in logged if line["event"] == "redelivery"]
    assert line["reason"] == "***" if not is_readable else "*** is not welcome" in line["reason"]
    assert not any("Mustermann" in str(line) for line in logged)
    assert not any("Mustermann" in str(row["answer"]) for row in book.attempts(order["id"]))


@pytest.mark.parametrize("seconds", [-3, 3])
async def test_an_answer_that_is_noted_late_takes_no_promise_back(house, book, seconds):
    """The clock of who notes it may be wrong."""
    world = await house.open(by_hand=True)
    order = multi_order()
    world.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    late = AnswerRecord(at, "r-late", 500, "oms_unavailable")
    world.service.journal.note_repeat(book.order(order["id"])["id"], "queue", order["id"], late)
    await until(lambda: len(book.answers(order["id"])) == 2)
    assert book.order(order["id"])["told_status"] == 200
    world.oms.key = world.oms_key
    world.oms.fail("refuse", code="E-17", message="No.", times=None)
    assert await take_up(world, order["id"]) == "refused"
    assert book.alarms(order["id"]) == ["refused_after_queued"]


async def test_an_answer_that_is_noted_late_does_not_stand_before_a_later_one(world, book):
    order = multi_order()
    assert (await world.post("fail", order)).status_code == 200
    at = datetime.now(UTC) - timedelta(seconds=300)
    late = AnswerRecord(at, "r-late", 500, "outcome_unknown")
    world.service.journal.note_repeat(book.order(order["id"])["id"], "queue", order["id"], late)
    await until(lambda: len(book.answers(order["id"])) == 2)
    assert book.order(order["id"])["told_status"] == 200


async def test_an_oms_that_asks_for_time_is_given_it_before_an_order_is_taken_up_again(
    by_hand, book
):
    def wait():
        return book.order(order["id"])["next_attempt_at"] - time.time()

    order = multi_order()
    by_hand.oms.fail("rate_limit", "create", retry_after=600, times=2)
    assert (await by_hand.post("queue", order)).status_code == 200
    assert 500 < wait() <= 600
    book.write("UPDATE orders SET next_attempt_at = 0")
    assert await take_up(by_hand, order["id"]) == "queued"
    assert 500 < wait() <= 600
    book.write("UPDATE orders SET next_attempt_at = 0")
    assert await take_up(by_hand, order["id"]) == "accepted"
    assert by_hand.oms.count("create") == 3


async def test_an_oms_that_asks_for_time_is_given_it_before_an_order_is_looked_for_again(
    by_hand, book
):
    order = multi_order()
    by_hand.oms.fail("drop", when="after")
    by_hand.oms.fail("rate_limit", "find", retry_after=600, times=2)
    error_of(await by_hand.post("fail", order), 500, "outcome_unknown")
    assert book.order(order["id"])["next_attempt_at"] - time.time() > 500
    book.write("UPDATE orders SET next_attempt_at = 0")
    assert await take_up(by_hand, order["id"]) == "unknown"
    assert book.order(order["id"])["next_attempt_at"] - time.time() > 500


async def test_an_order_that_can_not_be_settled_in_time_is_dead_and_alarmed(house, book):
    world = await house.open(redelivery={"delays_seconds": (0.05, 0.05, 0.05)})
    order = multi_order()
    world.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    await until(lambda: book.state(order["id"]) == "dead")
    row = book.order(order["id"])
    assert (row["redeliveries"], row["next_attempt_at"]) == (3, None)
    assert world.oms.count("create") == 1 + 3
    assert book.alarms(order["id"]) == ["dead"]
    world.oms.key = world.oms_key
    assert (await world.post("queue", order)).status_code == 200  # another call takes it up again
    assert book.state(order["id"]) == "accepted"
    assert book.order(order["id"])["redeliveries"] == 0


async def test_an_order_that_is_given_up_again_is_alarmed_again(house, book, logged):
    world = await house.open(redelivery={"delays_seconds": (0.05,)})
    order = multi_order()
    world.oms.key = "another"
    for number in (1, 2):
        assert (await world.post("queue", order)).status_code == 200  # it was promised anew
        await until(lambda number=number: book.alarms(order["id"]) == ["dead"] * number)
        assert book.state(order["id"]) == "dead"
        alarmed = ["dead"] * number
        await until(lambda alarmed=alarmed: kinds_in(logged) == alarmed)


def kinds_in(logged):
    return [line["kind"] for line in logged if line["event"] == "alarm"]


async def test_an_order_that_is_refused_after_it_was_queued_again_is_alarmed_again(house, book):
    world = await house.open()
    order = multi_order()
    for number in (1, 2):
        world.oms.key = "another"
        assert (await world.post("queue", order)).status_code == 200
        world.oms.fail("refuse", code="E", message="No.")
        world.oms.key = world.oms_key
        kinds = ["refused_after_queued"] * number
        await until(lambda kinds=kinds: book.alarms(order["id"]) == kinds)


async def test_a_repeat_of_a_queued_order_does_not_call_the_oms(by_hand, book):
    order = multi_order()
    by_hand.oms.key = "another"
    for _ in range(3):
        assert (await by_hand.post("queue", order)).status_code == 200
    assert by_hand.oms.calls == ["create"]
    error_of(await by_hand.post("queue", changed(order)), 422, "order_changed")
    await until(lambda: book.answers(order["id"]) == [(200, None)] * 3 + [(422, "order_changed")])


async def test_a_repeat_of_a_queued_order_does_not_wait_for_its_redelivery(by_hand):
    order = multi_order()
    by_hand.oms.key = "another"
    assert (await by_hand.post("queue", order)).status_code == 200
    await by_hand.service.journal.claim_order(1, claim_seconds=60)
    assert (await by_hand.post("queue", order)).status_code == 200


async def test_what_can_not_be_expressed_is_not_queued(world, book):
    class Broken(Refusing):
        def transform(self, order, context):
            raise Untransformable("Acme has no word for this.")

    order = multi_order()
    space = world.space(Broken, on_outage="queue")
    error = error_of(await world.post(space, order), 422, "untransformable")
    assert "no word" in error["error"]
    assert book.state(order["id"]) == "refused"
    assert world.oms.calls == []


async def test_what_can_not_be_expressed_any_more_is_refused_and_alarmed(by_hand, book):
    class Stubborn(Merging):
        able = True

        def transform(self, order, context):
            if not Stubborn.able:
                raise Untransformable("Acme has no word for this.")
            return super().transform(order, context)

    order = multi_order()
    space = by_hand.space(Stubborn, on_outage="queue")
    by_hand.oms.mute = True
    assert (await by_hand.post(space, order)).status_code == 200
    Stubborn.able = False
    assert await take_up(by_hand, order["id"]) == "refused"
    assert book.alarms(order["id"]) == ["refused_after_queued"]


async def test_a_refusal_of_the_first_call_is_told_and_not_queued(world, book):
    order = multi_order()
    world.oms.fail("refuse", code="E", message="No.")
    error_of(await world.post("queue", order), 422, "oms_refused")
    assert book.state(order["id"]) == "refused"
    assert book.alarms(order["id"]) == []


async def test_orders_for_a_broken_connector_are_queued_as_they_came(house, book):
    class Broken(Refusing):
        def __init__(self, settings, http):
            raise RuntimeError("out of order")

    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(Broken, space_id="acme", on_outage="queue")
    body = b" " + body_of(order)
    answer = await first.post("acme", body)
    assert answer.status_code == 200
    assert answer.content == b'{"order":' + body.strip() + b"}"
    assert book.order(order["id"])["received"] == b"p" + body
    assert await take_up(first, order["id"]) == "queued"
    assert book.alarms(order["id"]) == ["not_served"]
    assert book.order(order["id"])["redeliveries"] == 0  # the ladder waits
    await house.close(first)
    book.write("UPDATE orders SET next_attempt_at = 0")  # it comes in a minute
    second = await house.open(by_hand=True)
    second.space(space_id="acme", on_outage="queue")
    assert await take_up(second, order["id"]) == "accepted"
    assert len(second.oms.held) == 1
    assert book.alarms(order["id"]) == ["not_served"]


async def test_a_queued_order_whose_space_is_gone_waits_and_is_alarmed(house, book):
    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(space_id="acme", on_outage="queue")
    house.oms.key = "another"
    assert (await first.post("acme", order)).status_code == 200
    await house.close(first)
    second = await house.open(by_hand=True)
    assert await take_up(second, order["id"]) == "queued"
    assert book.alarms(order["id"]) == ["not_served"]


async def test_a_queued_order_of_which_nothing_is_kept_any_more_is_refused(by_hand, book):
    class Broken(Refusing):
        def __init__(self, settings, http):
            raise RuntimeError("out of order")

    order = multi_order()
    by_hand.space(Broken, space_id="acme", on_outage="queue")
    assert (await by_hand.post("acme", order)).status_code == 200
    book.write("UPDATE orders SET received = NULL")
    by_hand.spaces["acme"] = by_hand.spaces["queue"]
    assert await take_up(by_hand, order["id"]) == "refused"
    assert book.alarms(order["id"]) == ["refused_after_queued"]


async def test_a_connector_that_breaks_at_redelivery_is_tried_again(by_hand, book, logged):
    class Fragile(Merging):
        def transform(self, order, context):
            if self.broken:
                raise RuntimeError("out of order")
            return super().transform(order, context)

    Fragile.broken = False
    order = multi_order()
    space = by_hand.space(Fragile, on_outage="queue")
    by_hand.oms.mute = True
    assert (await by_hand.post(space, order)).status_code == 200
    by_hand.oms.mend()
    Fragile.broken = True
    assert await take_up(by_hand, order["id"]) == "queued"
    assert any(line["event"] == "internal error" for line in logged)
    Fragile.broken = False
    assert await take_up(by_hand, order["id"]) == "accepted"


async def test_a_journal_that_can_not_be_written_is_told_and_the_oms_not_called(world, book):
    order = multi_order()
    space = world.space(on_outage="queue", deadline_seconds=2.0)
    with book.blocked():
        error = error_of(await world.post(space, order), 500, "journal_unavailable")
    assert error["details"]["retryable"]
    assert world.oms.calls == []
    world.give_time(space)
    async with asyncio.timeout(60):  # the writer may still wait for the lock that is gone
        while (await world.post(space, order)).status_code != 200:
            continue


async def test_what_can_not_be_put_on_record_as_queued_is_not_promised(house, book):
    # It is settled all the same, and what Nacelle was told is on record as it was told.
    block = Block(book, "sent")
    world = await house.open(step=block, by_hand=True)
    space = world.space(on_outage="queue", deadline_seconds=BRIEF_SECONDS)
    order = multi_order()
    world.oms.key = "another"
    try:
        error_of(await world.post(space, order), 500, "journal_unavailable")
    finally:
        block.lift()
    await until(lambda: book.state(order["id"]) == "queued")
    await until(lambda: book.order(order["id"])["told_code"] == "not_heard")
    assert book.answers(order["id"]) == [(500, "journal_unavailable")]
    world.oms.key = world.oms_key
    world.give_time(space)
    assert await take_up(world, order["id"]) == "accepted"
    assert book.alarms(order["id"]) == ["accepted_after_failure"]


async def test_a_part_that_was_promised_is_delivered_although_another_is_refused(by_hand, book):
    order = multi_order(orders=2)
    by_hand.oms.key = "another"
    assert (await by_hand.post("queue", order)).status_code == 200
    by_hand.oms.key = by_hand.oms_key
    by_hand.oms.fail("refuse", code="E", message="No.")
    by_hand.oms.fail("rate_limit", "create", retry_after=60)
    assert await take_up(by_hand, order["id"]) == "queued"
    assert book.states(order["id"]) == ["refused", "ready"]
    book.write("UPDATE orders SET next_attempt_at = 0")  # the OMS has asked for a minute
    assert await take_up(by_hand, order["id"]) == "partial"
    assert book.states(order["id"]) == ["refused", "accepted"]
    assert book.alarms(order["id"]) == ["partial"]


async def test_a_refused_part_is_told_at_once_and_the_rest_is_not_queued(world, book):
    order = multi_order(orders=2)
    world.oms.fail("refuse", code="E", message="No.")
    world.oms.fail("rate_limit", "create", retry_after=60)
    error_of(await world.post("queue", order), 500, "oms_unavailable")
    assert book.states(order["id"]) == ["refused", "ready"]
    assert book.order(order["id"])["next_attempt_at"] is None
    assert (await world.post("queue", order)).status_code == 200
    assert len(world.oms.held) == 2


async def test_a_part_in_doubt_does_not_keep_the_rest_from_being_delivered(house, book):
    # The OMS would make two orders of two creates: what is in doubt stays so until it shows.
    world = await house.open(by_hand=True)
    world.oms.on_duplicate = "create"
    world.space(Unguarded, space_id="unguarded", on_outage="queue")
    order = multi_order(orders=3)
    world.oms.leave_in_doubt()
    assert (await world.post("unguarded", order)).status_code == 200
    assert book.states(order["id"]) == ["unknown", "ready", "ready"]
    world.oms.mend()
    book.write("UPDATE orders SET next_attempt_at = 0")  # the OMS has asked for a minute
    assert await take_up(world, order["id"]) == "queued"
    assert book.states(order["id"]) == ["unknown", "accepted", "accepted"]
    assert len(world.oms.held) == 2
