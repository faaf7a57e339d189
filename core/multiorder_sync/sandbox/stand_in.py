"""What a stand-in of an OMS is, and the calls by which it is watched and steered."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from multiorder_sync.sandbox.answers import json_answer
from multiorder_sync.sandbox.bodies import read_body
from multiorder_sync.sandbox.faults import Faults
from multiorder_sync.sandbox.oauth import Tokens

_MOST_OF_A_FAULT: Final = 64_000


class Holdings(Protocol):
    """What a stand-in holds of what it was sent."""

    def orders(self) -> Sequence[Any]:
        """Return the orders as plain data, the oldest first."""

    def forget(self) -> None:
        """Forget everything."""


class Sandbox:
    """A local stand-in of an OMS: an ASGI application with the OMS's routes and its own.

    Args:
        name: Of the connector whose OMS it stands for, as `config.toml` names it.
        routes: The OMS's own routes.
        faults: What its routes hand their calls to.
        tokens: What it has issued.
        holdings: What it holds; each order is an object with its `id` in the OMS.
        port: Where it listens if nothing else is said.
    """

    def __init__(  # noqa: PLR0913 - what a stand-in is made of, by keyword
        self,
        name: str,
        routes: Sequence[BaseRoute],
        *,
        faults: Faults,
        tokens: Tokens,
        holdings: Holdings,
        port: int = 8400,
    ) -> None:
        self.name = name
        self.port = port
        self._faults = faults
        self._tokens = tokens
        self._holdings = holdings
        self._app = Starlette(
            routes=[
                *routes,
                Route("/_sandbox/orders", self._list_orders, methods=["GET"]),
                Route("/_sandbox/orders", self._forget_orders, methods=["DELETE"]),
                Route("/_sandbox/tokens", self._count_tokens, methods=["GET"]),
                Route("/_sandbox/faults", self._list_faults, methods=["GET"]),
                Route("/_sandbox/faults", self._set_fault, methods=["POST"]),
                Route("/_sandbox/faults", self._clear_faults, methods=["DELETE"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return  # it went before its request was whole; nobody is there to be answered

    async def _list_orders(self, _: Request) -> Response:
        return json_answer({"orders": self._holdings.orders()})

    async def _forget_orders(self, _: Request) -> Response:
        self._holdings.forget()
        return Response(status_code=204)

    async def _count_tokens(self, _: Request) -> Response:
        return json_answer({"issued": self._tokens.issued, "live": self._tokens.live})

    async def _list_faults(self, _: Request) -> Response:
        return json_answer({"faults": self._faults.listed()})

    async def _set_fault(self, request: Request) -> Response:
        body = await read_body(request, _MOST_OF_A_FAULT)
        try:
            fault = self._faults.add(None if body is None else msgspec.json.decode(body))
        except (ValueError, RecursionError) as error:
            unreadable = isinstance(error, msgspec.DecodeError | RecursionError)
            reason = "The body is no valid JSON." if unreadable else str(error)
            return json_answer({"error": reason}, 400)
        return json_answer(fault, 201)

    async def _clear_faults(self, _: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)
