"""Taking orders up again: a few at once, on and on, and left in order when the server ends."""

import asyncio
import io

import pytest
import structlog
from acme import Merging, Refusing, multi_order
from acme.house import release, take_up, until
from acme.world import acme_registry, acme_space
from sqlalchemy import event

from multiorder_sync.config import ServerSettings
from multiorder_sync.observe import configure_logging
from multiorder_sync.oms import order_hooks
from multiorder_sync.oms.registry import InstalledHooks, Registry

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def queued(world, *, number=1, space="queue"):
    """Leave orders in the queue of an OMS that works again."""
    world.oms.key = "another"
    orders = [multi_order() for _ in range(number)]
    for order in orders:
        assert (await world.post(space, order)).status_code == 200
    world.oms.key = world.oms_key
    world.oms.calls.clear()
    return orders


async def test_no_more_orders_are_under_way_again_than_configured(house, book):
    first = await house.open(by_hand=True)
    orders = await queued(first, number=6)
    await house.close(first)
    gate = house.oms.gate(times=None)
    world = await house.open(redelivery={"max_concurrent": 2})
    await until(lambda: house.oms.count("create") >= 2)
    await asyncio.sleep(0.2)
    assert house.oms.count("create") == 2
    gate.open()
    for order in orders:
        await until(lambda order=order: book.state(order["id"]) == "accepted")
    assert house.oms.count("create") == len(house.oms.held) == 6
    assert world.service.journal.working


async def test_a_server_that_stops_finishes_what_it_is_delivering(house, book):
    # Cut off, its create would be in doubt by our own hand.
    first = await house.open(by_hand=True)
    order, later = await queued(first, number=2)
    await house.close(first)
    gate = house.oms.gate()
    server = ServerSettings(port=0, shutdown_grace_seconds=20)
    world = await house.open(redelivery={"max_concurrent": 1}, server=server)
    await until(lambda: gate.holds)
    stopping = asyncio.create_task(house.close(world))
    await until(lambda: world.service.redelivery._resting_since is not None)
    gate.open()
    await stopping
    assert sorted([book.state(order["id"]), book.state(later["id"])]) == ["accepted", "queued"]
    assert house.oms.count("create") == 1


async def test_a_server_that_stops_waits_no_longer_than_the_grace_time(house, book):
    first = await house.open(by_hand=True)
    (order,) = await queued(first, number=1)
    await house.close(first)
    house.oms.fail("hang", times=None)
    server = ServerSettings(port=0, shutdown_grace_seconds=0.3)
    world = await house.open(server=server)
    await until(lambda: house.oms.count("create"))
    world.service.rest()
    async with asyncio.timeout(10.0):  # the deadline of its space is later
        await house.close(world)
    assert book.states(order["id"]) == ["sending"]


@pytest.mark.parametrize("turns", range(4))
async def test_redelivery_ends_though_a_place_becomes_free_at_that_moment(house, turns):
    redelivery = (await house.open(by_hand=True)).service.redelivery
    redelivery.poll_seconds = 60.0
    running = asyncio.create_task(redelivery.run())
    await asyncio.sleep(0.3)  # it waits for its next round
    redelivery._free.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


async def test_a_server_that_ends_leaves_what_is_under_way_again_to_the_next(house, book):
    first = await house.open(by_hand=True)
    (order,) = await queued(first)
    await house.close(first)
    house.oms.fail("hang", when="after")
    second = await house.open()
    await until(lambda: house.oms.held)
    await house.close(second)
    assert book.order(order["id"])["claim"] is None
    third = await house.open(by_hand=True)
    assert await take_up(third, order["id"]) == "accepted"
    assert house.oms.count("create") == len(house.oms.held) == 1


