"""The sandbox's own calls that only this one has: an order's status, and messages."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from multiorder_manhattan.sandbox.messages import Messages
from multiorder_manhattan.sandbox.store import STATUSES, Store
from multiorder_sync.sandbox import json_answer, read_body

_LARGEST_BODY: Final = 64_000


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """The calls by which a test steers what the sandbox holds and says.

    Attributes:
        store: Its orders.
        messages: What the next saves say.
    """

    store: Store
    messages: Messages

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/_sandbox/orders/{order_id:path}/status", self._move, methods=["POST"]),
            Route("/_sandbox/messages", self._say, methods=["POST"]),
            Route("/_sandbox/messages", self._say_nothing, methods=["DELETE"]),
        ]

    async def _move(self, request: Request) -> Response:
        order_id = request.path_params["order_id"]

        def act(data: Any) -> Response:
            match data:
                case {"status": str(status)} if status in STATUSES and len(data) == 1:
                    if self.store.move(order_id, status):
                        return json_answer({"OrderId": order_id, "status": status})
                    return json_answer({"error": f"There is no order {order_id}."}, 404)
                case _:
                    raise ValueError(f"The status must be one of {', '.join(STATUSES)}.")

        return await _with_json(request, act)

    async def _say(self, request: Request) -> Response:
        def act(data: Any) -> Response:
            self.messages.add(data)
            return json_answer(data, 201)

        return await _with_json(request, act)

    async def _say_nothing(self, _: Request) -> Response:
        self.messages.clear()
        return Response(status_code=204)


async def _with_json(request: Request, act: Callable[[Any], Response]) -> Response:
    body = await read_body(request, _LARGEST_BODY)
    try:
        return act(msgspec.json.decode(body or b""))
    except (ValueError, RecursionError) as error:
        return json_answer({"error": str(error)}, 400)
