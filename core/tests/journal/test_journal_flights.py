"""Calls for one order at one process: one of them delivers, the others share what comes of it."""

import asyncio
from time import monotonic

import pytest
from acme.house import until

from multiorder_sync import OutcomeUnknown
from multiorder_sync.delivery.flights import Flights
from multiorder_sync.errors import Overloaded

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Delivery:
    """A delivery that ends when it is told to."""

    def __init__(self, result=None):
        self.count = 0
        self.end = asyncio.Event()
        self.result = result

    async def __call__(self):
        self.count += 1
        await self.end.wait()
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def soon():
    return monotonic() + 60


async def joined(flights, delivery, *, content="a", deadline=None, key="k"):
    task = asyncio.create_task(flights.join(key, content, deadline or soon(), delivery))
    await asyncio.sleep(0)
    return task


async def test_calls_that_come_meanwhile_share_the_outcome():
    flights, delivery = Flights(), Delivery("done")
    tasks = [await joined(flights, delivery) for _ in range(20)]
    delivery.end.set()
    assert await asyncio.gather(*tasks) == [("done", True), *[("done", False)] * 19]
    assert delivery.count == 1


async def test_a_call_that_comes_later_is_delivered_anew():
    flights, delivery = Flights(), Delivery("done")
    delivery.end.set()
    for _ in range(3):
        assert await flights.join("k", "a", soon(), delivery) == ("done", True)
    assert delivery.count == 3


async def test_different_orders_do_not_wait_for_each_other():
    flights, delivery, other = Flights(), Delivery("done"), Delivery("other")
    task = await joined(flights, delivery)
    other.end.set()
    assert await flights.join("another", "a", soon(), other) == ("other", True)
    assert not task.done()
    delivery.end.set()
    assert await task == ("done", True)


async def test_other_contents_wait_and_are_then_delivered_themselves():
    flights, delivery, other = Flights(), Delivery("done"), Delivery("other")
    tasks = [await joined(flights, delivery), await joined(flights, other, content="b")]
    tasks.append(await joined(flights, other, content="b"))
    await asyncio.sleep(0.02)
    assert (delivery.count, other.count) == (1, 0)
    delivery.end.set()
    await until(lambda: other.count)
    await asyncio.sleep(0.02)
    assert (delivery.count, other.count) == (1, 1)
    other.end.set()
    assert await asyncio.gather(*tasks) == [("done", True), ("other", True), ("other", False)]


async def test_a_failure_is_shared_by_the_same_contents_alone():
    flights, delivery, other = Flights(), Delivery(ValueError("no")), Delivery("other")
    tasks = [await joined(flights, delivery) for _ in range(3)]
    different = await joined(flights, other, content="b")
    delivery.end.set()
    other.end.set()
    for error in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(error, ValueError)
    assert await different == ("other", True)
    assert delivery.count == 1


@pytest.mark.parametrize("content", ["a", "b"])
async def test_who_waits_for_too_long_is_told_so_and_nothing_is_cancelled(content):
    flights, delivery = Flights(), Delivery("done")
    first = await joined(flights, delivery)
    with pytest.raises(Overloaded, match="under way"):
        await flights.join("k", content, monotonic() + 0.05, delivery)
    delivery.end.set()
    assert await first == ("done", True)


async def test_a_waiting_call_that_is_cancelled_cancels_no_other():
    flights, delivery = Flights(), Delivery("done")
    tasks = [await joined(flights, delivery) for _ in range(3)]
    tasks[1].cancel()
    await asyncio.sleep(0)
    delivery.end.set()
    assert await tasks[0] == ("done", True)
    assert await tasks[2] == ("done", False)
    assert tasks[1].cancelled()


async def test_when_the_first_call_is_cancelled_the_others_do_not_wait_for_ever():
    flights, delivery, other = Flights(), Delivery("done"), Delivery("other")
    first, second = await joined(flights, delivery), await joined(flights, delivery)
    different = await joined(flights, other, content="b")
    first.cancel()
    other.end.set()
    with pytest.raises(OutcomeUnknown):
        await second
    assert await different == ("other", True)
    assert first.cancelled()
    delivery.end.set()
    assert await flights.join("k", "a", soon(), delivery) == ("done", True)


async def test_what_no_one_waits_for_is_no_unseen_failure(recwarn):
    flights, delivery = Flights(), Delivery(ValueError("no"))
    delivery.end.set()
    with pytest.raises(ValueError, match="no"):
        await flights.join("k", "a", soon(), delivery)
    assert len(recwarn) == 0
