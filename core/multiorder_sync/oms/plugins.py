"""Finding the installed connectors, so that a broken one takes down nothing but itself.

pluggy's own entry-point loader stops at the first plugin that fails. Here each entry point is
imported, registered and asked by itself; what goes wrong is kept beside what works.
"""

import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, Final, NamedTuple, TypeVar

import pluggy

import multiorder_sync
from multiorder_sync.oms.contract import Flaw, claimed_name, flaw_of
from multiorder_sync.oms.fitting import misfit
from multiorder_sync.oms.hookspecs import PROJECT, HookSpecs
from multiorder_sync.oms.order_hooks import ORDER_HOOKS
from multiorder_sync.oms.registry import (
    BrokenPlugin,
    DeprecatedUse,
    InstalledConnector,
    InstalledHooks,
    Registry,
    canonical,
)
from multiorder_sync.oms.unusable_hooks import unusable_hooks

__all__ = ["BrokenPlugin", "InstalledConnector", "Registry", "discover"]

T = TypeVar("T")

_UNKNOWN: Final = "unknown"

_LOAD_SECONDS: Final = 30.0
"""How long the import of one package may take."""


class _Origin(NamedTuple):
    """Where a plugin comes from."""

    distribution: str
    version: str
    entry_point: str

    def broken(self, names: Iterable[str], flaw: Flaw) -> BrokenPlugin:
        return BrokenPlugin(
            names=tuple(names),
            distribution=self.distribution,
            version=self.version,
            entry_point=self.entry_point,
            reason=flaw.reason,
            remedy=flaw.remedy,
        )


class _Claim(NamedTuple):
    """A class that says it is the connector of a name, with what is wrong with it."""

    name: str
    connector: Any
    origin: _Origin
    flaw: Flaw | None


class _Sandbox(NamedTuple):
    """A connector's name, where a package says that its sandbox is, and which package."""

    name: str
    place: str
    origin: _Origin


class _Found(NamedTuple):
    """What all entry points brought, before names are compared."""

    claims: list[_Claim]
    sandboxes: list[_Sandbox]
    broken: list[BrokenPlugin]
    hooks: list[InstalledHooks]
    deprecated: list[DeprecatedUse]


def discover(specifications: type = HookSpecs) -> Registry:
    """Load every installed plugin and return what can be used and what can't.

    A plugin that raises anything while it is loaded is reported, not raised.

    Args:
        specifications: The hooks that there are, and which of their arguments are deprecated.
    """
    found = _Found([], [], [], [], [])
    for name in multiorder_sync.__all__:
        # Loaded now, for a plugin may come to any of them only in the middle of an order.
        getattr(multiorder_sync, name)
    # What a plugin prints while it is loaded is not what the command was asked for.
    with redirect_stdout(sys.stderr):
        for distribution in _distributions():
            _collect(distribution, specifications, found)
    connectors: dict[str, InstalledConnector] = {}
    for name, claims in _by_name(found.claims).items():
        clash = _clash(name, claims)
        for claim in claims:
            flaw = clash or claim.flaw
            if flaw is not None:
                found.broken.append(claim.origin.broken((name,), flaw))
            else:
                connectors[name] = InstalledConnector(
                    connector=claim.connector, **claim.origin._asdict()
                )
    return Registry(
        connectors=dict(sorted(connectors.items())),
        broken=tuple(found.broken),
        hooks=tuple(found.hooks),
        deprecated=tuple(found.deprecated),
        sandboxes=_sandboxes(found.sandboxes, connectors),
    )


def _distributions() -> list[Distribution]:
    """Every distribution once: the first of a name on the path is the one that is imported."""
    first: dict[str, Distribution] = {}
    for number, distribution in enumerate(distributions()):
        name = canonical(_stated(distribution, "Name"))
        first.setdefault(f"{name} {number}" if name == _UNKNOWN else name, distribution)
    return [first[name] for name in sorted(first)]


def _stated(distribution: Distribution, field: str) -> str:
    try:
        return str(distribution.metadata[field] or _UNKNOWN)
    except Exception:  # noqa: BLE001 - an unreadable package is no reason to stop
        return _UNKNOWN


