"""Manhattan's answers sorted: what is an error, and what follows from it.

Success is HTTP 200 with `success` true and no message of type ERROR (the last is stricter than
what one production integration does, on purpose). The HTTP status that comes with the codes of
the order component is not public, so codes are read whatever the status.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from multiorder_sync import Answer, CredentialsRefused, OmsMessage, Refused, Unavailable

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
        warnings: What Manhattan remarked beside it.
    """

    data: Any
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
        case 403:
            raise CredentialsRefused("Manhattan does not grant this user the call (403).")
        case 429:
            raise Unavailable("Manhattan limits our calls (429).", retry_after=answer.retry_after)
        case 413:
            raise Refused("The order is larger than Manhattan takes (413).")
    body = answer.json() if answer.status < 400 else _body_or_nothing(answer)
    errors = [each for each in _messages(answer, body) if each[0] == "ERROR"]
    failures = tuple(message for _, message in errors)
    codes = [message.code or "" for message in failures]
    said = _worded(failures)
    if answer.status == 200 and body.get("success") is True and not failures:
        remarks = tuple(message for kind, message in _messages(answer, body) if kind == "WARNING")
        return Saved(body.get("data"), remarks)
    if any(code == _DEPENDENCY for code in codes):
        raise Unavailable(f"A part of Manhattan is out of reach: {said}", oms_errors=failures)
    if codes and all(code.endswith(_NO_SUCH_ORDER) for code in codes):
        raise NoSuchOrder(f"Manhattan does not know the order: {said}", oms_errors=failures)
    if any(code.endswith(_STANDS) for code in codes):
        raise Stands(f"An order stands under this id already: {said}", oms_errors=failures)
    if answer.status >= 500 or answer.status in (408, 409, 425):
        raise answer.unexpected("failed", oms_errors=failures)
    if answer.status == 404:
        raise Unavailable("There is no Manhattan order API at base_url (404); is it right?")
    if failures or answer.status >= 400:
        words = said or answer.excerpt() or f"HTTP {answer.status}"
        raise Refused(f"Manhattan refused: {words}", oms_errors=failures)
    raise answer.unexpected("gave neither success nor errors")


def worded(message: OmsMessage) -> str:
    """Return Manhattan's words with their code, short enough for a sentence."""
    text = message.text if len(message.text) <= 200 else f"{message.text[:199]}…"
    return f"{text} ({message.code})" if message.code else text


def _worded(messages: Sequence[OmsMessage]) -> str:
    if not messages:
        return ""
    more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
    return worded(messages[0]) + more


def _body_or_nothing(answer: Answer) -> dict[str, Any]:
    try:
        return answer.json()
    except Exception:  # noqa: BLE001 - a failure may come with any body
        return {}


def _messages(answer: Answer, body: dict[str, Any]) -> list[tuple[str, OmsMessage]]:
    """Return type and message of all messages, which stand beside the data and in it."""
    data = body.get("data")
    places = (body.get("messages"), data.get("Messages") if isinstance(data, dict) else None)
    found: dict[tuple[str, OmsMessage], None] = {}
    for place in places:
        listed = place.get("Message") if isinstance(place, dict) else None
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict):
                text = str(entry.get("Description") or entry.get("ShortDescription") or entry)
                code = entry.get("Code")
                message = OmsMessage(answer.redact(text[:500]), str(code)[:50] if code else None)
                found[str(entry.get("Type")), message] = None
    for entry in body.get("exceptions") or ():
        if not found and isinstance(entry, dict) and entry.get("message"):
            message = OmsMessage(answer.redact(str(entry["message"])[:500]))
            found["ERROR", message] = None
    return list(found)
