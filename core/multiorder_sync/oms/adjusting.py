"""What a merchant's own package may make of a submission before it is frozen."""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from multiorder_sync.errors import encodable
from multiorder_sync.oms.payloads import decode_payload, encode_payload
from multiorder_sync.oms.places import place_at, present_type, value_at
from multiorder_sync.outcome import Submission

_REASON_LENGTH: Final = 500
"""How much of a veto's reason is passed on."""


class WrongAdjustment(Exception):
    """A hook answered what can't be sent; the text follows the hook's name."""


def adjusted(
    before: Submission[Any], after: object, reserved: Mapping[str, str]
) -> Submission[Any]:
    """Return an adjusted submission as it can be frozen: what is kept of it is what is sent.

    Args:
        before: As the connector made it, or a package asked before this one.
        after: What the hook answered.
        reserved: The connector's places that stay as they are, and why.

    Raises:
        WrongAdjustment: If it can't be sent so.
    """
    if not isinstance(after, Submission):
        raise WrongAdjustment(f"it answered {type(after).__name__}, not a Submission")
    for name in ("ref", "orders", "fingerprint"):
        if getattr(before, name) != getattr(after, name):
            raise WrongAdjustment(
                f"it changed the submission's {name}, by which the order is found again"
            )
    if type(before.payload) is not type(after.payload):
        raise WrongAdjustment(f"it made the payload a {type(after.payload).__name__}")
    made = msgspec.structs.replace(after, payload=_kept(after.payload), notes=_notes(after.notes))
    known = dict(_wrong_numbers(before.payload, type(before.payload)))
    for payload in (after.payload, made.payload):  # what is kept of an endless float is a null
        for path, why in _wrong_numbers(payload, type(payload)):
            if path not in known:
                raise WrongAdjustment(f"it made {path} in the payload {why}")
    for path, why in reserved.items():
        steps = place_at(path, type(before.payload)).steps
        if value_at(before.payload, steps) != value_at(made.payload, steps):
            raise WrongAdjustment(f"it changed {path} in the payload, which {why}")
    return made


def copied(submission: Submission[Any]) -> Submission[Any]:
    """Return a copy that a hook can do with what it wants; the submission itself stays as it is."""
    payload = submission.payload
    again = decode_payload(encode_payload(payload), type(payload))
    return msgspec.structs.replace(submission, payload=again)


def _kept(payload: msgspec.Struct) -> msgspec.Struct:
    """Return a payload as it comes back when it was kept: whatever is sent is read from there."""
    try:
        return decode_payload(encode_payload(payload), type(payload))
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise WrongAdjustment(f"it made a payload that can't be sent: {error}") from error


def _notes(notes: object) -> tuple[str, ...]:
    try:
        return tuple(map(encodable, msgspec.convert(notes, tuple[str, ...])))
    except msgspec.ValidationError as error:
        raise WrongAdjustment(f"its notes are no texts: {error}") from error


def veto_reason(answer: str) -> str:
    """Return what a package gave as its reason as it can be passed on: of a length, and in UTF-8."""
    reason = encodable(answer.strip())
    return reason if len(reason) <= _REASON_LENGTH else f"{reason[: _REASON_LENGTH - 1].rstrip()}…"


def _wrong_numbers(value: Any, hint: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield where a number stands that is no amount, and what it is."""
    hint = present_type(hint)
    match value:
        case Decimal() if not value.is_finite():
            yield path, f"{value}, which is no number"
        case float() if not math.isfinite(value):
            yield path, f"{value}, which is no number"
        case float() if not {float, Decimal} & {hint, *map(_bare, get_args(hint))}:
            yield path, "a float, which is not exact; a Decimal is"
        case msgspec.Struct():
            for field in msgspec.structs.fields(value):
                inner = getattr(value, field.name)
                yield from _wrong_numbers(inner, field.type, _joined(path, field.encode_name))
        case dict():
            arguments = get_args(hint)
            for key, inner in value.items():
                of_values = arguments[1] if len(arguments) == 2 else Any
                yield from _wrong_numbers(inner, of_values, _joined(path, str(key)))
        case list() | tuple() | set() | frozenset():
            arguments = get_args(hint)
            for index, inner in enumerate(value):
                each = arguments[min(index, len(arguments) - 1)] if arguments else Any
                of_items = arguments[0] if arguments[1:] == (...,) else each
                yield from _wrong_numbers(inner, of_items, f"{path}[{index}]")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint
