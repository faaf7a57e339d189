"""In which form an answer is written: one of another form than the OMS's own is not the OMS's."""

import re
from enum import StrEnum
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from multiorder_sync.conformance.passage import Reply

_PAGE: Final = re.compile(rb"\s*(?:<!doctype html|<html)", re.IGNORECASE)
_PAIRS: Final = re.compile(rb"[^\s=&<>{}]+=[^\s&<>{}]*(?:&[^\s=&<>{}]+=[^\s&<>{}]*)*")


class Form(StrEnum):
    """A form of an answer, as it is called in a report."""

    NOTHING = "nothing"
    JSON = "JSON"
    XML = "XML"
    PAGE = "HTML"
    PAIRS = "a form's pairs"
    TEXT = "text"


def form_of(body: bytes, kind: str = "") -> Form:
    """Tell in which form a body is written: by its syntax, and by its media type where that is open.

    Args:
        body: The body.
        kind: Its media type.
    """
    if not body.strip():
        return Form.NOTHING
    if _PAGE.match(body):
        return Form.PAGE
    root = parsed(body)
    if root is not None:
        return Form.PAGE if root.tag.rpartition("}")[2].lower() == "html" else Form.XML
    if _is_json(body) and ("json" in kind or body.lstrip()[:1] in b"{["):
        return Form.JSON
    if "x-www-form-urlencoded" in kind and _PAIRS.fullmatch(body.strip()):
        return Form.PAIRS
    return Form.TEXT


def form_of_reply(reply: Reply) -> Form:
    """Tell in which form a sandbox has answered."""
    return form_of(reply.body, media_type(reply))


def media_type(reply: Reply) -> str:
    """Return the media type of what a sandbox has answered; empty if it says none."""
    kinds = (value for name, value in reply.headers if name.lower() == b"content-type")
    return next(kinds, b"").decode("latin-1")


def parsed(body: bytes) -> ET.Element | None:
    """Return the root of a body that is XML; None if it is none."""
    try:
        return ET.fromstring(body)  # noqa: S314 - a sandbox's own words, or the kit's
    except (ET.ParseError, ValueError, LookupError):
        return None


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
