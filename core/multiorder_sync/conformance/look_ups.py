"""Look-ups and checks, each spoiled in its own way, and how they ended."""

from collections.abc import Sequence

import msgspec

from multiorder_sync.conformance.faults import (
    UNANSWERED,
    Spoiling,
    contents,
    failing,
    looking_up,
    turning_away,
)
from multiorder_sync.conformance.forms import Form, form_of_reply
from multiorder_sync.conformance.passage import Arrival, Reply
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.stage import Stage
from multiorder_sync.conformance.steering import overhearing
from multiorder_sync.conformance.trials import met


class FindTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A find of an order that the OMS holds, while the look-up was spoiled.

    Attributes:
        spoiling: In which way.
        ended: How it ended.
        calls: The look-ups that arrived.
        like_absent: Whether the answer is one by which the OMS itself could say that there is no
            such order, as far as status and form tell.
    """

    spoiling: Spoiling
    ended: Ended
    calls: Sequence[Arrival]
    like_absent: bool


def find_trials(stage: Stage, submission: AnySubmission) -> list[FindTrial]:
    """Look an order up that the OMS holds, each time with the look-up spoiled in another way."""

    async def scene(opened: Scene) -> list[FindTrial]:
        heard: list[Reply] = []
        opened.door.faults = [overhearing(looking_up, heard.append)]
        await opened.find(submission)
        # With which statuses, in which forms, the OMS answers if it holds no such order.
        absent = {(each.status, form_of_reply(each)) for each in heard}
        await opened.begin_anew()
        await opened.submit(submission)
        await opened.find(submission)  # until the order is seen
        found = []
        for each in (*turning_away(), *failing(), *contents(_own(heard)), *UNANSWERED):
            fault = each.fault(looking_up)
            opened.door.faults = [fault]

            async def find(seconds: float) -> Ended:
                opened.door.arrivals.clear()
                return await opened.find(submission, seconds, once=True)

            trial = FindTrial(
                ended=await met(opened, each, fault, find),
                spoiling=each,
                calls=[call for call in opened.door.arrivals if call.looks_up],
                like_absent=(each.status, each.form) in absent,
            )
            found.append(trial)
        return found

    return stage.run(scene, counting=False)


def check_trials(stage: Stage) -> list[tuple[Spoiling, Ended]]:
    """Check, each time with the call spoiled in another way."""

    async def scene(opened: Scene) -> list[tuple[Spoiling, Ended]]:
        heard: list[Reply] = []
        opened.door.faults = [overhearing(looking_up, heard.append)]
        await opened.check()
        found = []
        for each in (*failing(), *contents(_own(heard)), *UNANSWERED):
            fault = each.fault(looking_up)
            opened.door.faults = [fault]
            found.append((each, await met(opened, each, fault, opened.check)))
        return found

    return stage.run(scene, counting=False)


def _own(heard: Sequence[Reply]) -> Form | None:
    """Return the form in which the OMS answers look-ups, as far as it does."""
    return form_of_reply(heard[0]) if heard else None
