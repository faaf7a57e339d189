"""What the connector's tests share: settings, orders, a sandbox, and a server that misbehaves."""

import asyncio
import contextlib
import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from multiorder_fluentcommerce.connector import FluentConnector
from multiorder_fluentcommerce.payload import wire
from multiorder_fluentcommerce.sandbox import create_sandbox
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.transform import FluentTransform
from multiorder_sync import Context, OutboundClient, PricePolicy, Secret
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.oms.outbound import Limits
from multiorder_sync.sandbox import serving

EXAMPLES = Path(__file__).parents[3] / "examples" / "orders"
NOWHERE = "http://127.0.0.1:9"
ABSENT = object()
QUICK = Limits(
    default_seconds=30.0, connect_seconds=20.0, first_wait_seconds=0.01, longest_wait_seconds=0.02
)

ORDER = {
    "id": "mo-1",
    "email": "Ada@Example.com",
    "phone": "+44 20 7946 0000",
    "currency": "USD",
    "price": "27.00",
    "subtotal_price": "20.00",
    "tax": "2.00",
    "billing_address": {
        "first_name": "Ada",
        "last_name": "King",
        "address1": "12 St James's Square",
        "city": "London",
        "postal_code": "SW1Y 4JH",
        "country_iso2": "GB",
    },
    "payments": [
        {
            "id": "pay-1",
            "external_id": "ch_1",
            "payment_type": "card",
            "processor_name": "stripe",
            "status": "succeeded",
            "card_brand": "visa",
            "amount": "27.00",
            "currency": "USD",
        }
    ],
    "orders": [
        {
            "id": "o-1",
            "currency": "USD",
            "price": "27.00",
            "subtotal_price": "20.00",
            "tax": "2.00",
            "order_items": [
                {
                    "id": "l-1",
                    "sku": "SKU-1",
                    "variant_id": "variant-1",
                    "quantity": 2,
                    "price": "10.00",
                    "subtotal_price": "20.00",
                    "tax": "2.00",
                }
            ],
            "shipping_rate": {"external_id": "ups", "service_name": "Ground", "amount": "5.00"},
            "shipping_address": {
                "id": "address-1",
                "first_name": "Ada",
                "last_name": "King",
                "address1": "12 St James's Square",
                "city": "London",
                "postal_code": "SW1Y 4JH",
                "country_iso2": "GB",
            },
        }
    ],
}
"""An ordinary order: 2 × 10.00, 5.00 for shipping, 2.00 of tax on top."""


def changed(data, changes):
    """Return a copy with values set by path (`orders.0.order_items.0.sku`), or taken out."""
    data = copy.deepcopy(data)
    for path, value in changes.items():
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        holder = data
        for step in way:
            holder = holder[step]
        if value is ABSENT:
            del holder[last]
        else:
            holder[last] = value
    return data


class Kit:
    """Orders and settings, and the one turned into submissions under the other."""

    ABSENT = ABSENT
    NOWHERE = NOWHERE
    limits = QUICK
    samples = tuple(sorted(path.stem for path in EXAMPLES.glob("*.json")))

    def settings(self, **changes):
        return FluentSettings(
            **{
                "base_url": NOWHERE,
                "account": "SANDBOX",
                "client_id": "SANDBOX",
                "client_secret": Secret("sandbox-client-secret"),
                "username": "integration",
                "password": Secret("sandbox-password"),
                "retailer_id": "1",
                **changes,
            }
        )

    def data(self, changes=None):
        """Return the ordinary order, changed by path."""
        return changed(ORDER, changes or {})

    def sample(self, name):
        return json.loads((EXAMPLES / f"{name}.json").read_bytes())

    def decode(self, data):
        return OrderDecoder().decode(json.dumps(data).encode())

    def transform(self, data, prices=None, **settings):
        """Return the submissions of an order given as plain data or by a sample's name."""
        order = self.decode(self.sample(data) if isinstance(data, str) else data)
        return self.submissions(order, prices, **settings)

    def submissions(self, order, prices=None, **settings):
        return FluentTransform(self.settings(**settings)).submissions(order, self.context(prices))

    def context(self, prices=None):
        return Context(
            space="acme",
            received_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
            prices=prices or PricePolicy(),
        )

    def one(self, changes=None, **settings):
        """Return the only submission of the ordinary order, changed by path."""
        (submission,) = self.transform(self.data(changes), **settings)
        return submission

    def wire(self, changes=None, **settings):
        """Return what the ordinary order becomes, as Fluent is sent it."""
        return wire(self.one(changes, **settings).payload)

    @contextlib.asynccontextmanager
    async def connector(self, url, **settings):
        http = OutboundClient(limits=QUICK)
        try:
            yield FluentConnector(self.settings(base_url=url, **settings), http)
        finally:
            await http.aclose()


