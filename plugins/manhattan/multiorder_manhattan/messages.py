"""The messages in Manhattan's answers, wherever they stand in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from multiorder_sync import Answer, OmsMessage

_LONGEST_TEXT: Final = 500
_LONGEST_CODE: Final = 50
_LONGEST_SAID: Final = 200


class Messages(NamedTuple):
    """What an answer says, each thing once: it stands beside the data and in it."""

    errors: tuple[OmsMessage, ...]
    warnings: tuple[OmsMessage, ...]


def read_messages(answer: Answer, body: Mapping[str, Any]) -> Messages:
    """Return the messages of an answer, without secrets.

    A failure that has no message of type ERROR has exceptions; one that has neither has a key.
    """
    data = body.get("data")
    entries = list(_listed(body.get("messages")))
    if isinstance(data, dict):
        entries += _listed(data.get("Messages"))
    by_kind: dict[str, dict[OmsMessage, None]] = {"ERROR": {}, "WARNING": {}}
    for entry in entries:
        text = entry.get("Description") or entry.get("ShortDescription") or entry
        message = _message(answer, text, entry.get("Code"))
        by_kind.get(str(entry.get("Type")).upper(), {})[message] = None
    errors = by_kind["ERROR"]
    if not errors and body.get("success") is not True:
        for entry in _objects(body.get("exceptions")):
            if entry.get("message"):
                errors[_message(answer, entry["message"], entry.get("messageKey"))] = None
    if not errors and body.get("success") is False and body.get("message"):
        errors[_message(answer, body["message"], body.get("messageKey"))] = None
    return Messages(tuple(errors), tuple(by_kind["WARNING"]))


def worded(message: OmsMessage) -> str:
    """Return Manhattan's words with their code, short enough for a sentence."""
    text = _shortened(message.text, _LONGEST_SAID)
    return f"{text} ({message.code})" if message.code else text


def summary(messages: Sequence[OmsMessage]) -> str:
    """Return the first of some messages, and how many more there are."""
    if not messages:
        return ""
    more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
    return worded(messages[0]) + more


def _listed(holder: Any) -> Iterator[dict[str, Any]]:
    return _objects(holder.get("Message") if isinstance(holder, dict) else None)


def _objects(entries: Any) -> Iterator[dict[str, Any]]:
    return (entry for entry in _list(entries) if isinstance(entry, dict))


def _list(entries: Any) -> list[Any]:
    return entries if isinstance(entries, list) else []


def _message(answer: Answer, text: Any, code: Any) -> OmsMessage:
    # Redacted before it is cut: of a secret that the cut goes through, a part would stay.
    said = _shortened(answer.redact(str(text)), _LONGEST_TEXT)
    return OmsMessage(said, answer.redact(str(code))[:_LONGEST_CODE] if code else None)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
