"""The HTTP application: routes and limits around `delivery.sync`, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from multiorder_sync.config import ServerSettings
from multiorder_sync.delivery.admission import SignedRequest
from multiorder_sync.delivery.service import Service
from multiorder_sync.delivery.sync import Sync
from multiorder_sync.errors import Overloaded
from multiorder_sync.metrics import CONTENT_TYPE
from multiorder_sync.nacelle import responses
from multiorder_sync.nacelle.responses import Reply
from multiorder_sync.server.body import BodyRefused, CallerGone, check_headers, has_body, read_body
from multiorder_sync.server.last_answer import LastAnswer
from multiorder_sync.server.request_id import REQUEST_ID, request_id


def create_app(service: Service, settings: ServerSettings) -> Starlette:
    """Build the application of a service, which its lifespan starts and closes."""
    consume = ConsumeEndpoint(service.sync, settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        # Starlette loads much of anyio when it is first asked this, which would delay an order.
        await Request({"type": "http"}, _gone).is_disconnected()
        await service.start()
        try:
            yield
        finally:
            await service.aclose()

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        ready, body = service.readiness
        return JSONResponse(body, status_code=200 if ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(await service.metrics_text(), headers={"content-type": CONTENT_TYPE})

    routes = [
        Route("/sync/consume", consume, methods=["POST"]),
        Route("/spaces/{space}/sync/consume", consume, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
    ]
    if settings.metrics:
        routes.append(Route("/metrics", metrics))
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: _http_exception, Exception: _unexpected},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


_ARRIVING: Final = 8
"""How many bodies may be arriving for each order that may be under way."""


class ConsumeEndpoint:
    """`POST /sync/consume`, as a plain ASGI application.

    Args:
        sync: What an order goes through.
        settings: The limits.
    """

    def __init__(self, sync: Sync, settings: ServerSettings) -> None:
        self._sync = sync
        self._settings = settings
        self._arriving = 0
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        headers = _headers(scope)
        call_id = request_id(headers)
        # Bodies still arriving have a limit of their own: strangers send them, too, and are not
        # to take the places of orders.
        if self._arriving >= self._settings.max_in_flight * _ARRIVING:
            response = _unread(scope, responses.failure(_overloaded(), call_id), call_id)
        else:
            try:
                response = await self._response(scope, receive, headers, call_id)
            except CallerGone:
                log = structlog.get_logger()
                log.warning("caller hung up before the body was complete", request_id=call_id)
                return
        await response(scope, receive, send)

    async def _response(
        self, scope: Scope, receive: Receive, headers: dict[str, tuple[str, ...]], call_id: str
    ) -> Response:
        limit = self._settings.max_body_bytes
        self._arriving += 1
        try:
            check_headers(headers, limit)
            body = await read_body(receive, limit, self._settings.body_timeout_seconds)
        except BodyRefused as refused:
            detail = f"The body is larger than {limit} bytes." if refused.status == 413 else None
            problem = responses.http_problem(refused.status, call_id, detail=detail)
            return _unread(scope, problem, call_id)
        finally:
            self._arriving -= 1
        if self._in_flight >= self._settings.max_in_flight:
            return _unread(scope, responses.failure(_overloaded(), call_id), call_id)
        self._in_flight += 1
        try:
            request = SignedRequest(
                body=body,
                headers=headers,
                space=scope["path_params"].get("space"),
                request_id=call_id,
                received_at=datetime.now(UTC),
                is_gone=Request(scope, receive).is_disconnected,
            )
            return _response(await self._sync.consume(request), call_id)
        finally:
            self._in_flight -= 1


def _overloaded() -> Overloaded:
    return Overloaded("As many orders are under way as this server takes; call again.")


def _headers(scope: Scope) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        headers[key] = (*headers.get(key, ()), value.decode("latin-1"))
    return headers


def _response(answer: Reply, call_id: str, kind: type[Response] = Response) -> Response:
    return kind(answer.body, answer.status, {**answer.headers, REQUEST_ID: call_id})


def _unread(scope: Scope, answer: Reply, call_id: str) -> Response:
    """Answer a call, and log it, though its body was not or not wholly read."""
    log = structlog.get_logger()
    write = log.info if answer.status in (404, 405) else log.warning
    write(
        "call refused",
        request_id=call_id,
        method=scope["method"],
        space=scope.get("path_params", {}).get("space"),
        status=answer.status,
        code=answer.code,
    )
    return _response(answer, call_id, LastAnswer if has_body(scope["headers"]) else Response)


async def _http_exception(request: Request, error: Exception) -> Response:
    call_id = request_id(_headers(request.scope))
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}
    if status not in (404, 405):
        status = 400
    problem = responses.http_problem(
        status, call_id, headers={name.lower(): value for name, value in headers.items()}
    )
    return _unread(request.scope, problem, call_id)


async def _unexpected(request: Request, _error: Exception) -> Response:
    call_id = request_id(_headers(request.scope))
    return _response(responses.internal_error(call_id), call_id)


async def _gone() -> Message:
    return {"type": "http.disconnect"}
