"""JMESPath's functions for data whose numbers may be `Decimal`, and a few that merchants need."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

import msgspec
from jmespath import exceptions
from jmespath.functions import REVERSE_TYPES_MAP, TYPES_MAP, Functions, signature

from multiorder_sync.nacelle.money import exact

# JSON's number without an exponent, of a length that is an amount or a count and no attack.
_PLAIN: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_DIVISION: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
_JSON: Final = msgspec.json.Encoder(decimal_format="number")

_ORDERINGS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


def exact_number(value: Any) -> Any:
    """Return a finite float as the decimal that it is written as, and anything else unchanged."""
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    return value


def plain_number(text: str) -> int | Decimal | None:
    """Return the number that a text writes in plain decimals, None if it does not."""
    if not _PLAIN.fullmatch(text):
        return None
    return Decimal(text) if "." in text else int(text)


def compare(ordering: str, left: Any, right: Any) -> bool | None:
    """Return how two numbers or two texts are ordered, None for anything else.

    Texts that are numbers, as Nacelle's amounts are, are ordered by what they are worth.
    """
    left, right = ranks((left, right))
    for kinds in ((int, Decimal), (str,)):
        if all(isinstance(side, kinds) and not isinstance(side, bool) for side in (left, right)):
            return _ORDERINGS[ordering](left, right)
    return None


def ranks(values: Sequence[Any]) -> list[Any]:
    """Return what values are ordered by: numbers and texts that are numbers by what they are worth.

    As soon as one of them is neither, texts stay what they are.
    """
    worth = [plain_number(each) if isinstance(each, str) else each for each in values]
    kept = values if any(each is None for each in worth) else worth
    return [exact_number(each) for each in kept]


class ExactFunctions(Functions):
    """The function table. `signature` marks what each takes; jmespath finds them by their name."""

    # jmespath tells types by the name of the Python type, and `Decimal` is not among them.
    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        allowed: list[str] = []
        of_items: list[tuple[str, ...]] = []
        for kind in types:
            outer, _, inner = kind.partition("-")
            allowed += _python_types(outer)
            if inner:
                of_items.append(_python_types(inner))
        return allowed, of_items

    def _convert_to_jmespath_type(self, python_type: str) -> str:
        return "number" if python_type == "Decimal" else TYPES_MAP.get(python_type, "unknown")

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """Call a function; of what is not there, nothing is made."""
        wanted = [each["types"] for each in self.FUNCTION_TABLE[function_name]["signature"]]
        arguments = list(resolved_args)
        for place, argument in enumerate(arguments):
            types = wanted[min(place, len(wanted) - 1)]
            if argument is None and types and "null" not in types:
                return None
        return super().call_function(function_name, arguments)

    @signature({"types": ["array"]})
    def _func_sum(self, numbers: list[Any]) -> Any:
        worth = ranks(_present("sum", numbers))
        if any(isinstance(each, str) for each in worth):
            raise ValueError("sum() does not take a text that is no number")
        with exact():
            return sum(worth)

    @signature({"types": ["array"]})
    def _func_avg(self, numbers: list[Any]) -> Any:
        worth = ranks(_present("avg", numbers))
        if any(isinstance(each, str) for each in worth):
            raise ValueError("avg() does not take a text that is no number")
        if not worth:
            return None
        return _DIVISION.divide(Decimal(self._func_sum(worth)), Decimal(len(worth)))

    @signature({"types": ["array"]})
    def _func_max(self, values: list[Any]) -> Any:
        return _greatest("max", values, values)

    @signature({"types": ["array"]})
    def _func_min(self, values: list[Any]) -> Any:
        return _least("min", values, values)

    @signature({"types": ["array"]})
    def _func_sort(self, values: list[Any]) -> Any:
        return _sorted("sort", values, values)

    @signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_max_by(self, values: list[Any], key: Any) -> Any:
        return _greatest("max_by", values, self._keys(values, key))

    @signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_min_by(self, values: list[Any], key: Any) -> Any:
        return _least("min_by", values, self._keys(values, key))

    @signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_sort_by(self, values: list[Any], key: Any) -> Any:
        keys = self._keys(values, key)
        without = [each for each, its in zip(values, keys, strict=True) if its is None]
        return _sorted("sort_by", values, keys) + without

    def _keys(self, values: list[Any], key: Any) -> list[Any]:
        return [key.visit(key.expression, each) for each in values]

    @signature({"types": ["string"]}, {"types": ["array"]})
    def _func_join(self, separator: str, texts: list[Any]) -> str:
        return separator.join(_present("join", texts, (str,)))

    @signature({"types": ["number", "string"]})
    def _func_abs(self, number: Any) -> Any:
        worth = _worth("abs", number)
        # abs() would round a long decimal to the context's precision.
        return worth.copy_abs() if isinstance(worth, Decimal) else abs(worth)

    @signature({"types": ["number", "string"]})
    def _func_ceil(self, number: Any) -> Any:
        return math.ceil(_worth("ceil", number))

    @signature({"types": ["number", "string"]})
    def _func_floor(self, number: Any) -> Any:
        return math.floor(_worth("floor", number))

    @signature({"types": []})
    def _func_to_number(self, value: Any) -> Any:
        if isinstance(value, str):
            return plain_number(value)
        number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        return value if number else None

    @signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, Decimal):
            return f"{value:f}"
        return _JSON.encode(value).decode()

    @signature({"types": []})
    def _func_type(self, value: Any) -> str:
        return self._convert_to_jmespath_type(type(value).__name__)

    @signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, search: Any) -> bool:
        if isinstance(subject, str):
            return isinstance(search, str) and search in subject
        return exact_number(search) in map(exact_number, subject)

    @signature({"types": ["string", "null"]})
    def _func_lower(self, text: str | None) -> str | None:
        return None if text is None else text.lower()

    @signature({"types": ["string", "null"]})
    def _func_upper(self, text: str | None) -> str | None:
        return None if text is None else text.upper()

    @signature({"types": ["string", "null"]})
    def _func_trim(self, text: str | None) -> str | None:
        return None if text is None else text.strip()


def _worth(function: str, value: Any) -> Any:
    """Return the number that a number or a text is."""
    worth = plain_number(value) if isinstance(value, str) else value
    if worth is None:
        raise ValueError(f"{function}() does not take a text that is no number")
    return worth


def _present(
    function: str, values: list[Any], kinds: tuple[type, ...] = (int, float, Decimal, str)
) -> list[Any]:
    """Return what is there of the values, each of which is to be of a kind."""
    there = [each for each in values if each is not None]
    for each in there:
        if isinstance(each, bool) or not isinstance(each, kinds):
            raise exceptions.JMESPathTypeError(function, each, type(each).__name__, [])
    return there


def _ranked(function: str, values: list[Any], keys: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return those of the values that have a key, and what each of them is ordered by."""
    kept = [each for each, key in zip(values, keys, strict=True) if key is not None]
    ranked = ranks(_present(function, keys))
    if len({isinstance(each, str) for each in ranked}) > 1:
        raise ValueError(f"{function}() does not order a text that is no number beside numbers")
    return kept, ranked


def _greatest(function: str, values: list[Any], keys: list[Any]) -> Any:
    kept, ranked = _ranked(function, values, keys)
    return kept[max(range(len(kept)), key=ranked.__getitem__)] if kept else None


def _least(function: str, values: list[Any], keys: list[Any]) -> Any:
    kept, ranked = _ranked(function, values, keys)
    return kept[min(range(len(kept)), key=ranked.__getitem__)] if kept else None


def _sorted(function: str, values: list[Any], keys: list[Any]) -> list[Any]:
    kept, ranked = _ranked(function, values, keys)
    return [kept[place] for place in sorted(range(len(kept)), key=ranked.__getitem__)]


def _python_types(kind: str) -> tuple[str, ...]:
    return (*REVERSE_TYPES_MAP[kind], "Decimal") if kind == "number" else REVERSE_TYPES_MAP[kind]


FUNCTION_NAMES: Final = tuple(sorted(ExactFunctions.FUNCTION_TABLE))
