"""Plain data into msgspec structs, finding every problem and not only the first.

`msgspec.convert` stops at the first thing that is wrong. Who sends an order or writes a
configuration is to see all of it at once, each with its path, so this reader walks the struct's
fields itself. What a single value must look like is the caller's: the leaf reader.
"""

import difflib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from multiorder_sync.errors import InvalidSettings, Problem

T = TypeVar("T", bound=msgspec.Struct)

_Problems = list[Problem]
_Reader = Callable[[Any, _Problems], Any]

Leaf = Callable[[Any], Any]
"""Reads one value; raises `ValueError` with the reason if it is wrong."""

LeafFor = Callable[[Any, tuple[Any, ...]], Leaf]
"""Gives the leaf reader for a type and the metadata of its `Annotated`."""

FAILED: Final = object()


class Aliases(msgspec.Struct, frozen=True):
    """In `Annotated`: other names under which a field is read, after its own."""

    names: tuple[str, ...]


class OneOrMany(msgspec.Struct, frozen=True):
    """In `Annotated` of a tuple: a single object stands for a list of one."""


def nearest(name: str, valid: typing.Iterable[str]) -> str | None:
    """Return the valid name that is most like the given one, if any is alike."""
    matches = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return matches[0] if matches else None


class Length(msgspec.Struct, frozen=True):
    """In `Annotated` of a tuple: how many entries it must hold, and what they are called."""

    least: int
    most: int | None
    called: str


class Whole(msgspec.Struct, frozen=True):
    """In `Annotated`: the field is the read dict itself, unknown keys and all."""


class StructReader(Generic[T]):
    """Reads plain data (dicts, lists, scalars) into one struct type.

    Args:
        struct: The struct type; its fields may be structs, tuples, lists, dicts and optionals of
            those; a `Sequence` is read as a tuple, a `Mapping` as a dict.
        leaf_for: Gives the reader of any other type.
        refuse_unknown: Whether a key that no field has is a problem (with the nearest valid name).
        field: What a field is called there.

    Where a field is found under an alias, the read dict gets it under its own name as well, so
    that expressions over the plain data need to know one name only.
    """

    def __init__(
        self,
        struct: type[T],
        leaf_for: LeafFor,
        *,
        refuse_unknown: bool = False,
        field: str = "a setting",
    ) -> None:
        self._leaf_for = leaf_for
        self._refuse_unknown = refuse_unknown
        self._field = field
        self._read = self._struct_reader(struct)

    def read(self, value: Any) -> tuple[T | None, list[Problem]]:
        """Read `value`; return the struct and no problems, or None and every problem."""
        problems: _Problems = []
        read = self._read(value, problems)
        return (None, problems) if problems else (read, [])

    def _reader(self, hint: Any, metadata: tuple[Any, ...] = ()) -> _Reader:
        origin, args = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._reader(args[0], (*args[1:], *metadata))
        if origin in (Union, types.UnionType) and types.NoneType in args:
            rest = tuple(arg for arg in args if arg is not types.NoneType)
            return _optional(self._reader(Union[rest], metadata))  # noqa: UP007 - built from a tuple
        if origin in (tuple, list, Sequence) and (origin is not tuple or args[1:] == (...,)):
            read_items = _array(self._reader(args[0]), list if origin is list else tuple)
            for extra in metadata:
                if isinstance(extra, Length):
                    read_items = _of_length(read_items, extra)
            return _one_or_many(read_items) if OneOrMany() in metadata else read_items
        if origin in (dict, Mapping) and args[1] is not Any:
            return _mapping(self._reader(args[1]))
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return self._struct_reader(hint)
        return _leaf(self._leaf_for(hint, metadata))

    def _struct_reader(self, struct: type[msgspec.Struct]) -> _Reader:
        fields = msgspec.structs.fields(struct)
        whole = [field.name for field in fields if Whole() in _metadata(field)]
        plans = [
            _FieldPlan(field.name, _names(field), self._reader(field.type), field.required)
            for field in fields
            if field.name not in whole
        ]
        known = [name for plan in plans for name in plan.names]
        refuse_unknown, called = self._refuse_unknown, self._field

        def read(value: Any, problems: _Problems) -> Any:
            if not isinstance(value, dict):
                problems.append(Problem("", f"must be an object, not {kind_of(value)}"))
                return FAILED
            before = len(problems)
            if refuse_unknown:
                problems.extend(_unknown(value, known, called))
            arguments: dict[str, Any] = dict.fromkeys(whole, value)
            for plan in plans:
                plan.read_into(arguments, value, problems)
            if len(problems) > before:
                return FAILED
            try:
                return struct(**arguments)
            except InvalidSettings as invalid:
                problems.extend(invalid.problems)
                return FAILED
            except ValueError as reason:
                problems.append(Problem("", str(reason)))
                return FAILED

        return read


