"""Whether what a package brings fits the hooks that there are, said in words for its author.

pluggy finds some of it, too, and says so in its own terms; a coroutine function it takes for a hook
like any other, and of a package that brings none it says nothing.
"""

import inspect
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pluggy

from multiorder_sync.oms.contract import Flaw
from multiorder_sync.oms.hookspecs import PROJECT
from multiorder_sync.oms.order_hooks import ORDER_HOOKS
from multiorder_sync.reading import nearest

_NOT_ASYNC: Final = "write def, not async def"


class Misfit(NamedTuple):
    """What does not fit.

    Attributes:
        flaw: All of it in one.
        hooks: The hooks that the package has, or was meant to have.
    """

    flaw: Flaw
    hooks: tuple[str, ...]


def misfit(manager: pluggy.PluginManager, plugin: Any, place: str) -> Misfit | None:
    """Return what keeps a package's hooks from being called as they are meant; None if nothing does.

    Args:
        manager: It knows the specifications.
        plugin: The module or object with the hooks.
        place: What its entry point names.
    """
    # Without specifications, pluggy takes whatever there is.
    unspecified = pluggy.PluginManager(PROJECT)
    unspecified.register(plugin)
    callers = unspecified.get_hookcallers(plugin) or []
    if not callers:
        return _no_hook(plugin, place)
    flaws = [flaw for caller in callers for flaw in _flaws(manager, caller, place)]
    if not flaws:
        return None
    known = vars(manager.hook)
    meant = (nearest(caller.name, known) for caller in callers)
    return Misfit(
        Flaw(
            "; ".join(flaw.reason for flaw in flaws),
            "; ".join(dict.fromkeys(flaw.remedy for flaw in flaws)),
        ),
        tuple(name for name in meant if name),
    )


def _no_hook(plugin: Any, place: str) -> Misfit:
    remedy = (
        "put @hookimpl above a function of the module itself, not of a class in it, or let the entry "
        "point name the module that has one"
    )
    # A function may come from where its source is not read.
    meant = (name for name in ORDER_HOOKS if inspect.getattr_static(plugin, name, None))
    return Misfit(Flaw(f"{place} registers no hook", remedy), tuple(meant))


def _flaws(manager: pluggy.PluginManager, caller: pluggy.HookCaller, place: str) -> Iterator[Flaw]:
    name, known = caller.name, vars(manager.hook)
    for implementation in caller.get_hookimpls():
        if name not in known:
            if not implementation.optionalhook:
                yield Flaw(
                    f"{place} has a hook {name}, and there is none of that name",
                    _named(name, known),
                )
            continue
        specified = known[name].spec.argnames
        surplus = [each for each in implementation.argnames if each not in specified]
        if surplus:
            reason = f"{name} of {place} takes {', '.join(surplus)}, which it is not given"
            yield Flaw(reason, f"it may take {', '.join(specified) or 'no argument'}")
        function = implementation.function
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            own_thread = "; the hook has a thread of its own" if name in ORDER_HOOKS else ""
            reason = f"{name} of {place} is an async function, and nothing awaits it"
            yield Flaw(reason, _NOT_ASYNC + own_thread)


def _named(name: str, known: dict[str, Any]) -> str:
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"there are {', '.join(known)}"
