"""A submission as it would be of an order that came to the OMS past us: without our fingerprint."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec

from multiorder_sync.conformance.payloads import AnySubmission, name_of

_ABSENT: Final = object()


def stampless(submission: AnySubmission) -> Iterator[AnySubmission]:
    """Yield the submission without its fingerprint: empty, null, and left out, as its type allows."""
    payload, stamp = submission.payload, submission.fingerprint
    data = msgspec.to_builtins(payload, builtin_types=(Decimal,))
    seen: list[Any] = []
    for blank in ("", None, _ABSENT):
        try:
            blanked = _blanked(data, stamp, blank)
            made = msgspec.convert(blanked, type(payload), builtin_types=(Decimal,))
        except (msgspec.ValidationError, TypeError, ValueError):
            continue  # a payload of this type has one
        if made not in seen:
            seen.append(made)
            yield msgspec.structs.replace(submission, payload=made, fingerprint="")


def _blanked(value: Any, stamp: str, blank: Any) -> Any:
    """Return a copy with something else where the fingerprint is, alone or within a text."""
    if isinstance(value, dict):
        if blank is _ABSENT and name_of(value) and _holds(value, stamp):
            return _ABSENT  # an attribute, which is nothing without its value
        inner = {name: _blanked(each, stamp, blank) for name, each in value.items()}
        return {name: each for name, each in inner.items() if each is not _ABSENT}
    if isinstance(value, list | tuple):
        entries = [_blanked(each, stamp, blank) for each in value]
        return [each for each in entries if each is not _ABSENT]
    if isinstance(value, str) and stamp in value:
        return blank if value == stamp else value.replace(stamp, "")
    return value


def _holds(entry: dict[str, Any], stamp: str) -> bool:
    return any(isinstance(value, str) and stamp in value for value in entry.values())
