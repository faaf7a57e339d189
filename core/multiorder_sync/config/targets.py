"""The fields of a settings or payload type, as a person reads them."""

import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from multiorder_sync.config.descriptions import described
from multiorder_sync.oms.expressions import Expression
from multiorder_sync.secret import Secret

_NAMES: Final[Mapping[Any, str]] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Decimal: "number",
    Secret: "secret",
    Expression: "JMESPath",
    Any: "anything",
}
_LISTS: Final = (tuple, list, Sequence)


class Target(msgspec.Struct, frozen=True):
    """One field.

    Attributes:
        path: Where it is; in a payload, how a mapping names it.
        type: What it holds, in words.
        default: What stands there without it, as text; "" if there is no such thing.
        required: Whether it must be there, where the table that it is in is there.
        description: What it is for.
    """

    path: str
    type: str
    default: str
    required: bool
    description: str


def setting_targets(settings: type[msgspec.Struct]) -> tuple[Target, ...]:
    """Return the settings of a connector.

    Of a table under names of the merchant's choice, `*` stands for the name, and of a list of
    tables `[]` for the entry; the table itself comes before what is in it.
    """
    return tuple(_targets(settings, "", _SETTINGS, seen=()))


def mapping_targets(
    payload: type[msgspec.Struct], reserved: Collection[str] = ()
) -> tuple[Target, ...]:
    """Return the places of a payload that a mapping can name.

    A place inside of a list has no name, and `NAME` stands for any name.

    Args:
        payload: The connector's `Payload`.
        reserved: Places that no mapping may change; they are left out.
    """
    return tuple(
        target
        for target in _targets(payload, "", _PLACES, seen=())
        if not any(target.path == path or target.path.startswith(f"{path}.") for path in reserved)
    )


class _Writing(NamedTuple):
    """How paths are written: what stands for a name or an entry, and whether tables are listed."""

    any_name: str
    any_entry: str | None
    tables: bool


_SETTINGS: Final = _Writing(any_name=".*", any_entry="[]", tables=True)
_PLACES: Final = _Writing(any_name=".NAME", any_entry=None, tables=False)


def _targets(
    struct: type[msgspec.Struct], at: str, writing: _Writing, *, seen: tuple[type, ...]
) -> Iterator[Target]:
    _, descriptions = described(struct)
    for field in msgspec.structs.fields(struct):
        hint, meta = _unwrapped(field.type)
        text = meta or descriptions.get(field.name, "")
        path = f"{at}{field.encode_name}"
        target = Target(path, type_name(hint), _default(field), field.required, text)
        yield from _target(target, hint, writing, (*seen, struct))


def _target(
    target: Target, hint: Any, writing: _Writing, seen: tuple[type, ...]
) -> Iterator[Target]:
    """Yield a field, or what is in it."""
    path, inner = target.path, hint
    while True:
        args = get_args(inner)
        if get_origin(inner) in (dict, Mapping) and (writing.tables or args[0] is str):
            path = f"{path}{writing.any_name}"
            inner, meta = _unwrapped(args[1])
        elif get_origin(inner) in _LISTS and writing.any_entry is not None:
            path = f"{path}{writing.any_entry}"
            inner, meta = _unwrapped(args[0])
        else:
            break
        # What is said of each of the values says more of one than what is said of all.
        target = msgspec.structs.replace(target, description=meta or target.description)
    is_table = isinstance(inner, type) and issubclass(inner, msgspec.Struct) and inner not in seen
    if is_table:
        if writing.tables and (path != target.path or target.description):
            yield target
        yield from _targets(inner, f"{path}.", writing, seen=seen)
    elif writing.tables:
        yield target
    else:
        named = msgspec.structs.replace(target, path=path)
        yield named if inner is hint else msgspec.structs.replace(named, type=type_name(inner))


def type_name(hint: Any) -> str:
    """Return what a type holds, in words."""
    hint, _ = _unwrapped(hint)
    origin, args = get_origin(hint), get_args(hint)
    if hint in _NAMES:
        return _NAMES[hint]
    if origin is Literal:
        return " or ".join(f'"{each}"' for each in args)
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(each) for each in args)
    if origin in _LISTS:
        return f"list of {_plural(args[0])}"
    if origin in (dict, Mapping):
        return f"table of {_plural(args[1])}"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return "table"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(f'"{each.value}"' for each in hint)
    return str(getattr(hint, "__name__", hint)).lower()


def _plural(hint: Any) -> str:
    name = type_name(hint)
    return "tables" if name == "table" else name


def _unwrapped(hint: Any) -> tuple[Any, str | None]:
    """Return the type behind annotations and None, and what the annotation says of it."""
    text: str | None = None
    while True:
        if get_origin(hint) is Annotated:
            for extra in get_args(hint)[1:]:
                if isinstance(extra, msgspec.Meta) and extra.description:
                    text = text or extra.description
            hint = get_args(hint)[0]
            continue
        if get_origin(hint) in (Union, types.UnionType):
            rest = [each for each in get_args(hint) if each not in (type(None), msgspec.UnsetType)]
            if len(rest) == 1:
                hint = rest[0]
                continue
        return hint, text


def _default(field: msgspec.structs.FieldInfo) -> str:
    default = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    if default in (msgspec.NODEFAULT, None, msgspec.UNSET, (), "") or default == {}:
        return ""
    if isinstance(default, Expression):
        return default.text
    if isinstance(default, msgspec.Struct | Secret):
        return ""
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, Mapping | tuple | list) and _holds_tables(default):
        return ""
    if isinstance(default, Mapping):
        return ", ".join(f"{key} = {value}" for key, value in default.items())
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple | list):
        return ", ".join(str(each) for each in default)
    return str(default)


def _holds_tables(default: Mapping[Any, Any] | Sequence[Any]) -> bool:
    values = default.values() if isinstance(default, Mapping) else default
    return any(isinstance(value, msgspec.Struct) for value in values)
