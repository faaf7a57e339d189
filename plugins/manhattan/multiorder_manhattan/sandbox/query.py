"""The query of a search: conditions on an order's own fields, tied by `and` and `or`.

Only what is documented is taken: `=`, `>=`, `<`, `IN ('a', 'b')`. Values stand in single quotes.
How a quote within a value is to be escaped is not known, so a value can hold neither a quote nor a
backslash here; a caller keeps its ids free of them.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from multiorder_manhattan.sandbox.refusal import Invalid, invalid
from multiorder_manhattan.sandbox.schema import Entity

_VALUE: Final = r"'[^'\\]*'"
_CONDITION: Final = re.compile(
    rf"\s*(?P<field>[A-Za-z][A-Za-z0-9]*)\s*"
    rf"(?:(?P<operator>=|>=|<)\s*(?P<value>{_VALUE})"
    rf"|(?i:IN)\s*\(\s*(?P<values>{_VALUE}(?:\s*,\s*{_VALUE})*)\s*\))\s*"
)
_TIE: Final = re.compile(r"\b(and|or)\b", re.IGNORECASE)
_COMPARISONS: Final[Mapping[str, Callable[[str, str], bool]]] = MappingProxyType(
    {
        "=": lambda held, wanted: held == wanted,
        ">=": lambda held, wanted: held >= wanted,
        "<": lambda held, wanted: held < wanted,
    }
)
_SEARCHED: Final = frozenset({"text", "date", "currency", "locale"})
_STAMPS: Final = frozenset({"CreatedTimestamp", "UpdatedTimestamp"})


class _Condition(msgspec.Struct, frozen=True):
    field: str
    operator: str
    values: tuple[str, ...]

    def holds(self, view: Mapping[str, Any]) -> bool:
        held = view.get(self.field)
        compare = _COMPARISONS[self.operator]
        return held is not None and any(compare(held, value) for value in self.values)


class Query(msgspec.Struct, frozen=True):
    """A query: any of its alternatives holds, of which all conditions hold."""

    alternatives: tuple[tuple[_Condition, ...], ...]

    @property
    def order_ids(self) -> list[str] | None:
        """The only ids that can be found, each once; None: any can."""
        ids: dict[str, None] = {}
        for ties in self.alternatives:
            values = [one.values for one in ties if (one.field, one.operator) == ("OrderId", "=")]
            if not values:
                return None
            ids.update(dict.fromkeys(values[0]))
        return list(ids)

    def holds(self, view: Mapping[str, Any]) -> bool:
        """Tell whether an order, as it is given back, is one that is looked for."""
        return any(all(one.holds(view) for one in ties) for ties in self.alternatives)


def read_query(entity: Entity, text: Any) -> Query:
    """Read a query.

    Raises:
        Invalid: If it is none.
    """
    if not isinstance(text, str):
        raise invalid("Query", "Query must be a string.")
    alternatives: list[list[_Condition]] = [[]]
    position = 0
    while True:
        match = _CONDITION.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        alternatives[-1].append(_condition(entity, match))
        position = match.end()
        if position == len(text):
            return Query(tuple(map(tuple, alternatives)))
        tie = _TIE.match(text, position)
        if tie is None:
            raise _unreadable(text, position)
        if tie[0].lower() == "or":
            alternatives.append([])
        position = tie.end()


def check_attribute(entity: Entity, name: Any) -> None:
    """Check that orders can be searched and sorted by an attribute.

    Raises:
        Invalid: If they can't.
    """
    field = entity.fields.get(name) if isinstance(name, str) else None
    searchable = name in _STAMPS if field is None else field.kind in _SEARCHED
    if not searchable:
        raise invalid("Query", f"Orders can't be searched by {name} here.")


def _condition(entity: Entity, match: re.Match[str]) -> _Condition:
    check_attribute(entity, match["field"])
    values = re.findall(_VALUE, match["value"] or match["values"])
    return _Condition(
        match["field"], match["operator"] or "=", tuple(value[1:-1] for value in values)
    )


def _unreadable(text: str, position: int) -> Invalid:
    return invalid("Query", f"Query can't be read from character {position + 1} on: {text}")
