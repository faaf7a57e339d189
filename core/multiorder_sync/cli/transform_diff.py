"""`multiorder transform --diff`: what another space, or another file's, would make different."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from multiorder_sync.cli.common import fail, load_config
from multiorder_sync.config import Config, Space
from multiorder_sync.delivery.preview import Preview
from multiorder_sync.oms.plugins import Registry


class Side(NamedTuple):
    """One of the two that are compared.

    Attributes:
        label: What it is called.
        made: What would be sent, or why the order can't be.
    """

    label: str
    made: Preview | str

    @property
    def refused(self) -> str | None:
        """Why nothing can be made of the order."""
        return self.made if isinstance(self.made, str) else None

    @property
    def vetoed(self) -> str | None:
        """Why a package keeps the order from being sent."""
        return None if isinstance(self.made, str) else self.made.vetoed


class Difference(NamedTuple):
    """A place, and what stands there on either side."""

    place: str
    here: Any
    there: Any


def other_space(
    config: Config, registry: Registry, space: Space, diff: str
) -> tuple[str, Space, Registry]:
    """Return what to compare a space with, and what it is called; or say why there is none, and stop.

    Args:
        config: Where the space is.
        registry: What is installed.
        space: The space.
        diff: Another one of the configuration, a FILE, or FILE:SPACE.
    """
    if diff in config.spaces:
        return diff, config.spaces[diff], registry
    file, name = diff, space.id
    if not Path(file).is_file():
        file, _, name = diff.rpartition(":")
        if not Path(file).is_file():
            fail(
                f"{diff} is neither a space of {config.source} ({', '.join(config.spaces)}) nor a "
                "file; --diff takes SPACE, FILE or FILE:SPACE."
            )
    config, registry = load_config(Path(file))
    if name not in config.spaces:
        if file != diff or len(config.spaces) > 1:
            fail(
                f"There is no space {name} in {file}; "
                f"--diff {file}:SPACE takes one of: {', '.join(config.spaces)}."
            )
        (name,) = config.spaces
        diff = f"{file}:{name}"
    return diff, config.spaces[name], registry


def differences(one: Side, other: Side) -> list[Difference]:
    """Return all that differs, and what keeps the order from being sent even if it is the same."""
    kept = [
        Difference("refused", one.refused, other.refused),
        Difference("vetoed", one.vetoed, other.vetoed),
    ]
    return [each for each in kept if each.here or each.there] + _of_values(one.made, other.made)


def show_differences(console: Console, one: Side, other: Side) -> None:
    """Show what differs to a person."""
    said = [sentence for side in (one, other) for sentence in _sentences(side)]
    for sentence in said:
        console.print(sentence)
    if one.refused or other.refused:
        return
    rows = _of_values(one.made, other.made)
    if not rows:
        console.print("Nothing else differs." if said else "Nothing differs.")
        return
    table = Table("place", escape(one.label), escape(other.label), box=None, pad_edge=False)
    for row in rows:
        table.add_row(escape(row.place), escape(_text(row.here)), escape(_text(row.there)))
    console.print(table)


def _sentences(side: Side) -> Iterator[str]:
    label = escape(side.label)
    if side.refused:
        yield f"[red]{label} can't send it:[/red] {escape(side.refused)}"
    if side.vetoed:
        yield f"[red]{label} does not send it, as it is vetoed:[/red] {escape(side.vetoed)}"


def _of_values(one: Preview | str, other: Preview | str) -> list[Difference]:
    if isinstance(one, str) or isinstance(other, str):
        return []
    here, there = _all_values(one), _all_values(other)
    rows = (Difference(each, here.get(each), there.get(each)) for each in {**here, **there})
    return [row for row in rows if row.here != row.there]


def _all_values(preview: Preview) -> Mapping[str, Any]:
    several = len(preview.submissions) > 1
    return {
        f"{submission.ref}: {place}" if several else place: value
        for submission in preview.submissions
        for place, value in {"ref": submission.ref, **submission.values}.items()
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)
