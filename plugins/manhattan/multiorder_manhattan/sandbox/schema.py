"""The entities of an order and their fields, as `entities.toml` lists them."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import msgspec


class Field(msgspec.Struct, frozen=True):
    """One field of an entity.

    Attributes:
        name: Its name.
        kind: What it holds: an entity's name, or one of the kinds that `entities.toml` explains.
        detail: What its kind is about: a code set's name, or a greatest length.
        many: Whether it is a list.
    """

    name: str
    kind: str
    detail: str
    many: bool


class Entity(msgspec.Struct, frozen=True):
    """One kind of object in an order.

    Attributes:
        name: Its name.
        fields: Its fields by name.
        key: The field that tells one in a list from another.
        single: Whether its list holds at most one.
        required: The fields that it can't be held without.
        output: The names that are only ever given back.
    """

    name: str
    fields: Mapping[str, Field]
    key: str | None = None
    single: bool = False
    required: tuple[str, ...] = ()
    output: frozenset[str] = frozenset()


class Schema:
    """All entities."""

    def __init__(self, entities: Mapping[str, Entity]) -> None:
        self._entities = entities

    @property
    def order(self) -> Entity:
        """The order itself."""
        return self._entities["Order"]

    def entity(self, field: Field) -> Entity | None:
        """Return the entity that a field holds, or None if it holds a value."""
        return self._entities.get(field.kind)


def load_schema() -> Schema:
    """Read the entities."""
    text = resources.files(__package__).joinpath("entities.toml").read_text("utf-8")
    return Schema({name: _entity(name, table) for name, table in tomllib.loads(text).items()})


def _entity(name: str, table: Mapping[str, Any]) -> Entity:
    fields = {key: _field(key, value) for key, value in table.items() if key[0].isupper()}
    about = {key: value for key, value in table.items() if not key[0].isupper()}
    return msgspec.convert({"name": name, "fields": fields, **about}, Entity)


def _field(name: str, text: str) -> Field:
    kind, _, detail = text.partition(" ")
    return Field(name, kind.removesuffix("[]"), detail, kind.endswith("[]"))
