"""The shape of what is sent: every name, type and code, whatever stands beside it.

The real system is known to let some unknown names pass without a word; which of them, and whether
everywhere, is not known. Here every one is refused, on purpose: what Manhattan drops in silence is
lost to the merchant all the same, and mostly it is a misspelt field.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from multiorder_manhattan.sandbox.codes import Codes
from multiorder_manhattan.sandbox.refusal import Invalid, Problem
from multiorder_manhattan.sandbox.schema import Entity, Field, Schema
from multiorder_manhattan.sandbox.values import read_value


def read_order(schema: Schema, codes: Codes, data: Any) -> dict[str, Any]:
    """Check an order as it was sent.

    Args:
        schema: The entities.
        codes: The tenant's code sets.
        data: The decoded body, its fractions as Decimal.

    Returns:
        What was sent, each value as it is kept.

    Raises:
        Invalid: With all that is wrong.
    """
    reader = _Reader(schema, codes)
    if not isinstance(data, dict):
        raise Invalid([Problem("Order", "The body must be one order: a JSON object, not a list.")])
    order = reader.entity(schema.order, data, "")
    if reader.problems:
        raise Invalid(reader.problems)
    return order


class _Reader:
    """One reading, and the problems met on it."""

    def __init__(self, schema: Schema, codes: Codes) -> None:
        self.problems: list[Problem] = []
        self._schema = schema
        self._codes = codes

    def entity(self, entity: Entity, data: Mapping[str, Any], path: str) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in data.items():
            where = f"{path}.{name}" if path else name
            field = entity.fields.get(name)
            if field is None:
                self._unknown(entity, name, where)
            elif value is None:
                kept[name] = None
            else:
                kept[name] = self._field(field, value, where)
        return kept

    def _unknown(self, entity: Entity, name: str, where: str) -> None:
        if name in entity.output:
            self._problem(name, f"{where} is given back by Manhattan and can't be sent.")
        else:
            self._problem(name, f"{where} is no field of {entity.name}.")

    def _field(self, field: Field, value: Any, where: str) -> Any:
        entity = self._schema.entity(field)
        if entity is None:
            return self._value(field, value, where)
        if not field.many:
            return self._object(entity, field, value, where)
        if not isinstance(value, list):
            self._problem(field.name, f"{where} must be a list.")
            return None
        entries = [
            self._object(entity, field, entry, f"{where}[{index}]")
            for index, entry in enumerate(value)
        ]
        self._check_list(entity, field, entries, where)
        return entries

    def _object(self, entity: Entity, field: Field, value: Any, where: str) -> Any:
        if isinstance(value, dict):
            return self.entity(entity, value, where)
        self._problem(field.name, f"{where} must be an object.")
        return None

    def _check_list(self, entity: Entity, field: Field, entries: list[Any], where: str) -> None:
        if entity.single and len(entries) > 1:
            self._problem(field.name, f"{where} holds more than one; an order has one.")
        if entity.key is None:
            return
        keys = Counter(entry[entity.key] for entry in entries if entry and entry.get(entity.key))
        for key, count in keys.items():
            if count > 1:
                self._problem(entity.key, f"{where} names the {entity.key} {key} more than once.")

    def _value(self, field: Field, value: Any, where: str) -> Any:
        match field.kind:
            case "code":
                return self._code(field, value, where)
            case "id":
                return self._id(field, field.detail, value, where)
            case "free":
                return self._free(field, value, where)
            case _:
                try:
                    return read_value(field, value)
                except ValueError as error:
                    text = str(error)
                    # The one message whose words are known has no place in front of it.
                    whole = text if text.startswith("Input value") else f"{where} {text}."
                    self._problem(field.name, whole)
                    return None

    def _code(self, field: Field, value: Any, where: str) -> Any:
        """Take a reference object. A bare string is seen in some samples; the object in all."""
        if not isinstance(value, dict) or value.keys() != {field.detail}:
            self._problem(
                field.name, f'{where} must be an object with one field: {{"{field.detail}": "…"}}.'
            )
            return None
        self._id(field, field.detail, value[field.detail], f"{where}.{field.detail}")
        return value

    def _id(self, field: Field, code_set: str, value: Any, where: str) -> Any:
        name = code_set if field.kind == "code" else field.name
        known = self._codes.get(code_set)
        if not isinstance(value, str) or not value.strip():
            self._problem(name, f"{where} must be a string that is not blank.")
        elif known is not None and value not in known:
            listed = ", ".join(sorted(known))
            self._problem(name, f"{where}: the tenant has no {code_set} {value}, only {listed}.")
        return value

    def _free(self, field: Field, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            self._problem(field.name, f"{where} must be an object.")
            return None
        known = self._codes["Extended"]
        for name in value:
            if known is not None and name not in known:
                self._problem(name, f"{where}.{name} is no custom attribute of the tenant.")
        return value

    def _problem(self, field: str, description: str) -> None:
        self.problems.append(Problem(field, description))
