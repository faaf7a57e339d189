"""What a setting's annotation can say beside `msgspec.Meta`, and the checks behind it."""

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Check(msgspec.Struct, frozen=True):
    """In `Annotated`: a function that raises `ValueError` if it does not like the read value."""

    function: Callable[[Any], None]


class NotInThisVersion(msgspec.Struct, frozen=True):
    """In `Annotated` of a choice: choices that are planned, and refused until they exist.

    Attributes:
        choices: Those choices.
        instead: The choice that does exist.
    """

    choices: tuple[str, ...]
    instead: str


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
