"""A call at the door of a sandbox: what it is, what can be done with it, and what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec
from starlette.types import Message, Receive, Scope, Send

from multiorder_sync.conformance.marking import Mark
from multiorder_sync.sandbox.answers import connection_of

Pairs = list[tuple[bytes, bytes]]


class House(Protocol):
    """What is behind the door."""

    async def handle(self, arrival: "Arrival", scope: Scope, receive: Receive, send: Send) -> None:
        """Let the sandbox handle a call."""

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Make one of the calls by which a sandbox is watched and steered."""


class Reply(msgspec.Struct, frozen=True):
    """What the sandbox answered."""

    status: int
    headers: Pairs
    body: bytes


class Arrival(msgspec.Struct, kw_only=True, eq=False):
    """A call that arrived at the door.

    Attributes:
        mark: What the connector says of it; None if it did not come through its client.
        method: The HTTP method.
        path: Where it goes.
        query: The query of where it goes.
        headers: Its headers, by their names in lower case.
        body: Its body.
        at: When it arrived, in the time of `time.monotonic`.
        made: How many orders it brought the sandbox; None as long as that is not known.
        status: With which status the sandbox answered, whatever the connector got to see; None if
            it did not.
    """

    mark: Mark | None
    method: str
    path: str
    query: bytes = b""
    headers: Mapping[str, str]
    body: bytes
    at: float
    made: int | None = None
    status: int | None = None

    @property
    def route(self) -> tuple[str, str]:
        """The method, and where it goes."""
        return self.method, self.path

    @property
    def called(self) -> str:
        """What the connector calls it, or the route."""
        return self.mark.operation if self.mark else f"{self.method} {self.path}"

    @property
    def creates(self) -> bool:
        """Whether the connector says that it can create an order."""
        return self.mark is not None and self.mark.creates

    @property
    def looks_up(self) -> bool:
        """Whether the connector says that it can't, and it is no call for a token."""
        return self.mark is not None and not self.mark.creates and not self.fetches_token

    @property
    def fetches_token(self) -> bool:
        """Whether it is the call of core's `TokenSource`."""
        return self.mark is not None and self.mark.operation == "token"

    @property
    def writes(self) -> bool:
        """Whether it may change something in the OMS, whatever the connector says of it."""
        if self.fetches_token or self.method in ("GET", "HEAD"):
            return False
        try:
            document = msgspec.json.decode(self.body, type=_GraphQl).query
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return True
        return document.lstrip().startswith("mutation")


class _GraphQl(msgspec.Struct):
    query: str


class Passage:
    """One call at the door.

    Args:
        house: What is behind the door.
        scope: Of the call.
        receive: Of the call; its body has been read.
        send: Of the call.
        arrival: The call.
    """

    def __init__(
        self, house: House, scope: Scope, receive: Receive, send: Send, arrival: Arrival
    ) -> None:
        self.arrival = arrival
        self._house = house
        self._scope = scope
        self._receive = receive
        self._send = send

    async def let_through(self) -> None:
        """Let the sandbox answer."""
        reply = await self.handed_on()
        await self.answer(reply.status, reply.body, headers=reply.headers)

    async def handed_on(self) -> Reply:
        """Let the sandbox handle the call, and return what it would answer."""
        started: list[Message] = []
        body = bytearray()
        pending = [{"type": "http.request", "body": self.arrival.body, "more_body": False}]

        async def receive() -> Message:
            return pending.pop() if pending else await self._receive()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            else:
                body.extend(message.get("body", b""))

        await self._house.handle(self.arrival, self._scope, receive, send)
        if not started:  # the sandbox cut the connection itself
            return Reply(502, [], b"")
        self.arrival.status = started[0]["status"]
        return Reply(started[0]["status"], list(started[0].get("headers", [])), bytes(body))

    async def answer(
        self, status: int, body: bytes, *, headers: Pairs | None = None, kind: str = "text/plain"
    ) -> None:
        """Answer the call."""
        own = [(b"content-type", kind.encode())] if headers is None else headers
        kept = [(name, value) for name, value in own if name.lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        start = {"type": "http.response.start", "status": status, "headers": [*kept, length]}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def break_off(self, reply: Reply) -> None:
        """Send half of an answer, and cut the connection."""
        length = (b"content-length", str(len(reply.body) + 2).encode())
        headers = [(name, value) for name, value in reply.headers if name != b"content-length"]
        start = {"status": reply.status, "headers": [*headers, length]}
        await self._send({"type": "http.response.start", **start})
        half = reply.body[: len(reply.body) // 2]
        await self._send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.01)  # it is to arrive
        self.cut()

    def cut(self) -> None:
        """Cut the connection."""
        connection_of(self._scope).transport.abort()

    async def fall_silent(self) -> None:
        """Keep the connection open, and say nothing until the client has gone."""
        closing = asyncio.ensure_future(connection_of(self._scope).closing.wait())
        gone = asyncio.ensure_future(self._gone())
        await asyncio.wait({closing, gone}, return_when=asyncio.FIRST_COMPLETED)
        self.cut()
        closing.cancel()
        await gone

    async def order_fault(self, fault: Mapping[str, Any]) -> None:
        """Set one of the sandbox's own faults."""
        await self._house.ask("POST", "/_sandbox/faults", msgspec.json.encode(fault))

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Fault:
    """What becomes of the calls that a predicate names.

    Args:
        meets: Whether a call is one of them.
        act: Handles such a call.
        times: How many calls meet it; None for all.

    Attributes:
        met: How many calls have met it.
        done: How many of them it is through with.
    """

    def __init__(
        self,
        meets: Callable[[Arrival], bool],
        act: Callable[[Passage], Awaitable[None]],
        *,
        times: int | None = None,
    ) -> None:
        self.met = 0
        self.done = 0
        self._meets = meets
        self._act = act
        self._times = times

    def takes(self, arrival: Arrival) -> bool:
        """Tell whether a call meets it, and count it."""
        if (self._times is not None and self.met >= self._times) or not self._meets(arrival):
            return False
        self.met += 1
        return True

    async def handle(self, passage: Passage) -> None:
        """Handle a call that met it."""
        try:
            await self._act(passage)
        finally:
            self.done += 1
