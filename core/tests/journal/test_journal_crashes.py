"""A process is killed at any step; another one settles what it left, by the rules."""

import asyncio
import signal
import time

import pytest
from acme import Merging, error_of, multi_order
from acme.house import release, take_up, until
from acme.world import BRIEF_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEPS = ("received", "opened", "frozen", "sending", "sent", "closed")

# What the journal holds right after the crash, and what becomes of it: under "fail", and under
# "queue". The OMS does not refuse a second create under a ref but merges it, so that each step is
# one of its own: an OMS that refuses is not asked first, and its first create is on record with
# the frozen order.
LEFT = {
    "received": (None, None, None),
    "opened": ([], "unavailable", "accepted"),
    "frozen": (["ready"], "unavailable", "accepted"),
    "sending": (["sending"], "unavailable", "accepted"),
    "sent": (["sending"], "accepted", "accepted"),
    "closed": (["accepted"], "accepted", "accepted"),
}
# A create can come through until the deadline of its call: that much later it is known to be absent.
DEADLINE = 60.0
LONG = {"deadline_seconds": DEADLINE}
SPACES = {
    "mf": {"connector": "Merging", **LONG},
    "mq": {"connector": "Merging", "on_outage": "queue", **LONG},
    "rf": LONG,
    "rq": {"on_outage": "queue", **LONG},
}


async def crashed(house, step, space, order):
    process = await house.process(die_at=step, spaces=SPACES, by_hand=True)
    assert await process.post(house.http, space, order) is None
    await process.died()


def prepared_for(world):
    """Give a service the spaces of those that died."""
    from acme import connector as connectors

    for space_id, settings in SPACES.items():
        kind = getattr(connectors, settings.get("connector", "Refusing"))
        rest = {name: value for name, value in settings.items() if name != "connector"}
        world.space(kind, space_id=space_id, **rest)
    return world


async def test_a_process_killed_at_each_step_leaves_what_another_one_settles(house, book):
    house.oms.on_duplicate = "merge"
    orders = {(step, space): multi_order() for step in STEPS for space in ("mf", "mq")}
    for (step, space), order in orders.items():
        await crashed(house, step, space, order)
        left = LEFT[step][0]
        if left is None:
            assert book.order(order["id"]) is None
        else:
            assert book.states(order["id"]) == left
    creates = house.oms.count("create")
    assert creates == len(house.oms.held) == 4  # of "sent" and "closed"
    book.let_creates_age(DEADLINE)
    world = await house.open(by_hand=True)
    prepared_for(world)
    running = asyncio.create_task(world.service.redelivery.run())
    expected = {
        order["id"]: LEFT[step][1 if space == "mf" else 2]
        for (step, space), order in orders.items()
    }
    try:
        # Their claims would hold for longer.
        await until(
            lambda: all(state == book.state(key) for key, state in expected.items()),
            seconds=DEADLINE,
        )
        assert await until(lambda: len(book.rows("SELECT * FROM owners")) == 1)
    finally:
        running.cancel()
    assert len(house.oms.held) == 4 + 3
    assert house.oms.count("create") == creates + 3
    assert len(set(house.oms.refs)) == len(house.oms.held)
    for (step, space), order in orders.items():
        alarmed = expected[order["id"]] == "accepted" and step != "closed"
        assert book.alarms(order["id"]) == (["accepted_after_failure"] if alarmed else [])
        # The answer to the next call is true, whatever became of it.
        assert (await world.post(space, order)).status_code == 200
    assert len(house.oms.held) == len(orders)


