"""The stand-in is as strict as ShipStation's reference."""

import pytest

ADDRESS = {"name": "Ada Lovelace", "country": "GB"}
ORDER = {
    "orderNumber": "n-1",
    "orderKey": "k-1",
    "orderDate": "2026-01-01T10:00:00",
    "orderStatus": "awaiting_shipment",
    "billTo": ADDRESS,
    "shipTo": ADDRESS,
    "items": [{"name": "A", "quantity": 2, "unitPrice": 10.05}],
    "taxAmount": 1.5,
}


def test_it_takes_what_the_reference_asks_for(walk):
    async def test(world):
        status, made = await world.create(ORDER)
        assert status == 200
        assert (made["orderTotal"], made["advancedOptions"]["storeId"]) == (21.60, 11)
        assert await world.ask("GET", f"/orders/{made['orderId']}") == (200, made)
        status, _ = await world.ask("GET", "/orders/1")
        assert status == 404

    walk(test)


@pytest.mark.parametrize(
    "changes",
    [
        {"orderNumber": None},
        {"orderNumber": "n" * 51},
        {"orderDate": "yesterday"},
        {"orderStatus": "new"},
        {"billTo": None},
        {"shipTo": {"name": "Ada Lovelace"}},
        {"shipTo": {**ADDRESS, "country": "GBR"}},
        {"shipTo": {**ADDRESS, "zip": "1"}},
        {"items": [{"quantity": 1}]},
        {"items": [{"name": "A", "quantity": "two"}]},
        {"items": [{"name": "A", "quantity": 0}]},
        {"items": [{"name": "A", "quantity": 1, "unitPrice": "10.05"}]},
        {"taxAmount": "1.50"},
        {"currency": "USD"},
        {"confirmation": "handshake"},
        {"carrierCode": "pigeon"},
        {"carrierCode": "ups", "serviceCode": "usps_priority_mail"},
        {"carrierCode": "ups", "packageCode": "flat_rate_envelope"},
        {"tagIds": [1]},
        {"advancedOptions": {"storeId": 1}},
        {"advancedOptions": {"warehouseId": 1}},
        {"advancedOptions": {"customField1": "x" * 101}},
    ],
)
def test_it_refuses_what_shipstation_would(walk, changes):
    async def test(world):
        status, said = await world.create({**ORDER, **changes})
        assert (status, said["Message"]) == (400, "The request is invalid.")
        assert await world.held() == []

    walk(test)


def test_it_lets_nobody_in_without_the_right_key(walk):
    async def test(world):
        for pair in (None, "sandbox-api-key:wrong", "wrong:sandbox-api-secret"):
            status, _ = await world.create(ORDER, pair)
            assert status == 401
        assert await world.held() == []

    walk(test)


def test_an_order_is_replaced_and_keeps_its_store(walk):
    async def test(world):
        _, first = await world.create({**ORDER, "advancedOptions": {"storeId": 12}})
        _, second = await world.create({**ORDER, "items": [], "advancedOptions": {"storeId": 11}})
        assert second["orderId"] == first["orderId"]
        (held,) = await world.held()
        assert (held["items"], held["advancedOptions"]["storeId"]) == ([], 12)
        await world.create({**ORDER, "orderKey": None})
        assert len(await world.held()) == 2

    walk(test)
