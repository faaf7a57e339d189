"""Every field of Nacelle's multi-order: an order that has them all, and changes of one at a time."""

import copy
import functools
import itertools
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from multiorder_sync.conformance.corpus.building import Plain, item, multi_order, order
from multiorder_sync.nacelle.orders import MultiOrder, Order

FieldPath = tuple[str | int, ...]
"""The way to a field: names, and for an entry of an array its number."""

_SPECIAL: Final[Mapping[str, Any]] = {
    "quantity": 2,
    "currency": "USD",
    "email": "ada@example.com",
    "delivery_method": "delivery",
    "delivery_type": "delivery",
    "status": "succeeded",
    "card_brand": "visa",
    "payment_type": "card",
    "country_iso2": "AU",
    "tax_behavior": "exclusive",
}
_OTHER: Final[Mapping[str, Any]] = {
    "currency": "AUD",
    "email": "grace@example.com",
    "status": "failed",
    "card_brand": "amex",
    "payment_type": "paypal",
    "delivery_method": "pickup",
    "delivery_type": "pickup",
    "country_iso2": "NZ",
    "tax_behavior": "inclusive",
}
_MAP_KEYS: Final = frozenset({"key", "any"})


def complete() -> Plain:
    """Return a multi-order with every field set, the figures of its order adding up."""
    data = _full(MultiOrder)
    order = data["orders"][0]
    for figures in (data, order):
        figures |= {"price": "35.00", "subtotal_price": "14.00", "discounts": "7.00"}
        figures["tax"] = "14.00"
        figures["payments"][0]["amount"] = "35.00"
    line = order["order_items"][0]
    line |= {"id": "order_item_id-1", "price": "10.50", "subtotal_price": "14.00", "tax": "7.00"}
    order["shipping_rate"]["amount"] = "14.00"
    return data


def inheriting() -> Plain:
    """Return the same, with the order saying nothing that its multi-order says."""
    data = complete()
    own = {field.name for field in _fields(Order)} - {field.name for field in _fields(MultiOrder)}
    data["orders"][0] = {key: value for key, value in data["orders"][0].items() if key in own}
    return data


def own_payments() -> Plain:
    """Return the same as `complete`, with no payments but those of the order itself."""
    data = complete()
    del data["payments"]
    return data


def doubled(data: Plain) -> Plain:
    """Return one of these orders with a second entry in each array, its figures adding up.

    A second line, payment or discount is where a connector stops that takes the first one only.
    """
    data = {**_twice(data), "orders": [_twice(data["orders"][0])]}
    for figures in (data, data["orders"][0]):
        if "price" in figures:
            figures |= {"price": "56.00", "subtotal_price": "28.00", "tax": "21.00"}
        for payment in figures.get("payments", ()):
            payment["amount"] = "28.00"
    return data


def second(path: FieldPath) -> Iterator[FieldPath]:
    """Yield the ways to the same field in the second entry of each array that it is in."""
    for at, step in enumerate(path):
        if step == 0 and path[at - 1] != "orders":
            yield (*path[:at], 1, *path[at + 1 :])


def alone(path: FieldPath) -> Plain:
    """Return an ordinary order to which the leaf at the path is added, if it has none there.

    What an OMS holds of a whole branch in one text of limited length has room in here.
    """
    whole: Any = _whole()
    taxed = item(1, tax="1.00", tax_rate="0.10")
    data = multi_order(order(items=[taxed]))
    del taxed["subtotal_price"]  # so that its price counts
    if path[:1] == ("orders",) and path[2] == "payments":
        data["orders"][0]["payments"] = data.pop("payments")
    if path[0] != "orders":
        data["orders"][0].pop(path[0], None)  # what an order says itself, it does not inherit
    at: Any = data
    for step, following in itertools.pairwise(path):
        whole = whole[step]
        if isinstance(at, dict):
            at = at.setdefault(step, [{}] if following == 0 else {})
        else:
            at = at[step]
    at.setdefault(path[-1], copy.deepcopy(whole[path[-1]]))
    return data


def paths(data: Plain, prefix: FieldPath = ()) -> Iterator[FieldPath]:
    """Yield the path of every leaf; of map-like data, that of the map itself."""
    for name, value in data.items():
        path = (*prefix, name)
        if isinstance(value, list) and isinstance(value[0], dict):
            yield from paths(value[0], (*path, 0))
        elif isinstance(value, dict) and not _MAP_KEYS & set(value):
            yield from paths(value, path)
        else:
            yield path


