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
from multiorder_sync.server.body import has_body
from multiorder_sync.server.last_answer import LINGER_SECONDS
from multiorder_sync.server.request_id import REQUEST_ID, request_id

MAX_HEADER_BYTES: Final = 32 * 1024
HEADERS_TIMEOUT_SECONDS: Final = 10.0


class EnvelopeProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on headers, and every refusal in the envelope.

    A refusal ends the connection. It is said after the answers to whatever was called before it,
    none of which is cut short.
    """

    _header_bytes = 0
    _received_bytes = 0
    _in_headers = False
    _unanswered = 0
    _refused: int | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Give a new connection a limited time for its first headers."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Give the headers of each request a limited time and size."""
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = 0
        self._received_bytes = 0
        self._start_timer()

    def on_url(self, url: bytes) -> None:
        """Count the target as a header."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header; what comes as one behind a chunked body is none (RFC 9110, 6.5.1)."""
        self._count(len(name) + len(value))
        if self._in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the timer: from here the application's own limits hold."""
        self._in_headers = False
        self._stop_timer()
        if self.parser.should_upgrade() and has_body(self.headers):
            # The parser takes the body for what comes after the upgrade, and would lose it.
            raise httptools.HttpParserError
        super().on_headers_complete()
        self._unanswered += 1

    def on_response_complete(self) -> None:
        """Say a refusal that waited for this answer."""
        self._unanswered -= 1
        super().on_response_complete()
        if self._refused is not None and not self._unanswered:
            self._end(self._refused)

    def data_received(self, data: bytes) -> None:
        """Take no more once the connection is refused."""
        if self._refused is not None:
            return
        in_headers = self._in_headers
        super().data_received(data)
        if in_headers and self._in_headers:
            # The parser shows a header only when it is complete, and keeps it until then.
            self._received_bytes += len(data)
            if self._received_bytes > MAX_HEADER_BYTES:
                self._refuse(431)
        if self._timer is None and not self._unanswered and not self.transport.is_closing():
            # uvicorn has stopped its own timer for bytes that belong to no request.
            self._start_timer()

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
        self._timer = None
        if self._in_headers:
            self._refuse(408)
        else:
            self.transport.close()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(HEADERS_TIMEOUT_SECONDS, self._headers_late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        if self._refused is not None or self.transport.is_closing():
            return
        self._refused = status
        self._stop_timer()
        self._drop_broken_request()
        if not self._unanswered:
            self._end(status)

    def _drop_broken_request(self) -> None:
        """Forget the last request if it is its body that is refused: it will never be complete."""
        cycle: Any = self.cycle
        if cycle is None or not cycle.more_body or cycle.response_started:
            return
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
        self._unanswered -= 1

    def _end(self, status: int) -> None:
        """Refuse, and close the connection once the caller had time to hear it."""
        if self.transport.is_closing():
            return
        answer = responses.http_problem(status, call_id := request_id({}))
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(answer.body)}\r\n"
            f"{REQUEST_ID}: {call_id}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + answer.body)
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        # Closed at once, with bytes of the caller unread, it would be reset, and the answer lost.
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
