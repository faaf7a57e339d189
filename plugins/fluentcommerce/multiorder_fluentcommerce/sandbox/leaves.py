"""An input, walked along its type: every value at the end of a path."""

from collections.abc import Iterator
from typing import Any

import msgspec
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
)


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One value of an input that is no object and no list.

    Attributes:
        path: Where it stands, for instance `items[0].quantity`.
        owner: The input type whose field it is.
        field: The field's name.
        type: The name of the value's type.
        required: Whether the field is non-null.
        value: The value; None only for an empty place in a list.
    """

    path: str
    owner: str
    field: str
    type: str
    required: bool
    value: Any


def leaves_of(kind: GraphQLInputObjectType, value: Any, path: str = "") -> Iterator[Leaf]:
    """Walk a coerced input; fields that are absent or null are left out."""
    for name, field in kind.fields.items():
        if value.get(name) is not None:
            where = f"{path}.{name}" if path else name
            yield from _values(kind.name, name, field.type, value[name], where)


def _values(
    owner: str, field: str, kind: GraphQLInputType, value: Any, path: str
) -> Iterator[Leaf]:
    nullable = get_nullable_type(kind)
    if value is not None and isinstance(nullable, GraphQLInputObjectType):
        yield from leaves_of(nullable, value, path)
    elif value is not None and isinstance(nullable, GraphQLList):
        for index, entry in enumerate(value):
            yield from _values(owner, field, nullable.of_type, entry, f"{path}[{index}]")
    else:
        yield Leaf(
            path=path,
            owner=owner,
            field=field,
            type=get_named_type(kind).name,
            required=isinstance(kind, GraphQLNonNull),
            value=value,
        )