def _collect(distribution: Distribution, specifications: type, found: _Found) -> None:
    try:
        points = [point for point in distribution.entry_points if point.group == PROJECT]
    except Exception:  # noqa: BLE001 - any package of any kind; ours are found by what they say
        return
    known: list[Any] = []
    for point in points:
        origin = _Origin(
            distribution=_stated(distribution, "Name"),
            version=_stated(distribution, "Version"),
            entry_point=point.name,
        )
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(specifications)
        _collect_plugin(manager, point, origin, found, known)


def _collect_plugin(
    manager: pluggy.PluginManager,
    point: EntryPoint,
    origin: _Origin,
    found: _Found,
    known: list[Any],
) -> None:
    """Add what one entry point brings; `known` are the plugins of its distribution before it."""
    try:
        plugin = _register(manager, point)
    except _Unusable as error:
        broken = origin.broken((point.name,), error.flaw)
        found.broken.append(broken)
        found.hooks.extend(unusable_hooks(point, broken, error.hooks))
        return
    if any(plugin is each for each in known):
        return  # under another entry point: each of its hooks is called once
    known.append(plugin)
    hooks = _order_hooks(manager)
    if hooks:
        found.hooks.append(InstalledHooks(hooks=hooks, **origin._asdict()))
    found.deprecated.extend(_deprecated_uses(manager, origin))
    try:
        connectors = _asked_connectors(manager)
    except _Unusable as error:
        found.broken.append(origin.broken((point.name,), error.flaw))
        return
    for connector in connectors:
        name = claimed_name(connector)
        flaw = flaw_of(connector, origin.distribution)
        found.claims.append(_Claim(name or point.name, connector, origin, flaw))
    try:
        sandboxes = _asked_sandboxes(manager)
    except _Unusable as error:
        found.broken.append(origin.broken((), error.flaw))
        return
    found.sandboxes.extend(_Sandbox(name, place, origin) for name, place in sandboxes.items())


class _Unusable(Exception):
    """What is wrong with a package, and which hooks it is known to bring all the same."""

    def __init__(self, flaw: Flaw, hooks: Sequence[str] = ()) -> None:
        self.flaw = flaw
        self.hooks = hooks
        super().__init__(flaw.reason)


def _register(manager: pluggy.PluginManager, point: EntryPoint) -> Any:
    if not EntryPoint.pattern.match(point.value):
        reason = f'the entry point {point.name} = "{point.value}" names no module'
        raise _Unusable(Flaw(reason, 'write "module" or "module:attribute" there'))
    plugin = _loaded(point)
    what = f"{point.value} does not fit the hooks"
    wrong = _guarded(lambda: misfit(manager, plugin, point.value), what)
    if wrong is not None:
        raise _Unusable(*wrong)
    _guarded(lambda: manager.register(plugin), what)
    _guarded(manager.check_pending, what)
    return plugin


def _asked_connectors(manager: pluggy.PluginManager) -> list[Any]:
    hook = manager.hook.multiorder_connectors
    answer = _asked(hook, "a list of connector classes") if hook.get_hookimpls() else []
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        raise _Unusable(_wrong_answer(hook.name, answer, "a list of connector classes"))
    return list(answer)


def _asked_sandboxes(manager: pluggy.PluginManager) -> dict[str, str]:
    hook = manager.hook.multiorder_sandboxes
    wanted = 'a dict of connector names and "module:attribute"'
    answer = _asked(hook, wanted) if hook.get_hookimpls() else {}
    texts = [*answer, *answer.values()] if isinstance(answer, Mapping) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise _Unusable(_wrong_answer(hook.name, answer, wanted))
    return dict(answer)


def _order_hooks(manager: pluggy.PluginManager) -> dict[str, Callable[..., Any]]:
    """Return the plugin's hooks of orders, each to be called with all that its specification names."""
    callers = {name: getattr(manager.hook, name) for name in ORDER_HOOKS}
    return {
        # The manager holds one plugin only, and pluggy leaves a None out of the answers.
        name: lambda _caller=caller, **arguments: next(iter(_caller(**arguments)), None)
        for name, caller in callers.items()
        if caller.get_hookimpls()
    }


