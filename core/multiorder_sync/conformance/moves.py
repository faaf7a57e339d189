"""What changes in the payload with each field of the order."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.corpus.building import Plain
from multiorder_sync.conformance.corpus.fields import (
    FieldPath,
    alone,
    changed,
    complete,
    doubled,
    inheriting,
    own_payments,
    paths,
    second,
    written,
)
from multiorder_sync.conformance.corpus.many import beyond, numerous
from multiorder_sync.conformance.payloads import by_place, differing, renamed_in, with_refs
from multiorder_sync.conformance.transformed import Transformed
from multiorder_sync.nacelle.figures import Figures, PricePolicy, figures_of
from multiorder_sync.nacelle.inheritance import spellings
from multiorder_sync.nacelle.orders import MultiOrder

_FIGURES: Final = frozenset({"price", "subtotal_price", "discounts", "tax", "amount"})
_RATES: Final = frozenset({"tax_rate", "tax_behavior", "percentage"})
_SHORTEST_NAME: Final = 2
_SHORTEST_PART: Final = 4
"""A shorter name, such as `sku`, is told by the whole word only: too many others have it in them."""
_ID: Final = re.compile(r"(?:.+_)?id")

FULL: Final = "in an order with every field"
DOUBLED: Final = "in an order with two of everything"
SECOND: Final = "of the second entry of an array"
THIRD: Final = "of the third entry of a long array"
LAST: Final = "of the last entry of a long array"
ORDINARY: Final = "in an ordinary order"

_LONG: Final = frozenset({THIRD, LAST})
_BEYOND: Final = _LONG | {SECOND}

Transform = Callable[[MultiOrder], Transformed]


class Try(msgspec.Struct, kw_only=True):
    """A field that was changed in one order.

    Attributes:
        where: In which order.
        places: Places of the payload that changed, but for an id those that changed with the ref
            alone: whether that is what carries it depends on what else the order says.
        named: Whether the ref changed with an id.
        priced: Whether the figures changed, as core reads them.
        untold: Whether they did, and neither the payload nor its notes say so.
        notes: The notes of the order's submissions.
    """

    where: str
    places: set[str]
    named: bool
    priced: bool
    untold: bool
    notes: tuple[str, ...]

    def tells_of(self, places: set[str]) -> bool:
        """Tell whether a note says what became of one of these places, or of the end of its array."""
        names = {re.split(r"[.\[\]]+", place.rstrip("]["))[-1] for place in places}
        if self.where in _LONG:
            names |= {name for place in places for name in re.findall(r"([^.\[\]\s]+)\[", place)}
        return any(_is_named(name, note) for name in names for note in self.notes)


class Move(msgspec.Struct):
    """What changes with one field.

    Attributes:
        field: Its path, as the documents write it.
        tries: The orders in which it was changed: those that are taken at all.
    """

    field: str
    tries: list[Try] = msgspec.field(default_factory=list)

    @property
    def places(self) -> set[str]:
        """Every place of the payload that changed."""
        return {place for each in self.tries for place in each.places}

    @property
    def priced(self) -> bool:
        """Whether the figures changed, as core reads them."""
        return any(each.priced for each in self.tries)

    @property
    def dropped(self) -> bool:
        """Whether the field gets nowhere.

        An order states its figures several times over, and core reads them together: one that
        changes nothing about how they are read is dropped by no one.
        """
        if self.places or (self.tries and all(each.named for each in self.tries)):
            return False
        return any(each.untold for each in self.tries) or not self._is_figure

    @property
    def dropped_in(self) -> str | None:
        """Where a field gets nowhere that gets to the OMS in another order; None if it does always.

        What a note tells of is not dropped without a word.
        """
        places = self.places
        if not places:
            return None
        first = any(each.places for each in self.tries if each.where == DOUBLED)
        for each in self.tries:
            if each.places or each.named or each.tells_of(places):
                continue
            # What is read together with others counts where core reads it, or beside its like.
            if each.untold or (first if each.where in _BEYOND else not self._is_rated):
                return each.where
        return None

    @property
    def _is_figure(self) -> bool:
        return self.field.rpartition(".")[2] in _FIGURES and "payments[]" not in self.field

    @property
    def _is_rated(self) -> bool:
        """Whether it is one of those that are read together with others."""
        return self._is_figure or self.field.rpartition(".")[2] in _RATES


class _Watched(msgspec.Struct, frozen=True):
    """An order with a field, before the field is changed."""

    where: str
    data: Plain
    made: Transformed
    table: dict[str, list[str]]
    figures: list[Figures]


def moves_of(transform: Transform, prices: PricePolicy) -> dict[str, Move]:
    """Change each field in turn, and return what follows, by the fields' paths.

    A field is changed in an order that has every field, in one that has two entries in each array,
    in the first and the second of them, and in an ordinary one; a few also in one with many entries,
    in the third and the last of them.
    """

    def watched(where: str, data: Plain) -> _Watched:
        order = _order(data)
        made = transform(order)
        table = by_place(made.submissions)
        return _Watched(where, data, made, table, _figures(order, prices))

    found = {}
    for whole, fields in _fields():
        full, two = watched(FULL, whole), watched(DOUBLED, doubled(whole))
        seconds = msgspec.structs.replace(two, where=SECOND)
        third = watched(THIRD, numerous(whole))
        last = msgspec.structs.replace(third, where=LAST)
        for path in fields:
            ways = [(full, path), (two, path), (watched(ORDINARY, alone(path)), path)]
            ways += [(seconds, each) for each in second(path)]
            far = beyond(path, third.data)
            ways += [(last if is_last else third, each) for each, is_last in far]
            tries = [_tried(transform, prices, before, each) for before, each in ways]
            found[written(path)] = Move(written(path), [each for each in tries if each])
    counts = Counter(place for move in found.values() for place in move.places)
    for move in found.values():
        for each in move.tries:
            # A digest of the whole changes with everything, and carries nothing.
            each.places = {place for place in each.places if counts[place] <= len(found) / 2}
    return found


def declaration_of(field: str, declared: Mapping[str, str]) -> str | None:
    """Return what declares a field not carried: itself, or what it is a part of.

    What is declared of what an order inherits from its multi-order, such as `customer`, holds for
    the order's own as well, unless that is declared itself.
    """
    found = (name for own in spellings(field) for name in declared if stands_for(name, own))
    return next(found, None)


def stands_for(name: str, field: str) -> bool:
    """Tell whether a path is a field's, or that of what the field is a part of."""
    return field == name or field.startswith((f"{name}.", f"{name}[]"))


