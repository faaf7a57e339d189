"""A merchant's own field mappings, laid over what a connector made of an order.

A mapping names a place in the connector's payload and a JMESPath expression over the order as it
was received. All of it is checked when the configuration is loaded; for an order there is only
evaluating, converting and copying left.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from multiorder_sync.errors import Problem, Untransformable
from multiorder_sync.nacelle.orders import MultiOrder, Order
from multiorder_sync.oms.expressions import Expression, InvalidExpression
from multiorder_sync.oms.places import (
    Change,
    Misfit,
    NoSuchPlace,
    NothingThere,
    Place,
    changed,
    place_at,
)
from multiorder_sync.outcome import Submission

__all__ = ["Expression", "InvalidExpression", "Mappings", "Rule", "compile_mappings"]

StructT = TypeVar("StructT", bound=msgspec.Struct)


class Rule(msgspec.Struct, frozen=True):
    """One mapping: a place in the payload, and where its value comes from."""

    place: Place
    expression: Expression


class Mappings(msgspec.Struct, frozen=True):
    """The mappings of one space. Without rules, everything stays as the connector made it."""

    rules: tuple[Rule, ...] = ()

    def apply(
        self, payload: StructT, multi_order: Mapping[str, Any], order: Mapping[str, Any]
    ) -> StructT:
        """Lay the mappings over a payload.

        An expression that comes to null leaves what the connector made.

        Args:
            payload: What the connector made. It is not changed.
            multi_order: The multi-order as plain data, as received.
            order: That one of its orders for which the payload is.

        Returns:
            A copy with the mapped values in their places.

        Raises:
            Untransformable: If a value does not fit its place.
        """
        variables = {"multi_order": multi_order, "order": order}
        values = [(rule, _change(rule, variables)) for rule in self.rules]
        found = [(rule, change) for rule, change in values if change is not None]
        if not found:
            return payload
        try:
            copy: StructT = changed(payload, _nested(found))
        except Misfit as error:
            raise _failed(payload, found, error) from None
        return copy

    def lay_over(
        self, submission: Submission[StructT], multi_order: MultiOrder, order: Order
    ) -> Submission[StructT]:
        """Return the submission with the mappings laid over its payload; see `apply`.

        A mapping into a part that this order does not have is left out, with a note: an order
        that has been paid is not refused for it.
        """
        try:
            payload = self.apply(submission.payload, multi_order.source, order.source)
        except _NoPlace as absent:
            notes = (
                f"the mapping of {rule.place.path} has no place in this order"
                for rule in absent.rules
            )
            noted = msgspec.structs.replace(submission, notes=(*submission.notes, *notes))
            rest = Mappings(tuple(rule for rule in self.rules if rule not in absent.rules))
            return rest.lay_over(noted, multi_order, order)
        if payload is submission.payload:
            return submission
        return msgspec.structs.replace(submission, payload=payload)


class _NoPlace(Untransformable):
    """Mappings lead into a part of the payload that this order does not have."""

    def __init__(self, rules: Sequence[Rule], reason: str) -> None:
        super().__init__(str(_untransformable(rules[0], reason)))
        self.rules = rules


def compile_mappings(
    table: Mapping[str, str],
    payload: type[msgspec.Struct],
    reserved: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Mappings, list[Problem]]:
    """Check a space's mappings against what its connector sends.

    Args:
        table: Place in the payload to expression.
        payload: The connector's `Payload`.
        reserved: Places that no mapping may change, and why; see `Connector.reserved`.

    Returns:
        The mappings that are right, and a problem for each that is not, at its place's path.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    for path, text in table.items():
        try:
            place: Place | None = place_at(path, payload)
        except NoSuchPlace as error:
            problems.append(Problem(_at(path), error.reason, error.remedy))
            place = None
        if place is not None and (reason := _reserved(place, reserved, payload)):
            problems.append(Problem(_at(path), reason, "take this mapping out"))
            place = None
        try:
            expression = Expression(text)
        except InvalidExpression as error:
            problems.append(Problem(_at(path), str(error), error.remedy))
        else:
            if place is not None and (reason := _never_fits(place, expression)):
                problems.append(Problem(_at(path), reason))
            elif place is not None:
                rules.append(Rule(place, expression))
    problems += _overlaps(rules)
    return Mappings(tuple(rules)), problems


def _never_fits(place: Place, expression: Expression) -> str | None:
    """Return why what is the same for each order fits its place in none."""
    value = expression.evaluate({}) if expression.constant else None
    if value is None:
        return None
    try:
        place.convert(value)
    except ValueError as error:
        return f"{expression.text} does not fit: {error}"
    return None


def _reserved(
    place: Place, reserved: Mapping[str, str], payload: type[msgspec.Struct]
) -> str | None:
    for path, why in reserved.items():
        steps = place_at(path, payload).steps
        shorter = min(len(steps), len(place.steps))
        if steps[:shorter] == place.steps[:shorter]:
            return f"can't be mapped: {path} {why}"
    return None


def _overlaps(rules: list[Rule]) -> list[Problem]:
    """Find places inside of one another: which of the two wins could not be seen."""
    problems = []
    for inner in rules:
        for outer in rules:
            steps = outer.place.steps
            if inner is not outer and inner.place.steps[: len(steps)] == steps:
                reason = f"lies in {outer.place.path}, which is mapped as well"
                problems.append(Problem(_at(inner.place.path), reason, "map one of the two"))
    return problems


def _at(path: str) -> str:
    return path if path.isidentifier() else f'"{path}"'


def _nested(found: Iterable[tuple[Rule, Change]]) -> dict[Any, Any]:
    """Return changes as `changed` takes them: those inside of one struct together."""
    changes: dict[Any, Any] = {}
    for rule, change in found:
        inner = changes
        for step in rule.place.steps[:-1]:
            inner = inner.setdefault(step, {})
        inner[rule.place.steps[-1]] = change
    return changes


def _failed(
    payload: msgspec.Struct, found: Sequence[tuple[Rule, Change]], error: Misfit
) -> Untransformable:
    """Say which of the mappings it is that the payload does not take."""
    inside = [each for each in found if each[0].place.steps[: len(error.at)] == error.at]
    if isinstance(error, NothingThere):
        # More values than these there are not: none of what leads into the struct has a place.
        return _NoPlace([rule for rule, _ in inside], str(error))
    for rule, change in inside:
        try:
            changed(payload, _nested([(rule, change)]))
        except NothingThere:
            continue
        except Misfit as alone:
            return _untransformable(rule, str(alone))
    return _untransformable(inside[0][0], str(error))  # each would do, and they don't go together


def _change(rule: Rule, variables: Mapping[str, Any]) -> Change | None:
    try:
        value = rule.expression.evaluate(variables)
    except Untransformable as error:
        raise Untransformable(f"The mapping of {rule.place.path} failed. {error}") from None
    if value is None:
        return None
    try:
        return Change(rule.place.convert(value))
    except ValueError as error:
        raise _untransformable(rule, str(error)) from None


def _untransformable(rule: Rule, reason: str) -> Untransformable:
    return Untransformable(
        f"The mapping of {rule.place.path} does not fit this order: "
        f"{rule.expression.text}: {reason}."
    )
