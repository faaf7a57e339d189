"""What a setting's annotation can say beside `msgspec.Meta`, and the checks behind it."""

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from multiorder_sync.secret import Secret

HTTP_URL: Final = r"^https?://[^\s/?#:@][^\s/?#@]*([/?#]\S*)?$"
"""What every text looks like that `check_http_url` takes."""

FERNET_KEY: Final = "^[A-Za-z0-9_-]{43}=$"

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Check(msgspec.Struct, frozen=True):
    """In `Annotated`: a function that raises `ValueError` if it does not like the read value."""

    function: Callable[[Any], None]


def check_network(text: str) -> None:
    """Refuse what is neither an IP address nor a network nor `*`."""
    if text == "*":
        return
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            "must be an IP address or a network like 10.0.0.0/8"
            '\nwrite "*" to trust whatever connects'
        ) from None


def check_root_path(text: str) -> None:
    """Refuse a path prefix that could not be put before another path."""
    if text and (not text.startswith("/") or text.endswith("/")):
        raise ValueError('must start with "/" and not end with one, for instance "/orders"')


def check_header_name(text: str) -> None:
    """Refuse what HTTP does not allow as the name of a header."""
    if not _TOKEN.fullmatch(text):
        raise ValueError("must be the name of an HTTP header")


def check_is_file(path: Path) -> None:
    """Refuse a path that leads to no file."""
    # Unlike Path.is_file, this answers False where a folder on the way can't be entered.
    if not os.path.isfile(path):  # noqa: PTH113 - see above
        raise ValueError(
            f"there is no file {path}\nthe path counts from the configuration's folder"
        )


def check_http_url(text: str) -> None:
    """Refuse what is not the whole address of something that speaks HTTP, or shows a password."""
    refusal = ValueError("must be a whole URL, with http:// or https://")
    if " " in text or not text.isprintable() or not text.startswith(("http://", "https://")):
        raise refusal
    try:
        parts = urlsplit(text)
        usable = parts.hostname and parts.port != 0
    except ValueError:
        raise refusal from None
    if not usable:
        raise refusal
    if "@" in parts.netloc:
        raise ValueError("must hold no user and no password, for it is shown\nleave them out")


def check_fernet_key(key: Secret) -> None:
    """Refuse what is not a Fernet key: 32 bytes in URL-safe base64."""
    if not re.fullmatch(FERNET_KEY, key.reveal()):
        raise ValueError(
            "is not a Fernet key, which is 32 bytes in URL-safe base64"
            "\nmake one with: openssl rand -base64 32 | tr '+/' '-_'"
        )
