"""Whether an order that the OMS holds is as whole as one whose submit met with nothing."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from multiorder_sync.conformance.payloads import AnySubmission, flat, places_of

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_COUNTED: Final = re.compile(r"\d+")
_SHORTEST_TEXT: Final = 3
_SHORTEST_NUMBER: Final = 2
_MOST_PLACES: Final = 3

Entries = Counter[tuple[str, str]]


class Book(msgspec.Struct, frozen=True):
    """What the OMS holds after a submit to which nothing happened, made twice.

    What is the order's own is to be there again as it is, and no more often. What the OMS has said
    by itself, ids, numbers and times, is another one each time: of that, only the shape is looked
    at, and that it is there.

    Attributes:
        submission: What was submitted.
        entries: What it held both times.
        orders: How many orders it held.
    """

    submission: AnySubmission
    entries: Entries
    orders: int

    @classmethod
    def of(cls, submission: AnySubmission, first: Sequence[Any], second: Sequence[Any]) -> "Book":
        """Return what two such submits have in common."""
        own = _own(submission)
        return cls(submission, _entries(first, own) & _entries(second, own), len(second))

    def amiss(self, held: Sequence[Any]) -> Iterator[str]:
        """Say what differs where the OMS should hold the same."""
        if len(held) != self.orders:
            yield f"the OMS holds {len(held)} orders where it should hold {self.orders}"
            return
        own = _own(self.submission)
        found = _entries(held, own)
        lost = _places((self.entries - found).elements())
        more = _places(
            entry for entry in (found - self.entries).elements() if _is_own(entry[1], own)
        )
        if lost:
            yield f"the order that the OMS holds is not whole; it lacks {_listed(lost)}"
        elif more:
            yield f"the order that the OMS holds has {_listed(more)} more than once, or another one"


def _own(submission: AnySubmission) -> frozenset[str]:
    """Return the texts and numbers by which a payload is known."""
    values = [f"{value}" for _, value in places_of(submission)]
    texts = [text for text in values if len(text) >= _SHORTEST_TEXT]
    numbers = [_digits(text) for text in values if _NUMBER.fullmatch(text)]
    long = [digits for digits in numbers if len(digits) >= _SHORTEST_NUMBER]
    return frozenset([submission.ref, submission.fingerprint, *texts, *long])


def _is_own(text: str, own: frozenset[str]) -> bool:
    return text in own or (_NUMBER.fullmatch(text) is not None and _digits(text) in own)


def _entries(orders: Sequence[Any], own: frozenset[str]) -> Entries:
    found: Entries = Counter()
    for place, value in (pair for order in orders for pair in flat(order, "")):
        if value is None:
            continue
        text = f"{value}"
        found[place, text if _is_own(text, own) else _shape(text)] += 1
    return found


def _shape(text: str) -> str:
    return _COUNTED.sub("#", _UUID.sub("#", text))


def _digits(number: str) -> str:
    """Return what is left of a number in any unit: 10.50, 1050 and 10.5 are alike."""
    return number.lstrip("-").replace(".", "").strip("0")


def _places(entries: Iterable[tuple[str, str]]) -> list[str]:
    return [*dict.fromkeys(place for place, _ in entries)]


def _listed(places: Sequence[str]) -> str:
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    return ", ".join(places[:_MOST_PLACES]) + more
