"""Orders whose texts differ from each other, so that each can be told from all others."""

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

from multiorder_sync.conformance.corpus.building import Plain

_NUMBERED: Final = re.compile(r"-\d+$")
_NO_TEXT: Final = re.compile(r"-?\d+\.\d+|\d{4}-\d\d-\d\d.*")  # an amount, or a time
_OWN: Final = re.compile(r"(?=.*[\d@]).{4,}")
_REFERENCE: Final = "order_item_id-"
_OF_A_MAP: Final = frozenset({"key", "any"})


def distinct(data: Plain) -> Plain:
    """Return a copy of an order with every field in which no two of the numbered texts are alike."""
    numbers = itertools.count(101)

    def of(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: of(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [of(inner) for inner in value]
        # What refers to a line has to go on doing so.
        if not isinstance(value, str) or value.startswith(_REFERENCE):
            return value
        if name in _OF_A_MAP or _NUMBERED.search(value):
            return f"{value}-{next(numbers)}"
        return value

    found: Plain = of(data)
    return found


def own_texts(data: Any) -> Iterator[str]:
    """Yield the texts of an order that are its own, and no words that any order may have."""
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for inner in data:
            yield from own_texts(inner)
    elif isinstance(data, str) and _OWN.fullmatch(data) and not _NO_TEXT.fullmatch(data):
        yield data
