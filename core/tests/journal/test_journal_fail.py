"""`on_outage = "fail"`: once a failure was answered, nothing is sent; the OMS is only asked."""

import asyncio

import pytest
from acme import Merging, Refusing, Unguarded, error_of, multi_order
from acme.house import take_up, until
from acme.world import BRIEF_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUARDS = {"refuse": Refusing, "merge": Merging, "create": Unguarded}


async def left_in_doubt(world, order, *, when, on_duplicate="refuse", **settings):
    """Send an order of which the OMS says nothing, neither then nor when it is asked."""
    world.oms.on_duplicate = on_duplicate
    space = world.space(GUARDS[on_duplicate], **settings)
    world.oms.leave_in_doubt(when=when)
    error_of(await world.post(space, order), 500, "outcome_unknown")
    world.oms.mend()
    world.oms.calls.clear()
    return space


@pytest.mark.parametrize("multi_order_of", [1, 2])
async def test_an_order_that_was_certainly_not_created_is_left_alone(house, book, multi_order_of):
    world = await house.open()
    order = multi_order(orders=multi_order_of)
    world.oms.key = "another"
    error_of(await world.post("fail", order), 500, "oms_unavailable")
    assert book.state(order["id"]) == "unavailable"
    world.oms.key = world.oms_key
    world.oms.calls.clear()
    await asyncio.sleep(0.3)
    assert world.oms.calls == []
    assert book.order(order["id"])["next_attempt_at"] is None
    assert (await world.post("fail", order)).status_code == 200
    assert len(world.oms.held) == multi_order_of


@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_an_order_that_is_there_after_all_is_accepted_and_alarmed(
    house, book, on_duplicate, logged
):
    world = await house.open()
    order = multi_order()
    space = await left_in_doubt(world, order, when="after", on_duplicate=on_duplicate)
    await until(lambda: book.state(order["id"]) == "accepted")
    assert set(world.oms.calls) == {"find"}
    assert book.alarms(order["id"]) == ["accepted_after_failure"]
    alarms = await until(lambda: [line for line in logged if line["event"] == "alarm"])
    assert [line["kind"] for line in alarms] == ["accepted_after_failure"]
    asked = len(world.oms.calls)
    assert (await world.post(space, order)).status_code == 200
    assert len(world.oms.calls) == asked


@pytest.mark.parametrize("on_duplicate", ["refuse", "merge"])
async def test_an_order_that_is_absent_is_unavailable_once_no_create_can_come_late(
    house, book, on_duplicate
):
    world = await house.open(by_hand=True, redelivery={"late_commit_seconds": 600.0})
    order = multi_order()
    space = await left_in_doubt(world, order, when="before", on_duplicate=on_duplicate)
    assert await take_up(world, order["id"]) == "unknown"
    assert book.states(order["id"]) == ["unknown"]
    book.let_creates_age(600.0)
    assert await take_up(world, order["id"]) == "unavailable"
    assert book.states(order["id"]) == ["ready"]
    assert set(world.oms.calls) == {"find"}
    assert book.alarms(order["id"]) == []
    assert book.order(order["id"])["next_attempt_at"] is None
    # Only a call of Nacelle's sends it again.
    assert (await world.post(space, order)).status_code == 200
    assert len(world.oms.held) == 1


async def test_a_create_that_comes_late_is_seen(house, book):
    world = await house.open(by_hand=True, redelivery={"late_commit_seconds": 600.0})
    order = multi_order()
    await left_in_doubt(world, order, when="before")
    assert await take_up(world, order["id"]) == "unknown"
    (row,) = book.submissions(order["id"])
    world.oms.put(row["ref"], row["fingerprint"])
    assert await take_up(world, order["id"]) == "accepted"
    assert book.alarms(order["id"]) == ["accepted_after_failure"]