def changed(data: Plain, path: FieldPath) -> Plain:
    """Return a copy with the leaf at the path changed; beside the path, they share their parts."""
    data = _along(data, path)
    parent, name = _parent(data, path)
    value = parent[name]
    if name in _OTHER:
        # An ordinary order may have what an order with every field is changed to.
        parent[name] = _OTHER[name] if value != _OTHER[name] else _SPECIAL[name]
    elif isinstance(value, list):
        parent[name] = [f"{value[0]}-changed"]
    elif isinstance(value, dict):
        parent[name] = {**value, "more": 1}
    elif isinstance(value, int):
        parent[name] = value + 1
    elif value.startswith("2026"):
        parent[name] = "2026-11-25T09:30:00Z"
    elif value.replace(".", "").isdigit():
        parent[name] = str(Decimal(value) + 1)
    else:
        parent[name] = f"{value}-changed"
    return data


def is_text(data: Plain, path: FieldPath) -> bool:
    """Tell whether the leaf at the path is a text that may say anything: no code, amount or time."""
    parent, name = _parent(data, path)
    value = parent[name]
    return isinstance(value, str) and name not in _OTHER and value == f"{name}-1"


def replaced(data: Plain, path: FieldPath, value: str) -> Plain:
    """Return a copy with another leaf at the path; beside the path, they share their parts."""
    data = _along(data, path)
    parent, name = _parent(data, path)
    parent[name] = value
    return data


def without(data: Plain, path: FieldPath) -> Plain:
    """Return a copy that does not have the leaf at the path."""
    data = copy.deepcopy(data)
    parent, name = _parent(data, path)
    del parent[name]
    return data


def written(path: FieldPath) -> str:
    """Write a path as the documents do: `orders[].order_items[].sku`."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path)[1:]


@functools.cache
def _whole() -> Plain:
    """Return an order with every field, to be read only."""
    return complete()


def _along(value: Any, path: FieldPath) -> Any:
    """Return a copy of what is along the path, and of nothing beside it."""
    if not path:
        return value
    copied = value.copy()
    copied[path[0]] = _along(value[path[0]], path[1:])
    return copied


def _parent(data: Plain, path: FieldPath) -> tuple[Any, Any]:
    at: Any = data
    for step in path[:-1]:
        at = at[step]
    return at, path[-1]


def _twice(value: Any) -> Any:
    """Return a copy with two entries in each array of objects, but in that of the orders."""
    if isinstance(value, dict):
        return {name: inner if name == "orders" else _twice(inner) for name, inner in value.items()}
    if isinstance(value, list) and isinstance(value[0], dict):
        entry = _twice(value[0])
        return [entry, _renumbered(entry)]
    return copy.deepcopy(value)


def _renumbered(value: Any) -> Any:
    """Return a copy in which every text that ends with 1 ends with 2, so that entries differ."""
    if isinstance(value, dict):
        return {name: _renumbered(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renumbered(inner) for inner in value]
    if isinstance(value, str) and value.endswith("-1"):
        return f"{value[:-1]}2"
    return value


def _full(struct: type[msgspec.Struct]) -> Plain:
    """Return plain data with every field of the struct set."""
    data: Plain = {}
    for field in _fields(struct):
        hint = _plain_type(field.type)
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else None
        if inner is str:
            data[field.name] = [f"{field.name}-1"]
        elif inner is not None:
            data[field.name] = [_full(inner)]
        elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            data[field.name] = _full(hint)
        else:
            data[field.name] = _leaf(field.name, hint)
    return data


def _fields(struct: type[msgspec.Struct]) -> list[msgspec.structs.FieldInfo]:
    return [field for field in msgspec.structs.fields(struct) if field.name != "source"]


def _plain_type(hint: Any) -> Any:
    """Return the type behind `Annotated` and optionals."""
    if typing.get_origin(hint) is typing.Annotated:
        return _plain_type(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _plain_type(next(arg for arg in typing.get_args(hint) if arg is not types.NoneType))
    return hint


def _leaf(name: str, hint: Any) -> Any:
    if name in _SPECIAL:
        return _SPECIAL[name]
    by_type: dict[Any, Any] = {
        str: f"{name}-1",
        int: 3,
        Decimal: "7.00",
        datetime: "2026-11-24T09:30:00Z",
        dict[str, Any]: {"key": name},
    }
    return by_type.get(hint, {"any": name})
