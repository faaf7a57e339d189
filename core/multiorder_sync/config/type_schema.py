"""The JSON Schema of a settings type: what `leaves` reads, said to an editor."""

import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from multiorder_sync.config.descriptions import described
from multiorder_sync.oms.expressions import Expression
from multiorder_sync.secret import Secret

Schema = dict[str, Any]

ELSEWHERE: Final[Schema] = {
    "description": "A text that stands elsewhere: in the environment, or in a file.",
    "oneOf": [
        {
            "type": "object",
            "properties": {form: {"type": "string", "minLength": 1, "description": what}},
            "required": [form],
            "additionalProperties": False,
        }
        for form, what in (
            ("env", "The environment variable that holds the text."),
            ("file", "The file that holds the text; one line break at its end does not count."),
        )
    ],
}

_LISTS: Final = (list, tuple, set, frozenset, Sequence)
_TEXTS: Final[dict[Any, Schema]] = {
    str: {},
    Expression: {"minLength": 1},
    Path: {},
    Secret: {"minLength": 1},
}
_PLAIN: Final[dict[Any, Schema]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    time: {"type": "string", "format": "time"},
    dict: {"type": "object"},
}
_BOUNDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
_LENGTHS: Final = {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}
_SIZES: Final = {"min_length": "minItems", "max_length": "maxItems"}


def _written(value: Any) -> Any:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} can't be written into the file")


_JSON: Final = msgspec.json.Encoder(
    enc_hook=_written, decimal_format="number", order="deterministic"
)


class TypeSchemas:
    """Makes schemas of types; those of structs are gathered in `definitions`."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {"textFromElsewhere": ELSEWHERE}

    def of(self, hint: Any, metadata: Sequence[msgspec.Meta] = ()) -> Schema:
        """Return the schema of a setting of this type."""
        origin, args = get_origin(hint), get_args(hint)
        if origin is Annotated:
            own = [extra for extra in args[1:] if isinstance(extra, msgspec.Meta)]
            return self.of(args[0], (*own, *metadata))
        if hint in _TEXTS:
            return text_schema(_TEXTS[hint] | _bounds(metadata, _LENGTHS))
        if hint in _PLAIN:
            return _PLAIN[hint] | _bounds(metadata, _BOUNDS)
        if origin is Literal:
            return {"enum": list(args)}
        if origin in (Union, types.UnionType):
            members = [arg for arg in args if arg not in (types.NoneType, msgspec.UnsetType)]
            schemas = [self.of(member, metadata) for member in members]
            return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        if origin in _LISTS:
            return self._list(args) | _bounds(metadata, _SIZES)
        if origin in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(args[1])}
        if isinstance(hint, type) and issubclass(hint, Enum):
            return {"enum": [each.value for each in hint]}
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return self.reference(hint)
        return {}

    def reference(self, struct: type[msgspec.Struct]) -> Schema:
        """Return a reference to the schema of a struct type, which is defined if it is not yet."""
        name = f"{struct.__module__}.{struct.__qualname__}"
        if name not in self.definitions:
            self.definitions[name] = {}  # for a type that holds more of its own kind
            self.definitions[name] = self.table(struct)
        return {"$ref": f"#/$defs/{name}"}

    def table(self, struct: type[msgspec.Struct]) -> Schema:
        """Return the schema of a struct type itself."""
        own, of_fields = described(struct)
        fields = msgspec.structs.fields(struct)
        schema: Schema = {"type": "object", "additionalProperties": False}
        if own:
            schema["description"] = own
        schema["properties"] = {
            field.encode_name: self._field(field, of_fields.get(field.name)) for field in fields
        }
        required = [field.encode_name for field in fields if field.required]
        return schema | ({"required": required} if required else {})

    def _field(self, field: msgspec.structs.FieldInfo, description: str | None) -> Schema:
        schema = dict(self.of(field.type))
        metas = [extra for extra in getattr(field.type, "__metadata__", ()) if _describes(extra)]
        text = metas[0].description if metas else description
        if text:
            schema["description"] = text
        return schema | _default(field)

    def _list(self, args: tuple[Any, ...]) -> Schema:
        if args[1:] not in ((), (...,)):
            return {"type": "array", "minItems": len(args), "maxItems": len(args)}
        return {"type": "array", "items": self.of(args[0])}


def text_schema(constraints: Schema) -> Schema:
    """Return the schema of a text, which may stand elsewhere."""
    elsewhere = {"$ref": "#/$defs/textFromElsewhere"}
    written = constraints if "enum" in constraints else {"type": "string", **constraints}
    return {"anyOf": [written, elsewhere]}


def _describes(extra: Any) -> bool:
    return isinstance(extra, msgspec.Meta) and bool(extra.description)


def _bounds(metadata: Sequence[msgspec.Meta], keywords: Mapping[str, str]) -> Schema:
    return {
        keyword: getattr(meta, name)
        for meta in metadata
        for name, keyword in keywords.items()
        if getattr(meta, name) is not None
    }


def _default(field: msgspec.structs.FieldInfo) -> Schema:
    """The default, where it can be written in the file."""
    default = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    if default is msgspec.NODEFAULT or default is None or default is msgspec.UNSET:
        return {}
    try:
        return {"default": _without_null(msgspec.json.decode(_JSON.encode(default)))}
    except (TypeError, ValueError):
        return {}


def _without_null(value: Any) -> Any:
    """Leave out what has no default within a table: TOML has no null."""
    if isinstance(value, dict):
        return {name: _without_null(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_null(inner) for inner in value]
    return value
