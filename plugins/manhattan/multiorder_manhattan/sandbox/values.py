"""The values that a field can hold, each checked by itself and brought to the form it is kept in."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from multiorder_manhattan.sandbox.schema import Field

_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_DATE: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)Z?"
)
_SHAPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # That these are checked is strictness on purpose; the forms are the documented ones.
        "currency": (r"[A-Z]{3}", "is no ISO 4217 code"),
        "country": (r"[A-Z]{2}", "is no ISO 3166 code of two letters"),
        "locale": (r"[a-z]{2}(_[A-Z]{2})?", "is no locale such as en_US"),
        "month": (r"0?[1-9]|1[0-2]", "is no month from 1 to 12"),
        "year": (r"[0-9]{4}", "is no year of four digits"),
    }
)


def read_value(field: Field, value: Any) -> Any:
    """Check a value that is not null, and return it as it is kept.

    Raises:
        ValueError: If the field can't hold it; the text goes on after the field's name.
    """
    return _READERS[field.kind](field, value)


def _text(field: Field, value: Any) -> str:
    text = _string(value)
    if field.detail and len(text) > int(field.detail):
        raise ValueError(
            f'Input value "{text}" is not valid for the field {field.name} for its size. '
            f"Expected Size is {field.detail}"
        )
    return text


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value


def _flag(_: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _amount(_: Field, value: Any) -> Decimal:
    """Take a number or a numeric string; both are known to be taken, and to come back as numbers.

    How large or how exact one may be is not public: the bounds are far beyond any order.
    """
    match value:
        case bool():
            pass
        case str() if _NUMBER.fullmatch(value):
            return Decimal(value)
        case int() if abs(value) < 10**15:
            return Decimal(value)
        case Decimal() if value.adjusted() < 15 and _decimals(value) <= 9:
            return value
        case _:
            pass
    raise ValueError("must be a number, or a string that is one")


def _decimals(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)


def _rate(field: Field, value: Any) -> Decimal:
    rate = _amount(field, value)
    if not 0 <= rate <= 1:
        raise ValueError("must be a fraction, from 0 to 1: 0.07 for 7 %")
    return rate


def _whole(_: Field, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise ValueError("must be a whole number, or a string that is one")


def _date(_: Field, value: Any) -> str | None:
    """Take a date; it is kept as Manhattan gives it back, without a zone and meaning UTC.

    Other offsets than Z are nowhere seen in what Manhattan was sent, so none is taken here.
    """
    text = _string(value)
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        if not match:
            raise ValueError(text)
        datetime.fromisoformat(match[1])
    except ValueError:
        raise ValueError("must be an ISO 8601 date and time in UTC") from None
    return match[1]


def _shaped(field: Field, value: Any) -> str:
    text = _string(value)
    pattern, complaint = _SHAPES[field.kind]
    if not re.fullmatch(pattern, text, re.ASCII):
        raise ValueError(complaint)
    return text


_READERS: Final[Mapping[str, Callable[[Field, Any], Any]]] = MappingProxyType(
    {
        "text": _text,
        "flag": _flag,
        "amount": _amount,
        "computed": _amount,
        "rate": _rate,
        "whole": _whole,
        "date": _date,
        **dict.fromkeys(_SHAPES, _shaped),
    }
)
