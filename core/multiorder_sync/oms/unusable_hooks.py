"""Packages that were to be asked before an order is sent, and can't even be loaded.

An order that such a package would have kept back must not go out because the package is broken. What
can't be imported can't be asked what it brings, so its source is read for the hooks' names. Where the
entry point names a module that there is not, that is the source of what else its distribution brings.
"""

import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from multiorder_sync.oms.hookspecs import PROJECT
from multiorder_sync.oms.order_hooks import ADJUST, VETO
from multiorder_sync.oms.registry import BrokenPlugin, InstalledHooks
from multiorder_sync.reading import nearest


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


def _files(point: EntryPoint) -> list[Path]:
    named = list(_files_of(point.module)) if EntryPoint.pattern.match(point.value) else []
    if named or point.dist is None:
        return named
    try:
        return list(_own_files(point, point.dist))
    except Exception:  # noqa: BLE001 - any package of any kind, and it is broken already
        return []


def _files_of(module: str) -> Iterator[Path]:
    top, *rest = module.split(".")
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


def _own_files(point: EntryPoint, distribution: Distribution) -> Iterator[Path]:
    """Yield the files of a distribution that an entry point without a module may have meant."""
    # What its other entry points name is asked by itself.
    others = [
        each.module
        for each in distribution.entry_points
        if each.group == PROJECT and each.name != point.name and each.pattern.match(each.value)
    ]
    for file in distribution.files or ():
        if file.suffix == ".py" and not _lies_in(file.with_suffix("").parts, others):
            yield Path(str(file.locate()))
    tops = (distribution.read_text("top_level.txt") or "").split()
    if distribution.files is None:
        tops += _alike(point, Path(str(distribution.locate_file(""))))
    for folder in _editable_folders(distribution):
        tops += _alike(point, folder)
    for top in tops:
        for path in _files_of(top):
            parts = path.with_suffix("").parts
            within = parts[parts.index(top) :] if top in parts else parts
            if not _lies_in(within, others):
                yield path


def _lies_in(parts: Sequence[str], modules: Sequence[str]) -> bool:
    """Whether a file, given by the parts of its module's name, is one of the modules or in one."""
    return any(f"{'.'.join(parts)}.".startswith(f"{module}.") for module in modules)


def _alike(point: EntryPoint, folder: Path) -> list[str]:
    """Return the module in a folder whose name is most like that which the entry point names."""
    top = point.value.partition(":")[0].partition(".")[0].strip()
    name = nearest(top, (each.stem for each in folder.glob("*") if each.stem.isidentifier()))
    return [name] if name else []


def _editable_folders(distribution: Distribution) -> Iterator[Path]:
    """Yield where the modules of a distribution lie that is installed to be worked at."""
    url = json.loads(distribution.read_text("direct_url.json") or "{}").get("url", "")
    if url.startswith("file:"):
        folder = Path(url2pathname(urlsplit(url).path))
        yield from (folder, folder / "src")
