"""Copies of orders, and whether an order is still as its copy."""

from typing import Any

import msgspec


def copied(value: Any) -> Any:
    """Return a deep copy; structs are frozen, what is in them need not be."""
    if isinstance(value, msgspec.Struct):
        inner = {name: copied(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **inner)
    if isinstance(value, dict):
        return {key: copied(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(entry) for entry in value)
    return value


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of the same types, so that 1 is not 1.0 nor True."""
    if type(one) is not type(other):
        return False
    if isinstance(one, msgspec.Struct):
        names = one.__struct_fields__
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
