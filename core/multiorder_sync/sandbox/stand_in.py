"""What a stand-in of an OMS is, and the calls by which it is watched and steered."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol, runtime_checkable

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from multiorder_sync.sandbox.answers import json_answer
from multiorder_sync.sandbox.bodies import read_body
from multiorder_sync.sandbox.creates import CreateCalls
from multiorder_sync.sandbox.faults import Faults
from multiorder_sync.sandbox.oauth import Tokens

_LARGEST_BODY: Final = 64_000


class Holdings(Protocol):
    """What a stand-in holds of what it was sent."""

    def orders(self) -> Sequence[Any]:
        """Return the orders as plain data, the oldest first."""

    def forget(self) -> None:
        """Forget everything."""


@runtime_checkable
class TakesDuplicates(Protocol):
    """Holdings that can be told to take the same order twice.

    Attributes:
        accept_duplicates: Whether a create under a ref that is in use makes another order.
    """

    accept_duplicates: bool


class _Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set of a sandbox while it runs."""

    accept_duplicates: bool


class Sandbox:
    """A local stand-in of an OMS: an ASGI application with the OMS's routes and its own.

    Args:
        name: Of the connector whose OMS it stands for, as `config.toml` names it.
        routes: The OMS's own routes.
        faults: What its routes hand their calls to.
        tokens: What it has issued; None if its OMS issues none.
        holdings: What it holds; each order is an object with its `id` in the OMS.
        creates: Its record of the calls that were to create an order, if it keeps one.
        port: Where it listens if nothing else is said.
    """

    def __init__(  # noqa: PLR0913 - what a stand-in is made of, by keyword
        self,
        name: str,
        routes: Sequence[BaseRoute],
        *,
        faults: Faults,
        holdings: Holdings,
        tokens: Tokens | None = None,
        creates: CreateCalls | None = None,
        port: int = 8400,
    ) -> None:
        self.name = name
        self.port = port
        self.token_store = tokens
        self._faults = faults
        self._holdings = holdings
        self._creates = creates
        self._app = Starlette(
            routes=[
                *routes,
                Route("/_sandbox/orders", self._list_orders, methods=["GET"]),
                Route("/_sandbox/orders", self._forget_orders, methods=["DELETE"]),
                Route("/_sandbox/faults", self._list_faults, methods=["GET"]),
                Route("/_sandbox/faults", self._set_fault, methods=["POST"]),
                Route("/_sandbox/faults", self._clear_faults, methods=["DELETE"]),
                *self._further_routes(tokens),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI event."""
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return  # it went before its request was whole; nobody is there to be answered

    def _further_routes(self, tokens: Tokens | None) -> Iterator[BaseRoute]:
        """Yield the routes of what not every sandbox can do."""
        creates, holdings = self._creates, self._holdings
        if tokens is not None:

            async def count_tokens(_: Request) -> Response:
                return json_answer({"issued": tokens.issued, "live": tokens.live})

            yield Route("/_sandbox/tokens", count_tokens, methods=["GET"])
        if creates is not None:

            async def list_calls(_: Request) -> Response:
                return json_answer({"calls": creates.listed()})

            yield Route("/_sandbox/calls", list_calls, methods=["GET"])
        if isinstance(holdings, TakesDuplicates):

            async def show(_: Request) -> Response:
                return json_answer(_Settings(accept_duplicates=holdings.accept_duplicates))

            async def change(request: Request) -> Response:
                body = await read_body(request, _LARGEST_BODY)
                try:
                    settings = msgspec.json.decode(body or b"", type=_Settings)
                except (ValueError, RecursionError) as error:
                    return json_answer({"error": f"The settings can't be changed: {error}."}, 400)
                holdings.accept_duplicates = settings.accept_duplicates
                return json_answer(settings)

            yield Route("/_sandbox/settings", show, methods=["GET"])
            yield Route("/_sandbox/settings", change, methods=["POST"])

    async def _list_orders(self, _: Request) -> Response:
        return json_answer({"orders": self._holdings.orders()})

    async def _forget_orders(self, _: Request) -> Response:
        self._holdings.forget()
        if self._creates is not None:
            self._creates.forget()
        return Response(status_code=204)

    async def _list_faults(self, _: Request) -> Response:
        return json_answer({"faults": self._faults.listed()})

    async def _set_fault(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_BODY)
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
