"""Whether what a package brings fits the hooks that there are, said in words for its author.

pluggy finds some of it, too, and says so in its own terms. A coroutine function it takes for a hook like
any other, and a generator; what it does not give to a parameter it leaves out, and of a package that brings
no hook it says nothing.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import pluggy

from multiorder_sync.oms.contract import Flaw
from multiorder_sync.oms.hookspecs import PROJECT
from multiorder_sync.oms.order_hooks import ORDER_HOOKS
from multiorder_sync.reading import nearest

_NOT_ASYNC: Final = "write def, not async def"

_COLLECTING: Final = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


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
        if _awaits_an_instance(implementation, specified):
            reason = f"{place} is a class, and its method {name} is called without an instance"
            yield Flaw(reason, "let the entry point name an instance of the class")
            continue
        surplus = [each for each in implementation.argnames if each not in specified]
        if surplus:
            reason = f"{name} of {place} takes {', '.join(surplus)}, which it is not given"
            yield Flaw(reason, f"it may take {', '.join(specified) or 'no argument'}")
        yield from _flaws_of_parameters(f"{name} of {place}", implementation.function, specified)
        yield from _flaws_of_kind(f"{name} of {place}", name, implementation)


def _awaits_an_instance(implementation: pluggy.HookImpl, specified: Sequence[str]) -> bool:
    """Whether it is a function of a class, with a first parameter for the instance that there is not."""
    function = implementation.function
    if not inspect.isclass(implementation.plugin) or not inspect.isfunction(function):
        return False
    first = next(iter(_parameters(function)), None)
    return first is not None and first.name not in specified


def _flaws_of_parameters(
    hook: str, function: Callable[..., Any], specified: Sequence[str]
) -> Iterator[Flaw]:
    """Yield the parameters that pluggy gives nothing to: it gives by position, to those without a default."""
    takes = f"name what it takes: {', '.join(specified)}" if specified else "it takes no argument"
    for each in _parameters(function):
        if each.kind in _COLLECTING:
            reason = f"{hook} takes {_COLLECTING[each.kind]}{each.name}, which is given nothing"
            yield Flaw(reason, takes)
        elif each.kind is each.KEYWORD_ONLY and (
            each.name in specified or each.default is each.empty
        ):
            yield Flaw(
                f"{hook} takes {each.name} after a *, and is not given it there",
                "take the * out" if each.name in specified else takes,
            )
        elif each.default is not each.empty and each.name in specified:
            reason = f"{hook} has a default for {each.name}, and is not given it then"
            yield Flaw(reason, f"write {each.name} without a default")


def _flaws_of_kind(hook: str, name: str, implementation: pluggy.HookImpl) -> Iterator[Flaw]:
    function = implementation.function
    if implementation.wrapper or implementation.hookwrapper:
        reason = f"{hook} is a wrapper around hooks, and each package is asked by itself"
        yield Flaw(reason, "write @hookimpl without wrapper or hookwrapper, and return the answer")
    elif inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        own_thread = "; the hook has a thread of its own" if name in ORDER_HOOKS else ""
        yield Flaw(f"{hook} is an async function, and nothing awaits it", _NOT_ASYNC + own_thread)
    elif inspect.isgeneratorfunction(function):
        reason = f"{hook} is a generator, of which nothing runs when it is called"
        yield Flaw(reason, "write return, not yield")


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of a builtin, say, which does not tell
        return []


def _named(name: str, known: dict[str, Any]) -> str:
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"there are {', '.join(known)}"
