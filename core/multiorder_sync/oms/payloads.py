"""Payloads as bytes and back, without a digit lost.

JSON alone would not do: where a payload's type leaves a value open (`Any`), a `Decimal` would come
back as a text or a float.
"""

from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)

_DECIMAL: Final = "$decimal"
_KEPT: Final = "$"


def encode_payload(payload: msgspec.Struct) -> bytes:
    """Return a payload as JSON in which amounts are marked as such."""
    plain = msgspec.to_builtins(payload, builtin_types=(Decimal,))
    return msgspec.json.encode(_marked(plain))


def decode_payload(encoded: bytes, kind: type[PayloadT]) -> PayloadT:
    """Return the payload that was encoded.

    Raises:
        msgspec.ValidationError: If it is not one of this type, which has changed since.
    """
    # JSON has no other keys than texts; a type may have numbers.
    plain = plain_payload(encoded)
    return msgspec.convert(plain, kind, builtin_types=(Decimal,), str_keys=True)


def plain_payload(encoded: bytes) -> Any:
    """Return the payload that was encoded as plain data, whatever its type is by now."""
    return _unmarked(msgspec.json.decode(encoded))


def _marked(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, dict):
        # A key of the payload's own that starts like the mark gets one more of its first letter.
        return {_escaped(key): _marked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(inner) for inner in value]
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and _DECIMAL in value:
            return Decimal(value[_DECIMAL])
        return {
            key[1:] if key.startswith(_KEPT) else key: _unmarked(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_unmarked(inner) for inner in value]
    return value


def _escaped(key: Any) -> Any:
    return _KEPT + key if isinstance(key, str) and key.startswith(_KEPT) else key
