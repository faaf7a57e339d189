"""What a connector wants sent."""

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec

from multiorder_sync.oms.outbound.retry_after import RETRY_AFTER
from multiorder_sync.secret import Secret

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_URL: Final = re.compile(r"[\x00-\x20\x7f]")
_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")


class Tokens(Protocol):
    """Where a call's bearer token comes from."""

    async def token(self) -> Secret:
        """Return a token that is believed to be valid."""

    def drop(self, token: Secret) -> None:
        """Forget a token that the OMS did not accept."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to an OMS.

    Attributes:
        operation: What it is called in logs and messages, for instance "createOrder".
        method: The HTTP method.
        url: The absolute URL. Credentials have no place in it.
        creates: Whether it can create an order. Such a call is never repeated by the client.
        headers: Its own headers, over those of the client.
        content: The body.
        tokens: Where its bearer token comes from, if it needs one.
        retry_after_header: The answer's header in which the OMS says how long to wait, in seconds
            or as a date, if it does not use HTTP's own `Retry-After`.

    Raises:
        ValueError: If URL, method or headers can't be sent as they are.
    """

    operation: str
    method: str
    url: str
    creates: bool
    headers: Mapping[str, str | Secret] = {}
    content: bytes = b""
    tokens: Tokens | None = None
    retry_after_header: str = RETRY_AFTER

    def __post_init__(self) -> None:
        _check_url(self.operation, self.url)
        if not _TOKEN.fullmatch(self.method):
            raise ValueError(f"{self.operation}: the method is not one of HTTP")
        check_headers(self.operation, self.headers)

    def __repr__(self) -> str:
        return f"Call({self.operation!r}, {self.method} {self.host}, creates={self.creates})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:  # a Struct's own shows every field
        return [("operation", self.operation), ("creates", self.creates)]

    @property
    def host(self) -> str:
        """The host it goes to, with the port if the URL names one."""
        return urlsplit(self.url).netloc


def _check_url(owner: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        credentials = "@" in parts.netloc
    except ValueError:
        usable = credentials = False
    # Neither message shows the URL: credentials may stand in it.
    if not usable or _NOT_IN_URL.search(url):
        raise ValueError(f"{owner}: the URL must be a whole one, with http or https")
    if credentials:
        raise ValueError(f"{owner}: the URL must not hold credentials")


def check_headers(owner: str, headers: Mapping[str, str | Secret]) -> None:
    """Make sure that headers can be sent as they are; a line break in one could forge another.

    Raises:
        ValueError: If one can't; the message does not show its value.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{owner}: {name!r} is not a header's name")
        if not _VALUE.fullmatch(revealed(value)):
            raise ValueError(f"{owner}: the value of the header {name} is not printable ASCII")


def revealed(value: str | Secret) -> str:
    """Return a text that may be a secret as the text that is sent."""
    return value.reveal() if isinstance(value, Secret) else value