async def test_a_round_that_fails_is_followed_by_the_next(house, book, logged):
    world = await house.open(by_hand=True)
    (order,) = await queued(world)
    failing = True

    @event.listens_for(world.service.journal.engine, "begin")
    def fail(_connection):
        if failing == "disk":
            raise OSError("Input/output error")
        if failing:
            raise ValueError("What no one thought of.")

    # Not before: what it had in hand just then would stay there until its claim ends.
    redelivering = asyncio.create_task(world.service.redelivery.run())
    await until(lambda: any(line["event"] == "redelivery failed" for line in logged))
    failing = "disk"
    await until(lambda: any("waits for the journal" in line["event"] for line in logged))
    failing = False
    await until(lambda: book.state(order["id"]) == "accepted")
    redelivering.cancel()


async def test_a_redelivery_that_can_not_be_recorded_is_recorded_later(house, book, logged):
    first = await house.open(by_hand=True)
    (order,) = await queued(first)
    await house.close(first)
    broken = []
    world = await house.open(step=lambda step: step == "sent" and broken.append(step))

    @event.listens_for(world.service.journal.engine, "begin")
    def fail(_connection):
        if broken:
            raise OSError("Input/output error")

    await until(lambda: any("not recorded yet" in line["event"] for line in logged))
    broken.clear()
    await until(lambda: book.state(order["id"]) == "accepted")
    assert house.oms.count("create") == 1
    assert book.alarms(order["id"]) == []


async def test_an_order_left_before_it_was_frozen_waits_for_its_space(house, book):
    process = await house.process(
        die_at="opened", by_hand=True, spaces={"gone": {"on_outage": "queue"}, "away": {}}
    )
    order = multi_order()
    assert await process.post(house.http, "gone", order) is None
    await process.died()
    book.forget_the_dead()
    world = await house.open(by_hand=True)
    await release(world)
    assert await take_up(world, order["id"]) == "queued"
    assert book.alarms(order["id"]) == ["not_served"]


async def test_a_queued_order_that_can_not_be_read_any_more_is_refused_and_alarmed(by_hand, book):
    by_hand.space(Merging, space_id="asked", on_outage="queue")
    order = multi_order()
    by_hand.oms.mute = True
    assert (await by_hand.post("asked", order)).status_code == 200
    by_hand.oms.mend()
    book.write("UPDATE orders SET received = :bytes", bytes=b"p{}")
    assert await take_up(by_hand, order["id"]) == "refused"
    assert book.alarms(order["id"]) == ["refused_after_queued"]
    assert by_hand.oms.held == []


async def test_a_claim_that_is_lost_between_two_orders_of_one_ends_the_sending(house, book):
    def steal(step):
        if step == "sent":
            book.write("UPDATE orders SET claim = 'another'")

    world = await house.open(step=steal, by_hand=True)
    order = multi_order(orders=3)
    answer = await world.post("fail", order)
    states = [each["state"] for each in answer.json()["error"]["details"]["orders"]]
    assert states == ["accepted", "ready", "ready"]
    assert world.oms.calls == ["create"]
    assert book.states(order["id"]) == ["accepted", "ready", "ready"]


async def test_the_configuration_of_the_last_call_says_whether_it_is_delivered(house, book):
    # Under "queue" it was promised; a call under "fail" takes that back by its own answer.
    first = await house.open(by_hand=True)
    first.space(space_id="acme", on_outage="queue")
    (order,) = await queued(first, space="acme")
    await house.close(first)
    world = await house.open(by_hand=True)
    world.space(space_id="acme", on_outage="fail")
    assert await take_up(world, order["id"]) == "accepted"
    assert len(house.oms.held) == 1


async def test_hooks_hear_what_redelivery_came_to(house, book):
    heard = []

    def hear(settlement):
        heard.append(settlement)

    hooks = InstalledHooks(
        hooks={"multiorder_order_settled": hear},
        distribution="acme-hooks",
        version="1.0",
        entry_point="acme",
    )
    registry = Registry(connectors=acme_registry(Refusing).connectors, hooks=(hooks,))
    spaces = {"queue": acme_space("queue", house.oms_url, on_outage="queue")}
    world = await house.open(by_hand=True, registry=registry, spaces=spaces)
    (order,) = await queued(world)
    assert await take_up(world, order["id"]) == "accepted"
    await until(lambda: len(heard) == 2)
    assert [(each.order, each.state, each.told_status) for each in heard] == [
        (order["id"], "queued", 200),
        (order["id"], "accepted", None),
    ]
    assert heard[1].results[0].receipt.oms_id == "A1"


