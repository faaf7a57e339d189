"""How the OMS itself refuses an order, and statuses that are no refusal in the very same words."""

from collections.abc import Iterator
from typing import Final

from multiorder_sync.conformance.faults import Spoiling, answering, creating
from multiorder_sync.conformance.forms import media_type
from multiorder_sync.conformance.passage import Reply
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Scene
from multiorder_sync.conformance.steering import refusing

TURNING_AWAY: Final = (401, 403, 429)
"""Statuses with which a call is turned away, and no order refused."""

FAILING: Final = (408,)
"""Statuses which leave open what became of a call."""

_CODE: Final = "KIT-1"
_WORDS: Final = "The kit told the sandbox so."
_BUSY: Final = 429
_WAIT_SECONDS: Final = 2


async def refusal_of(opened: Scene, submission: AnySubmission) -> Reply | None:
    """Return what the sandbox answers where it is told to refuse an order."""
    heard: list[Reply] = []
    fault = refusing(_CODE, _WORDS, creating, hear=heard.append)
    await opened.begin_anew(fault)
    await opened.submit(submission)
    return heard[0] if heard else None


def in_own_words(refusal: Reply | None, statuses: tuple[int, ...]) -> Iterator[Spoiling]:
    """Yield answers of other statuses with the body with which the OMS refuses."""
    if refusal is None:
        return
    kind = media_type(refusal) or "application/json"
    for status in statuses:
        yield answering(
            f"HTTP {status} and the OMS's own words",
            status,
            refusal.body,
            kind=kind,
            wait_seconds=_WAIT_SECONDS if status == _BUSY else None,
        )
