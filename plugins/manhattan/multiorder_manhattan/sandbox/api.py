"""Manhattan's API over HTTP, as far as an order needs it: token, save, get, search."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from multiorder_manhattan.sandbox.envelope import (
    failure,
    listed,
    message,
    refusal_failure,
    success,
    unauthorized,
    validation_failure,
)
from multiorder_manhattan.sandbox.messages import Messages
from multiorder_manhattan.sandbox.refusal import Invalid, Refusal, invalid
from multiorder_manhattan.sandbox.search import read_search
from multiorder_manhattan.sandbox.store import Store
from multiorder_manhattan.sandbox.tenant import Tenant
from multiorder_manhattan.sandbox.views import order_view
from multiorder_sync.sandbox import CreateCalls, Faults, Tokens, read_body

SAVE: Final = "save"
GET: Final = "get"
SEARCH: Final = "search"

_LARGEST_BODY: Final = 10_000_000
"""No limit of Manhattan's is published; that of its message queue is 10 MB."""

_ORGANIZATIONS: Final = ("Organization", "SelectedOrganization")

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


class ManhattanApi(msgspec.Struct, frozen=True, kw_only=True):
    """The order API of one tenant.

    Attributes:
        tenant: The tenant.
        store: Its orders.
        tokens: The tokens issued.
        faults: The faults that calls may meet.
        creates: The record of the calls that were to save an order.
        messages: What the next saves have to say beside their data.
    """

    tenant: Tenant
    store: Store
    tokens: Tokens
    faults: Faults
    creates: CreateCalls
    messages: Messages

    def routes(self) -> list[Route]:
        """Return the routes."""
        order = "/order/api/order/order"
        return [
            Route(f"{order}/save", self._save, methods=["POST"]),
            Route(f"{order}/search", self._search, methods=["POST"]),
            Route(f"{order}/orderId/{{order_id}}", self._get, methods=["GET"]),
        ]

    async def _save(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_BODY)
        call = self.creates.arrived(_order_id(body))

        def act() -> Response:
            held = self.store.save(_decode(body))
            call.take_effect()
            beside, within = self.messages.next()
            data = {
                "Messages": listed(within) if within else None,
                **order_view(held, self.tenant.credentials.username),
            }
            return success(data, messages=beside)

        return await self._around(request, SAVE, act)

    async def _search(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_BODY)

        def act() -> Response:
            search = read_search(self.store.schema, _decode(body))
            user, ids = self.tenant.credentials.username, search.query.order_ids
            held = self.store.all_held if ids is None else self.store.find_all(ids)
            header, found = search.page_of(order_view(one, user) for one in held)
            return success(found, header=header)

        return await self._around(request, SEARCH, act)

    async def _get(self, request: Request) -> Response:
        def act() -> Response:
            order_id = request.path_params["order_id"]
            held = self.store.find(order_id)
            if held is None:
                refusal = Refusal("ord::10006", f"Order id {order_id} does not exist.")
                return refusal_failure(refusal, self.tenant.unknown_order_status)
            user = self.tenant.credentials.username
            return success({"Messages": None, **order_view(held, user)})

        return await self._around(request, GET, act)

    async def _around(
        self, request: Request, operation: str, act: Callable[[], Response]
    ) -> Response:
        def checked() -> Response:
            stopped = self._stopped(request)
            if stopped is not None:
                return stopped
            try:
                _check_template_name(request)
                return act()
            except Invalid as error:
                return validation_failure(error)
            except Refusal as error:
                return refusal_failure(error)

        def refuse(code: str, description: str) -> Response:
            return refusal_failure(Refusal(code, description))

        return await self.faults.around(request, (operation,), checked, refuse=refuse)

    def _stopped(self, request: Request) -> Response | None:
        """Return the answer to a call that may not be made, or is not made in JSON."""
        if not self.tokens.accepts_bearer(request):
            return unauthorized()
        for name in _ORGANIZATIONS:
            sent, own = request.headers.get(name), self.tenant.organization
            if sent is not None and own not in {None, sent}:
                text = f"The user does not act for the organization {sent}."
                return failure(403, [message("ERROR", "error.403", text)])
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and kind != "application/json":
            text = "The Content-Type must be application/json."
            return failure(415, [message("ERROR", "error.415", text)])
        return None


def _check_template_name(request: Request) -> None:
    """Take only the response template that every tenant has: all fields."""
    for name, value in request.query_params.multi_items():
        if (name, value) != ("templateName", "*"):
            raise invalid(name, f"The tenant knows no {name}={value} here, only templateName=*.")


def _order_id(body: bytes | None) -> str | None:
    try:
        sent = _decode(body)
    except Invalid:
        return None
    match sent:
        case {"OrderId": str(order_id)}:
            return order_id
        case _:
            return None


def _decode(body: bytes | None) -> Any:
    if body is None:
        raise invalid("Order", "The body is too large.")
    try:
        return _DECODER.decode(body)
    except (ValueError, RecursionError):
        raise invalid("Order", "The body is no valid JSON.") from None
