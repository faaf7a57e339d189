"""The upsert: what is sent laid over what is held, by business keys at every level."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from multiorder_manhattan.sandbox.schema import Entity, Field, Schema


class Merger:
    """Lays updates over what is held.

    Args:
        schema: The entities.
        new_id: Gives an id for a child that is sent without one.
        merge_children: Whether a child whose key is held is updated. No setting of Manhattan's
            turns that off: it lets a caller's own care be measured.
    """

    def __init__(
        self, schema: Schema, new_id: Callable[[], str], *, merge_children: bool = True
    ) -> None:
        self._schema = schema
        self._new_id = new_id
        self._merge_children = merge_children

    def merged(
        self, entity: Entity, held: Mapping[str, Any], sent: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what is held after an update; neither of the two is changed.

        What is absent stays untouched. That an empty list does too, and that a null takes a value
        away, is inferred. Computed amounts are not kept.
        """
        result = dict(held)
        for name, value in sent.items():
            field = entity.fields[name]
            child = self._schema.entity(field)
            if field.many and child:
                if value:
                    result[name] = self._children(child, held.get(name) or (), value)
            elif field.kind != "computed":
                result[name] = self._one(field, child, held.get(name), value)
        return result

    def _one(self, field: Field, child: Entity | None, held: Any, sent: Any) -> Any:
        if sent is None:
            return None
        if child:
            return self.merged(child, held or {}, sent)
        if field.kind == "free":
            return {**(held or {}), **sent}
        return sent

    def _children(
        self, entity: Entity, held: Sequence[Mapping[str, Any]], sent: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        result = list(held)
        for entry in sent:
            place = self._place(entity, held, entry)
            if place is None:
                result.append(self.merged(entity, {}, self._with_key(entity, entry)))
            else:
                result[place] = self.merged(entity, result[place], entry)
        return result

    def _place(
        self, entity: Entity, held: Sequence[Mapping[str, Any]], sent: Mapping[str, Any]
    ) -> int | None:
        """Return where the child stands that is meant, or None if it is to be added."""
        if entity.single:
            return 0 if held else None
        name = entity.key
        if name is None or not sent.get(name) or not self._merge_children:
            return None
        return next((i for i, entry in enumerate(held) if entry.get(name) == sent[name]), None)

    def _with_key(self, entity: Entity, sent: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give a new child an id if it has none, as Manhattan does for its own rows (inferred)."""
        key = entity.key
        if key is None or key in entity.required or sent.get(key):
            return sent
        return {**sent, key: self._new_id()}
