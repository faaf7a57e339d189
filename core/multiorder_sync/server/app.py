"""The HTTP application: routes and limits around `delivery.sync`, and nothing else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from multiorder_sync.config import ServerSettings
from multiorder_sync.delivery.admission import SignedRequest
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.delivery.sync import Sync
from multiorder_sync.errors import Overloaded
from multiorder_sync.nacelle import responses
from multiorder_sync.nacelle.responses import Reply
from multiorder_sync.server.body import BodyRefused, CallerGone, check_headers, read_body
from multiorder_sync.server.request_id import request_id

REQUEST_ID: Final = "x-request-id"


def create_app(spaces: Mapping[str, ServedSpace], settings: ServerSettings) -> Starlette:
    """Build the application that serves these spaces; its lifespan closes them."""
    consume = ConsumeEndpoint(Sync(spaces), settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        for space in spaces.values():
            await space.aclose()

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        working = sum(1 for space in spaces.values() if not space.broken)
        body = {
            "status": "ready" if working else "not ready",
            "spaces": {"configured": len(spaces), "working": working},
        }
        return JSONResponse(body, status_code=200 if working else 503)

    app = Starlette(
        routes=[
            Route("/sync/consume", consume, methods=["POST"]),
            Route("/spaces/{space}/sync/consume", consume, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ],
        exception_handlers={HTTPException: _http_exception, Exception: _unexpected},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


class ConsumeEndpoint:
    """`POST /sync/consume`, as a plain ASGI application.

    Args:
        sync: What an order goes through.
        settings: The limits.
    """

    def __init__(self, sync: Sync, settings: ServerSettings) -> None:
        self._sync = sync
        self._settings = settings
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        headers = _headers(scope)
        call_id = request_id(headers)
        if scope["method"] != "POST":
            answer = responses.http_problem(405, call_id, headers={"allow": "POST"})
            return await _send(answer, call_id, scope, receive, send)
        if self._in_flight >= self._settings.max_in_flight:
            busy = Overloaded("As many orders are under way as this server takes; call again.")
            structlog.get_logger().warning("overloaded", in_flight=self._in_flight)
            return await _send(responses.failure(busy, call_id), call_id, scope, receive, send)
        self._in_flight += 1
        try:
            answer = await self._answer(scope, receive, headers, call_id)
        except CallerGone:
            structlog.get_logger().info("caller hung up before the body was complete")
            return None
        finally:
            self._in_flight -= 1
        return await _send(answer, call_id, scope, receive, send)

    async def _answer(
        self, scope: Scope, receive: Receive, headers: dict[str, tuple[str, ...]], call_id: str
    ) -> Reply:
        limit = self._settings.max_body_bytes
        try:
            check_headers(headers, limit)
            body = await read_body(receive, limit, self._settings.body_timeout_seconds)
        except BodyRefused as refused:
            # What is left of the body is not read, so the connection can't be used again.
            detail = f"The body is larger than {limit} bytes." if refused.status == 413 else None
            close = {"connection": "close"}
            return responses.http_problem(refused.status, call_id, detail=detail, headers=close)
        request = SignedRequest(
            body=body,
            headers=headers,
            space=scope["path_params"].get("space"),
            request_id=call_id,
            received_at=datetime.now(UTC),
        )
        return await self._sync.consume(request)


def _headers(scope: Scope) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        headers[key] = (*headers.get(key, ()), value.decode("latin-1"))
    return headers


async def _send(answer: Reply, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
    await _response(answer, call_id)(scope, receive, send)


def _response(answer: Reply, call_id: str) -> Response:
    return Response(answer.body, answer.status, {**answer.headers, REQUEST_ID: call_id})


async def _http_exception(request: Request, error: Exception) -> Response:
    call_id = request_id(_headers(request.scope))
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = {"allow": "POST"} if status == 405 else {}
    if status not in (404, 405):
        status = 400
    return _response(responses.http_problem(status, call_id, headers=headers), call_id)


async def _unexpected(request: Request, _error: Exception) -> Response:
    call_id = request_id(_headers(request.scope))
    return _response(responses.internal_error(call_id), call_id)
