"""An order with many entries in each array, and the ways to those beyond the second."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from multiorder_sync.conformance.corpus.building import Plain, plain
from multiorder_sync.conformance.corpus.fields import FieldPath

LINES: Final = 61
"""How many lines it has: more than a page of most APIs."""

_OTHERS: Final = 5
"""How many entries any other array has."""

_TELLING: Final = frozenset(
    {
        *("sku", "quantity", "price", "comment"),  # of lines
        *("name", "amount", "external_id", "display_name", "tax_amount"),  # of what is beside them
    }
)
"""Fields that are looked at: where an entry is cut off, each of its fields is."""

_OF_ANY_LINE: Final = frozenset(
    {"id", "sku", "product_id", "quantity", "price", "subtotal_price", "discounts", "tax"}
)
"""What those lines have that are only there to be many."""

_EACH_LINE: Final = Decimal("21.00")  # with its tax
_BESIDE: Final = Decimal("14.00")  # what the rest of an order with every field comes to


def numerous(data: Plain) -> Plain:
    """Return one of these orders with many entries in each array, its figures adding up.

    It stays small enough to be transformed again and again: an array within an entry has many in
    the first one alone, and the lines before the last have what any line has.
    """
    found: Plain = _many(data, LINES)
    price = _EACH_LINE * LINES + _BESIDE
    for figures in (found, found["orders"][0]):
        if "price" in figures:
            subtotal, tax = Decimal(14) * LINES, Decimal(7) * (LINES + 1)
            figures |= {"subtotal_price": f"{subtotal}.00", "tax": f"{tax}.00"}
            figures["price"] = plain(price)
        for payment in figures.get("payments", ()):
            payment["amount"] = plain(price / _OTHERS)
    return found


def beyond(path: FieldPath, whole: Plain) -> Iterator[tuple[FieldPath, bool]]:
    """Yield the ways to a telling field in the third and the last entry of each array it is in.

    Args:
        path: The way to the field in the first entries.
        whole: An order with many entries in each array.

    Yields:
        The way, and whether it is that to the last entry.
    """
    at: Any = whole
    for number, step in enumerate(path):
        if step == 0 and path[number - 1] != "orders" and path[-1] in _TELLING:
            for index in (2, len(at) - 1):
                yield (*path[:number], index, *path[number + 1 :]), index > 2
        at = at[step]
    if isinstance(at, list):  # of texts
        for index in (2, len(at) - 1):
            yield (*path, index), index > 2


def _many(value: Any, lines: int, name: str = "") -> Any:
    """Return a copy with many entries in each array but that of the orders."""
    if isinstance(value, dict):
        return {key: _many(inner, lines, key) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    if name == "orders":
        return [_many(value[0], lines)]
    count = lines if name == "order_items" else _OTHERS
    entries = [_numbered(value[0], number) for number in range(1, count + 1)]
    few = [
        {key: inner for key, inner in each.items() if key in _OF_ANY_LINE}
        for each in entries[_OTHERS:-1]
    ]
    return [_many(value[0], lines), *entries[1:_OTHERS], *few, *entries[_OTHERS:][-1:]]


def _numbered(value: Any, number: int) -> Any:
    """Return a copy in which every text that ends with 1 ends with a number, so that entries differ."""
    if isinstance(value, dict):
        return {name: _numbered(inner, number) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbered(inner, number) for inner in value]
    if isinstance(value, str) and value.endswith("-1"):
        return f"{value[:-1]}{number}"
    return value
