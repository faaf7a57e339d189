"""Sending an order exactly as Nacelle would: signed over its raw bytes."""

import urllib.error
import urllib.request
from pathlib import Path
from time import perf_counter
from typing import Final

import msgspec

from multiorder_sync.config import Config, Space
from multiorder_sync.nacelle.signature import sign

_LONGEST_WAIT: Final = 330.0
"""Seconds; no space's deadline is longer."""


class Sent(msgspec.Struct, frozen=True):
    """What an order was answered.

    Attributes:
        status: The HTTP status.
        body: The answer's body.
        milliseconds: How long it took.
    """

    status: int
    body: bytes
    milliseconds: float


def consume_url(config: Config, space: Space) -> str:
    """Return the URL at which the configured server takes this space's orders.

    It leads to the server itself: `root_path` is what a proxy in front of it adds and takes off.
    """
    server = config.server
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, server.host)  # noqa: S104 - read, not bound
    scheme = "https" if server.tls_certificate else "http"
    return f"{scheme}://{host}:{server.port}/spaces/{space.id}/sync/consume"


def headers_for(body: bytes, space: Space) -> dict[str, str]:
    """Return the headers with which Nacelle would send this body to this space."""
    return {
        "content-type": "application/json",
        space.signature.header: sign(body, space.secrets[0], space.signature),
        **{name: secret.reveal() for name, secret in space.headers.items()},
    }


def post(url: str, body: bytes, headers: dict[str, str]) -> Sent:
    """POST a body and return the answer, of whatever status.

    Raises:
        OSError: If the server is not reached.
    """
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - http(s) only, built above
    started = perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=_LONGEST_WAIT) as answer:  # noqa: S310 - as above
            status, content = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, content = error.code, error.read()
    return Sent(status, content, (perf_counter() - started) * 1000)


def read_order(path: Path) -> bytes:
    """Return the bytes of an order's file.

    Raises:
        OSError: If it can't be read.
    """
    return path.read_bytes()
