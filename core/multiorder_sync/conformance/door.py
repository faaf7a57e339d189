"""The door of a sandbox: it lets calls through, and spoils those that it is told to.

It stands in one process with the sandbox, in the place of the sandbox's own server application,
so that it can cut a connection and hand a call on late. It goes by what the connector says of its
calls (`marking`), so that it need not know the OMS.
"""

from time import monotonic
from typing import Any, Final

import msgspec
from starlette.types import Message, Receive, Scope, Send

from multiorder_sync.conformance.marking import HEADER, Mark
from multiorder_sync.conformance.passage import Arrival, Fault, Passage
from multiorder_sync.sandbox import Sandbox

_SHORTEST_TOKEN: Final = 9


class Door(Sandbox):
    """A sandbox with a door before it.

    Attributes:
        behind: The sandbox.
        arrivals: The calls that arrived, in their order.
        faults: What becomes of some of them; the first that takes a call has it.
        most_at_once: How many calls were in the house at once, at most.
        tokens: Every token and password that came in the header for it, whatever was forgotten.
        counting: Whether it is counted how many orders each call makes, which takes its time.
    """

    def __init__(self, behind: Sandbox) -> None:  # the sandbox's own parts are behind
        self.name = behind.name
        self.port = behind.port
        self.behind = behind
        self.arrivals: list[Arrival] = []
        self.faults: list[Fault] = []
        self.most_at_once = 0
        self.tokens: set[str] = set()
        self.counting = True
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        arrival = await _arrival(scope, receive)
        if arrival is None:
            return  # the client went before the request was whole
        self.arrivals.append(arrival)
        token = arrival.headers.get("authorization", "").rpartition(" ")[2]
        if len(token) >= _SHORTEST_TOKEN:
            self.tokens.add(token)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            passage = Passage(self, _without_mark(scope), receive, send, arrival)
            fault = next((each for each in self.faults if each.takes(arrival)), None)
            if fault is None:
                await passage.let_through()
            else:
                await fault.handle(passage)
        finally:
            self._at_once -= 1

    async def handle(self, arrival: Arrival, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the sandbox handle a call."""
        before = await self.count() if self.counting else 0
        await self.behind(scope, receive, send)
        if self.counting:
            arrival.made = await self.count() - before

    async def reset(self) -> None:
        """Forget every order, call and fault."""
        self.faults = []
        self.arrivals = []
        self.most_at_once = 0
        self.counting = True
        await self.ask("DELETE", "/_sandbox/orders")
        await self.ask("DELETE", "/_sandbox/faults")

    async def orders(self) -> list[Any]:
        """Return the orders that the sandbox holds."""
        found: list[Any] = msgspec.json.decode(await self.ask("GET", "/_sandbox/orders"))["orders"]
        return found

    async def count(self) -> int:
        """Return how many orders the sandbox holds."""
        return len(await self.orders())

    async def issued_tokens(self) -> int:
        """Return how many tokens the sandbox has issued."""
        store = self.behind.token_store
        return 0 if store is None else store.issued

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Make one of the calls by which a sandbox is watched and steered."""
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
            "extensions": {},
        }
        answered = bytearray()

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answered.extend(message.get("body", b""))

        await self.behind(scope, receive, send)
        return bytes(answered)


async def _arrival(scope: Scope, receive: Receive) -> Arrival | None:
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    mark = headers.pop(HEADER, None)
    return Arrival(
        mark=None if mark is None else Mark.read(mark),
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=headers,
        body=bytes(body),
        at=monotonic(),
    )


def _without_mark(scope: Scope) -> Scope:
    kept = [(name, value) for name, value in scope["headers"] if name.lower() != HEADER.encode()]
    return {**scope, "headers": kept}
