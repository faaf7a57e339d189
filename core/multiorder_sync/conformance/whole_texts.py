"""Whether texts get into the payload as they are: to their last character, in any script."""

from collections.abc import Callable, Iterator
from typing import Final

from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.corpus.building import Plain
from multiorder_sync.conformance.corpus.fields import (
    FieldPath,
    alone,
    changed,
    complete,
    inheriting,
    is_text,
    paths,
    replaced,
    written,
)
from multiorder_sync.conformance.payloads import moved
from multiorder_sync.conformance.transformed import Transformed
from multiorder_sync.nacelle.orders import MultiOrder

_LONG: Final = ("word " * 40)[:199]
_LENGTH: Final = 200
_PAIRS: Final = (
    (
        (f"{_LONG}X", f"{_LONG}Y"),
        f"the last of {_LENGTH} characters of {{}} gets nowhere, and no note tells of it",
    ),
    (
        ("name 林", "name 森"),
        "a character of {} that is not Latin gets nowhere, and no note tells of it",
    ),
)

Transform = Callable[[MultiOrder], Transformed]


def shortened(transform: Transform) -> Iterator[tuple[str, str]]:
    """Find texts that get to the OMS, and not as a whole.

    Yields:
        The field's path, and what is wrong with it.
    """
    for path in _texts():
        usual = alone(path)
        before = transform(_order(usual))
        after = transform(_order(changed(usual, path)))
        if before.error is not None or not moved(before.submissions, after.submissions):
            continue  # it is not carried, or not as a text: another check looks at that
        for texts, wrong in _PAIRS:
            one, other = (transform(_order(replaced(usual, path, text))) for text in texts)
            if one.error is not None or other.error is not None:
                continue  # refused by name, or the corpus tells
            told = {*_notes(one), *_notes(other)} - {*_notes(before)}
            if not told and not moved(one.submissions, other.submissions):
                yield written(path), wrong.format(written(path))


def _texts() -> Iterator[FieldPath]:
    """Yield the ways to all texts that may say anything, each once."""
    for data, of_orders in ((inheriting(), False), (complete(), True)):
        for path in paths(data):
            if (path[0] == "orders") is of_orders and is_text(data, path):
                yield path


def _order(data: Plain) -> MultiOrder:
    return Case(name="", data=data).order()


def _notes(made: Transformed) -> list[str]:
    return [note for each in made.submissions for note in each.notes]
