"""What a merchant's own package may make of a submission before it is frozen."""

from collections.abc import Mapping
from typing import Any

import msgspec

from multiorder_sync.errors import encodable
from multiorder_sync.oms.payloads import decode_payload, encode_payload
from multiorder_sync.oms.places import place_at, value_at
from multiorder_sync.outcome import Submission


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