def _deprecated_uses(manager: pluggy.PluginManager, origin: _Origin) -> Iterator[DeprecatedUse]:
    """Yield what pluggy has warned of as a DeprecationWarning, which nobody but a developer sees."""
    for plugin in manager.get_plugins():
        for caller in manager.get_hookcallers(plugin) or ():
            deprecated = (caller.spec and caller.spec.warn_on_impl_args) or {}
            for implementation in caller.get_hookimpls():
                for argument in implementation.argnames + implementation.kwargnames:
                    if argument in deprecated:
                        yield DeprecatedUse(
                            hook=caller.name,
                            argument=argument,
                            advice=str(deprecated[argument]),
                            **origin._asdict(),
                        )


def _asked(hook: pluggy.HookCaller, wanted: str) -> Any:
    # The manager holds one plugin only, and pluggy leaves a None out of the answers.
    answers = _guarded(hook, f"{hook.name} fails")
    if not answers:
        raise _Unusable(_wrong_answer(hook.name, None, wanted))
    return answers[0]


def _wrong_answer(hook: str, answer: Any, wanted: str) -> Flaw:
    got = "nothing" if answer is None else f"a {type(answer).__name__}"
    return Flaw(f"{hook} returns {got}, not {wanted}", f"return {wanted} from it")


def _loaded(point: EntryPoint) -> Any:
    """Import what an entry point names; an import that hangs is left to itself."""
    loaded: list[Any] = []
    raised: list[BaseException] = []

    def load() -> None:
        try:
            loaded.append(point.load())
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            raised.append(error)

    thread = threading.Thread(target=load, name=f"loading {point.value}", daemon=True)
    thread.start()
    thread.join(_LOAD_SECONDS)
    if raised:
        raise _unusable(f"{point.value} can't be imported", raised[0])
    if not loaded:
        reason = f"{point.value} is not imported after {_LOAD_SECONDS:g} seconds"
        raise _Unusable(Flaw(reason, "install another version of it; a module only defines"))
    return loaded[0]


def _guarded(call: Callable[[], T], what: str) -> T:
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything
        raise _unusable(what, error) from error


def _unusable(what: str, error: BaseException) -> _Unusable:
    # Unlike str(), this can't fail, whatever the plugin raises.
    words = traceback.format_exception_only(error)[-1].strip()
    remedy = "see what it says, or install another version of it"
    if isinstance(error, ImportError):
        remedy = "install what it needs, or another version of it"
    return _Unusable(Flaw(f"{what}: {words}", remedy))


def _by_name(claims: Iterable[_Claim]) -> dict[str, list[_Claim]]:
    """Group by name; a class that several entry points of one package bring is one claim."""
    by_name: dict[str, list[_Claim]] = {}
    for claim in claims:
        others = by_name.setdefault(claim.name, [])
        if not any(_same(claim, other) for other in others):
            others.append(claim)
    return by_name


def _same(one: _Claim, other: _Claim) -> bool:
    same_class = one.connector is other.connector
    return same_class and one.origin.distribution == other.origin.distribution


def _clash(name: str, claims: Sequence[_Claim]) -> Flaw | None:
    if len(claims) == 1:
        return None
    origins = dict.fromkeys(
        f"{claim.origin.distribution} {claim.origin.version}" for claim in claims
    )
    if len(origins) == 1:
        reason = f'{next(iter(origins))} brings two connectors named "{name}"'
        return Flaw(reason, "give each its own name")
    reason = f'the connector name "{name}" is claimed by {" and by ".join(origins)}'
    return Flaw(reason, "uninstall all but one of them")


def _sandboxes(
    listed: Iterable[_Sandbox], connectors: Mapping[str, InstalledConnector]
) -> dict[str, str]:
    """Take a connector's sandbox from its own package only, should another claim to have one."""
    places = {}
    for name, place, origin in listed:
        owner = connectors.get(name)
        if owner is None or owner.distribution == origin.distribution:
            places[name] = place
    return places