@pytest.fixture(scope="session")
def kit():
    return Kit()


class StandIn:
    """A sandbox that is served: its URL, what it holds, its faults."""

    def __init__(self, url, http):
        self.url = url
        self.http = http

    async def reset(self):
        await self.http.delete("/_sandbox/faults")
        await self.http.delete("/_sandbox/orders")

    async def held(self, what="orders"):
        return (await self.http.get(f"/_sandbox/{what}")).json()[what]

    async def tokens_issued(self):
        return (await self.http.get("/_sandbox/tokens")).json()["issued"]

    async def fault(self, **fields):
        answer = await self.http.post("/_sandbox/faults", json=fields)
        assert answer.status_code == 201, answer.text


@contextlib.asynccontextmanager
async def standing_in(**options):
    async with serving(create_sandbox(**options)) as url:
        # Plain HTTP only: reading the certificates of the machine would take the longest.
        async with httpx.AsyncClient(base_url=url, timeout=60, verify=False) as http:
            yield StandIn(url, http)


@pytest.fixture(scope="session")
def serve_sandbox():
    """Serve a sandbox with options of the test's own."""
    return standing_in


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served():
    async with standing_in() as stand_in:
        yield stand_in


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(served):
    """The default sandbox, emptied."""
    await served.reset()
    return served


@pytest_asyncio.fixture(loop_scope="module")
async def connector(kit, sandbox):
    """A connector to that sandbox."""
    async with kit.connector(sandbox.url) as connected:
        yield connected


ANSWERS = {
    "token": {"access_token": "tok-1", "token_type": "bearer", "expires_in": 3600},
    "customer": {"data": {"customer": {"id": "7", "ref": "ada@example.com"}}},
    "customers": {"data": {"customers": {"edges": []}}},
    "createCustomer": {"data": {"createCustomer": {"id": "7", "ref": "ada@example.com"}}},
    "createOrder": {"data": {"createOrder": {"id": "42", "ref": "o-1", "status": "CREATED"}}},
    "order": {"data": {"order": None}},
    "me": {"data": {"me": {"id": "1", "username": "integration"}}},
}


class Scripted:
    """A raw server that answers each operation as it is told, and else as Fluent would."""

    def __init__(self):
        self.url = ""
        self.requests = []
        self.heads = []
        self._script = {}
        self._serving = set()

    def answer(self, operation, *bodies, status=200, headers=()):
        """Answer an operation with each body in turn, and then with the last one."""
        self._script[operation] = [(status, headers, body) for body in bodies]

    def bodies(self, operation):
        return [body for name, body in self.requests if name == operation]

    async def serve(self, reader, writer):
        self._serving.add(asyncio.current_task())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length: ")[2].split("\r\n")[0])
                body = await reader.readexactly(length)
                path = head.split(" ")[1]
                name = "token" if path == "/oauth/token" else json.loads(body)["operationName"]
                self.requests.append((name, body))
                self.heads.append(head)
                writer.write(self._answer(name))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._serving.discard(asyncio.current_task())
            writer.close()

    def _answer(self, name):
        left = self._script.get(name) or [(200, (), ANSWERS[name])]
        status, headers, body = left.pop(0) if len(left) > 1 else left[0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(content)}", *headers]
        return "\r\n".join([*lines, "", ""]).encode() + content

    async def stop(self):
        for task in tuple(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="module")
async def scripted():
    server = Scripted()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**22)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield server
    listening.close()
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def scripted_connector(kit, scripted):
    async with kit.connector(scripted.url) as connected:
        yield connected
