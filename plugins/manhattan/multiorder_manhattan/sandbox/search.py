"""The search for orders: what it may ask, and its pages."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from multiorder_manhattan.sandbox.query import Query, check_attribute, read_query
from multiorder_manhattan.sandbox.refusal import invalid
from multiorder_manhattan.sandbox.schema import Schema
from multiorder_manhattan.sandbox.views import View, check_template, selected

_SIZE: Final = 20
_NAMES: Final = frozenset({"Query", "Template", "Size", "Page", "Sort"})
_FIRST_PAGE: Final = 0


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One search.

    Attributes:
        query: What is looked for.
        template: What is given of each order; None: all.
        size: How many orders are on a page.
        page: Which page is given, counted from 0.
        sort: By what the orders are sorted, and whether downwards.
    """

    query: Query
    template: Mapping[str, Any] | None
    size: int
    page: int
    sort: tuple[tuple[str, bool], ...]

    def page_of(self, views: Iterable[View]) -> tuple[dict[str, Any], list[Any]]:
        """Return what there is to say of the pages, and the orders of this one."""
        found = [view for view in views if self.query.holds(view)]
        for attribute, downwards in reversed(self.sort):
            found.sort(key=lambda view: str(view.get(attribute) or ""), reverse=downwards)
        first = self.page * self.size
        header = {"totalCount": str(len(found)), "page": self.page, "size": self.size}
        return header, [
            {"Messages": None, **selected(view, self.template)}
            for view in found[first : first + self.size]
        ]


def read_search(schema: Schema, data: Any) -> Search:
    """Read a search.

    Raises:
        Invalid: If it is none.
    """
    if not isinstance(data, dict):
        raise invalid("Query", "The body must be a JSON object.")
    for name in data.keys() - _NAMES:
        raise invalid(name, f"{name} is no field of a search.")
    template = data.get("Template")
    if template is not None:
        check_template(schema, schema.order, template)
    return Search(
        query=read_query(schema.order, data.get("Query")),
        template=template,
        size=_number(data, "Size", _SIZE, 1),
        page=_number(data, "Page", _FIRST_PAGE, 0),
        sort=tuple(_sorting(schema, entry) for entry in _entries(data.get("Sort"))),
    )


def _number(data: Mapping[str, Any], name: str, default: int, least: int) -> int:
    value = data.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise invalid(name, f"{name} must be a whole number, at least {least}.")
    return value


def _entries(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid("Sort", "Sort must be a list.")
    return value


def _sorting(schema: Schema, entry: Any) -> tuple[str, bool]:
    match entry:
        case {"attribute": attribute, "direction": "asc" | "desc" as direction} if len(entry) == 2:
            check_attribute(schema.order, attribute)
            return attribute, direction == "desc"
        case _:
            raise invalid("Sort", "Sort names an attribute and a direction, asc or desc.")
