"""A submit of several calls, of which one alone is spoiled: each of them in its turn."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from multiorder_sync.conformance.book import Book
from multiorder_sync.conformance.creates import Routes
from multiorder_sync.conformance.faults import CUT, Spoiling, answering
from multiorder_sync.conformance.passage import Arrival, Fault
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.settling import settle
from multiorder_sync.conformance.stage import Stage
from multiorder_sync.errors import OutcomeUnknown, Refused, Unavailable
from multiorder_sync.oms.connector import DuplicateGuard

# Without Retry-After, which would only be waited for.
_FAILING: Final = answering("HTTP 503", 503, b"The gateway says 503.")
_SPOILINGS: Final = (CUT, _FAILING)
_FEWEST_CALLS: Final = 2
_MOST_CALLS: Final = 10
_SECONDS: Final = 0.5


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was settled after one call of its first submit was spoiled.

    Attributes:
        words: Which call, and how, in words.
        first: How that submit ended.
        held: How many orders the OMS held then.
        ended: How it ended once it was settled; as the submit did, where that is wrong already.
        repeated: Which creates that first submit sent again, in words.
        amiss: What the OMS holds other than after a submit that met with nothing.
    """

    words: str
    first: Ended
    held: int
    ended: Ended
    repeated: str | None
    amiss: tuple[str, ...]


def step_trials(stage: Stage, submission: AnySubmission, routes: Routes) -> list[Step]:
    """Submit an order again and again, each time with another one of its calls spoiled.

    Of a submit that makes one call there are none: its faults are all looked at elsewhere.
    """

    async def scene(opened: Scene) -> list[Step]:
        one, before = await _undisturbed(opened, submission)
        if len(one) < _FEWEST_CALLS or not before:  # that no order is made, another check says
            return []
        other, after = await _undisturbed(opened, submission)
        clean = _Clean(
            submission=submission,
            book=Book.of(submission, before, after),
            writes=_writes(one) & _writes(other),
            calls=len(one),
            routes=routes,
        )
        found = []
        for number in range(min(len(one), _MOST_CALLS)):
            for spoiling, late in itertools.product(_SPOILINGS, (False, True)):
                step = await _step(opened, clean, number, spoiling, late=late)
                found += [] if step is None else [step]
        return found

    return stage.run(scene, counting=False)


def lost_midway(steps: Sequence[Step]) -> Iterator[str]:
    """Say of which orders it is said that they are not there, or never will be, while they are."""
    for step in steps:
        if step.held and isinstance(step.first.error, Unavailable):
            yield (
                f"{step.words} submit {step.first}, which says that it was certainly not created, "
                "and the OMS holds the order"
            )
        elif isinstance(step.first.error, Refused):
            there = ", and the OMS holds the order" if step.held else ""
            yield f"{step.words} submit {step.first}, which is final{there}"


def sent_again(steps: Sequence[Step]) -> Iterator[str]:
    """Say of which orders a create was sent again by the submit itself."""
    return (f"{step.words} submit {step.repeated}" for step in steps if step.repeated)


def not_whole(steps: Sequence[Step], guard: DuplicateGuard) -> Iterator[str]:
    """Say which orders do not end as they would have without the fault."""
    for step in steps:
        if step.ended.receipt is not None:
            yield from (
                f"{step.words} it ends with {step.ended}, and {each}" for each in step.amiss
            )
        elif _is_final(step, guard):
            yield f"{step.words} it ends with: {step.ended}"


def _is_final(step: Step, guard: DuplicateGuard) -> bool:
    if isinstance(step.ended.error, Refused):
        return True
    # What is in doubt, core does not create again then: it is left to an operator.
    in_doubt = isinstance(step.first.error, OutcomeUnknown)
    return not (in_doubt and guard is DuplicateGuard.NONE)


class _Clean(msgspec.Struct, frozen=True, kw_only=True):
    """A submit to which nothing happened: what the OMS holds by it, and its calls that write."""

    submission: AnySubmission
    book: Book
    writes: Counter[str]
    calls: int
    routes: Routes


async def _undisturbed(
    opened: Scene, submission: AnySubmission
) -> tuple[list[Arrival], list[object]]:
    await opened.begin_anew()
    await opened.submit(submission)
    calls = [each for each in opened.door.arrivals if not each.fetches_token]
    return calls, await opened.orders()


async def _step(
    opened: Scene, clean: _Clean, number: int, spoiling: Spoiling, *, late: bool
) -> Step | None:
    """Spoil one call of a submit, and settle the order; None if the call does not come."""
    met: list[Arrival] = []
    numbers = itertools.count()

    def meets(arrival: Arrival) -> bool:
        if arrival.fetches_token or next(numbers) != number:
            return False
        met.append(arrival)
        return True

    fault: Fault = spoiling.fault(meets, after=late, times=1)
    await opened.begin_anew(fault)
    first = await opened.submit(clean.submission)
    held = len(await opened.orders())
    if not met:
        return None
    opened.door.faults = []
    repeated = clean.routes.repeated(opened.door.arrivals)
    wrong = isinstance(first.error, Refused) or (held > 0 and isinstance(first.error, Unavailable))
    ended = first
    if not wrong and first.receipt is None:
        ended = await settle(opened, clean.submission, first=first, seconds=_SECONDS)
    done = ", after the OMS had done it," if late else ""
    place = f"call {number + 1} of {clean.calls}"
    return Step(
        words=f"with {met[0].called}, {place}, answered with {spoiling.name}{done}",
        first=first,
        held=held,
        ended=ended,
        repeated=repeated,
        amiss=(
            *clean.book.amiss(await opened.orders()),
            *_unmade(clean.writes, _writes(opened.door.arrivals)),
        ),
    )


def _unmade(wanted: Counter[str], made: Counter[str]) -> Iterator[str]:
    for called in wanted - made:
        yield f"{called} was never made for it"


def _writes(arrivals: Sequence[Arrival]) -> Counter[str]:
    """Count the calls that the OMS has taken and that change something there."""
    return Counter(
        each.called
        for each in arrivals
        if each.status is not None and each.status < 400 and each.writes
    )
