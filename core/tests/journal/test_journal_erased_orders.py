"""A call for an order of which nothing but the bare facts is kept any more."""

import msgspec
import pytest
from acme import Refusing, error_of, multi_order
from acme.house import take_up

from multiorder_sync.delivery.journal.erasing import Erase

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def erased(world, book, order):
    """Take all texts of an order out of the journal."""
    journal, order_id = world.service.journal, book.order(order["id"])["id"]
    assert await journal.run(Erase((order_id,), journal.rows)) == (order_id,)


async def given_up(house, order, *, held):
    """Let an order be given up in doubt, and return a service whose OMS is well again."""
    world = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05,)})
    space = world.space(space_id="acme", on_outage="queue")
    world.oms.leave_in_doubt(when="after" if held else "before")
    assert (await world.post(space, order)).status_code == 200
    assert await take_up(world, order["id"]) == "dead"
    world.oms.mend()
    world.oms.calls.clear()
    assert len(world.oms.held) == held
    return world


async def test_an_order_that_was_refused_is_made_anew(house, book):
    world = await house.open(by_hand=True)
    order = multi_order(orders=2)
    world.oms.fail("refuse", times=2, code="E", message="No.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    await erased(world, book, order)
    assert (await world.post("fail", order)).status_code == 200
    assert len(world.oms.held) == 2


async def test_an_order_that_was_given_up_unsent_is_made_anew(house, book):
    world = await house.open(by_hand=True, redelivery={"delays_seconds": (0.05,)})
    order = multi_order()
    world.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    assert await take_up(world, order["id"]) == "dead"
    await erased(world, book, order)
    world.oms.key = world.oms_key
    assert (await world.post("queue", order)).status_code == 200
    assert book.states(order["id"]) == ["accepted"]
    assert len(world.oms.held) == 1


async def test_the_rest_of_a_partial_order_is_sent(house, book):
    world = await house.open(by_hand=True)
    order = multi_order(orders=2)
    world.oms.fail("refuse", skip=1, code="E", message="No.")
    error_of(await world.post("fail", order), 422, "oms_refused")
    await erased(world, book, order)
    assert (await world.post("fail", order)).status_code == 200
    assert book.states(order["id"]) == ["accepted", "accepted"]
    assert world.oms.count("create") == 3
    assert len(world.oms.held) == 2


@pytest.mark.parametrize("held", [True, False])
async def test_an_order_in_doubt_is_looked_for_before_it_is_sent_again(house, book, held):
    order = multi_order()
    world = await given_up(house, order, held=held)
    await erased(world, book, order)
    assert (await world.post("acme", order)).status_code == 200
    assert world.oms.calls == (["find"] if held else ["find", "create"])
    assert len(world.oms.held) == 1
    assert book.states(order["id"]) == ["accepted"]


class Elsewhere(Refusing):
    """Makes another submission of the same order, as a changed configuration can."""

    def transform(self, order, context):
        made = super().transform(order, context)
        return [msgspec.structs.replace(each, ref=f"new-{each.ref}") for each in made]


async def test_an_order_in_doubt_that_can_not_be_made_the_same_again_is_not_promised(house, book):
    order = multi_order()
    world = await given_up(house, order, held=True)
    await erased(world, book, order)
    await house.close(world)
    world = await house.open(by_hand=True)
    world.space(Elsewhere, space_id="acme", on_outage="queue")
    error = error_of(await world.post("acme", order), 422, "not_kept")
    assert not error["details"]["retryable"]
    assert error["details"]["orders"][0]["state"] == "unknown"
    assert "look for it in the OMS" in error["error"]
    assert world.oms.calls == []
    assert book.state(order["id"]) == "unknown"


async def test_the_rest_of_a_partial_order_that_can_not_be_made_the_same_again_is_refused(
    house, book
):
    world = await house.open(by_hand=True)
    world.space(space_id="acme", on_outage="queue")
    order = multi_order(orders=2)
    world.oms.fail("refuse", skip=1, code="E", message="No.")
    error_of(await world.post("acme", order), 422, "oms_refused")
    await erased(world, book, order)
    world.oms.calls.clear()
    await house.close(world)
    world = await house.open(by_hand=True)
    world.space(Elsewhere, space_id="acme", on_outage="queue")
    error = error_of(await world.post("acme", order), 422, "not_kept")
    assert [each["state"] for each in error["details"]["orders"]] == ["accepted", "refused"]
    assert world.oms.calls == []
    assert book.state(order["id"]) == "partial"
