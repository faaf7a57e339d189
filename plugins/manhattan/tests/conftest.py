"""What the connector's tests share: settings, orders, a sandbox, and a server that misbehaves."""

import asyncio
import contextlib
import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from multiorder_manhattan.connector import ManhattanConnector
from multiorder_manhattan.payload import wire
from multiorder_manhattan.sandbox import create_sandbox
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_manhattan.transform import ManhattanTransform
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
SAVE = "/order/api/order/order/save"

ORDER = {
    "id": "mo-1",
    "merchant_created_at": "2026-11-24T10:15:00+01:00",
    "email": "Ada@Example.com",
    "phone": "+442079460000",
    "currency": "USD",
    "price": "27.00",
    "subtotal_price": "20.00",
    "tax": "2.00",
    "billing_address": {
        "first_name": "Ada",
        "last_name": "King",
        "address1": "1 Mill Lane",
        "city": "London",
        "postal_code": "SW1Y 4JH",
        "country_iso2": "GB",
    },
    "payments": [
        {
            "id": "pay-1",
            "external_id": "ch_1",
            "payment_type": "card",
            "payment_method_id": "pm_1",
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
            "source_external_id": "WEB-1",
            "currency": "USD",
            "price": "27.00",
            "subtotal_price": "20.00",
            "tax": "2.00",
            "order_items": [
                {
                    "id": "l-1",
                    "sku": "SKU-1",
                    "variant_id": "variant-1",
                    "description": "A mug",
                    "quantity": 2,
                    "price": "10.00",
                    "subtotal_price": "20.00",
                    "tax": "2.00",
                }
            ],
            "shipping_rate": {
                "external_id": "ups",
                "service_name": "Ground",
                "display_name": "UPS Ground",
                "amount": "5.00",
            },
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


def attributes(holder, place="OrderAttribute"):
    """Return the attributes of a part of what is sent, by name."""
    name, value = (
        ("Name", "Value")
        if place.startswith("Payment")
        else (f"Attribute{word}" for word in ("Name", "Value"))
    )
    listed = [(each[name], each[value]) for each in holder.get(place, ())]
    assert len(dict(listed)) == len(listed)
    return dict(listed)


class Kit:
    """Orders and settings, and the one turned into submissions under the other."""

    ABSENT = ABSENT
    NOWHERE = NOWHERE
    SAVE = SAVE
    limits = QUICK
    samples = tuple(sorted(path.stem for path in EXAMPLES.glob("*.json")))
    attributes = staticmethod(attributes)

    def settings(self, **changes):
        return ManhattanSettings(
            **{
                "base_url": NOWHERE,
                "client_id": "sandbox-client",
                "client_secret": Secret("sandbox-client-secret"),
                "username": "integration@sandbox",
                "password": Secret("sandbox-password"),
                **changes,
            }
        )

    def data(self, changes=None):
        """Return the ordinary order, changed by path."""
        return changed(ORDER, changes or {})

    def body(self, name):
        return (EXAMPLES / f"{name}.json").read_bytes()

    def sample(self, name):
        return json.loads(self.body(name))

    def decode(self, data):
        return OrderDecoder().decode(json.dumps(data).encode())

    def transform(self, data, prices=None, **settings):
        """Return the submissions of an order given as plain data or by a sample's name."""
        order = self.decode(self.sample(data) if isinstance(data, str) else data)
        return self.submissions(order, prices, **settings)

    def submissions(self, order, prices=None, **settings):
        transform = ManhattanTransform(self.settings(**settings))
        return transform.submissions(order, self.context(prices))

    def context(self, prices=None):
        return Context(
            space="acme",
            received_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
            prices=prices or PricePolicy(),
        )

    def one(self, changes=None, prices=None, **settings):
        """Return the only submission of the ordinary order, changed by path."""
        (submission,) = self.transform(self.data(changes), prices, **settings)
        return submission

    def wire(self, changes=None, prices=None, **settings):
        """Return what the ordinary order becomes, as Manhattan is sent it."""
        return wire(self.one(changes, prices, **settings).payload)

    @contextlib.asynccontextmanager
    async def connector(self, url, **settings):
        http = OutboundClient(limits=QUICK)
        try:
            yield ManhattanConnector(self.settings(base_url=url, **settings), http)
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
        for what in ("faults", "orders", "messages"):
            await self.http.delete(f"/_sandbox/{what}")

    async def held(self):
        """Return what is held, its amounts exact."""
        answer = await self.http.get("/_sandbox/orders")
        return json.loads(answer.text, parse_float=Decimal)["orders"]

    async def tokens_issued(self):
        return (await self.http.get("/_sandbox/tokens")).json()["issued"]

    async def fault(self, **fields):
        answer = await self.http.post("/_sandbox/faults", json=fields)
        assert answer.status_code == 201, answer.text

    async def message(self, **fields):
        answer = await self.http.post("/_sandbox/messages", json=fields)
        assert answer.status_code == 201, answer.text

    async def move(self, order_id, status):
        url = f"/_sandbox/orders/{order_id}/status"
        assert (await self.http.post(url, json={"status": status})).status_code == 200

    async def save(self, order):
        """Save an order as somebody else would who has the right to; return the answer."""
        form = {
            "grant_type": "password",
            "username": "integration@sandbox",
            "password": "sandbox-password",
        }
        client = ("sandbox-client", "sandbox-client-secret")
        answer = await self.http.post("/oauth/token", data=form, auth=client)
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        text = json.dumps(order, default=str)
        return await self.http.post(
            SAVE, content=text, headers={**bearer, "Content-Type": "application/json"}
        )


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


def envelope(data=None, *messages, **changes):
    """Return an answer in Manhattan's own shape: success, unless it is changed."""
    return {
        "success": True,
        "header": None,
        "data": data,
        "messageKey": None,
        "message": None,
        "errors": [],
        "exceptions": [],
        "messages": {"Message": list(messages), "Size": len(messages)},
        "rootCause": None,
        "statusCode": "OK",
        **changes,
    }


ANSWERS = {
    "token": {"access_token": "tok-1", "token_type": "bearer", "expires_in": 3600},
    "save": envelope({"Messages": None, "OrderId": "o-1"}),
    "search": envelope([], header={"totalCount": "0", "page": 0, "size": 2}),
}


class Scripted:
    """A raw server that answers each operation as it is told, and else as Manhattan would."""

    envelope = staticmethod(envelope)

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
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
                body = await reader.readexactly(length)
                name = head.split(" ")[1].rpartition("/")[2]
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
