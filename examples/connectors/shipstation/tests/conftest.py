"""A connector, and the stand-in of ShipStation that it speaks to over real HTTP."""

import asyncio
import json
from base64 import b64encode
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from multiorder_sync import Context, OrderDecoder, OutboundClient, Secret
from multiorder_sync.sandbox import serving

from multiorder_shipstation.connector import ShipStationConnector
from multiorder_shipstation.sandbox import create_sandbox
from multiorder_shipstation.settings import ShipStationSettings

RECEIVED = datetime(2026, 7, 1, 6, 30, tzinfo=UTC)


def an_order(**changes):
    """Return an order that ShipStation takes, with changes to its only order."""
    return {
        "id": "mo-1",
        "email": "shopper@example.com",
        "currency": "USD",
        "payments": [
            {
                "id": "p-1",
                "external_id": "pi_1",
                "payment_type": "card",
                "processor_name": "stripe",
                "status": "succeeded",
                "amount": changes.get("price", "25.00"),
            }
        ],
        "orders": [
            {
                "id": "o-1",
                "price": "25.00",
                "tax": "5.00",
                "subtotal_price": "20.00",
                "currency": "USD",
                "shipping_address": {
                    "first_name": "Ada",
                    "last_name": "Lovelace",
                    "address1": "12 St James's Square",
                    "city": "London",
                    "country_iso2": "GB",
                },
                "order_items": [
                    {"id": "1", "sku": "SKU-1", "quantity": 2, "price": "10.00", "tax": "5.00"}
                ],
                **changes,
            }
        ],
    }


class World:
    """What a test works with."""

    def __init__(self, connector, shipstation):
        self.connector, self.shipstation = connector, shipstation

    def submission(self, order=None):
        context = Context(space="test", received_at=RECEIVED)
        decoded = OrderDecoder().decode(json.dumps(order or an_order()).encode())
        (submission,) = self.connector.transform(decoded, context)
        return submission

    async def held(self):
        _, data = await self.ask("GET", "/_sandbox/orders")
        return data["orders"]

    async def create(self, body, pair="sandbox-api-key:sandbox-api-secret"):
        """Have the stand-in create an order, past the connector."""
        return await self.ask("POST", "/orders/createorder", body, pair)

    async def ask(self, method, path, body=None, pair="sandbox-api-key:sandbox-api-secret"):
        """Return the status and the body of the stand-in's answer."""
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"} if pair else {}

        def send():
            address = urlsplit(self.shipstation)
            with closing(HTTPConnection(address.hostname, address.port, timeout=60)) as http:
                http.request(method, path, None if body is None else json.dumps(body), headers)
                answer = http.getresponse()
                return answer.status, json.loads(answer.read())

        return await asyncio.to_thread(send)


@asynccontextmanager
async def running(per_minute, changes):
    async with serving(create_sandbox(per_minute)) as shipstation:
        settings = ShipStationSettings(
            **{
                "base_url": shipstation,
                "api_key": Secret("sandbox-api-key"),
                "api_secret": Secret("sandbox-api-secret"),
                **changes,
            }
        )
        http = OutboundClient(secrets=[settings.api_key, settings.api_secret])
        try:
            yield World(ShipStationConnector(settings, http), shipstation)
        finally:
            await http.aclose()


@pytest.fixture
def walk():
    """Give a function that runs a coroutine function with a world, whose settings it can change."""

    def run(test, per_minute=None, **changes):
        async def whole():
            async with running(per_minute, changes) as world:
                await test(world)

        asyncio.run(whole())

    return run