async def test_an_unguarded_order_in_doubt_is_never_created_again(house, book):
    world = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05, 0.05)})
    order = multi_order()
    # The calls look for it until their deadline.
    brief = {"on_duplicate": "create", "deadline_seconds": BRIEF_SECONDS}
    space = await left_in_doubt(world, order, when="before", **brief)
    await asyncio.sleep(0.3)
    assert await take_up(world, order["id"]) == "unknown"
    error_of(await world.post(space, order), 500, "outcome_unknown")
    await take_up(world, order["id"])
    assert await take_up(world, order["id"]) == "dead"
    assert world.oms.count("create") == 0
    assert book.alarms(order["id"]) == ["dead"]
    error_of(await world.post(space, order), 500, "outcome_unknown")
    assert world.oms.count("create") == 0


async def test_an_oms_that_can_not_be_asked_decides_nothing(house, book):
    world = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05, 0.05, 0.05)})
    order = multi_order()
    await left_in_doubt(world, order, when="after")
    for fault in ({"kind": "drop"}, {"kind": "refuse", "code": "E", "message": "Not you."}):
        world.oms.fail(operation="find", times=None, **fault)
        assert await take_up(world, order["id"]) == "unknown"
        world.oms.mend()
    world.oms.mute = True
    assert await take_up(world, order["id"]) == "dead"
    world.oms.mend()
    assert book.alarms(order["id"]) == ["dead"]
    assert world.oms.count("create") == 0


async def test_anothers_order_under_our_ref_settles_the_doubt(house, book):
    world = await house.open(by_hand=True)
    order = multi_order()
    await left_in_doubt(world, order, when="before")
    world.oms.put(book.submissions(order["id"])[0]["ref"])
    assert await take_up(world, order["id"]) == "refused"
    assert book.states(order["id"]) == ["refused"]


@pytest.mark.parametrize("on_duplicate", GUARDS)
async def test_a_call_for_an_order_in_doubt_settles_it(house, book, on_duplicate):
    world = await house.open(by_hand=True)
    order = multi_order()
    space = await left_in_doubt(world, order, when="after", on_duplicate=on_duplicate)
    assert (await world.post(space, order)).status_code == 200
    assert world.oms.calls == ["find"]
    assert book.order(order["id"])["next_attempt_at"] is None
    assert book.alarms(order["id"]) == []  # Nacelle was told so by this call


async def test_the_rest_of_a_multi_order_is_not_sent_behind_nacelles_back(house, book):
    world = await house.open(by_hand=True)
    order = multi_order(orders=3)
    space = world.space()
    world.oms.fail("drop", when="after", skip=1)
    world.oms.fail("rate_limit", retry_after=60, skip=2)
    world.oms.mute = True
    error_of(await world.post(space, order), 500, "outcome_unknown")
    assert book.states(order["id"]) == ["accepted", "unknown", "ready"]
    world.oms.mend()
    world.oms.calls.clear()
    book.write("UPDATE orders SET next_attempt_at = 0")  # the OMS has asked for a minute
    assert await take_up(world, order["id"]) == "partial"
    assert world.oms.calls == ["find"]
    assert book.states(order["id"]) == ["accepted", "accepted", "ready"]
    assert book.alarms(order["id"]) == ["partial"]
    assert (await world.post(space, order)).status_code == 200
    assert world.oms.calls == ["find", "create"]
    assert len(world.oms.held) == 3


async def test_an_order_that_can_not_be_read_any_more_is_looked_for_all_the_same(house, book):
    # As when the configuration asks for more of an order than it did.
    world = await house.open(by_hand=True)
    order = multi_order()
    await left_in_doubt(world, order, when="after")
    book.write("UPDATE orders SET received = :bytes", bytes=b"p{}")
    assert await take_up(world, order["id"]) == "accepted"


async def test_a_refused_order_is_not_taken_up_again(house, book):
    world = await house.open()
    order = multi_order()
    world.oms.fail("refuse", code="E", message="No.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    world.oms.calls.clear()
    await asyncio.sleep(0.3)
    assert world.oms.calls == []
    assert book.alarms(order["id"]) == []
