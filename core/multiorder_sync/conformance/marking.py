"""The client that a connector under test is given: core's own, which marks what it sends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote

import msgspec

from multiorder_sync.oms.outbound import Answer, Call, OutboundClient

T = TypeVar("T")

HEADER: Final = "x-multiorder-conformance"
"""Says what a call is; the door reads it and takes it off."""


class Mark(msgspec.Struct, frozen=True):
    """What a connector says of a call.

    Attributes:
        operation: What it calls it.
        creates: Whether it can create an order.
        token: Whether it carries a bearer token of the OMS.
        retry_after_header: Where it looks for how long the OMS asks to wait.
    """

    operation: str
    creates: bool
    token: bool
    retry_after_header: str

    def written(self) -> str:
        """Return it as a header's value."""
        return quote(msgspec.json.encode(self))

    @classmethod
    def read(cls, text: str) -> "Mark":
        """Return the mark that was written."""
        return msgspec.json.decode(unquote(text), type=cls)


class MarkingClient(OutboundClient):
    """Core's client. It adds to each call what the connector says of it.

    Attributes:
        background: The tasks that the client runs for itself.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.background: set[asyncio.Task[Any]] = set()

    async def send(self, call: Call) -> Answer:
        """Send a call with its mark."""
        mark = Mark(
            operation=call.operation,
            creates=call.creates,
            token=call.tokens is not None,
            retry_after_header=call.retry_after_header,
        )
        headers = {**call.headers, HEADER: mark.written()}
        answer = await super().send(msgspec.structs.replace(call, headers=headers))
        return msgspec.structs.replace(answer, call=call)

    def run_in_background(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run something that belongs to no attempt."""
        task = super().run_in_background(work)
        self.background.add(task)
        return task