async def test_a_process_killed_between_two_orders_of_one_leaves_no_half_of_it_unknown(house, book):
    orders = {space: multi_order(orders=2) for space in ("rf", "rq")}
    for space, order in orders.items():
        await crashed(house, "sending", space, order)
        assert book.states(order["id"]) == ["sending", "sending"]
    book.forget_the_dead()
    book.let_creates_age(DEADLINE)
    world = await house.open(by_hand=True)
    prepared_for(world)
    running = asyncio.create_task(world.service.redelivery.run())
    try:
        await until(lambda: book.state(orders["rf"]["id"]) == "partial")
        await until(lambda: book.state(orders["rq"]["id"]) == "accepted")
    finally:
        running.cancel()
    assert book.states(orders["rf"]["id"]) == ["accepted", "ready"]
    assert book.alarms(orders["rf"]["id"]) == ["partial"]
    assert len(house.oms.held) == 3
    assert (await world.post("rf", orders["rf"])).status_code == 200
    assert len(house.oms.held) == 4


@pytest.mark.parametrize("step", ["sending", "sent", "closed"])
async def test_a_process_killed_at_redelivery_leaves_what_another_one_settles(house, book, step):
    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(space_id="acme", on_outage="queue")
    house.oms.key = "another"
    assert (await first.post("acme", order)).status_code == 200
    house.oms.key = first.oms_key
    await house.close(first)
    process = await house.process(die_at=step, spaces={"acme": {"on_outage": "queue"}})
    await process.died()
    book.forget_the_dead()
    other = await house.process(spaces={"acme": {"on_outage": "queue"}})
    await until(lambda: book.state(order["id"]) == "accepted")
    assert len(house.oms.held) == 1
    assert book.alarms(order["id"]) == []
    assert (await other.post(house.http, "acme", order)).status_code == 200


async def test_an_order_of_which_a_process_died_again_waits_as_after_any_other_try(house, book):
    ladder = (0.1, 3600.0)
    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(space_id="acme", on_outage="queue")
    house.oms.key = "another"
    assert (await first.post("acme", order)).status_code == 200
    await house.close(first)
    process = await house.process(
        die_at="sending",
        spaces={"acme": {"on_outage": "queue"}},
        redelivery={"delays_seconds": ladder},
    )
    await process.died()
    book.forget_the_dead()
    world = await house.open(by_hand=True)
    await release(world, delays=ladder)
    row = book.order(order["id"])
    assert (row["state"], row["claim"], row["redeliveries"]) == ("queued", None, 1)
    assert row["next_attempt_at"] > time.time() + 3000


async def test_an_order_that_was_given_up_is_looked_for_when_a_later_call_dies_of_it(house, book):
    order = multi_order()
    ladder = {"delays_seconds": [0.05]}
    first = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05,)})
    first.space(space_id="rf")
    house.oms.leave_in_doubt(when="before")
    error_of(await first.post("rf", order), 500, "outcome_unknown")
    assert await take_up(first, order["id"]) == "dead"
    house.oms.mend()
    # The create of this call takes effect, and its process does not live to see it.
    process = await house.process(die_at="sent", spaces=SPACES, by_hand=True, redelivery=ladder)
    assert await process.post(house.http, "rf", order) is None
    await process.died()
    assert len(house.oms.held) == 1
    await release(first)
    assert await take_up(first, order["id"]) == "accepted"
    assert book.alarms(order["id"]) == ["accepted_after_failure", "dead"]


async def test_a_call_that_waits_for_a_process_goes_on_when_that_one_dies(house, book):
    order = multi_order()
    process = await house.process(spaces={"long": {"deadline_seconds": DEADLINE}})
    gate = house.oms.gate()
    dying = asyncio.create_task(process.post(house.http, "long", order))
    await until(lambda: gate.holds)
    world = await house.open()
    world.space(space_id="long", deadline_seconds=DEADLINE)
    waiting = asyncio.create_task(world.post("long", order))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await process.kill()
    assert await dying is None
    book.forget_the_dead()
    assert (await waiting).status_code == 200
    assert len(house.oms.held) == 1
    await gate.let_all_through()  # the first create
    assert len(house.oms.held) == 1


