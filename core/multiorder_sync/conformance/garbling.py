"""Answers of an OMS with one part changed: what no one tests for, and what comes one day."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Final


class Change:
    """Changes one part of an answer.

    Args:
        number: Which; another part, or another value, for each number.

    Attributes:
        what: What was changed, in words.
        exhausted: Whether the answer has fewer parts than that.
    """

    _VALUES: Final[tuple[Any, ...]] = (None, "", "text", 17, [], {}, [None], True)

    def __init__(self, number: int) -> None:
        self.what = ""
        self.exhausted = False
        self._number = number

    def __call__(self, answer: Any) -> Any:
        """Return the answer with the part changed."""
        places = list(_places(answer, ()))
        count, kinds = len(places), len(self._VALUES)
        if self._number >= count * kinds:
            self.exhausted = True
            return answer
        # Every place once before any place twice, each time with another value.
        place = places[self._number % count]
        value = self._VALUES[(self._number + self._number // count) % kinds]
        self.what = f"{'.'.join(map(str, place)) or 'the whole'} is {value!r}"
        return _with(answer, place, value)


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    entries: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        entries = enumerate(value[:1])
    for name, inner in entries:
        yield from _places(inner, (*path, name))


def _with(answer: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = copy.deepcopy(answer)
    at = changed
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return changed
