"""Long lists of a document, watched by a few experiments instead of one for each of their values.

What a list's entries have in common is changed in all of them at once, which tells the places that a
field of the entries has to do with. Then all such fields are changed in half of the entries at once,
by the bits of their numbers, which tells the entry that a place has to do with. A place that has to
do with several entries is taken to have to do with each.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from multiorder_sync.oms.documents import Path, at
from multiorder_sync.oms.experiments import Change, Experiment, Laboratory, Moved

T = TypeVar("T")

_LONG: Final = 8
"""The entries that a list has at most whose values are changed one by one."""

_ALTERNATIVES: Final = 5

Found = dict[Path, Moved | None]
"""Field to what differs with it changed; None if no change of it can be sent."""


def divided(
    document: Any, experiments: Sequence[Experiment]
) -> tuple[list[Experiment], list[list[Experiment]]]:
    """Return the experiments of short lists and single values, and those of each long list."""
    alone: list[Experiment] = []
    crowds: dict[Path, list[Experiment]] = {}
    for each in experiments:
        depth = _depth(document, each.field)
        if depth is None:
            alone.append(each)
        else:
            crowds.setdefault(each.field[:depth], []).append(each)
    return alone, list(crowds.values())


def watch_crowd(laboratory: Laboratory, crowd: Sequence[Experiment]) -> Found:
    """Find out what the fields of one long list's entries change."""
    depth = _depth(laboratory.document, crowd[0].field)
    if depth is None:
        raise ValueError(crowd[0].field)
    found: Found = {}
    chosen: dict[Path, dict[int, Change]] = {}
    by_shape: dict[Path, Moved] = {}
    for shape, members in _by_shape(crowd, depth).items():
        together = _together(laboratory, members)
        if together is None:
            found |= _one_by_one(laboratory, list(members.values()))
            continue
        chosen[shape], by_shape[shape] = together
    effective = [changes for shape, changes in chosen.items() if by_shape[shape]]
    owners = _owners(laboratory, effective)
    if owners is None:
        return {each.field: laboratory.first_accepted(each) for each in crowd}
    for shape, members in _by_shape(crowd, depth).items():
        for entry, each in members.items():
            if shape in chosen:
                found[each.field] = frozenset(
                    place for place in by_shape[shape] if owners.get(place, entry) == entry
                )
    return found


def _together(
    laboratory: Laboratory, members: dict[int, Experiment]
) -> tuple[dict[int, Change], Moved] | None:
    """Change a field in every entry; None if no way to change it can be sent."""
    ways = [list(each.changes(crowded=True))[:_ALTERNATIVES] for each in members.values()]
    for way in range(min(map(len, ways))):
        changes = {entry: each[way] for entry, each in zip(members, ways, strict=True)}
        moved = laboratory.moved(changes.values())
        if moved is not None:
            return changes, moved
    return None


def _owners(
    laboratory: Laboratory, fields: Sequence[dict[int, Change]]
) -> dict[tuple[int, str], int] | None:
    """Return, for each place that has to do with one entry alone, which that is.

    None is returned if fields that can be sent by themselves can't be sent together.
    """
    bits = max((max(changes) for changes in fields), default=0).bit_length()
    seen: dict[tuple[int, str], list[int]] = {}
    for bit in range(bits):
        for value in (0, 1):
            moved = laboratory.moved(
                change
                for changes in fields
                for entry, change in changes.items()
                if (entry >> bit) & 1 == value
            )
            if moved is None:
                return None
            for place in moved:
                seen.setdefault(place, []).append(value << bit)
    return {place: sum(parts) for place, parts in seen.items() if len(parts) == bits}


def _one_by_one(laboratory: Laboratory, members: Sequence[Experiment]) -> Found:
    """Change a field that can't be changed everywhere; two that can't be at all speak for the rest."""
    found: Found = {each.field: laboratory.first_accepted(each) for each in members[:2]}
    decided = all(moved is None for moved in found.values())
    for each in members[2:]:
        found[each.field] = None if decided else laboratory.first_accepted(each)
    return found


def _by_shape(crowd: Sequence[Experiment], depth: int) -> dict[Path, dict[int, Experiment]]:
    """Return the fields of the entries: the way within an entry, to entry, to experiment."""
    shapes: dict[Path, dict[int, Experiment]] = {}
    for each in crowd:
        entry = each.field[depth]
        if isinstance(entry, int):
            shapes.setdefault(each.field[depth + 1 :], {})[entry] = each
    return shapes


def _depth(document: Any, path: Path) -> int | None:
    """Return how far down the first long list on the way is."""
    for depth, step in enumerate(path):
        if isinstance(step, int) and len(at(document, path[:depth])) > _LONG:
            return depth
    return None