def _fields() -> Iterator[tuple[Plain, list[FieldPath]]]:
    """Yield orders, each with the paths of the fields that count in it."""
    data = inheriting()
    yield data, [path for path in paths(data) if path[0] != "orders"]
    data = complete()
    yield data, [path for path in paths(data) if path[0] == "orders" and path[2] != "payments"]
    data = own_payments()
    yield data, [path for path in paths(data) if path[0] == "orders" and path[2] == "payments"]


def _tried(
    transform: Transform, prices: PricePolicy, before: _Watched, path: FieldPath
) -> Try | None:
    if before.made.error is not None:
        return None
    order = _order(changed(before.data, path))
    after = transform(order)
    named = False
    if after.error is not None:  # it is looked at: with it changed, the order is not taken
        places = {"transform"}
    else:
        table, renamed = (
            by_place(after.submissions),
            renamed_in(before.made.submissions, after.submissions),
        )
        named = bool(renamed) and _ID.fullmatch(f"{path[-1]}") is not None
        places = differing(before.table, with_refs(table, renamed) if named else table)
    notes = _notes(before.made)
    priced = _figures(order, prices) != before.figures
    return Try(
        where=before.where,
        places=places,
        named=named,
        priced=priced,
        # Of a figure that contradicts the others, the notes can tell.
        untold=priced and not places and notes == _notes(after),
        notes=tuple(note for each in notes for note in each),
    )


def _is_named(name: str, note: str) -> bool:
    if len(name) >= _SHORTEST_PART:
        return name in note
    word = rf"(?<!\w){re.escape(name)}(?!\w)"
    return len(name) >= _SHORTEST_NAME and re.search(word, note) is not None


def _order(data: Plain) -> MultiOrder:
    return Case(name="", data=data).order()


def _figures(order: MultiOrder, prices: PricePolicy) -> list[Figures]:
    return [msgspec.structs.replace(each, notes=()) for each in figures_of(order, prices)]


def _notes(made: Transformed) -> list[tuple[str, ...]]:
    return [each.notes for each in made.submissions]