async def test_a_call_that_waits_for_a_process_that_does_not_end_is_answered_in_time(house, book):
    order = multi_order()
    process = await house.process(spaces={"short": {"deadline_seconds": DEADLINE}})
    house.oms.fail("hang", times=None)
    dying = asyncio.create_task(process.post(house.http, "short", order))
    await until(lambda: book.states(order["id"]) == ["sending"])
    world = await house.open()
    space = world.space(space_id="short", deadline_seconds=BRIEF_SECONDS)
    error = error_of(await world.post(space, order), 500, "overloaded")
    assert error["details"]["retryable"]
    await until(lambda: book.answers(order["id"]) == [(500, "overloaded")])
    assert house.oms.count("create") == 1
    await process.kill()
    await dying


async def stand_still(process, book):
    """Stop a process, but not in the middle of a write: then nobody could write any more."""
    while True:
        process.signal(signal.SIGSTOP)
        if book.is_free:
            return
        process.signal(signal.SIGCONT)
        await asyncio.sleep(0.02)


async def test_a_process_that_only_stands_still_keeps_its_orders(house, book):
    # Its lock is held, however long it has been silent.
    order = multi_order()
    process = await house.process(spaces={"acme": {"deadline_seconds": DEADLINE}})
    gate = house.oms.gate()
    calling = asyncio.create_task(process.post(house.http, "acme", order))
    await until(lambda: gate.holds)
    await stand_still(process, book)
    book.forget_the_dead()
    world = await house.open(by_hand=True)
    assert await world.service.journal.release_dead() == 0
    assert book.order(order["id"])["claim"] is not None
    gate.open()
    process.signal(signal.SIGCONT)
    assert (await calling).status_code == 200


async def test_a_process_that_stood_still_beyond_its_claim_sends_nothing(house, book):
    order = multi_order(orders=2)
    process = await house.process(spaces={"acme": {"deadline_seconds": DEADLINE}})
    gate = house.oms.gate()
    calling = asyncio.create_task(process.post(house.http, "acme", order))
    await until(lambda: gate.holds)
    assert book.states(order["id"]) == ["sending", "ready"]
    await stand_still(process, book)
    book.write("UPDATE orders SET claim_until = 0, next_attempt_at = 0")
    world = await house.open(by_hand=True)
    world.space(space_id="acme")
    await gate.let_all_through()  # the first create
    assert (await world.post("acme", order)).status_code == 200
    assert len(house.oms.held) == 2
    creates = house.oms.count("create")
    process.signal(signal.SIGCONT)
    error_of(await calling, 500, "oms_unavailable")
    assert house.oms.count("create") == creates
    assert book.state(order["id"]) == "accepted"
    assert book.states(order["id"]) == ["accepted", "accepted"]


@pytest.mark.parametrize("end", ["refused", "abandoned"])
async def test_a_process_that_stood_still_beyond_its_claim_promises_nothing(house, book, end):
    house.oms.on_duplicate = "merge"
    order = multi_order()
    stalled, world = [await house.open(by_hand=True) for _ in range(2)]
    for each in (stalled, world):
        each.space(Merging, space_id="acme", on_outage="queue")
    gate = house.oms.gate("find")
    calling = asyncio.create_task(stalled.post("acme", order))
    await until(lambda: gate.holds)
    book.write("UPDATE orders SET claim_until = 0, next_attempt_at = 0")
    if end == "refused":
        house.oms.fail("refuse", code="E-1", message="No.", times=None)
        assert await take_up(world, order["id"]) == "refused"
        house.oms.faults.clear()
    else:
        book.write("UPDATE orders SET state = 'abandoned', claim = NULL, next_attempt_at = NULL")
    gate.open()
    details = error_of(await calling, 500, "outcome_unknown")["details"]
    assert details["retryable"]
    assert "orders" not in details
    assert book.state(order["id"]) == end
    assert not house.oms.held
    await until(lambda: book.answers(order["id"]) == [(500, "outcome_unknown")])
