"""Reading a body that a stranger sends: never more than agreed, never for longer than agreed."""

import asyncio
from collections.abc import Iterable
from typing import Final

from starlette.types import Receive

JSON_TYPE: Final = "application/json"


class BodyRefused(Exception):
    """The body is not read; `status` says why, as HTTP means it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class CallerGone(Exception):
    """The caller hung up before the body was complete; nobody waits for an answer."""


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell from a request's headers, their names in lower case, whether it comes with a body."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 "))
        for name, value in headers
    )


def check_headers(headers: dict[str, tuple[str, ...]], max_bytes: int) -> None:
    """Refuse a body by its headers alone, before any of it is read.

    Raises:
        BodyRefused: 415 for another media type or a content coding, 413 for a declared length
            over `max_bytes`.
    """
    media_types = headers.get("content-type", (JSON_TYPE,))
    plain = [value.partition(";")[0].strip().lower() for value in media_types]
    if plain != [JSON_TYPE] or "content-encoding" in headers:
        raise BodyRefused(415)
    for declared in headers.get("content-length", ()):
        if declared.isdecimal() and int(declared[:20]) > max_bytes:
            raise BodyRefused(413)


async def read_body(receive: Receive, max_bytes: int, timeout_seconds: float) -> bytes:
    """Read a whole body.

    Raises:
        BodyRefused: 413 as soon as it is longer than `max_bytes`; 408 if it is not complete in time.
        CallerGone: The caller hung up.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise CallerGone
                body += message.get("body", b"")
                if len(body) > max_bytes:
                    raise BodyRefused(413)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise BodyRefused(408) from None
