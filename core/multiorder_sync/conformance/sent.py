"""What submit sends, and what of the payload it does not send."""

import html
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, unquote_plus

import msgspec

from multiorder_sync.conformance.clocks import Today
from multiorder_sync.conformance.passage import Arrival, Fault, Passage
from multiorder_sync.conformance.payloads import AnySubmission, flat
from multiorder_sync.conformance.scene import Ended, Scene

Step = str | int

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_AMOUNT: Final = re.compile(r"-?\d+\.\d+")
_CONTAINER: Final = re.compile(r"\s*[\[{]")
_FORM: Final = "x-www-form-urlencoded"
_MOST_PLACES: Final = 100


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What one submit sent.

    Attributes:
        ended: How it ended.
        calls: The calls that it made, those for a token left out.
        answers: All calls that were answered, each with the answer.
    """

    ended: Ended
    calls: Sequence[Arrival]
    answers: Sequence[tuple[Arrival, str]]

    @property
    def writes(self) -> list[Arrival]:
        """The calls that may change something, and not only the last one, by which the order is made."""
        return [call for call in self.calls if call.creates or call.writes]

    def answered_before(self, call: Arrival) -> str:
        """Return what the OMS had answered when a call was made, all in one."""
        before = itertools.takewhile(lambda each: each[0] is not call, self.answers)
        return "\n".join(answer for _, answer in before)

    def like(self, other: "Sent") -> bool:
        """Tell whether another submit sent the same."""
        ended = type(self.ended.error) is type(other.ended.error)
        return ended and [*map(_said, self.calls)] == [*map(_said, other.calls)]


async def sent_by(opened: Scene, submission: AnySubmission) -> Sent:
    """Submit an order to a sandbox that holds nothing, and return what is sent."""
    answers: list[tuple[Arrival, str]] = []

    async def act(passage: Passage) -> None:
        reply = await passage.handed_on()
        answers.append((passage.arrival, _text(reply.body)))
        await passage.answer(reply.status, reply.body, headers=reply.headers)

    await opened.begin_anew(Fault(lambda _: True, act))
    ended = await opened.submit(submission)
    calls = [call for call in opened.door.arrivals if not call.fetches_token]
    return Sent(ended=ended, calls=calls, answers=answers)


def inconstant(one: Sent, other: Sent) -> Iterator[str]:
    """Find what two submits of one payload sent differently: it is from somewhere else.

    What the OMS itself has answered before may well be another one each time.
    """
    if len(one.writes) != len(other.writes):
        yield "submitted twice, there is another number of calls that write"
    for mine, theirs in zip(one.writes, other.writes, strict=False):
        if mine.body == theirs.body:
            continue
        said, again = list(_parts(mine)), list(_parts(theirs))
        before, later = one.answered_before(mine), other.answered_before(theirs)
        if [place for place, _ in said] != [place for place, _ in again]:
            yield f"submitted twice, {mine.called} sends other places"
            continue
        for (place, value), (_, another) in zip(said, again, strict=True):
            told = f"{value}" in before and f"{another}" in later
            if value != another and not told:
                yield f"submitted twice, {place or 'the body'} of {mine.called} differs"


def dated(submission: AnySubmission, sent: Sent) -> Iterator[str]:
    """Find the time of day in what was sent, where the payload does not hold it."""
    today = Today()
    held = {f"{value}" for _, value in flat(_plain(submission.payload), "")}
    for call in sent.writes:
        before = sent.answered_before(call)
        for place, value in _parts(call):
            text = f"{value}"
            if text not in held and text not in before and today.told_by(value):
                yield f"{place or 'the body'} of {call.called} holds the time of the submit"


async def unsent(
    opened: Scene,
    submission: AnySubmission,
    sent: Sent,
    own: Iterable[str],
    others: Sequence[AnySubmission],
) -> list[str]:
    """Return the places of the payload that are not sent.

    Of what is not to be read in any call, or of numbers less often than the payload has them, it
    counts whether another value makes another call: it may be written in another way, or say where
    the call goes.

    Args:
        opened: Where to submit.
        submission: What was submitted.
        sent: What was sent.
        own: The texts by which what is the order's own is known.
        others: What becomes of another order: a whole number that it has there too is no amount.
    """
    own = {*own, submission.ref, submission.fingerprint}
    said = "\n".join(text for call in sent.calls for text in readings(call))
    values = (f"{value}" for call in sent.calls for _, value in _parts(call))
    numbers = Counter(_digits(value) for value in values if _NUMBER.fullmatch(value))
    data = _plain(submission.payload)
    steady = {pair for each in others for pair in flat(_plain(each.payload), "")}
    amounts = {
        path: _digits(f"{value}")
        for path, value in _leaves(data)
        if _is_amount(value) or (_is_whole(value) and (_place(path), value) not in steady)
    }
    held = Counter(amounts.values())

    def is_seen(path: tuple[Step, ...], value: Any) -> bool:
        if path in amounts:
            digits = amounts[path]
            return not digits or numbers[digits] >= held[digits]
        return not isinstance(value, str) or value in said or not any(each in value for each in own)

    unseen = [path for path, value in _leaves(data) if not is_seen(path, value)]
    found = []
    for path in unseen[:_MOST_PLACES]:
        changed = _with_another(submission, data, path)
        if changed is not None and sent.like(await sent_by(opened, changed)):
            found.append(_written(path))
    return found


def _with_another(
    submission: AnySubmission, data: Any, path: Sequence[Step]
) -> AnySubmission | None:
    """Return the submission with another value at a place; None if the payload takes none there."""
    try:
        other = msgspec.convert(
            _replaced(data, path), type(submission.payload), builtin_types=(Decimal,)
        )
    except (msgspec.ValidationError, ValueError, TypeError):
        return None
    return msgspec.structs.replace(submission, payload=other)


def _replaced(data: Any, path: Sequence[Step]) -> Any:
    if not path:
        if isinstance(data, Decimal | int):
            return data + 1
        return data[:-1] + ("7" if data[-1] != "7" else "8")  # as long as it was
    copied: Any = data.copy() if isinstance(data, dict) else [*data]
    copied[path[0]] = _replaced(data[path[0]], path[1:])
    return copied


def _plain(payload: Any) -> Any:
    return msgspec.to_builtins(payload, builtin_types=(Decimal,))


def _leaves(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    else:
        yield path, value


def _written(path: Iterable[Step]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _place(path: Iterable[Step]) -> str:
    """Write a path as `flat` does that of an entry without a name."""
    return re.sub(r"\[\d+]", "[]", _written(path))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_amount(value: Any) -> bool:
    if isinstance(value, Decimal):
        return True
    return isinstance(value, str) and _AMOUNT.fullmatch(value) is not None


def _digits(number: str) -> str:
    """Return what is left of a number in any unit: 10.50, 1050 and 10.5 are alike."""
    return number.lstrip("-").replace(".", "").strip("0")


def _said(call: Arrival) -> tuple[Any, ...]:
    return call.route, call.query, call.body


def readings(call: Arrival) -> Iterator[str]:
    """Yield what a call says, read in every way in which it may be written."""
    yield from (unquote(call.path), unquote_plus(_text(call.query)))
    yield from map(unquote, call.headers.values())
    text = _text(call.body)
    yield from (text, html.unescape(text), unquote_plus(text))
    yield from (f"{value}" for _, value in _parts(call))


def _parts(call: Arrival) -> Iterator[tuple[str, Any]]:
    """Yield what a body holds: JSON, the JSON within its texts, a form, or the text that it is."""
    text = _text(call.body)
    data = _decoded(text)
    if data is not None:
        pairs = flat(data, "")
    elif _FORM in call.headers.get("content-type", ""):
        pairs = iter(parse_qsl(text, keep_blank_values=True))
    else:
        pairs = iter([("", text)])
    for place, value in pairs:
        yield from _opened(place, value)


def _opened(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    inner = _decoded(value) if isinstance(value, str) and _CONTAINER.match(value) else None
    if inner is None:
        yield place, value
        return
    yield from flat(inner, place)


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
