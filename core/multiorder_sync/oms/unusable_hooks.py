"""Packages that were to be asked before an order is sent, and can't even be loaded.

An order that such a package would have kept back must not go out because the package is broken. What
can't be imported can't be asked what it brings, so its source is read for the hooks' names.
"""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from multiorder_sync.oms.order_hooks import ADJUST, VETO
from multiorder_sync.oms.registry import BrokenPlugin, InstalledHooks


def unusable_hooks(
    point: EntryPoint, broken: BrokenPlugin, known: Sequence[str] = ()
) -> Iterator[InstalledHooks]:
    """Yield hooks that fail whenever they are called, if the package has some of that name.

    Args:
        point: Its entry point.
        broken: What is wrong with it.
        known: Hooks that it is known to have, or to be meant to have, whatever its source says.
    """
    texts = [*known, *_sources(point)]
    names = [name for name in (ADJUST, VETO) if any(name in text for text in texts)]
    if names:
        yield InstalledHooks(
            hooks=dict.fromkeys(names, _failing(broken)),
            distribution=broken.distribution,
            version=broken.version,
            entry_point=broken.entry_point,
            broken=f"{broken.reason} ({broken.remedy})",
        )


def _failing(broken: BrokenPlugin) -> Callable[..., Any]:
    def fail(**_: Any) -> Any:
        raise RuntimeError(f"it can't be loaded: {broken.reason} ({broken.remedy})")

    return fail


def _sources(point: EntryPoint) -> Iterator[str]:
    """Yield the texts of the modules that the entry point's package is made of."""
    for file in _files(point):
        try:
            yield file.read_text("utf-8", "replace")
        except OSError:
            continue


def _files(point: EntryPoint) -> Iterator[Path]:
    if not EntryPoint.pattern.match(point.value):
        return
    top, *rest = point.module.split(".")
    try:
        spec = importlib.util.find_spec(top)  # it imports nothing
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    folders = [Path(each) for each in spec.submodule_search_locations or ()]
    if spec.has_location and not folders:
        yield Path(str(spec.origin))
    for folder in folders:
        # A namespace is shared with packages of others.
        shared = spec.origin is None and rest
        yield from (folder / rest[0] if shared else folder).rglob("*.py")
        if shared:
            yield folder / f"{rest[0]}.py"
