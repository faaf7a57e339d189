"""One space's backlog keeps no other space's orders waiting."""

import asyncio

import pytest
from acme import Refusing, multi_order
from acme.house import until
from acme.world import acme_registry, acme_space

from multiorder_sync import Unavailable
from multiorder_sync.config import CircuitBreakerSettings
from multiorder_sync.delivery.journal.due import Room

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def queued(world, space, number):
    """Queue orders for a space, and make them due."""
    world.oms.key = "another"
    for _ in range(number):
        assert (await world.post(space, multi_order())).status_code == 200
    world.oms.key = world.oms_key


async def claimed(world, book, **room):
    """Claim what is due, and return the spaces of that; afterwards nobody has it."""
    book.write("UPDATE orders SET next_attempt_at = id, claim = NULL, claim_until = NULL")
    due = await world.service.journal.claim_due(Room(**room), claim_seconds=60)
    return [each.order.space for each in due]


async def test_who_has_waited_longest_is_first_only_within_a_space(house, book):
    world = await house.open(by_hand=True)
    for name in ("a", "b", "c"):
        world.space(space_id=name, on_outage="queue")
    await queued(world, "a", 9)
    await queued(world, "b", 1)
    await queued(world, "c", 3)
    for most, of_each in ((3, "abc"), (4, "aabc"), (6, "aaabcc"), (20, "aaaaaaaaabccc")):
        found = await claimed(world, book, most=most, each=most)
        assert "".join(sorted(found)) == of_each
    # Who has orders in hand already comes after those who have none.
    assert sorted(await claimed(world, book, most=2, each=9, spaces={"a": 8})) == ["b", "c"]
    assert sorted(await claimed(world, book, most=9, each=2, spaces={"a": 0})) == ["b", "c", "c"]
    assert await claimed(world, book, most=9, each=9, spaces={"a": -1, "b": 0, "c": 0}) == []


class Slow(Refusing):
    """Takes long to say that it can't."""

    async def submit(self, submission):
        if submission.ref.startswith("slow"):
            await asyncio.sleep(600)
        return await super().submit(submission)


async def test_a_space_whose_oms_is_slow_leaves_a_place_for_others(house, book):
    spaces = {
        name: acme_space(name, house.oms_url, on_outage="queue", deadline_seconds=60)
        for name in ("slow", "well")
    }
    first = await house.open(spaces=spaces, by_hand=True)
    await queued(first, "slow", 8)
    await queued(first, "well", 2)
    await house.close(first)
    book.write("UPDATE orders SET next_attempt_at = id")
    await house.open(spaces=spaces, registry=acme_registry(Slow))
    there = "SELECT state FROM orders WHERE space = 'well'"
    await until(lambda: {row["state"] for row in book.rows(there)} == {"accepted"})


async def test_of_a_space_whose_oms_is_out_of_reach_one_is_taken_up_at_a_time(house, book, logged):
    class Gone(Refusing):
        async def check(self):
            raise Unavailable("Not yet.")

    breaker = CircuitBreakerSettings(failures=2, failing_seconds=0.0, probe_seconds=60)
    space = acme_space("acme", house.oms_url, on_outage="queue")
    world = await house.open(
        spaces={"acme": space}, registry=acme_registry(Gone), circuit_breaker=breaker
    )
    world.oms.fail("drop", "*", times=None)
    assert (await world.post("acme", multi_order())).status_code == 200
    await until(lambda: world.spaces["acme"].open_circuits)
    for _ in range(20):
        assert (await world.post("acme", multi_order())).status_code == 200
    world.service.redelivery.poll_seconds = 1.0
    await asyncio.sleep(0.2)
    book.write("UPDATE orders SET next_attempt_at = 0 WHERE claim IS NULL")
    # What one round takes up is claimed at once.
    taken = "SELECT id FROM orders WHERE next_attempt_at > 0"
    assert len(await until(lambda: book.rows(taken))) == 1
