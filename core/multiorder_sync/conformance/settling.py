"""The rule by which delivery settles a submission, as small as it can be said.

A create that may have left is followed by `find`, and by another create only if `find` saw nothing
and the OMS would not make a second order of it.
"""

import asyncio
from functools import partial
from math import inf
from time import monotonic
from typing import Final

from multiorder_sync.conformance.passage import Fault
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.errors import OutcomeUnknown, RefTaken, Refused, Unavailable
from multiorder_sync.oms.connector import DuplicateGuard

_PAUSE_SECONDS: Final = 0.05
_SECONDS: Final = 2.0


async def settle(
    scene: Scene,
    submission: AnySubmission,
    *,
    first: Ended | None = None,
    hanging: Fault | None = None,
    seconds: float = _SECONDS,
) -> Ended:
    """Submit, find and submit again until the order is settled.

    Args:
        scene: With the connector.
        submission: The order.
        first: How the first submit ended, if it has been made.
        hanging: At which the first create is to hang, if it is.
        seconds: For how long after the first failure it is tried.

    Returns:
        The receipt, a refusal, what no rule covers, or how the last call ended.
    """
    guard = scene.connector.duplicate_guard
    in_doubt = first is not None and isinstance(first.error, OutcomeUnknown)
    looks_first = first is None and guard is not DuplicateGuard.REFUSES
    until = inf
    while True:
        ended = Ended() if first is None else first
        if first is None and (in_doubt or looks_first):
            ended = await scene.find(submission)
            looks_first = False
        first = None
        if ended.absent and not (in_doubt and guard is DuplicateGuard.NONE):
            ended = await _submitted(scene, submission, hanging)
            in_doubt = in_doubt or isinstance(ended.error, OutcomeUnknown)
            if isinstance(ended.error, Refused) and not isinstance(ended.error, RefTaken):
                found = await scene.find(submission)
                return found if found.receipt is not None else ended
        passing = isinstance(ended.error, OutcomeUnknown | Unavailable)
        if ended.receipt is not None or (ended.error is not None and not passing):
            return ended
        until = min(until, monotonic() + seconds)  # from the first failure on
        asked = ended.error.retry_after if isinstance(ended.error, Unavailable) else None
        wait = max(_PAUSE_SECONDS, asked or 0.0)
        if monotonic() + wait >= until:
            return ended
        await asyncio.sleep(wait)


async def _submitted(scene: Scene, submission: AnySubmission, hanging: Fault | None) -> Ended:
    if hanging is not None and not hanging.met:
        return await scene.unanswered(partial(scene.submit, submission), hanging)
    return await scene.submit(submission)
