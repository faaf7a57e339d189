"""A loopback server that does on purpose what servers do when things go wrong."""

import asyncio
import contextlib
import json
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from multiorder_sync.oms.outbound import Call, Limits, OutboundClient

# Little waiting between tries, and far more time than any answer takes.
QUICK = Limits(
    default_seconds=30.0, connect_seconds=20.0, first_wait_seconds=0.01, longest_wait_seconds=0.02
)


class Jumping(selectors.DefaultSelector):
    """Goes straight to the next timer when nothing comes in; `now` is the time that it is then."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def select(self, timeout=None):
        self.now += 1e-6  # who asks again and again until it is later gets there
        if not timeout:
            return super().select(timeout)
        found = super().select(min(timeout, 0.02))  # what was just sent has yet to arrive
        if not found:
            self.now += timeout
        return found


class Patient(asyncio.SelectorEventLoop):
    """A loop whose time passes only while nothing happens.

    What a test does between two instants fits between them, on whatever machine; and a deadline is
    not waited for. It knows of nothing outside of it, such as threads or `time.monotonic`.
    """

    def __init__(self):
        self._jumping = Jumping()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now


def pytest_asyncio_loop_factories(item):
    """Every test has an ordinary loop but those that ask for a patient one."""
    mark = item.get_closest_marker("asyncio")
    if mark is not None and mark.kwargs.get("loop_factories") == ["patient"]:
        return {"patient": Patient}
    return {"asyncio": asyncio.new_event_loop}


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    reader: asyncio.StreamReader = field(repr=False)


@dataclass
class RawServer:
    """Reads requests and leaves the answer, or whatever else, to `behave`."""

    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    base_url: str = ""
    behave: "Callable[[Received, asyncio.StreamWriter], Awaitable[None]] | None" = None
    greet: "Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None" = None
    tasks: set = field(default_factory=set)

    def count(self, path: str) -> int:
        return sum(1 for request in self.requests if request.path == path)

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        self.connections += 1
        self.open_connections += 1
        number = self.connections
        try:
            if self.greet is not None:
                await self.greet(reader, writer)
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = dict(line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                request = Received(method, path, headers, body, number, reader)
                self.requests.append(request)
                await self.behave(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self.tasks.discard(asyncio.current_task())
            writer.close()


def http(status=200, body=b"{}", headers=(), *, length=None):
    lines = [
        f"HTTP/1.1 {status} Status",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def always(*args, **kwargs):
    async def behave(_request, writer):
        writer.write(http(*args, **kwargs))

    return behave


def in_turn(*answers):
    """Answer with each in turn, and then with the last one again and again."""
    left = list(answers)

    async def behave(_request, writer):
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return behave


def token(text="tok-1", **more):
    return json.dumps({"access_token": text, "token_type": "bearer", **more}).encode()


@dataclass
class Kit:
    """What the tests of this folder share."""

    http = staticmethod(http)
    always = staticmethod(always)
    in_turn = staticmethod(in_turn)
    token = staticmethod(token)
    limits = QUICK


@pytest.fixture
def kit():
    return Kit()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    raw = RawServer(behave=always())
    listening = await asyncio.start_server(raw.serve, "127.0.0.1", 0, limit=2**20)
    raw.base_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield raw
    listening.close()
    for task in tuple(raw.tasks):
        task.cancel()
    await asyncio.gather(*raw.tasks, return_exceptions=True)


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    async with contextlib.aclosing(OutboundClient(limits=QUICK)) as outbound:
        yield outbound


@pytest.fixture
def create(server):
    def build(path="/orders", **changes):
        fields = {
            "operation": "createOrder",
            "method": "POST",
            "url": server.base_url + path,
            "creates": True,
            "content": b'{"ref": "1"}',
        }
        return Call(**(fields | changes))

    return build


@pytest.fixture
def lookup(server):
    def build(path="/orders/1", **changes):
        fields = {
            "operation": "getOrder",
            "method": "GET",
            "url": server.base_url + path,
            "creates": False,
        }
        return Call(**(fields | changes))

    return build
