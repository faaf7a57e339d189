"""Searching and paging, as Fluent's connections do it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from graphql import GraphQLError

T = TypeVar("T")

_PAGE_SIZE: Final = 10
"""How many nodes a page has that doesn't say; Fluent's own number is not known."""

_PAGING: Final = frozenset({"first", "last", "before", "after"})


def connection(
    entries: Sequence[T],
    arguments: Mapping[str, Any],
    *,
    keys: Callable[[T], Mapping[str, Any]],
    view: Callable[[T], Mapping[str, Any]],
) -> dict[str, Any]:
    """Return a page of the entries that match.

    Args:
        entries: All entries, the oldest first.
        arguments: Of the field: `first`, `last`, `before`, `after`, and lists of wanted values
            by key. A text may hold `%` for any characters and its case doesn't matter, so a
            search can find more than was meant.
        keys: Gives what an entry is found by.
        view: Gives an entry as a node.

    Raises:
        GraphQLError: If a cursor or a page size is none.
    """
    filters = {name: wanted for name, wanted in arguments.items() if name not in _PAGING}
    found = [
        entry
        for entry in entries
        if all(
            wanted is None or _is_any(keys(entry).get(name), wanted)
            for name, wanted in filters.items()
        )
    ]
    start, stop = 0, len(found)
    if arguments.get("after") is not None:
        start = min(stop, _position(arguments["after"]))
    if arguments.get("before") is not None:
        stop = max(start, min(stop, _position(arguments["before"]) - 1))
    first, last = _size(arguments, "first"), _size(arguments, "last")
    if first is None and last is None:
        first = _PAGE_SIZE
    if first is not None:
        stop = min(stop, start + first)
    if last is not None:
        start = max(start, stop - last)
    page = found[start:stop]
    return {
        "edges": [
            {"cursor": str(position), "node": view(entry)}
            for position, entry in enumerate(page, start + 1)
        ],
        "pageInfo": {"hasPreviousPage": start > 0, "hasNextPage": stop < len(found)},
    }


def _is_any(value: Any, wanted: Iterable[Any]) -> bool:
    return any(_is(value, one) for one in wanted)


def _is(value: Any, wanted: Any) -> bool:
    if not isinstance(value, str) or not isinstance(wanted, str):
        return bool(value == wanted)
    if "%" not in wanted:
        return value.casefold() == wanted.casefold()
    pattern = ".*".join(re.escape(part) for part in wanted.split("%"))
    return re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL) is not None


def _position(cursor: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", cursor):
        raise GraphQLError("There is no such cursor.")
    return int(cursor)


def _size(arguments: Mapping[str, Any], name: str) -> int | None:
    size: int | None = arguments.get(name)
    if size is not None and size < 0:
        raise GraphQLError(f"{name} must not be negative.")
    return size
