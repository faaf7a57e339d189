"""What is wrong with what a transform returned."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.payloads import AnySubmission, places_of
from multiorder_sync.conformance.transformed import Transformed
from multiorder_sync.nacelle.identity import order_identity
from multiorder_sync.outcome import Submission

_EXPONENT: Final = re.compile(r"-?\d+(\.\d+)?[eE][+-]\d+")
"""How Python writes a number with an exponent; a digest has no sign in it."""


def breaches(made: Any, case: Case, payload: type[msgspec.Struct]) -> Iterator[str]:
    """Find what keeps the returned value from being submissions of this order."""
    if not isinstance(made, Sequence) or isinstance(made, str) or not made:
        yield f"transform returns {made!r:.60}, not one submission or more"
        return
    for submission in made:
        if not isinstance(submission, Submission):
            yield f"transform returns {type(submission).__name__}, not Submission"
            return
        if not isinstance(submission.payload, payload):
            yield f"a payload is {type(submission.payload).__name__}, not {payload.__name__}"
        for name in ("ref", "fingerprint"):
            value = getattr(submission, name)
            if not isinstance(value, str) or not value:
                yield f"a submission's {name} is {value!r:.60}, not a text"
        if not all(isinstance(note, str) for note in submission.notes):
            yield "a submission's notes are not all texts"
    order = case.order()
    expected = sorted(order_identity(order, index) for index in range(len(order.orders)))
    if sorted(name for submission in made for name in submission.orders) != expected:
        yield "not every order stands in one submission, by its order_identity"


def inexact(submission: AnySubmission, case: Case) -> Iterator[str]:
    """Find floats, and figures written with an exponent, that are not the order's own."""
    own: list[Any] | None = None
    for place, value in places_of(submission):
        if not isinstance(value, float) and not _has_exponent(value):
            continue
        # Metadata can hold what JSON writes with an exponent, and a SKU can look like that.
        own = list(_leaves(case.order().source)) if own is None else own
        if value not in own:
            kind = "float" if isinstance(value, float) else "text"
            yield f"{place} is the {kind} {value!r}"


def _has_exponent(value: Any) -> bool:
    return isinstance(value, str) and _EXPONENT.fullmatch(value) is not None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def not_kept(payload: msgspec.Struct) -> str | None:
    """Say what is lost when a payload is written and read again; None if nothing is."""
    try:
        plain = msgspec.to_builtins(payload, builtin_types=(Decimal,))
        msgspec.json.encode(plain)
        again = msgspec.convert(plain, type(payload), builtin_types=(Decimal,))
    except (TypeError, ValueError, RecursionError) as error:
        return f"the payload can't be written and read again: {error}"
    if again == payload:
        return None
    differing = [
        name for name in payload.__struct_fields__ if getattr(payload, name) != getattr(again, name)
    ]
    return f"{', '.join(differing)} is another one after it was written and read again"


def sent_again(case: Case) -> Case:
    """Return a case as it may come a second time: the same order in other bytes, and later."""
    return Case(name=case.name, data=_turned({**case.data, "merchant_modified_at": "2027-01-01"}))


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _turned(inner) for name, inner in reversed(value.items())}
    if isinstance(value, list):
        return [_turned(inner) for inner in value]
    return value


def unstable(first: Transformed, second: Transformed) -> Iterator[str]:
    """Find what is not the same any more when an order is sent again."""
    if second.error is not None:
        yield f"sent again and later, it is not taken any more: {second.error}"
        return
    for one, other in zip(first.submissions, second.submissions, strict=False):
        if one.ref != other.ref:
            yield f"the ref {one.ref!r:.60} becomes {other.ref!r:.60} when the order is sent again"
        if one.fingerprint != other.fingerprint:
            yield "the fingerprint is another one when the same order is sent again"
    if len(first.submissions) != len(second.submissions):
        yield "there is another number of submissions when the order is sent again"
