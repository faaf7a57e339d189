"""Whether a class keeps the connector contract, as far as that can be seen without running it."""

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple

import msgspec

from multiorder_sync.oms.connector import API_VERSION, Connector, DuplicateGuard
from multiorder_sync.oms.places import NoSuchPlace, place_at

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")

_METHODS: Final = {
    "__init__": ("settings", "http"),
    "transform": ("order", "context"),
    "submit": ("submission",),
    "find": ("submission",),
    "check": (),
    "aclose": (),
}
_ASYNC: Final = ("submit", "find", "check", "aclose")


class Flaw(NamedTuple):
    """What is wrong with a plugin, and what to do about it."""

    reason: str
    remedy: str


def claimed_name(connector: Any) -> str | None:
    """Return the name that a class claims, None if it claims none that can be one."""
    name = _attribute(connector, "name")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def flaw_of(connector: Any, distribution: str) -> Flaw | None:
    """Return what keeps a class from being used, all of it in one; None if nothing does.

    Args:
        connector: What a plugin gave as a connector class.
        distribution: The package that it comes from, for the remedy.
    """
    if not (isinstance(connector, type) and issubclass(connector, Connector)):
        reason = f"{connector!r:.100} is not a subclass of multiorder_sync.Connector"
        return Flaw(reason, f"upgrade {distribution}, or tell its authors")
    other_version = _other_version(connector, distribution)
    if other_version is not None:
        return other_version
    flaws = list(_flaws(connector))
    if not flaws:
        return None
    reason = f"{connector.__name__} does not keep the contract: {'; '.join(flaws)}"
    return Flaw(reason, f"upgrade {distribution}, or tell its authors")


def _other_version(connector: type, distribution: str) -> Flaw | None:
    theirs = _attribute(connector, "api_version")
    if not _is_version(theirs) or theirs == API_VERSION:
        return None
    reason = (
        f"{connector.__name__} is written for version {theirs} of the connector contract, "
        f"and multiorder-sync {_own_version()} has version {API_VERSION}"
    )
    newer, older = "multiorder-sync", distribution
    if theirs < API_VERSION:
        newer, older = older, newer
    return Flaw(reason, f"upgrade {newer}, or install an earlier release of {older}")


def _own_version() -> str:
    try:
        return version("multiorder-sync")
    except PackageNotFoundError:
        return "(not installed as a package)"


def _flaws(connector: type) -> Iterator[str]:
    if inspect.isabstract(connector):
        methods: frozenset[str] = getattr(connector, "__abstractmethods__", frozenset())
        yield f"it does not have {', '.join(sorted(methods))}"
    if claimed_name(connector) is None:
        yield "its name is not a lower-case name of letters, digits, - and _"
    if not _is_version(_attribute(connector, "api_version")):
        yield f"its api_version is not a number (the contract's version is {API_VERSION})"
    for method, arguments in _METHODS.items():
        yield from _flaws_of_method(connector, method, arguments)
    for attribute in ("Settings", "Payload"):
        yield from _flaws_of_type(attribute, _attribute(connector, attribute))
    if not isinstance(_attribute(connector, "duplicate_guard"), DuplicateGuard):
        yield "its duplicate_guard is not a DuplicateGuard"
    for attribute in ("not_carried", "reserved"):
        yield from _flaws_of_reasons(attribute, _attribute(connector, attribute))
    yield from _flaws_of_places(_attribute(connector, "reserved"), connector)
    yield from _flaws_of_destination(connector)


def _is_version(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)


def _flaws_of_method(connector: type, name: str, arguments: tuple[str, ...]) -> Iterator[str]:
    if name in getattr(connector, "__abstractmethods__", ()):
        return
    method = _attribute(connector, name)
    if not callable(method):
        yield f"its {name} is not a method"
        return
    if inspect.isroutine(method):
        # A decorator may well return what is awaited without being async itself.
        is_async = inspect.iscoroutinefunction(inspect.unwrap(method))
        if name in _ASYNC and not is_async:
            yield f"its {name} is not async: write async def"
        elif name not in _ASYNC and is_async:
            yield f"its {name} is async, and is not awaited: write def"
    bound = isinstance(inspect.getattr_static(connector, name), classmethod | staticmethod)
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):  # of a builtin, say, which does not tell
        return
    try:
        signature.bind(*(() if bound else (None,)), *arguments)
    except TypeError:
        takes = f"({', '.join(arguments)})" if arguments else "no arguments"
        yield f"its {name} does not take {takes}"


def _flaws_of_type(attribute: str, given: Any) -> Iterator[str]:
    if not (isinstance(given, type) and issubclass(given, msgspec.Struct)):
        yield f"its {attribute} is not a msgspec Struct type"
        return
    try:
        msgspec.inspect.type_info(given)
    except Exception as error:  # noqa: BLE001 - annotations are a plugin's own code
        yield f"its {attribute} can't be used: {error}"


def _flaws_of_reasons(attribute: str, given: Any) -> Iterator[str]:
    if not isinstance(given, Mapping):
        yield f"its {attribute} is not a mapping"
        return
    for field, why in _items(given):
        if not isinstance(field, str) or not isinstance(why, str):
            kinds = f"{type(field).__name__} and {type(why).__name__}"
            yield f"its {attribute} holds names and reasons, both of them texts, not {kinds}"
            return


def _flaws_of_places(reserved: Any, connector: type) -> Iterator[str]:
    """Yield the reserved places that there are not: what they were meant to keep is unprotected."""
    payload = _attribute(connector, "Payload")
    if not isinstance(reserved, Mapping) or list(_flaws_of_type("Payload", payload)):
        return
    for path in (path for path, _ in _items(reserved) if isinstance(path, str)):
        try:
            place_at(path, payload)
        except NoSuchPlace as error:
            advice = f" ({error.remedy})" if error.remedy else ""
            yield f'its reserved names "{path}", which is no place of its Payload: {error}{advice}'
        except Exception as error:  # noqa: BLE001 - annotations are a plugin's own code
            yield f'its reserved names "{path}", which can\'t be kept in its Payload: {error}'


def _flaws_of_destination(connector: type) -> Iterator[str]:
    """Yield names that are none of a setting: an order in doubt would be sent to any other OMS."""
    given, settings = _attribute(connector, "destination"), _attribute(connector, "Settings")
    if given == Connector.destination:  # which not every connector has
        return
    if not isinstance(given, tuple):
        yield "its destination is not a tuple of names of settings"
        return
    fields = getattr(settings, "__struct_fields__", ())
    if unknown := [name for name in given if name not in fields]:
        yield f"its destination names {unknown[0]!r:.100}, which is none of its Settings"


def _items(given: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    try:
        return list(given.items())
    except Exception:  # noqa: BLE001 - a mapping may be a plugin's own code
        return [(None, None)]  # which no names and reasons are


def _attribute(connector: Any, name: str) -> Any:
    try:
        return getattr(connector, name, None)
    except Exception:  # noqa: BLE001 - an attribute may be a plugin's own code
        return None
