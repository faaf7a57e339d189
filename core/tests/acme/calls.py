"""What Nacelle sends, and a client that can also send what no client would."""

import asyncio
import contextlib
import itertools
import json
from typing import NamedTuple

from multiorder_sync import Secret
from multiorder_sync.nacelle.signature import sign

SECRET = "nacelle-signing-secret-77ab"
_numbers = itertools.count(1)


def multi_order(*, orders=1, **fields):
    """Return a multi-order that no other call returned."""
    number = next(_numbers)
    return {
        "id": f"mo-{number}",
        "email": "erika.mustermann@example.com",
        "orders": [
            {
                "id": f"o-{number}-{index}",
                "email": "erika.mustermann@example.com",
                "shipping_address": {"first_name": "Erika", "last_name": "Mustermann"},
                "order_items": [{"id": "1", "sku": "SKU-1", "quantity": 1, "price": "10.00"}],
            }
            for index in range(orders)
        ],
        **fields,
    }


def body_of(order):
    return order if isinstance(order, bytes) else json.dumps(order).encode()


def signed(body, secret=SECRET):
    return {
        "content-type": "application/json",
        "x-nacelle-signature-sha256": sign(body, Secret(secret)),
    }


class RawAnswer(NamedTuple):
    status: int
    headers: dict
    body: bytes

    @property
    def details(self):
        return json.loads(self.body)["error"]["details"]


class Raw:
    """A connection on which any bytes can be sent."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, url):
        host, port = url.removeprefix("http://").split(":")
        return cls(*await asyncio.open_connection(host, int(port), limit=2**24))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def send(self, *parts):
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def answer(self, *, to_head=False):
        """Read one answer, the interim ones left out; None if the connection ends instead."""
        async with asyncio.timeout(60):
            while True:
                try:
                    head = await self.reader.readuntil(b"\r\n\r\n")
                except (asyncio.IncompleteReadError, ConnectionError) as error:
                    assert not getattr(error, "partial", b""), error
                    return None
                first, *lines = head.decode("latin-1").split("\r\n")
                if not first.startswith("HTTP/1.1 1"):
                    break
            headers = {}
            for line in filter(None, lines):
                name, _, value = line.partition(": ")
                assert name.lower() not in headers, head
                headers[name.lower()] = value
            length = 0 if to_head else int(headers["content-length"])
            body = await self.reader.readexactly(length)
        return RawAnswer(int(first.split()[1]), headers, body)

    async def is_closed(self):
        """Wait until the server has closed its side; nothing else may come before that."""
        async with asyncio.timeout(60):
            try:
                rest = await self.reader.read(100)
            except ConnectionError:
                return True
        assert rest == b""
        return True


def request(body, *, path="/sync/consume", headers=None, more="", method="POST"):
    """Return a request's bytes; `headers` instead of those that belong to the body."""
    fields = {"content-length": len(body), **signed(body)} if headers is None else headers
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\nhost: h\r\n{head}{more}\r\n".encode("latin-1") + body
