"""Places in a connector's payload: where one is, what fits there, and a copy with it changed."""

import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from multiorder_sync.oms.conversion import converter
from multiorder_sync.reading import nearest

StructT = TypeVar("StructT", bound=msgspec.Struct)

_SEGMENT: Final = re.compile(r'"([^"]+)"|([^."]+)')
_ABSENT: Final = (types.NoneType, msgspec.UnsetType)


class Step(NamedTuple):
    """One step on the way to a place: a field of a struct, or a key of a dict.

    Attributes:
        name: The attribute, or the key.
        owner: The struct type that has the field; None for the key of a dict.
    """

    name: str
    owner: type[msgspec.Struct] | None


class Place(msgspec.Struct, frozen=True):
    """A place in a payload type.

    Attributes:
        path: As it is written: encoded names and keys, joined by dots.
        steps: The way to it.
        convert: Turns plain data into what the place holds, or raises `ValueError`.
    """

    path: str
    steps: tuple[Step, ...]
    convert: Callable[[Any], Any]


class Misfit(ValueError):
    """A struct in a payload refuses the values that are laid over it.

    Args:
        reason: Why.
        at: The way to that struct.
    """

    def __init__(self, reason: str, at: tuple[Step, ...]) -> None:
        super().__init__(reason)
        self.at = at


class NothingThere(Misfit):
    """The struct was not made for this order, and can't be made from the values."""


class NoSuchPlace(ValueError):
    """A path leads nowhere in the payload type.

    Args:
        reason: Why.
        remedy: What may have been meant.
    """

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(reason)


def place_at(path: str, payload: type[msgspec.Struct]) -> Place:
    """Return the place that a path names.

    A path goes by encoded names through structs, and by any key through dicts whose keys are
    texts; a key with a dot in it stands between quotation marks.

    Raises:
        NoSuchPlace: If the path leads nowhere.
    """
    hint: Any = payload
    steps: list[Step] = []
    walked = ""
    for name in _segments(path):
        inner = present_type(hint)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            fields = {field.encode_name: field for field in msgspec.structs.fields(inner)}
            if name not in fields:
                raise _unknown(name, walked, fields)
            steps.append(Step(fields[name].name, inner))
            hint = fields[name].type
        elif (of_values := _values_of(inner)) is not None:
            steps.append(Step(name, None))
            hint = of_values
        else:
            kind = "a list" if get_origin(inner) in (list, tuple) else "a single value"
            raise NoSuchPlace(f"nothing is inside {walked}: it is {kind}", f"set {walked} itself")
        walked = f"{walked}.{name}" if walked else name
    try:
        return Place(path, tuple(steps), converter(hint))
    except RecursionError:
        reason = "it holds more of its own kind, so it can't be set as a whole"
        raise NoSuchPlace(reason, "set what is inside of it") from None


def present_type(hint: Any) -> Any:
    """Return the type of what is there when something is: without `None`, `UNSET` and `Meta`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return present_type(args[0])
    if origin in (Union, types.UnionType):
        rest = [arg for arg in args if arg not in _ABSENT]
        if len(rest) == 1:
            return present_type(rest[0])
    return hint


def value_at(base: Any, steps: Sequence[Step]) -> Any:
    """Return what a struct or dict holds at a place; None if nothing is there."""
    value = base
    for step in steps:
        if value is None or value is msgspec.UNSET:
            return None
        value = value.get(step.name) if step.owner is None else getattr(value, step.name)
    return value


def changed(base: Any, changes: Mapping[Step, Any], at: tuple[Step, ...] = ()) -> Any:
    """Return a copy of a struct or dict with values laid over it.

    Args:
        base: What the connector made; None or `UNSET` if it made nothing there.
        changes: For each step from here either a `Change` or the changes further down.
        at: The way to here.

    Raises:
        NothingThere: If a struct is not there and can't be made from the values alone.
        Misfit: If a struct refuses the values.
    """
    values = {
        step.name: change.value
        if isinstance(change, Change)
        else changed(_current(base, step), change, (*at, step))
        for step, change in changes.items()
    }
    owner = next(iter(changes)).owner
    absent = base is None or base is msgspec.UNSET
    if owner is None:
        return {**({} if absent else base), **values}
    try:
        return owner(**values) if absent else msgspec.structs.replace(base, **values)
    except ValueError as error:
        raise Misfit(str(error), at) from None
    except TypeError as error:
        if not absent:
            raise
        reason = (
            f"the connector made no {owner.__name__} there, and one can't be made from the "
            f"mapped values alone: {str(error)[:1].lower()}{str(error)[1:]}"
        )
        raise NothingThere(reason, at) from None


class Change(NamedTuple):
    """What a place is to hold."""

    value: Any


def _current(base: Any, step: Step) -> Any:
    if base is None or base is msgspec.UNSET:
        return None
    return base.get(step.name) if step.owner is None else getattr(base, step.name)


def _segments(path: str) -> list[str]:
    segments, position = [], 0
    while match := _SEGMENT.match(path, position):
        segments.append(match[1] or match[2])
        position = match.end()
        if position == len(path):
            return segments
        if path[position] != ".":
            break
        position += 1
    raise NoSuchPlace("is not a path", 'write names joined by dots, for instance "delivery.city"')


def _values_of(hint: Any) -> Any | None:
    """Return the type of a dict's values; None if it is no dict with texts for keys."""
    if hint is dict:
        return Any
    if get_origin(hint) in (dict, Mapping):
        key, value = get_args(hint)
        return value if key is str else None
    return None


def _unknown(name: str, walked: str, fields: Iterable[str]) -> NoSuchPlace:
    prefix = f"{walked}." if walked else ""
    near = nearest(name, fields)
    remedy = f"did you mean {prefix}{near}?" if near else f"known here: {', '.join(fields)}"
    return NoSuchPlace(f"the payload has no {prefix}{name}", remedy)
