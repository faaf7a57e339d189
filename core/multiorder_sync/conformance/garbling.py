"""Answers of an OMS with one part changed: what no one tests for, and what comes one day."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from multiorder_sync.conformance.forms import Form, form_of_reply, parsed
from multiorder_sync.conformance.garbling_xml import VARIANTS, changed, places
from multiorder_sync.conformance.passage import Reply


class Change:
    """Changes one part of an answer.

    Args:
        number: Which; another part, or another value, for each number.

    Attributes:
        what: What was changed, in words.
        exhausted: Whether the answer has fewer parts than that.
        unsuited: In which form the answer is, if it is none whose parts are known.
    """

    _VALUES: Final[tuple[Any, ...]] = (None, "", "text", 17, [], {}, [None], True)

    def __init__(self, number: int) -> None:
        self.what = ""
        self.exhausted = False
        self.unsuited: Form | None = None
        self._number = number

    def __call__(self, reply: Reply) -> bytes:
        """Return the answer's body with the part changed."""
        form = form_of_reply(reply)
        if form is Form.XML:
            return self._in_xml(reply.body)
        if form is Form.JSON:
            return self._in_json(msgspec.json.decode(reply.body))
        if form is Form.NOTHING:
            return self._in_json(None)  # and then there is something
        self.unsuited, self.exhausted = form, True
        return reply.body

    def _in_json(self, answer: Any) -> bytes:
        found = list(_places(answer, ()))
        taken = self._taken(len(found), len(self._VALUES))
        if taken is not None:
            place, value = found[taken[0]], self._VALUES[taken[1]]
            self.what = f"{'.'.join(map(str, place)) or 'the whole'} is {value!r}"
            answer = _with(answer, place, value)
        return msgspec.json.encode(answer)

    def _in_xml(self, body: bytes) -> bytes:
        root = parsed(body)
        found = [] if root is None else list(places(root))
        taken = self._taken(len(found), VARIANTS)
        if root is None or taken is None:
            return body
        self.what, body = changed(root, found[taken[0]], taken[1])
        return body

    def _taken(self, count: int, variants: int) -> tuple[int, int] | None:
        """Return which place is changed and how; None if all have been changed in every way."""
        if self._number >= count * variants:
            self.exhausted = True
            return None
        # Every place once before any place twice, each time with another value.
        rounds, place = divmod(self._number, count)
        return place, (place + rounds) % variants


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
