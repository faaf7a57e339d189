"""HTTP itself: the one module that knows httpx, and aiohttp beneath it.

httpx's own names for faults can't be trusted here: its aiohttp transport calls a connection that
was lost after sending a `ConnectTimeout`. So whether a request may have left is never read from an
exception; aiohttp says it as it happens.
"""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import aiohttp
import aiohttp.tracing
import httpx
from httpx_aiohttp import AiohttpTransport

from multiorder_sync.oms.outbound.call import Call
from multiorder_sync.oms.outbound.exchange import ExchangeFailed, Reply


class Transport:
    """A pool of connections.

    Args:
        max_connections: The most connections at once.
        connect_seconds: How long a new connection may take.
        keepalive_seconds: How long an idle connection is kept for the next call.
        max_answer_bytes: Where reading of a body stops.
        tls: What the certificates of servers are checked with.
    """

    def __init__(
        self,
        *,
        max_connections: int,
        connect_seconds: float,
        keepalive_seconds: float,
        max_answer_bytes: int,
        tls: ssl.SSLContext,
    ) -> None:
        self._max_answer_bytes = max_answer_bytes
        self._connect_seconds = connect_seconds

        def session() -> aiohttp.ClientSession:  # called in the event loop, with the first request
            watch = aiohttp.TraceConfig()
            watch.on_request_headers_sent.append(_on_leaving)
            return aiohttp.ClientSession(
                connector=_Connector(
                    limit=max_connections, keepalive_timeout=keepalive_seconds, ssl=tls
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_once,),
                trace_configs=[watch],
            )

        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(verify=tls, client=session),
            # A session cookie would tie calls together that have nothing to do with each other.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "user-agent": f"multiorder-sync/{version('multiorder-sync')}",
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
            },
            follow_redirects=False,
            trust_env=False,
        )

    async def exchange(
        self,
        call: Call,
        *,
        headers: Mapping[str, str],
        seconds: float,
        on_leaving: Callable[[], None],
    ) -> Reply:
        """Send one request, once, and read its answer.

        Args:
            call: What to send.
            headers: All its headers, over those that every request has.
            seconds: How long to wait for a connection, for writing, and for each part of the
                answer. The caller limits the whole.
            on_leaving: Called just before the first byte may leave. If it was not called when
                this raises or is cancelled, nothing has left.

        Raises:
            ExchangeFailed: No complete answer came.
        """
        if self.closed:
            raise ExchangeFailed("Closed", "is not called any more, the client is closed")
        before = _leaving.set(on_leaving)
        try:
            request = self._client.build_request(
                call.method,
                call.url,
                headers=headers,
                content=call.content,
                timeout=httpx.Timeout(seconds, connect=min(seconds, self._connect_seconds)),
            )
            response = await self._client.send(request, stream=True)
            try:
                body = await self._read(response)
            finally:
                await response.aclose()
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            aiohttp.ClientError,
            OSError,
            UnicodeError,
        ) as error:
            raise _failure(error) from None
        finally:
            _leaving.reset(before)
        pairs = tuple(response.headers.multi_items())
        return Reply(status=response.status_code, headers=pairs, body=body)

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._max_answer_bytes:
                break  # closing a half-read response closes its connection
        return bytes(body)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._client.is_closed

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def tls_context(*, ca_file: Path | None, verify: bool) -> ssl.SSLContext:
    """Build what servers' certificates are checked with.

    Args:
        ca_file: Certificate authorities to trust beside the public ones, as PEM.
        verify: False to check nothing.

    Raises:
        OSError: If the file can't be read, or holds no certificate.
    """
    context = httpx.create_ssl_context(verify=verify, trust_env=False)
    if ca_file is not None and verify:
        context.load_verify_locations(cafile=ca_file)
    return context


def _nobody() -> None:
    """What is called when no one watches."""


_leaving: Final[ContextVar[Callable[[], None]]] = ContextVar("leaving", default=_nobody)


async def _on_leaving(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    _headers: aiohttp.tracing.TraceRequestHeadersSentParams,
) -> None:
    # aiohttp calls this, despite its name, before it hands the first byte to the connection.
    _leaving.get()()


async def _once(
    request: aiohttp.ClientRequest,
    handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request twice.

    For a connection that is lost it would do so by itself, unasked, with PUT and DELETE (not with
    POST), because HTTP calls those methods idempotent. It does not for an error of another kind.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        raise _failure(error) from None


class _Connector(aiohttp.TCPConnector):
    """Gives out no connection on which the server said something unasked while it was idle.

    aiohttp would take that for the answer to the next request, so that one order's answer could
    stand for another's.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> aiohttp.connector.Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            if connection.protocol is not None and not connection.protocol.should_close:
                return connection
            connection.close()


def _failure(error: Exception) -> ExchangeFailed:
    cause = error.__cause__ if isinstance(error, httpx.HTTPError) and error.__cause__ else error
    return ExchangeFailed(type(cause).__name__, _reason(cause))


def _reason(error: BaseException) -> str:
    """Say what happened. Not all errors are quoted: the text of some holds the whole URL."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = f"has a TLS certificate that is not trusted: {error.certificate_error}"
        case aiohttp.ClientConnectorDNSError():
            reason = f"is not known by that name: {error.os_error}"
        case aiohttp.ClientConnectorError():
            reason = f"can't be reached: {error.os_error}"
        case aiohttp.ConnectionTimeoutError():
            reason = "can't be reached: no connection in time"
        case TimeoutError() | httpx.TimeoutException():
            reason = "did not answer in time"
        case aiohttp.ClientResponseError():
            reason = f"did not answer in HTTP: {error.message}"
        case aiohttp.ClientPayloadError():
            reason = "broke off or garbled its answer"
        case httpx.DecodingError():
            reason = "sent an answer that can't be decompressed"
        case httpx.InvalidURL() | aiohttp.InvalidURL() | UnicodeError():
            reason = "is not a host that can be called"
        case _:
            reason = f"closed the connection ({type(error).__name__})"
    return reason
