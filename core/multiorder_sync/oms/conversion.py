"""What an expression gives, as what a place in the payload holds: exactly, or not at all."""

import types
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from multiorder_sync.oms.bounds import check_bounds
from multiorder_sync.oms.exact_functions import plain_number
from multiorder_sync.reading import Leaf, StructReader, kind_of

Converter = Callable[[Any], Any]


def converter(hint: Any) -> Converter:
    """Return the function that turns plain data into a type, or raises `ValueError`."""
    # The reader reads structs, so what is wanted is read as the one field of one.
    holder = msgspec.defstruct("Holder", [("value", hint)], frozen=True)
    reader = StructReader(holder, _leaf_for, refuse_unknown=True, field=_FIELD)

    def convert(value: Any) -> Any:
        read, problems = reader.read({"value": value})
        if read is None:
            path = problems[0].path.removeprefix("value").removeprefix(".")
            raise ValueError(f"{path}: {problems[0].reason}" if path else problems[0].reason)
        return getattr(read, "value")  # noqa: B009 - the holder's only field is not known to mypy

    return convert


def _leaf_for(hint: Any, metadata: tuple[Any, ...]) -> Leaf:
    leaf = _bare_leaf(hint)
    bounds = tuple(extra for extra in metadata if isinstance(extra, msgspec.Meta))
    if not bounds:
        return leaf
    bounded = Annotated[hint, *bounds]

    def read(value: Any) -> Any:
        converted = leaf(value)
        for each in bounds:
            check_bounds(converted, each)
        return _converted(converted, bounded)

    return read


def _bare_leaf(hint: Any) -> Leaf:
    if hint in _LEAVES:
        return _LEAVES[hint]
    if get_origin(hint) in (Union, types.UnionType):
        members = tuple(arg for arg in get_args(hint) if arg is not msgspec.UnsetType)
        return _leaf_for(members[0], ()) if len(members) == 1 else _one_of(members)
    if _is_compound(hint):
        return converter(hint)
    if get_origin(hint) is Literal:
        return _choice({each: each for each in get_args(hint)})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice({each.value: each for each in hint})
    return lambda value: _converted(_open(value), hint)


def _is_compound(hint: Any) -> bool:
    """Whether the struct reader goes into the type itself; it comes here inside of a union."""
    if isinstance(hint, type):
        return issubclass(hint, msgspec.Struct)
    return get_origin(hint) is list or get_args(hint)[1:] == (...,)


def _converted(value: Any, hint: Any) -> Any:
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)[:1].lower() + str(error)[1:]) from None


def _choice(choices: dict[Any, Any]) -> Leaf:
    names = ", ".join(f'"{each}"' if isinstance(each, str) else str(each) for each in choices)

    def read(value: Any) -> Any:
        for choice, meant in choices.items():
            if isinstance(choice, str) is isinstance(value, str) and choice == value:
                return meant
        given = f'"{value}"' if isinstance(value, str) else kind_of(value)
        raise ValueError(f"must be one of {names}, not {given}")

    return read


def _one_of(members: tuple[Any, ...]) -> Leaf:
    leaves = [_bare_leaf(member) for member in members]

    def read(value: Any) -> Any:
        if type(value) in members:
            return value
        for leaf in leaves:
            try:
                return leaf(value)
            except ValueError:
                continue
        names = (_NAMES.get(each) or getattr(each, "__name__", str(each)) for each in members)
        raise ValueError(f"must be {' or '.join(names)}, not {kind_of(value)}")

    return read


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"must be a text, not {_kind(value)}")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _decimal(value: Any) -> Decimal:
    number = _number(value)
    return number if isinstance(number, Decimal) else Decimal(number)


def _whole(value: Any) -> int:
    number = _number(value)
    if number != number.__trunc__():
        raise ValueError("must be a whole number, not a fraction")
    return int(number)


def _number(value: Any) -> int | Decimal:
    number = plain_number(value) if isinstance(value, str) else value
    if number is None:
        raise ValueError("must be a number; the text is not a plain one")
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise ValueError(f"must be a number, not {_kind(value)}")
    return number


def _float(value: Any) -> float:
    return value if isinstance(value, float) else float(_number(value))


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {kind_of(value)}")
    return value


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"must be a time like 2026-11-24T09:30:00Z, not {kind_of(value)}")
    try:
        time = datetime.fromisoformat(value)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time like 2026-11-24T09:30:00Z") from None


def _open(value: Any) -> Any:
    """Return what goes to where anything may stand, and is no float either, nor holds one."""
    match value:
        case float():
            raise ValueError(f"must not be {_kind(value)}")
        case dict():
            for inner in value.values():
                _open(inner)
        case list():
            for inner in value:
                _open(inner)
    return value


def _kind(value: Any) -> str:
    if isinstance(value, float):
        return "a number with an exponent, which is not exact"
    return kind_of(value)


_FIELD: Final = "a field of it"

_NAMES: Final = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
    datetime: "a time",
}

_LEAVES: Final[dict[Any, Leaf]] = {
    str: _text,
    int: _whole,
    float: _float,
    Decimal: _decimal,
    bool: _truth,
    datetime: _time,
    Any: _open,
    object: _open,
}
