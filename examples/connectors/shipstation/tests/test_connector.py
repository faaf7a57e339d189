"""The connector over real HTTP; what every connector must do is the conformance kit's."""

from decimal import Decimal

import msgspec
import pytest
from conftest import an_order
from multiorder_sync import CredentialsRefused, RefTaken, Refused, Secret, Unavailable


def test_an_order_is_created_and_found_again(walk):
    async def test(world):
        submission = world.submission()
        assert await world.connector.find(submission) is None
        receipt = await world.connector.submit(submission)
        (held,) = await world.held()
        assert (held["id"], held["orderTotal"]) == (receipt.oms_id, "25.00")
        found = await world.connector.find(submission)
        assert (found.oms_id, found.status, found.created) == (
            receipt.oms_id,
            "awaiting_shipment",
            False,
        )

    walk(test)


def test_a_second_create_merges_while_the_order_is_open(walk):
    async def test(world):
        submission = world.submission()
        first = await world.connector.submit(submission)
        second = await world.connector.submit(submission)
        assert second.oms_id == first.oms_id
        order = {"orderKey": "o-1", "orderNumber": "o-1", "orderDate": "2026-01-01T10:00:00"}
        payload = msgspec.to_builtins(submission.payload)
        shipped = {name: payload[name] for name in ("billTo", "shipTo", "advancedOptions")}
        status, _ = await world.create({**order, **shipped, "orderStatus": "shipped"})
        assert status == 200
        with pytest.raises(Refused, match="shipped"):
            await world.connector.submit(submission)
        assert (await world.connector.find(submission)).status == "shipped"

    walk(test)


def test_anothers_order_under_our_key_is_told(walk):
    async def test(world):
        await world.connector.submit(world.submission(an_order(comment="?", price="99.00")))
        with pytest.raises(RefTaken):
            await world.connector.find(world.submission())

    walk(test)


def test_an_order_is_found_among_those_whose_numbers_begin_like_its_own(walk):
    async def test(world):
        for number in range(501):
            await world.connector.submit(world.submission(an_order(id=f"o-1-{number}")))
        assert await world.connector.find(world.submission()) is None
        receipt = await world.connector.submit(world.submission())
        assert (await world.connector.find(world.submission())).oms_id == receipt.oms_id

    walk(test)


def test_the_next_window_is_waited_for(walk):
    async def test(world):
        submission = world.submission()
        assert await world.connector.find(submission) is None
        with pytest.raises(Unavailable) as raised:
            await world.connector.submit(submission)
        assert 30 < raised.value.retry_after <= 60

    walk(test, per_minute=1)


def test_wrong_credentials_and_an_unknown_store_are_told(walk):
    async def let_in(world):
        await world.connector.check()

    async def kept_out(world):
        with pytest.raises(CredentialsRefused):
            await world.connector.check()

    async def without_store(world):
        with pytest.raises(Unavailable, match="no store 13"):
            await world.connector.check()

    walk(let_in)
    walk(let_in, store_id=12)
    walk(kept_out, api_secret=Secret("wrong"))
    walk(kept_out, api_key=Secret("wrong"), store_id=12)
    walk(without_store, store_id=13)


def test_settings_reach_the_order(walk):
    async def test(world):
        await world.connector.submit(world.submission())
        (held,) = await world.held()
        options = held["advancedOptions"]
        assert (options["storeId"], options["warehouseId"], options["source"]) == (12, 21, "Shop")
        assert (held["tagIds"], held["orderStatus"]) == ([31, 32], "on_hold")

    walk(
        test,
        store_id=12,
        warehouse_id=21,
        source="Shop",
        tag_ids=(31, 32),
        order_status="on_hold",
    )


def test_amounts_keep_every_digit(walk):
    async def test(world):
        price = "12345678901234567.89"
        item = {"id": "1", "sku": "A", "quantity": 1, "price": price, "tax": "0"}
        order = an_order(price=price, subtotal_price=price, tax="0", order_items=[item])
        await world.connector.submit(world.submission(order))
        (held,) = await world.held()
        assert Decimal(held["orderTotal"]) == Decimal(price)

    walk(test)
