"""Manhattan's answers sorted: what is an error, and what follows from it.

Success is HTTP 200 with `success` true and no message of type ERROR (the last is stricter than
what one production integration does, on purpose). The HTTP status that comes with the codes of
the order component is not public, so codes are read whatever the status.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from multiorder_manhattan.messages import Messages, read_messages, summary
from multiorder_sync import (
    Answer,
    CredentialsRefused,
    OmsMessage,
    OutcomeUnknown,
    Refused,
    Unavailable,
)

# A component that the order component depends on is out of reach.
_DEPENDENCY: Final = "ord::10002"
_NO_SUCH_ORDER: Final = "10006"
# The version is not higher than the one that the order has; modification is not permitted.
_STANDS: Final = ("10208", "10007", "10008")


class Stands(Refused):
    """An order stands under this id, and is not to be changed by this save."""


class NoSuchOrder(Refused):
    """No order stands under this id."""


class Saved(NamedTuple):
    """What a call gave.

    Attributes:
        data: The entity or entities.
        found: How many a search found, if it says so.
        warnings: What Manhattan remarked beside it.
    """

    data: Any
    found: str | None = None
    warnings: tuple[OmsMessage, ...] = ()


def result_of(answer: Answer) -> Saved:
    """Return what an answer gives.

    Raises:
        Stands: An order stands there that this call does not change.
        NoSuchOrder: None stands there.
        Refused: Manhattan said no, and will again.
        CredentialsRefused: The user may not do this.
        Unavailable: Manhattan turned the call away; it did nothing.
        OutcomeUnknown: Anything else, if the call can create an order.
    """
    match answer.status:
        case 403 if answer.call.creates and "success" not in _body_or_nothing(answer):
            # Not Manhattan's own words: a gateway may say so of an answer on its way back.
            raise answer.unexpected("did not let this user call it")
        case 403:
            raise CredentialsRefused("Manhattan does not grant this user the call (403).")
        case 429:
            raise Unavailable("Manhattan limits our calls (429).", retry_after=answer.retry_after)
        case 413:
            raise Refused("The order is larger than Manhattan takes (413).")
    body = answer.json() if answer.status < 400 else _body_or_nothing(answer)
    messages = read_messages(answer, body)
    if answer.status == 200 and body.get("success") is True and not messages.errors:
        return Saved(body.get("data"), _count(body), messages.warnings)
    _raise_by_code(messages)
    if answer.status >= 500 or answer.status in (408, 409, 425):
        raise answer.unexpected("failed", oms_errors=messages.errors)
    if answer.status == 404:
        raise Unavailable("There is no Manhattan order API at base_url (404); is it right?")
    if messages.errors or answer.status >= 400:
        words = summary(messages.errors) or answer.excerpt() or f"HTTP {answer.status}"
        raise Refused(f"Manhattan refused: {words}", oms_errors=messages.errors)
    raise answer.unexpected("gave neither success nor errors")


def _raise_by_code(messages: Messages) -> None:
    """Raise what the codes of the errors say, if they are among those with a meaning."""
    errors, said = messages.errors, summary(messages.errors)
    codes: Sequence[str] = [error.code or "" for error in errors]
    if any(code == _DEPENDENCY for code in codes):
        raise Unavailable(f"A part of Manhattan is out of reach: {said}", oms_errors=errors)
    if codes and all(code.endswith(_NO_SUCH_ORDER) for code in codes):
        raise NoSuchOrder(f"Manhattan does not know the order: {said}", oms_errors=errors)
    if any(code.endswith(_STANDS) for code in codes):
        raise Stands(f"An order stands under this id already: {said}", oms_errors=errors)


def _body_or_nothing(answer: Answer) -> dict[str, Any]:
    try:
        return answer.json()
    except (OutcomeUnknown, Unavailable):
        return {}  # a failure may come with any body


def _count(body: Mapping[str, Any]) -> str | None:
    header = body.get("header")
    count = header.get("totalCount") if isinstance(header, dict) else None
    return None if count is None else str(count)
