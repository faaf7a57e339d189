"""Amounts in a document: where they are, what they are, and adding to them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, get_args, get_type_hints

import msgspec

from multiorder_sync.nacelle.money import exact
from multiorder_sync.nacelle.orders import MultiOrder, Order, OrderItem
from multiorder_sync.oms.documents import Draft, Path, at
from multiorder_sync.reading import Aliases

_ALIASES: Final[Mapping[type[msgspec.Struct], Mapping[str, tuple[str, ...]]]] = {
    struct: {
        name: extra.names
        for name, hint in get_type_hints(struct, include_extras=True).items()
        for extra in get_args(hint)
        if isinstance(extra, Aliases)
    }
    for struct in (MultiOrder, Order, OrderItem)
}


def key(struct: type[msgspec.Struct], name: str, table: Any) -> str:
    """Return the name under which a field is there, its own or an alias."""
    if isinstance(table, dict) and table.get(name) is None:
        for alias in _ALIASES[struct].get(name, ()):
            if table.get(alias) is not None:
                return alias
    return name


def number(value: Any) -> Decimal | None:
    """Return what a value comes to, None if it is no number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def add(draft: Draft, path: Path, more: Decimal) -> None:
    """Add to an amount, in whatever form it is written; nothing happens if none is there."""
    value = at(draft.document, path)
    amount = number(value)
    if amount is not None:
        with exact():
            made = amount + more
        if isinstance(value, str):
            draft.set(path, f"{made:f}")
        else:
            draft.set(path, int(made) if isinstance(value, int) and made == int(made) else made)


def add_discount(draft: Draft, path: Path, more: Decimal) -> None:
    """Add to a discount, which some state as what it is and some as what it adds."""
    negative = (number(at(draft.document, path)) or 0) < 0
    add(draft, path, -more if negative else more)
