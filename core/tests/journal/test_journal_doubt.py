"""An order in doubt stays so until the OMS shows it, or no create of ours can come late any more."""

import asyncio
import time
from datetime import datetime, timedelta

import pytest
from acme import Merging, Refusing, error_of, multi_order
from acme.house import release, take_up, until
from acme.world import BRIEF_SECONDS

from multiorder_sync.delivery import attempts, carrying, redelivery, settling
from multiorder_sync.delivery.journal import journal

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUARDS = {"refuse": Refusing, "merge": Merging}


async def test_an_order_in_doubt_stays_so_if_there_was_no_time_left_for_it(house, book):
    world = await house.open(by_hand=True)
    order = multi_order(orders=2)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    world.oms.fail("drop", when="after")
    world.oms.fail("drop", "find", times=None)
    error_of(await world.post(space, order), 500, "outcome_unknown")
    await until(lambda: book.state(order["id"]) == "unknown")  # it may be closed after the answer
    # As a process leaves it that dies after its second create.
    book.write(
        "UPDATE submissions SET state = 'sending', sent_at = :now WHERE position = 1",
        now=time.time(),
    )
    second = book.submissions(order["id"])[1]
    world.oms.put(second["ref"], second["fingerprint"])
    world.oms.faults.clear()
    world.oms.fail("hang", "find", times=None)
    error = error_of(await world.post(space, order), 500, "outcome_unknown")
    assert [each["state"] for each in error["details"]["orders"]] == ["unknown", "unknown"]
    await until(lambda: book.state(order["id"]) == "unknown")
    assert book.states(order["id"]) == ["unknown", "unknown"]
    world.oms.faults.clear()
    world.give_time(space)
    assert await take_up(world, order["id"]) == "accepted"
    assert book.alarms(order["id"]) == ["accepted_after_failure"]


@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_a_second_create_that_is_refused_says_nothing_of_the_first(house, book, on_duplicate):
    world = await house.open(by_hand=True, redelivery={"late_commit_seconds": 600.0})
    order = multi_order()
    world.oms.on_duplicate = on_duplicate
    space = world.space(GUARDS[on_duplicate])
    world.oms.fail("drop", when="before")
    world.oms.fail("refuse", code="E", message="No.")
    error = error_of(await world.post(space, order), 500, "outcome_unknown")
    assert error["details"]["oms_errors"] == [{"text": "No.", "code": "E"}]
    assert world.oms.count("create") == 2
    assert book.states(order["id"]) == ["unknown"]
    assert await take_up(world, order["id"]) == "unknown"
    (row,) = book.submissions(order["id"])
    world.oms.put(row["ref"], row["fingerprint"])  # the first create comes through
    assert await take_up(world, order["id"]) == "accepted"


async def test_a_first_create_that_is_refused_is_refused(house, book):
    world = await house.open(by_hand=True)
    order = multi_order()
    world.oms.fail("refuse", code="E", message="No.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    assert book.states(order["id"]) == ["refused"]


async def test_a_queued_order_is_refused_once_no_create_can_come_late(house, book):
    world = await house.open(by_hand=True, redelivery={"late_commit_seconds": 600.0})
    order = multi_order()
    space = world.space(on_outage="queue")
    world.oms.fail("drop", when="before")
    world.oms.fail("refuse", times=None, code="E", message="No.")
    assert (await world.post(space, order)).status_code == 200
    assert book.states(order["id"]) == ["unknown"]
    assert await take_up(world, order["id"]) == "queued"
    assert book.states(order["id"]) == ["unknown"]
    book.let_creates_age(600.0)
    assert await take_up(world, order["id"]) == "refused"
    assert book.alarms(order["id"]) == ["refused_after_queued"]


async def test_a_create_of_a_process_that_died_may_have_left_until_its_deadline(house, book):
    """Which need not be the one that its space has by now."""
    order = multi_order()
    house.oms.on_duplicate = "merge"
    spaces = {"acme": {"connector": "Merging", "deadline_seconds": 600}}
    process = await house.process(die_at="sending", by_hand=True, spaces=spaces)
    assert await process.post(house.http, "acme", order) is None
    await process.died()
    book.forget_the_dead()
    world = await house.open(by_hand=True, redelivery={"late_commit_seconds": 0.2})
    world.space(Merging, space_id="acme")
    await release(world)
    assert await take_up(world, order["id"]) == "unknown"
    book.let_creates_age(300.0)
    assert await take_up(world, order["id"]) == "unknown"
    book.let_creates_age(300.2)
    assert await take_up(world, order["id"]) == "unavailable"


async def test_a_queueing_space_sends_nothing_after_a_failure_was_answered(house, book):
    world = await house.open(by_hand=True, redelivery={"late_commit_seconds": 0.2})
    order = multi_order(orders=2)
    space = world.space(on_outage="queue")
    world.oms.fail("drop", when="before")
    world.oms.fail("refuse", times=2, code="E", message="No.")
    # One is in doubt and the other refused: that can't be queued.
    error_of(await world.post(space, order), 500, "outcome_unknown")
    assert book.states(order["id"]) == ["unknown", "refused"]
    world.oms.calls.clear()
    await asyncio.sleep(0.3)
    assert await take_up(world, order["id"]) == "unavailable"
    assert world.oms.calls == ["find"]
    assert (await world.post(space, order)).status_code == 200
    assert len(world.oms.held) == 2


async def test_how_old_a_create_is_goes_by_the_databases_clock(house, book, monkeypatch):
    # A machine whose clock is an hour ahead of the database's.
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + timedelta(hours=1)

    for module in (attempts, carrying, journal, redelivery, settling):
        if hasattr(module, "datetime"):
            monkeypatch.setattr(module, "datetime", Ahead)
    world = await house.open(by_hand=True, redelivery={"late_commit_seconds": 600.0})
    order = multi_order()
    world.oms.leave_in_doubt()
    error_of(await world.post("fail", order), 500, "outcome_unknown")
    (row,) = book.submissions(order["id"])
    assert abs(row["sent_at"] - time.time()) < 60
    # One that was sent by the clock of another machine is not old for it, either.
    world.oms.mend()
    assert await take_up(world, order["id"]) == "unknown"


async def test_an_order_that_is_refused_while_no_one_can_look_is_not_refused_for_good(house, book):
    # The journal is of an older backup: the order is in the OMS, and its record is not.
    world = await house.open(by_hand=True)
    space = world.space()
    order = multi_order()
    assert (await world.post(space, order)).status_code == 200
    world.give_time(space, seconds=BRIEF_SECONDS)
    for table in ("submissions", "attempts", "answers", "orders"):
        book.write(f"DELETE FROM {table}")
    world.oms.mute = True
    error = error_of(await world.post(space, order), 500, "outcome_unknown")
    assert "The ref is taken." in error["error"]
    assert error["details"]["oms_errors"][0]["code"] == "DUPLICATE"
    assert world.oms.count("create") == 2
    await until(lambda: book.state(order["id"]) == "unknown")  # it may be closed after the answer
    world.oms.mend()
    world.give_time(space)
    assert await take_up(world, order["id"]) == "accepted"
    assert book.alarms(order["id"]) == ["accepted_after_failure"]
    assert len(world.oms.held) == 1


async def test_an_order_that_is_refused_is_so_once_someone_could_look(world):
    space = world.space(deadline_seconds=60)
    world.oms.fail("refuse", code="E", message="No.")
    world.oms.fail("drop", "find", times=2)
    error = error_of(await world.post(space, multi_order()), 422, "oms_refused")
    assert error["details"]["orders"][0]["state"] == "refused"
    assert world.oms.count("create") == 1
