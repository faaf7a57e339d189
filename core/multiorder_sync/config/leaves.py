"""What a single setting must look like, for each type that a setting can have."""

import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from multiorder_sync.config.markers import Check
from multiorder_sync.config.sources import TextSources, quoted
from multiorder_sync.oms.bounds import check_bounds
from multiorder_sync.oms.expressions import Expression, InvalidExpression
from multiorder_sync.reading import Leaf, StructReader, kind_of, nearest
from multiorder_sync.secret import Secret


class SettingLeaves:
    """Gives the reader of each type of setting; what `StructReader` asks of its caller.

    Args:
        sources: Where the texts of settings come from.
    """

    def __init__(self, sources: TextSources) -> None:
        self._sources = sources
        self._texts: dict[Any, Leaf] = {
            str: sources.text,
            Secret: self._secret,
            Expression: self._expression,
            Path: lambda value: sources.folder / sources.text(value),
        }

    def __call__(self, hint: Any, metadata: tuple[Any, ...]) -> Leaf:
        """Return the reader of one type, with what its annotation asks for."""
        leaf = self._leaf(hint)
        checks = [extra.function for extra in metadata if isinstance(extra, Check)]
        bounds = [extra for extra in metadata if isinstance(extra, msgspec.Meta)]

        def read(value: Any) -> Any:
            setting = leaf(value)
            for check in checks:
                check(setting)
            for meta in bounds:
                check_bounds(setting, meta)
            return setting

        return read if checks or bounds else leaf

    def _leaf(self, hint: Any) -> Leaf:
        origin, args = get_origin(hint), get_args(hint)
        if hint in self._texts:
            return self._texts[hint]
        if hint in _PLAIN:
            return _PLAIN[hint]
        if origin is Literal:
            return _choice({each: each for each in args})
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _choice({each.value: each for each in hint})
        if origin in (dict, Mapping) and args[1] is Any:
            return _table
        if origin in (Union, types.UnionType):
            return self._one_of(args)
        if origin in (set, frozenset):
            read_items = self._nested(types.GenericAlias(tuple, (args[0], ...)))
            return lambda value: origin(read_items(value))
        if self._is_nested(hint):
            return self._nested(hint)
        return lambda value: msgspec.convert(value, hint)

    def _is_nested(self, hint: Any) -> bool:
        """Whether the struct reader goes into the type itself; it comes here inside of a union."""
        if isinstance(hint, type):
            return issubclass(hint, msgspec.Struct)
        goes_into = get_origin(hint) in (Annotated, dict, list, Mapping, Sequence)
        return goes_into or get_args(hint)[1:] == (...,)

    def _nested(self, hint: Any) -> Leaf:
        # The reader reads structs, so what is wanted is read as the one field of one.
        holder = msgspec.defstruct("Holder", [("value", hint)], frozen=True)
        reader = StructReader(holder, self, refuse_unknown=True)

        def read(value: Any) -> Any:
            held, problems = reader.read({"value": value})
            if held is None:
                path = problems[0].path.removeprefix("value").removeprefix(".")
                raise ValueError(f"{path}: {problems[0].reason}" if path else problems[0].reason)
            return msgspec.structs.astuple(held)[0]

        return read

    def _one_of(self, members: tuple[Any, ...]) -> Leaf:
        leaves = [self(member, ()) for member in members]

        def read(value: Any) -> Any:
            refusals = []
            for leaf in leaves:
                try:
                    return leaf(value)
                except ValueError as error:
                    refusals.append(str(error).partition("\n")[0])
            raise ValueError(" or ".join(dict.fromkeys(refusals)))

        return read

    def _secret(self, value: Any) -> Secret:
        secret = Secret(self._sources.text(value))
        if not secret.reveal().strip():
            raise ValueError("is empty, and an empty secret protects nothing")
        return secret

    def _expression(self, value: Any) -> Expression:
        try:
            return Expression(self._sources.text(value))
        except InvalidExpression as error:
            raise ValueError(f"{error}\n{error.remedy}" if error.remedy else str(error)) from None


def _choice(choices: dict[Any, Any]) -> Leaf:
    names = [str(choice) for choice in choices]

    def read(value: Any) -> Any:
        for choice, meant in choices.items():
            if type(choice) is type(value) and choice == value:
                return meant
        listed = ", ".join(quoted(name) for name in names)
        if not isinstance(value, str):
            raise ValueError(f"must be one of {listed}, not {kind_of(value)}")
        near = nearest(value, names)
        remedy = f"did you mean {quoted(near)}?" if near else None
        reason = f"{quoted(value)} is not one of {listed}"
        raise ValueError(f"{reason}\n{remedy}" if remedy else reason)

    return read


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {kind_of(value)}")
    return value


def _number(value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"must be a number, not {kind_of(value)}")
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) <= 30):
        raise ValueError("must be a number of ordinary size")
    if isinstance(value, int) and value.bit_length() > 100:
        raise ValueError("must be a number of ordinary size")
    return value


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError("must be a whole number, not a fraction")
    return int(number)


def _decimal(value: Any) -> Decimal:
    number = _number(value)
    return number if isinstance(number, Decimal) else Decimal(number)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"must be a table, not {kind_of(value)}")
    return value


def _of_kind(kind: type, example: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"must be like {example}, not {kind_of(value)}")
        return value

    return read


_PLAIN: Final[dict[Any, Leaf]] = {
    bool: _truth,
    int: _whole,
    float: lambda value: float(_number(value)),
    Decimal: _decimal,
    datetime: _of_kind(datetime, "2026-11-24T09:30:00Z"),
    date: _of_kind(date, "2026-11-24"),
    time: _of_kind(time, "09:30:00"),
    dict: _table,
    Any: lambda value: value,
    object: lambda value: value,
}
