"""Fluent's answers sorted: what is an error, and what follows from it.

Codes have the form `<C|S|T><4 digits><E|W>`: C the client can mend, S the server, T a third party.
Where a code stands in an error is not settled (top level by Fluent's own samples and cartridge,
`extensions` and the message by its SDK), so all three places are read. That a business error
comes with HTTP 200 is inferred from the cartridge; 4xx with the same body is read alike.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from multiorder_sync import (
    Answer,
    CredentialsRefused,
    OmsMessage,
    Refused,
    Unavailable,
)

_CODE: Final = re.compile(r"\b[CST]\d{4}[EW]\b")

ALREADY_EXISTS: Final = frozenset({"C0121E", "C0123E"})
NOT_FOUND: Final = frozenset({"C0120E"})
_RATE_LIMIT: Final = frozenset({"C0011E"})
# The token was not read; the call was not looked at.
_TOKEN: Final = frozenset({"S0040E", "401"})
_BAD_TOKEN: Final = frozenset({"invalid_token", "invalid_grant", "unauthorized"})
_SETTINGS: Final = frozenset({"S0001E", "S0030E"})
_PERMISSIONS: Final = "C0020E"


class AlreadyExists(Refused):
    """Fluent holds something unique that we wanted to create."""

    @property
    def names_ref(self) -> bool:
        """Whether it is certainly the ref that is taken, and not some other unique value."""
        return any(message.code == "C0121E" for message in self.oms_errors)


class NotFound(Refused):
    """Fluent does not hold what the call refers to."""


class TokenNotRead(Unavailable):
    """Fluent could not read our token; another one may do."""


class Data(NamedTuple):
    """What an answer holds for one field of an operation.

    Attributes:
        value: The field's value; None if it is null.
        warnings: What Fluent remarked beside it: warnings, or parts of it that it could not show.
    """

    value: Any
    warnings: tuple[OmsMessage, ...] = ()


def data_of(answer: Answer, field: str) -> Data:
    """Return what the answer holds for one field of the operation.

    Errors beside a value do not undo it: an order that Fluent shows is there, whatever else of
    the answer failed.

    Raises:
        AlreadyExists: A unique value is taken.
        NotFound: Something that the call refers to does not exist.
        Refused: Fluent said no, and will again.
        CredentialsRefused: The user may not do this.
        Unavailable: Fluent turned the call away; it did nothing.
        OutcomeUnknown: Anything else, if the call can create an order.
    """
    _check_status(answer)
    body = answer.json()
    data = body.get("data")
    value = data.get(field) if isinstance(data, dict) else None
    messages = _messages(answer, body["errors"]) if body.get("errors") else ()
    if messages and value is None:
        raise _error(answer, messages, executed="data" in body)
    if not isinstance(data, dict) or field not in data:
        raise answer.unexpected("gave neither data nor errors")
    return Data(value, messages)


def _check_status(answer: Answer) -> None:
    """Raise what an HTTP status alone decides; others are decided by the body."""
    match answer.status:
        case 400 if _oauth_error(answer) in _BAD_TOKEN:
            raise TokenNotRead("Fluent did not take our token (400).")
        case 403 if answer.call.creates and not _in_body(answer):
            # Not Fluent's own words: a gateway may say so of an answer on its way back.
            raise answer.unexpected("did not let this user call it")
        case 403:
            raise CredentialsRefused("Fluent does not let this user call its API (403).")
        case 404:
            raise Unavailable("There is no Fluent API at base_url (404); is it right?")
        case 413:
            raise Refused("The order is larger than Fluent takes (413, 2 MB).")
        case 429:
            raise Unavailable("Fluent limits our calls (429).", retry_after=answer.retry_after)
        case status if status >= 500 or status in (408, 409, 425):
            raise answer.unexpected("failed", oms_errors=_in_body(answer))
        case status if status >= 400 and not _in_body(answer):
            raise Refused(f"Fluent refused the call (HTTP {status}): {answer.excerpt()}")


def _oauth_error(answer: Answer) -> str | None:
    """Return the OAuth error of a body that is one; an expired token has been seen as 400."""
    try:
        error = answer.json().get("error")
    except Exception:  # noqa: BLE001 - whatever the body is, it is no OAuth error
        return None
    return error if isinstance(error, str) else None


def _in_body(answer: Answer) -> tuple[OmsMessage, ...]:
    try:
        return _messages(answer, answer.json().get("errors"))
    except Exception:  # noqa: BLE001 - whatever the body is, it has no messages
        return ()


def _messages(answer: Answer, errors: Any) -> tuple[OmsMessage, ...]:
    found = []
    for error in errors if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            text = str(error.get("message") or error)
            extensions = error.get("extensions")
            inner = extensions.get("code") if isinstance(extensions, dict) else None
            in_text = _CODE.search(text)
            code = error.get("code") or inner or (in_text and in_text[0])
            found.append(OmsMessage(answer.redact(text[:500]), str(code)[:20] if code else None))
        elif error:
            found.append(OmsMessage(answer.redact(str(error)[:500])))
    return tuple(found)


def _error(answer: Answer, messages: Sequence[OmsMessage], *, executed: bool) -> Exception:
    """Return what an answer's errors mean; the gravest decides."""
    codes = {message.code for message in messages if message.code}
    more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
    said = (worded(messages[0]) if messages else "no reason given") + more
    if codes & _TOKEN:
        return TokenNotRead(f"Fluent did not take our token: {said}", oms_errors=messages)
    if codes & _RATE_LIMIT:
        return Unavailable(
            f"Fluent limits our calls: {said}", oms_errors=messages, retry_after=answer.retry_after
        )
    if any(_CODE.fullmatch(code) and code[0] != "C" and code not in _SETTINGS for code in codes):
        return answer.unexpected(f"failed: {said}", oms_errors=messages)
    if codes & ALREADY_EXISTS:
        return AlreadyExists(f"Fluent holds this already: {said}", oms_errors=messages)
    if codes & NOT_FOUND:
        return NotFound(
            f"Fluent does not know what the call refers to: {said}", oms_errors=messages
        )
    if _PERMISSIONS in codes:
        return Refused(
            f"Fluent's user lacks a permission, or may use only its primary retailer: {said}",
            oms_errors=messages,
        )
    # Without a code: errors beside data come from executing it, others from reading the request.
    if not codes and executed:
        return answer.unexpected(f"failed: {said}", oms_errors=messages)
    return Refused(f"Fluent refused: {said}", oms_errors=messages)


def worded(message: OmsMessage) -> str:
    """Return Fluent's words with their code, short enough for a sentence."""
    shown = message.code and message.code not in message.text
    text = message.text if len(message.text) <= 200 else f"{message.text[:199]}…"
    return f"{text} ({message.code})" if shown else text
