"""Several orders in one call, and many calls at once."""

import asyncio

import msgspec
import pytest
from acme import AcmePayload, Merging, Refusing, Unguarded, error_of, multi_order
from acme.world import BRIEF_SECONDS

from multiorder_sync import Submission, Untransformable, order_identity

pytestmark = pytest.mark.asyncio(loop_scope="module")


def states(error):
    return [order["state"] for order in error["details"]["orders"]]


async def test_every_order_of_a_call_is_brought_in(world):
    answer = await world.post(world.space(), order := multi_order(orders=3))
    assert answer.status_code == 200
    assert [ref.partition("-")[2] for ref in world.oms.refs] == [o["id"] for o in order["orders"]]


async def test_a_refused_order_does_not_keep_the_others_out(world):
    world.oms.fail("refuse", code="E", message="No.", skip=1)
    order = multi_order(orders=3)
    error = error_of(await world.post(world.space(), order), 422, "oms_refused")
    assert states(error) == ["accepted", "refused", "accepted"]
    told = error["details"]["orders"]
    assert [each["id"] for each in told] == [each["id"] for each in order["orders"]]
    assert [each["oms_id"] for each in told] == ["A1", None, "A2"]
    assert len(world.oms.held) == 2


async def test_a_repeat_of_a_partly_accepted_call_brings_the_rest_in(world):
    world.oms.fail("refuse", code="E", message="No.", skip=1)
    space, order = world.space(), multi_order(orders=3)
    assert (await world.post(space, order)).status_code == 422
    assert (await world.post(space, order)).status_code == 200
    assert len(world.oms.held) == 3


async def test_an_oms_that_dies_in_the_middle_leaves_the_rest_unsent(world):
    world.oms.fail("status", status=503, skip=1, times=None)
    space, order = world.space(deadline_seconds=BRIEF_SECONDS), multi_order(orders=3)
    error = error_of(await world.post(space, order), 500, "outcome_unknown")
    assert states(error)[:2] == ["accepted", "unknown"]
    assert len(world.oms.held) == 1
    world.oms.faults.clear()
    world.give_time(space)
    async with asyncio.timeout(60):  # the first call may be closed, and known, after its answer
        while (await world.post(space, order)).status_code != 200:
            await asyncio.sleep(0.05)
    assert len(world.oms.held) == 3


async def test_an_oms_that_turns_calls_away_in_the_middle_is_a_partial_outcome(world):
    world.oms.fail("rate_limit", retry_after=60, skip=1, times=None)
    answer = await world.post(world.space(), multi_order(orders=3))
    error = error_of(answer, 500, "oms_unavailable")
    assert states(error) == ["accepted", "ready", "ready"]
    assert len(world.oms.held) == 1


async def test_two_orders_that_would_share_a_ref_are_not_sent(world):
    class Forgetful(Refusing):
        def transform(self, order, context):
            made = super().transform(order, context)
            return [msgspec.structs.replace(each, ref="same") for each in made]

    answer = await world.post(world.space(Forgetful), multi_order(orders=2))
    error_of(answer, 422, "untransformable")
    assert world.oms.calls == []


async def test_two_orders_of_one_id_are_not_sent(world):
    order = multi_order(orders=2)
    order["orders"][1]["id"] = order["orders"][0]["id"]
    error_of(await world.post(world.space(), order), 400, "invalid_order")
    assert world.oms.calls == []


async def test_one_order_that_comes_many_times_at_once_is_created_once_by_any_oms(world):
    space, order = world.space(Unguarded), multi_order()
    answers = await asyncio.gather(*(world.post(space, order) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(world.oms.refs) == 1


async def test_an_order_that_cannot_be_expressed_is_not_sent(world):
    class Choosy(Refusing):
        def transform(self, order, context):
            raise Untransformable("Acme sells no gift cards.")

    error = error_of(await world.post(world.space(Choosy), multi_order()), 422, "untransformable")
    assert error["error"] == "Acme sells no gift cards."
    assert not error["details"]["retryable"]
    assert world.oms.calls == []


@pytest.mark.parametrize("fault", [None, "drop"])
async def test_one_submission_may_stand_for_all_orders(world, fault):
    class Combining(Refusing):
        def transform(self, order, context):
            ids = tuple(order_identity(order, index) for index in range(len(order.orders)))
            return [
                Submission(ref=order.id, payload=AcmePayload(), orders=ids, fingerprint="print")
            ]

    order = multi_order(orders=2)
    space = world.space(Combining, deadline_seconds=BRIEF_SECONDS)
    if fault:
        world.oms.fail(fault, times=None)
        error = error_of(await world.post(space, order), 500, "outcome_unknown")
        assert [each["id"] for each in error["details"]["orders"]] == [
            each["id"] for each in order["orders"]
        ]
        assert {each["oms_ref"] for each in error["details"]["orders"]} == {order["id"]}
    else:
        assert (await world.post(space, order)).status_code == 200
        assert world.oms.refs == [order["id"]]


async def test_fifty_calls_at_once_all_end_right(world):
    spaces = [world.space(), world.space()]
    world.oms.fail("status", status=503, times=5)
    world.oms.fail("drop", when="after", times=5)
    orders = [multi_order() for _ in range(50)]
    answers = await asyncio.gather(
        *(world.post(spaces[number % 2], order) for number, order in enumerate(orders))
    )
    assert [answer.status_code for answer in answers] == [200] * 50
    assert [answer.json()["order"]["id"] for answer in answers] == [each["id"] for each in orders]
    assert sorted(ref.partition("-")[2] for ref in world.oms.refs) == sorted(
        each["orders"][0]["id"] for each in orders
    )


@pytest.mark.parametrize(("on_duplicate", "connector"), [("refuse", Refusing), ("merge", Merging)])
async def test_twenty_equal_calls_at_once_make_one_order(world, on_duplicate, connector):
    world.oms.on_duplicate = on_duplicate
    space, order = world.space(connector), multi_order()
    world.oms.fail("drop", when="after")
    answers = await asyncio.gather(*(world.post(space, order) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len(world.oms.held) == 1
