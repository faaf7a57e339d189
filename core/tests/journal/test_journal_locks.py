"""PostgreSQL: an order that another session has locked is a matter of its own."""

import asyncio
import contextlib

import pytest
from acme import error_of, multi_order
from acme.house import until
from acme.world import BRIEF_SECONDS

from multiorder_sync.delivery.journal.retention import Purge
from multiorder_sync.delivery.journal.transactions import writing

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("journal_url", ["postgresql"], indirect=True),
]


@contextlib.contextmanager
def locked(book, *orders):
    """Hold the rows of some orders while the block lasts, as another session can."""
    with book.engine.connect() as connection:
        for order in orders:
            connection.exec_driver_sql(
                "SELECT id FROM orders WHERE key = %s FOR UPDATE", (order["id"],)
            ).one()
        yield
        connection.rollback()


async def readiness(world):
    answer = await world.http.get("/readyz")
    return answer.status_code, answer.json()["journal"]


async def refused(house, world, number=1, space="fail"):
    """Return orders that are on record, and that a new call sends again."""
    orders = [multi_order() for _ in range(number)]
    for order in orders:
        house.oms.fail("refuse", code="E", message="No.")
        error_of(await world.post(space, order), 422, "oms_refused")
    return orders


async def test_an_order_that_is_locked_fails_no_other(house, book):
    steps = []
    world = await house.open(by_hand=True, step=steps.append)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    (held,) = await refused(house, world, space=space)
    namesake = world.space()
    with locked(book, held):
        steps.clear()
        repeats = [asyncio.create_task(world.post(space, held))]
        await until(lambda: "received" in steps)
        # The deadline of the first alone comes while the order is locked; the others share that.
        world.give_time(space)
        repeats += [asyncio.create_task(world.post(space, held)) for _ in range(4)]
        for _ in range(3):
            others = [world.post(space, multi_order()) for _ in range(10)]
            answers = await asyncio.gather(*others)
            assert {answer.status_code for answer in answers} == {200}
            assert await readiness(world) == (200, "working")
        # Another space's order of the same id is another order.
        assert (await world.post(namesake, held)).status_code == 200
        for answer in await asyncio.gather(*repeats):
            error_of(answer, 500, "journal_unavailable")
        assert await readiness(world) == (200, "working")
        assert len(house.oms.held) == 31
    assert (await world.post(space, held)).status_code == 200


async def test_an_order_that_is_locked_for_a_moment_is_waited_for(house, book):
    world = await house.open(by_hand=True)
    orders = await refused(house, world, number=6)
    with locked(book, *orders):
        calling = [asyncio.create_task(world.post("fail", order)) for order in orders]
        await asyncio.sleep(1.0)
        assert not any(call.done() for call in calling)
    assert {answer.status_code for answer in await asyncio.gather(*calling)} == {200}


async def test_a_server_whose_orders_are_all_locked_is_not_ready(house, book):
    world = await house.open(by_hand=True)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    with book.blocked():
        calling = [asyncio.create_task(world.post(space, multi_order())) for _ in range(5)]
        for answer in await asyncio.gather(*calling):
            error_of(answer, 500, "journal_unavailable")
        async with asyncio.timeout(60):  # the writer has its own time to see that
            while await readiness(world) != (503, "not working"):
                await asyncio.sleep(0.05)
    assert (await world.post("fail", multi_order())).status_code == 200
    assert await readiness(world) == (200, "working")


async def test_a_writer_that_is_closed_leaves_what_is_locked(house, book):
    steps = []
    world = await house.open(by_hand=True, step=steps.append)
    (held,) = await refused(house, world)
    with locked(book, held):
        steps.clear()
        calling = asyncio.create_task(world.post("fail", held))
        await until(lambda: "received" in steps)
        await asyncio.sleep(0.5)
        await house.close(world)
        error_of(await calling, 500, "journal_unavailable")


async def test_an_order_that_is_locked_does_not_keep_the_others_of_a_dead_process(house, book):
    process = await house.process(die_at="opened", spaces={"s": {"deadline_seconds": 20}})
    await process.post(house.http, "s", first := multi_order())
    later = await house.open(by_hand=True)
    book.forget_the_dead()
    second = multi_order()
    # The dead process had two in hand, and one of them is locked.
    book.write(
        "INSERT INTO orders (space, key, connector, on_outage, state, received_at, updated_at, "
        "claim, claimed_by, claim_until) SELECT space, :key, connector, on_outage, state, "
        "received_at, updated_at, claim, claimed_by, claim_until FROM orders",
        key=second["id"],
    )
    with locked(book, first):
        assert await released(later, book, second)
        assert book.order(first["id"])["claimed_by"] is not None
        assert len(book.rows("SELECT id FROM owners")) == 2
    assert await released(later, book, first)
    assert len(book.rows("SELECT id FROM owners")) == 1


async def test_an_order_that_is_just_claimed_is_not_emptied(house, book):
    world = await house.open(by_hand=True)
    (claimed, other) = await refused(house, world, number=2)
    book.write("UPDATE orders SET updated_at = 0")

    def purge():
        with writing(world.service.journal.engine) as connection:
            return Purge.older_than(90)(connection).orders

    with book.engine.connect() as connection:
        connection.exec_driver_sql(
            "UPDATE orders SET claim = 'c', claim_until = extract(epoch from now()) + 60 "
            "WHERE key = %s",
            (claimed["id"],),
        )
        purging = asyncio.create_task(asyncio.to_thread(purge))
        await asyncio.sleep(0.5)
        connection.commit()
    assert await purging == 1
    assert book.order(claimed["id"])["received"] is not None
    assert book.order(other["id"])["received"] is None


async def released(world, book, order, *, seconds=60.0):
    for _ in range(round(seconds / 0.1)):
        await world.service.journal.release_dead()
        if book.order(order["id"])["claimed_by"] is None:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_what_a_session_holds_is_free_soon_after_its_machine_is_gone(house, book):
    world = await house.open(by_hand=True)
    asked = ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")
    keepalives = ("idle", "interval", "count")
    with world.service.journal.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in (*asked, *(f"tcp_keepalives_{each}" for each in keepalives))
        }
    assert found == {
        "lock_timeout": "200ms",
        "idle_in_transaction_session_timeout": "10s",
        "statement_timeout": "15s",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }
