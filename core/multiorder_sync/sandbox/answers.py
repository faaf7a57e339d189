"""Answers of a sandbox: JSON, and the ways in which there is no answer."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

EXTENSION: Final = "multiorder_sync.sandbox"
"""The ASGI extension under which the server hands over the connection."""


class Connection(msgspec.Struct, frozen=True):
    """The connection that a request came by, as `multiorder_sync.sandbox.serving` gives it.

    Attributes:
        transport: Of the connection; ASGI itself has no way to cut one.
        closing: Set when the server is about to end.
    """

    transport: asyncio.Transport
    closing: asyncio.Event


def connection_of(scope: Scope) -> Connection:
    """Return the connection of a request.

    Raises:
        RuntimeError: If the sandbox is run by another server than its own.
    """
    match scope.get("extensions", {}).get(EXTENSION):
        case {"transport": transport, "closing": closing}:
            return Connection(transport, closing)
        case _:
            raise RuntimeError(
                "This fault needs the sandbox's own server; run it by run_sandbox() or serving()."
            )


def json_answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with a JSON body."""
    return Response(
        msgspec.json.encode(data), status, headers=headers, media_type="application/json"
    )


async def pause(request: Request, seconds: float) -> bool:
    """Wait before a request is handled, whether its client stays or goes.

    Returns:
        True if the time passed, False if the server ends meanwhile.
    """
    closing = connection_of(request.scope).closing
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await closing.wait()
    return not closing.is_set()


class CutConnection(Response):
    """No answer: the connection is cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Cut the connection."""
        connection_of(scope).transport.abort()
        await _gone(receive)


class NoAnswer(Response):
    """No answer: the client waits until it gives up, or until the time given is over.

    Args:
        seconds: How long to wait for the client to go before the connection is cut.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Wait, then cut the connection if it still stands."""
        connection = connection_of(scope)
        gone = asyncio.create_task(_gone(receive))
        closing = asyncio.create_task(connection.closing.wait())
        await asyncio.wait(
            {gone, closing}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED
        )
        closing.cancel()
        connection.transport.abort()
        await gone


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