@pytest.mark.parametrize(
    ("hook", "code", "state"),
    [
        ("multiorder_veto", "vetoed", "refused"),
        ("multiorder_adjust_submission", "hook_failed", "queued"),
    ],
)
async def test_hooks_have_their_say_at_redelivery_too(
    house, book, hook, code, state, logged, monkeypatch
):
    monkeypatch.setattr(order_hooks, "HOOK_SECONDS", 60.0)
    strict = []

    def call(**_):
        if not strict:
            return None
        if hook == "multiorder_veto":
            return "Not on a Sunday."
        raise ValueError("out of order")

    hooks = InstalledHooks(
        hooks={hook: call}, distribution="acme-hooks", version="1.0", entry_point="acme"
    )
    registry = Registry(connectors=acme_registry(Merging).connectors, hooks=(hooks,))
    spaces = {"queue": acme_space("queue", house.oms_url, on_outage="queue")}
    world = await house.open(by_hand=True, registry=registry, spaces=spaces)
    order = multi_order()
    world.oms.mute = True
    assert (await world.post("queue", order)).status_code == 200
    world.oms.mend()
    strict.append(True)
    assert await take_up(world, order["id"]) == state
    assert code.encode() in bytes(book.order(order["id"])["error"])
    assert world.oms.count("create") == 0
    assert not any(line["event"] == "internal error" for line in logged)


async def test_a_traceback_of_a_redelivery_says_nothing_of_the_shopper(house):
    class Quoting(Refusing):
        async def find(self, submission):
            raise RuntimeError(f"no such shopper: {submission.payload.email}")

    world = await house.open(by_hand=True)
    world.space(Quoting, space_id="quoting", on_outage="queue")
    order = multi_order(email="erika.mustermann@example.com")
    order["orders"][0]["email"] = "erika.mustermann@example.com"
    house.oms.fail("drop", when="after")
    assert (await world.post("quoting", order)).status_code == 200
    written, before = io.StringIO(), structlog.get_config()
    configure_logging("json", "error", written)
    try:
        assert await take_up(world, order["id"]) == "queued"
    finally:
        structlog.configure(**before)
    assert "no such shopper: ***" in written.getvalue()
    assert "mustermann" not in written.getvalue()


DAMAGES = {
    "malformed JSON": ("submissions", "error", b"p{"),
    "JSON of another kind": ("submissions", "notes", b"p[5]"),
    "orders that are none": ("submissions", "orders", "7"),
    "a submission's state of a later version": ("submissions", "state", "parked"),
    "an order's state of a later version": ("orders", "state", "parked"),
    "what does not decrypt": ("orders", "received", b"fjunk"),
}


@pytest.mark.parametrize(("table", "column", "value"), DAMAGES.values(), ids=DAMAGES)
async def test_an_order_that_can_not_be_read_keeps_no_other_waiting(
    house, book, logged, table, column, value
):
    first = await house.open(by_hand=True)
    damaged, sound = await queued(first, number=2)
    await house.close(first)
    row = book.order(damaged["id"])
    name = "id" if table == "orders" else "order_id"
    statement = f"UPDATE {table} SET {column} = :value WHERE {name} = :id"
    book.write(statement, value=value, id=row["id"])
    await house.open()
    await until(lambda: book.state(sound["id"]) == "accepted")
    told = await until(
        lambda: [line for line in logged if line["event"] == "order can't be taken up"]
    )
    assert (told[0]["order"], told[0]["space"]) == (damaged["id"], "queue")
    assert not any(line["event"] == "redelivery failed" for line in logged)
    after = book.order(damaged["id"])
    # It is left as it was, for a while.
    assert (after["claim"], after["redeliveries"]) == (None, row["redeliveries"])
    assert after["next_attempt_at"] > row["next_attempt_at"] + 30
    assert len(house.oms.held) == 1
