"""Where the values of a submission come from: each field is changed, and what follows is watched."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from multiorder_sync.nacelle.figures import Figures
from multiorder_sync.oms.crowds import Found, divided, watch_crowd
from multiorder_sync.oms.documents import Path, written
from multiorder_sync.oms.echoes import Echoes
from multiorder_sync.oms.experiments import Experiment, Laboratory, Transform, experiments_of
from multiorder_sync.oms.statements import Statement, statements_of

__all__ = ["Trace", "trace"]

_SEVERAL = 3


class Trace(msgspec.Struct, frozen=True):
    """What became of the fields of one document.

    Attributes:
        sources: Of each submission: place in its payload to the fields whose change changes it.
        decisive: The fields of which any change that was tried makes another order of it, or
            keeps it from being sent.
        also_said: Field to the fields that say the same, and from which it is taken.
        without_effect: The fields whose change changes nothing that is sent.
    """

    sources: tuple[Mapping[str, tuple[str, ...]], ...]
    decisive: tuple[str, ...]
    also_said: Mapping[str, tuple[str, ...]]
    without_effect: tuple[str, ...]


def trace(
    document: Any,
    figures: Sequence[Figures],
    transform: Transform,
    watch: Callable[[int, int], None] = lambda _done, _of: None,
) -> Trace:
    """Find out where each value comes from.

    Args:
        document: A multi-order as plain data.
        figures: Those of its orders: how their amounts are read.
        transform: What makes submissions of it.
        watch: Is told how many experiments are done, and of how many.

    Raises:
        MultiOrderError: If the document itself can't be transformed.
    """
    statements = statements_of(document, figures)
    experiments = experiments_of(document, statements)
    alone, crowds = divided(document, experiments)
    done, expected = 0, len(alone) + len(crowds)

    def watched() -> None:
        nonlocal done
        done += 1
        watch(done, max(done, expected))

    laboratory = Laboratory(document, transform, watched)
    found: Found = {each.field: laboratory.first_accepted(each) for each in alone}
    for crowd in crowds:
        found |= watch_crowd(laboratory, crowd)
    _give_up_parts(found, statements)
    effective = {path for path, moved in found.items() if moved}
    echoes = Echoes(document, transform, experiments, effective, watched)
    also_said = _summed(found, statements)
    for each in alone:
        if found[each.field] == frozenset() and each.statement is None:
            also_said[each.field] = echoes.of(each)
    return _told(experiments, found, also_said, len(transform(document)))


def _give_up_parts(found: Found, statements: Sequence[Statement]) -> None:
    """Leave what is of one part of a sum to the part: a line's tax is not from the order's."""
    for statement in statements:
        moved = found.get(statement.field)
        if moved and len(statement.parts) > 1:
            counts = Counter(place for part in statement.parts for place in found.get(part) or ())
            found[statement.field] = frozenset(place for place in moved if counts[place] != 1)


def _summed(found: Found, statements: Sequence[Statement]) -> dict[Path, tuple[Path, ...]]:
    """Return the amounts that say what others say, with those others."""
    also_said: dict[Path, tuple[Path, ...]] = {}
    for statement in statements:
        silent, says = statement.also, [statement.field]
        if not found.get(statement.field):
            says = [part for part in statement.parts if found.get(part)]
            silent = (statement.field, *statement.also) if says else statement.also
        for path in silent:
            # What a multi-order says is said by all its orders.
            also_said[path] = tuple(dict.fromkeys((*also_said.get(path, ()), *says)))
    return also_said


def _told(
    experiments: Sequence[Experiment],
    found: Found,
    also_said: Mapping[Path, tuple[Path, ...]],
    count: int,
) -> Trace:
    fields = [each.field for each in experiments]
    of_kind = Counter(_kind(path) for path in fields)
    sources: list[dict[str, list[Path]]] = [{} for _ in range(count)]
    for path in fields:
        for index, place in found[path] or ():
            sources[index].setdefault(place, []).append(path)
    for paths in (paths for each in sources for paths in each.values()):
        # The one that has to do with the fewest places first: it says the most of this one.
        paths.sort(key=lambda path: len(found[path] or ()))
    twice = {path: says for path, says in also_said.items() if says}
    silent = dict.fromkeys(path for path in (*fields, *also_said) if path not in twice)
    return Trace(
        sources=tuple(
            {place: _names(paths, of_kind) for place, paths in each.items()} for each in sources
        ),
        decisive=tuple(written(path) for path in fields if found[path] is None),
        also_said={written(path): _names(says, of_kind) for path, says in twice.items()},
        without_effect=tuple(
            written(path) for path in silent if found.get(path, frozenset()) == frozenset()
        ),
    )


def _names(paths: Sequence[Path], of_kind: Mapping[Path, int]) -> tuple[str, ...]:
    """Return fields as they are written; those of a whole list as one: `order_items[].price`."""
    counts = Counter(_kind(path) for path in paths)
    names: dict[str, None] = {}
    for path in paths:
        kind = _kind(path)
        whole = counts[kind] >= _SEVERAL and counts[kind] == of_kind[kind]
        names[written(kind).replace(".[]", "[]") if whole else written(path)] = None
    return tuple(names)


def _kind(path: Path) -> Path:
    """Return a path for every entry of the innermost list on its way."""
    for depth in range(len(path) - 1, -1, -1):
        if isinstance(path[depth], int):
            return (*path[:depth], "[]", *path[depth + 1 :])
    return path
