"""A strict local stand-in of ShipStation's V1 API, in memory. It shares nothing with the connector.

From ShipStation's reference: the calls, Basic authentication, pages, the limit's headers. Inferred
from answers that developers quote: the words of a refusal and of a call that is not let in.
"""

import base64
import binascii
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from multiorder_sync.sandbox import CreateCalls, Faults, Sandbox, json_answer, read_body
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from multiorder_shipstation.sandbox_account import STORES, Account, NotTaken
from multiorder_shipstation.sandbox_order import read_order

_KEY: Final = "sandbox-api-key"
_SECRET: Final = "sandbox-api-secret"
_LARGEST_BODY: Final = 2_000_000
_LARGEST_PAGE: Final = 500
_WINDOW_SECONDS: Final = 60.0
_LIST_PARAMETERS: Final = frozenset({"orderNumber", "storeId", "page", "pageSize"})


def create_sandbox(per_minute: int | None = None) -> Sandbox:
    """Return a sandbox that holds nothing yet.

    Args:
        per_minute: How many calls it takes in a minute; ShipStation takes 40 with one key.
            None: as many as there are, so that tests need not wait.
    """
    api = _Api(per_minute)
    return Sandbox(
        "shipstation",
        [
            Route("/orders/createorder", api.create_order, methods=["POST"]),
            Route("/orders", api.list_orders, methods=["GET"]),
            Route("/orders/{order_id:int}", api.get_order, methods=["GET"]),
            Route("/stores/{store_id:int}", api.get_store, methods=["GET"]),
        ],
        faults=api.faults,
        holdings=api.account,
        creates=api.creates,
        port=8410,
    )


class _Api:
    def __init__(self, per_minute: int | None) -> None:
        self.account = Account()
        self.creates = CreateCalls()
        self.faults = Faults(
            ["createOrder", "listOrders", "getOrder", "getStore"],
            retry_after_header="X-Rate-Limit-Reset",
        )
        self._limit = _Limit(per_minute)

    async def create_order(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_BODY) or b""
        call = self.creates.arrived(_key_in(body))

        def act() -> Response:
            try:
                order = self.account.save(read_order(body))
            except ValueError as error:
                return _refusal("apiOrder", str(error))
            except NotTaken as error:
                return _refusal(f"apiOrder.{error.field}", error.text)
            call.take_effect()
            return _json(order)

        return await self._answer(request, "createOrder", act)

    async def list_orders(self, request: Request) -> Response:
        def act() -> Response:
            query = request.query_params
            try:
                page, size = int(query.get("page", "1")), int(query.get("pageSize", "100"))
                store = int(query["storeId"]) if "storeId" in query else None
            except ValueError:
                return _refusal("request", "A number is expected.")
            if not query.keys() <= _LIST_PARAMETERS or page < 1 or not 1 <= size <= _LARGEST_PAGE:
                return _refusal("request", "The parameters are not valid.")
            found = self.account.beginning(query.get("orderNumber", ""), store)
            return _json(
                {
                    "orders": found[(page - 1) * size : page * size],
                    "total": len(found),
                    "page": page,
                    "pages": math.ceil(len(found) / size),
                }
            )

        return await self._answer(request, "listOrders", act)

    async def get_order(self, request: Request) -> Response:
        def act() -> Response:
            order = self.account.order(request.path_params["order_id"])
            return _json(order) if order else json_answer({"Message": "Not found."}, 404)

        return await self._answer(request, "getOrder", act)

    async def get_store(self, request: Request) -> Response:
        def act() -> Response:
            store = request.path_params["store_id"]
            if store not in STORES:
                return json_answer({"Message": "Not found."}, 404)
            return json_answer({"storeId": store, "storeName": STORES[store], "active": True})

        return await self._answer(request, "getStore", act)

    async def _answer(
        self, request: Request, operation: str, act: Callable[[], Response]
    ) -> Response:
        """Let a call in, if its credentials and the limit allow it, and meet its faults."""

        def admit() -> Response:
            headers = self._limit.spend()
            if headers is None:
                return Response(
                    "Too Many Requests", 429, headers=self._limit.headers(), media_type="text/plain"
                )
            if not _is_let_in(request):
                response = json_answer(
                    {"Message": "Authorization has been denied for this request."}, 401
                )
            else:
                response = act()
            response.headers.update(headers)
            return response

        return await self.faults.around(request, [operation], admit, refuse=_refusal)


class _Limit:
    """Counts the calls in windows of a minute, as ShipStation does for each API key."""

    def __init__(self, per_minute: int | None) -> None:
        self._most = per_minute
        self._spent = 0
        self._ends = 0.0

    def spend(self) -> Mapping[str, str] | None:
        """Count a call; None if there was none left."""
        now = time.monotonic()
        if now >= self._ends:
            self._spent, self._ends = 0, now + _WINDOW_SECONDS
        if self._most is not None and self._spent >= self._most:
            return None
        self._spent += 1
        return self.headers()

    def headers(self) -> Mapping[str, str]:
        most = 40 if self._most is None else self._most
        return {
            "X-Rate-Limit-Limit": str(most),
            "X-Rate-Limit-Remaining": str(max(most - self._spent, 0)),
            "X-Rate-Limit-Reset": str(math.ceil(max(self._ends - time.monotonic(), 0.0))),
        }


def _is_let_in(request: Request) -> bool:
    scheme, _, pair = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(pair, validate=True)
    except binascii.Error:
        return False
    return scheme == "Basic" and given == f"{_KEY}:{_SECRET}".encode()


def _key_in(body: bytes) -> str | None:
    try:
        order = msgspec.json.decode(body)
    except ValueError:
        return None
    key = order.get("orderKey") if isinstance(order, dict) else None
    return key if isinstance(key, str) else None


def _json(data: Mapping[str, Any]) -> Response:
    """Answer with amounts as JSON numbers, digit by digit."""
    return Response(
        msgspec.json.Encoder(decimal_format="number").encode(data), media_type="application/json"
    )


def _refusal(field: str, text: str) -> Response:
    return json_answer({"Message": "The request is invalid.", "ModelState": {field: [text]}}, 400)
