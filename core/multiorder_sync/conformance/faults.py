"""What can become of a call: answers that are none, before the OMS has acted or after it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from multiorder_sync.conformance.forms import Form, form_of
from multiorder_sync.conformance.passage import Arrival, Fault, Passage, Reply
from multiorder_sync.conformance.troubles import Trouble
from multiorder_sync.oms.outbound.retry_after import RETRY_AFTER

Act = Callable[[Passage], Awaitable[None]]
Meets = Callable[[Arrival], bool]

HTML: Final = b"<!doctype html><title>Sign in</title><p>Please sign in to continue."
_DEEP: Final = b"[" * 3_000 + b"]" * 3_000

CONTENTS: Final[Mapping[str, bytes]] = {
    "a page of HTML": HTML,
    "JSON that breaks off": b'{"data": {"order": {"id": "1", "re',
    "nothing": b"",
    "null": b"null",
    "a text": b'"ok"',
    "a number": b"17",
    "an empty array": b"[]",
    "an empty object": b"{}",
    "bytes that are not UTF-8": b'{"id": "\xff\xfe"}',
    "arrays nested without end": _DEEP,
}
"""Bodies that no OMS means, by what they are."""

_XML_CONTENTS: Final[Mapping[str, bytes]] = {
    "XML that breaks off": b'<orders><order id="1" re',
    "an empty element": b"<answer/>",
    "XML of something else": b"<gateway><status>0</status><text>ok</text></gateway>",
}
"""The same, for an OMS that speaks XML."""

STATUSES: Final = (302, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429)
"""Statuses with which a call is turned away."""

NO_SUCH: Final = (404, 410)
"""Statuses which can say that there is no such order, and no such place."""

FAILURES: Final = (408, 500, 502, 503, 504, 520)
"""Statuses which leave open what became of a call."""

_JSON: Final = "application/json"


def creating(arrival: Arrival) -> bool:
    """Tell whether a call can create an order."""
    return arrival.creates


def looking_up(arrival: Arrival) -> bool:
    """Tell whether a call neither creates an order nor asks for a token."""
    return arrival.looks_up


def writing(arrival: Arrival) -> bool:
    """Tell whether a call may change something in the OMS."""
    return arrival.creates or arrival.writes


def fetching_a_token(arrival: Arrival) -> bool:
    """Tell whether a call asks for a token."""
    return arrival.fetches_token


class Spoiling(msgspec.Struct, frozen=True, kw_only=True):
    """A way in which a call is spoiled.

    Attributes:
        name: What it is called, to follow "answered with".
        status: The status of the answer; None if there is none.
        act: Does it; the OMS has not acted.
        late: Does it after the OMS has acted.
        silent: Whether the client has to wait for its deadline.
        form: In which form the answer is written.
    """

    name: str
    status: int | None = None
    act: Act
    late: Act
    silent: bool = False
    form: Form = Form.NOTHING

    @property
    def trouble(self) -> Trouble:
        """What kind of trouble it is, for a create."""
        if self.status is None:
            return Trouble.UNANSWERED
        if self.status == 200:
            return Trouble.GARBAGE
        if self.status in FAILURES:
            return Trouble.FAILED
        if self.status in (302, 401, 403):
            return Trouble.GATEWAY
        if self.status == 429:
            return Trouble.BUSY
        return Trouble.TURNED_AWAY

    def fault(self, meets: Meets, *, after: bool = False, times: int | None = None) -> Fault:
        """Return the fault that spoils calls in this way."""
        return Fault(meets, self.late if after else self.act, times=times)


def answering(  # noqa: PLR0913 - what an answer is made of, by keyword
    name: str,
    status: int,
    body: bytes,
    *,
    kind: str = "text/plain",
    headers: Mapping[str, str] | None = None,
    wait_seconds: int | None = None,
) -> Spoiling:
    """Return the way in which a call gets a certain answer.

    Args:
        name: What it is called.
        status: The HTTP status.
        body: The body.
        kind: The body's media type.
        headers: Further headers.
        wait_seconds: How long the caller is asked to wait, in the header that it looks at.
    """
    pairs = [(b"content-type", kind.encode())]
    pairs += [(key.encode(), value.encode()) for key, value in (headers or {}).items()]

    async def act(passage: Passage) -> None:
        waits = []
        if wait_seconds is not None:
            mark = passage.arrival.mark
            header = mark.retry_after_header if mark is not None else RETRY_AFTER
            waits.append((header.encode(), str(wait_seconds).encode()))
        await passage.answer(status, body, headers=[*pairs, *waits])

    return Spoiling(name=name, status=status, act=act, late=_after(act), form=form_of(body, kind))


def _with_status(status: int) -> tuple[Spoiling, Spoiling]:
    words = f"The gateway says {status}.".encode()
    said = msgspec.json.encode({"error": {"code": "GATEWAY", "message": f"It is {status}."}})
    headers = {"location": "/login"} if status == 302 else {}
    wait = 2 if status in (429, 503) else None
    text, json = f"HTTP {status} and a text", f"HTTP {status} and JSON"
    return (
        answering(text, status, words, headers=headers, wait_seconds=wait),
        answering(json, status, said, kind=_JSON, headers=headers, wait_seconds=wait),
    )


async def _cut(passage: Passage) -> None:
    passage.cut()


async def _silent(passage: Passage) -> None:
    await passage.fall_silent()


async def _breaking_off(passage: Passage) -> None:
    await passage.break_off(Reply(200, [(b"content-type", b"application/json")], b'{"id": "1"}'))


async def _breaking_off_late(passage: Passage) -> None:
    await passage.break_off(await passage.handed_on())


def _after(act: Act) -> Act:
    async def late(passage: Passage) -> None:
        await passage.handed_on()
        await act(passage)

    return late


CUT: Final = Spoiling(name="a connection that is cut", act=_cut, late=_after(_cut))
SILENCE: Final = Spoiling(name="silence", act=_silent, late=_after(_silent), silent=True)
BREAKING_OFF: Final = Spoiling(
    name="an answer that breaks off", act=_breaking_off, late=_breaking_off_late
)

UNANSWERED: Final = (CUT, SILENCE, BREAKING_OFF)
"""Ways in which there is no whole answer."""


def contents(own: Form | None = None) -> tuple[Spoiling, ...]:
    """Return the answers with HTTP 200 that are none.

    Args:
        own: In which form the OMS itself answers.
    """
    of_xml = _XML_CONTENTS if own is Form.XML else {}
    return (
        *(
            answering(
                f"HTTP 200 and {name}", 200, body, kind="text/html" if body is HTML else _JSON
            )
            for name, body in CONTENTS.items()
        ),
        *(
            answering(f"HTTP 200 and {name}", 200, body, kind="application/xml")
            for name, body in of_xml.items()
        ),
    )


def turning_away() -> tuple[Spoiling, ...]:
    """Return the answers with which a call is turned away, each with a text and with JSON."""
    pages = (
        answering(f"HTTP {status} and a page of HTML", status, HTML, kind="text/html")
        for status in NO_SUCH
    )
    return (*(each for status in STATUSES for each in _with_status(status)), *pages)


def refusing_tokens() -> tuple[Spoiling, ...]:
    """Return answers to a call for a token that is not given."""
    return tuple(_with_status(status)[1] for status in (400, 401, 403, 404, 429, 500, 503))


def failing() -> tuple[Spoiling, ...]:
    """Return the answers which leave open what became of a call."""
    return tuple(each for status in FAILURES for each in _with_status(status))
