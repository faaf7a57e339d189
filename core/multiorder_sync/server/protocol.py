"""HTTP on the wire: what is wrong before it is a request is answered in the contract's envelope.

uvicorn answers malformed HTTP in plain text, reads headers without a limit and waits for them
forever; a stranger can send all of that.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from multiorder_sync.nacelle import responses
from multiorder_sync.server.request_id import request_id

MAX_HEADER_BYTES: Final = 32 * 1024
HEADERS_TIMEOUT_SECONDS: Final = 10.0


class EnvelopeProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on headers, and every refusal in the envelope."""

    _header_bytes = 0
    _refused = False
    _headers_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Give a new connection a limited time for its first headers."""
        super().connection_made(transport)
        self._headers_timer = self.loop.call_later(HEADERS_TIMEOUT_SECONDS, self._headers_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Give the headers of each request a limited time and size."""
        super().on_message_begin()
        self._header_bytes = 0
        if self._headers_timer is None:
            self._headers_timer = self.loop.call_later(HEADERS_TIMEOUT_SECONDS, self._headers_late)

    def on_url(self, url: bytes) -> None:
        """Count the target as a header."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the timer: from here the application's own limits hold."""
        self._stop_timer()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take no more once the connection is refused."""
        if not self._refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the envelope words it
        """Answer malformed HTTP."""
        self._refuse(400)

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse(431)
            # Unwinds the parser; send_400_response then has nothing left to say.
            raise httptools.HttpParserError

    def _headers_late(self) -> None:
        self._headers_timer = None
        self._refuse(408)

    def _stop_timer(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _refuse(self, status: int) -> None:
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_timer()
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            # An answer may be half sent; another one behind it would only confuse.
            self.transport.close()
            return
        answer = responses.http_problem(status, request_id({}))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(answer.body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + answer.body)
        self.transport.close()
