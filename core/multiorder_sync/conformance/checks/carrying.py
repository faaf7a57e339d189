"""Checks that no field is silently dropped: each is changed by itself, and the payload watched."""

from collections.abc import Mapping
from typing import Any

from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.moves import Move, declaration_of, stands_for
from multiorder_sync.conformance.standards import Level, Nonconforming, NotRun, standard
from multiorder_sync.nacelle.inheritance import spellings
from multiorder_sync.reading import nearest


class CarryingChecks(Checks):
    """What Nacelle says of an order gets to the OMS, or it is declared that it does not."""

    @standard(
        Level.SILVER,
        why="a field that is silently dropped is missed weeks later, by whoever needs it: a note "
        "to the courier, the price of a gift card, the second line of an address",
        mend="put the field into the payload (attributes, notes or custom fields will do where the "
        "OMS has no place of its own for it), of every entry of an array, or name it in not_carried "
        "with the reason why not; what is too long for its place is told by a note that names it",
    )
    def test_every_field_is_carried_or_declared(self) -> None:
        """Change each field by itself, and look for it in the payload and in `not_carried`."""
        declared = self.bench.subject.connector.not_carried
        moves = self.bench.moves
        unwatched = [move.field for move in moves.values() if not move.tries]
        if len(unwatched) == len(moves):
            raise NotRun("no order with every field set is taken, so that none can be watched")
        wrong = [
            f"no order with {field} set is taken, so that it can't be watched"
            for field in unwatched
        ]
        wrong += [
            f"{move.field} is in no place of the payload, and not_carried does not name it"
            for move in moves.values()
            if move.tries and move.dropped and not declaration_of(move.field, declared)
        ]
        wrong += [
            flaw
            for field, flaw in self.bench.shortened_texts
            if not declaration_of(field, declared)
        ]
        wrong += [
            f"{move.field} gets to the OMS, but not {move.dropped_in}, and no note tells of it"
            for move in moves.values()
            if move.dropped_in and not declaration_of(move.field, declared)
        ]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="merchants read in not_carried what their OMS does not get, and rely on it",
        mend="take out what is carried by now, and give each entry a field's path and a reason",
    )
    def test_declarations_are_true(self) -> None:
        """Look for fields that are declared not carried, and are carried or do not exist."""
        declared: Mapping[str, Any] = self.bench.subject.connector.not_carried
        moves = self.bench.moves
        wrong = [
            f"{move.field} is declared in not_carried, and yet changes {min(move.places)}"
            for move in moves.values()
            if move.places and _is_false(declaration_of(move.field, declared), move)
        ]
        known = {each for field in moves for each in spellings(field)}
        for name, reason in declared.items():
            if not isinstance(reason, str) or not reason.strip():
                wrong.append(f"not_carried gives no reason for {name}")
            if not any(stands_for(name, field) for field in known):
                near = nearest(name, sorted(known))
                meant = f"; did you mean {near}?" if near else ""
                wrong.append(f"not_carried names {name}, and there is no such field{meant}")
        if wrong:
            raise Nonconforming(*wrong)


def _is_false(declared: str | None, move: Move) -> bool:
    # What the figures take from a part of something is not carried as what it is.
    return declared is not None and not (move.priced and declared not in spellings(move.field))