class _FieldPlan(NamedTuple):
    """How one field of a struct is found and read."""

    attribute: str
    names: tuple[str, ...]
    read: _Reader
    required: bool

    def read_into(
        self, arguments: dict[str, Any], value: dict[str, Any], problems: _Problems
    ) -> None:
        for name in self.names:
            found = value.get(name)
            if found is not None:
                break
        else:
            if self.required:
                problems.append(Problem(self.names[0], "is missing"))
            return
        count = len(problems)
        read = self.read(found, problems)
        if len(problems) > count:
            _prefix(problems, count, name)
        elif read is not None:
            arguments[self.attribute] = read
            if name is not self.names[0]:
                value.setdefault(self.names[0], found)
        elif self.required:
            problems.append(Problem(name, "is empty"))


def _metadata(field: msgspec.structs.FieldInfo) -> tuple[Any, ...]:
    return tuple(getattr(field.type, "__metadata__", ()))


def _names(field: msgspec.structs.FieldInfo) -> tuple[str, ...]:
    aliases = [extra.names for extra in _metadata(field) if isinstance(extra, Aliases)]
    return (field.encode_name, *(name for names in aliases for name in names))


def _unknown(value: Mapping[str, Any], known: list[str], called: str) -> typing.Iterator[Problem]:
    for key in value:
        if key not in known:
            near = nearest(key, known)
            remedy = f"did you mean {near}?" if near else f"known here: {', '.join(known)}"
            yield Problem(key, f"is not {called}", remedy)


def _prefix(problems: _Problems, start: int, name: str) -> None:
    for index in range(start, len(problems)):
        problem = problems[index]
        joint = "" if not problem.path or problem.path.startswith("[") else "."
        problems[index] = Problem(f"{name}{joint}{problem.path}", problem.reason, problem.remedy)


def kind_of(value: Any) -> str:
    """Return what a plain value is, in JSON's words, for a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a string"
        case dict():
            return "an object"
        case list() | tuple():
            return "an array"
        case date() | time():
            return "a date or time"
        case _:
            return "a number"


def _leaf(leaf: Leaf) -> _Reader:
    def read(value: Any, problems: _Problems) -> Any:
        try:
            return leaf(value)
        except ValueError as reason:
            text, _, remedy = str(reason).partition("\n")
            problems.append(Problem("", text, remedy or None))
            return FAILED

    return read


def _optional(inner: _Reader) -> _Reader:
    def read(value: Any, problems: _Problems) -> Any:
        return None if value is None else inner(value, problems)

    return read


def _array(item: _Reader, build: Callable[[list[Any]], Any]) -> _Reader:
    def read(value: Any, problems: _Problems) -> Any:
        if not isinstance(value, list):
            problems.append(Problem("", f"must be an array, not {kind_of(value)}"))
            return FAILED
        read_items = []
        for index, entry in enumerate(value):
            count = len(problems)
            read_items.append(item(entry, problems))
            if len(problems) > count:
                _prefix(problems, count, f"[{index}]")
        return build(read_items)

    return read


def _of_length(array: _Reader, length: Length) -> _Reader:
    most = length.most
    wanted = f"{length.least} to {most}" if most else f"at least {length.least}"

    def read(value: Any, problems: _Problems) -> Any:
        count = len(value) if isinstance(value, list) else length.least
        if count < length.least or (most is not None and count > most):
            problems.append(Problem("", f"must hold {wanted} {length.called}"))
            return FAILED
        return array(value, problems)

    return read


def _one_or_many(many: _Reader) -> _Reader:
    def read(value: Any, problems: _Problems) -> Any:
        return many([value] if isinstance(value, dict) else value, problems)

    return read


def _mapping(item: _Reader) -> _Reader:
    def read(value: Any, problems: _Problems) -> Any:
        if not isinstance(value, dict):
            problems.append(Problem("", f"must be an object, not {kind_of(value)}"))
            return FAILED
        read_items = {}
        for key, entry in value.items():
            count = len(problems)
            read_items[key] = item(entry, problems)
            if len(problems) > count:
                _prefix(problems, count, key if key.isidentifier() else f'"{key}"')
        return read_items

    return read
