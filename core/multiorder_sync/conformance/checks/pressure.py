"""Checks under load: tokens, limits, many calls at once, and calls that are cancelled."""

import asyncio
import contextlib
from collections.abc import Sequence
from itertools import pairwise
from time import process_time
from typing import Any, Final

from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.corpus.building import multi_order, order
from multiorder_sync.conformance.faults import (
    Spoiling,
    answering,
    creating,
    fetching_a_token,
    looking_up,
)
from multiorder_sync.conformance.passage import Arrival, Fault
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.settling import settle
from multiorder_sync.conformance.standards import Level, Nonconforming, standard
from multiorder_sync.conformance.steering import Gate, delaying
from multiorder_sync.errors import Unavailable

_AT_ONCE: Final = 50
_LEAST_AT_ONCE: Final = 10
_RETRY_AFTER: Final = 7
_DELAY_SECONDS: Final = 0.1
_LONGEST_DELAY_SECONDS: Final = 1.0
_TIMES_ONE: Final = 30
"""The delay is so many times what one call takes on a processor: where that is slow, or others have
it meanwhile, calls do not come as quickly. What a call sleeps away is not in it."""
_RUNS: Final = 2
_GRACE_SECONDS: Final = 2.0
_LONG_SECONDS: Final = 30.0
_ARRIVAL_SECONDS: Final = 10.0


class PressureChecks(Checks):
    """Many orders come at once, and not everything goes well."""

    @standard(
        Level.GOLD,
        why="a token ends in the midst of a sale; a fetch for each call under way then locks the "
        "account, and a call that fails for it is an order that failed",
        mend="hold the token in one multiorder_sync.TokenSource and give it to each Call; the "
        "client drops a refused token and asks once for all",
        needs_order=True,
    )
    def test_a_refused_token_is_renewed_once(self) -> None:
        """Revoke all tokens, then submit fifty orders at once."""
        first, *rest = self._distinct(_AT_ONCE + 1)

        async def scene(opened: Scene) -> tuple[list[Ended], int, int]:
            await opened.submit(first)
            before = await opened.issued_tokens()
            if before:
                await opened.order_fault({"kind": "revoke_tokens"})
            ended = await asyncio.gather(*(opened.submit(each, _LONG_SECONDS) for each in rest))
            renewed = await opened.issued_tokens() - before
            return list(ended), renewed if before else 1, len(await opened.orders())

        ended, renewed, held = self.bench.stage.run(scene, counting=False)
        wrong = [
            f"with a token that is refused, submit {each}" for each in ended if each.receipt is None
        ]
        if renewed != 1:
            wrong.append(f"{_AT_ONCE} calls with a refused token asked for {renewed} new ones")
        if held != _AT_ONCE + 1:
            wrong.append(f"{_AT_ONCE + 1} orders were submitted, and the OMS holds {held}")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="one slow answer must not hold up everyone else who is paying",
        mend="await nothing but the client, hold no lock while a call is under way, and do nothing "
        "that blocks (requests, time.sleep, files) in a coroutine",
        needs_order=True,
    )
    def test_calls_run_at_once(self) -> None:
        """Submit many orders at once to an OMS that takes its time.

        What looks wrong is looked at again: the machine may have stood still.
        """
        first, second, *rest = self._distinct(2 * _LEAST_AT_ONCE + 1)

        async def scene(opened: Scene) -> list[Ended]:
            await opened.submit(first)  # and have a token
            started = process_time()
            await opened.submit(second)
            delay = max(_DELAY_SECONDS, _TIMES_ONE * (process_time() - started))
            opened.door.faults = [delaying(min(delay, _LONGEST_DELAY_SECONDS), creating)]
            opened.door.most_at_once = 0
            return list(
                await asyncio.gather(*(opened.submit(each, _LONG_SECONDS) for each in rest))
            )

        ended: list[Ended] = []
        most = 0
        for _ in range(_RUNS):
            ended = self.bench.stage.run(scene, counting=False)
            most = self.bench.stage.door.most_at_once
            if most >= _LEAST_AT_ONCE:
                break
        wrong = [f"among many at once, submit {each}" for each in ended if each.receipt is None]
        if most < _LEAST_AT_ONCE:
            wrong.append(f"of {len(ended)} orders at once, {most} were under way at the same time")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="an OMS that is called again before it said so turns everyone away",
        mend="raise Unavailable(…, retry_after=answer.retry_after) for 429, name the OMS's own header "
        "with Call(retry_after_header=…) if it is another one, and leave the waiting to the client "
        "and to core",
        needs_order=True,
    )
    def test_retry_after_is_obeyed(self) -> None:
        """Turn calls away with 429 and a time to wait, in the header that the call names."""
        stage, submission = self.bench.stage, self.bench.ordinary[0]
        busy = _busy(_RETRY_AFTER)

        async def submitting(opened: Scene) -> Ended:
            return await opened.submit(submission)

        ended = stage.run(submitting, busy.fault(creating))
        wrong = []
        asked = getattr(ended.error, "retry_after", None)
        if not isinstance(ended.error, Unavailable):
            wrong.append(
                f"of a create that is turned away with 429, submit {ended}, not Unavailable"
            )
        elif asked is None or not _RETRY_AFTER - 1 <= asked <= _RETRY_AFTER:
            wrong.append(
                f"an OMS that asks to wait for {_RETRY_AFTER} seconds becomes retry_after={asked}"
            )
        creates = sum(arrival.creates for arrival in stage.door.arrivals)
        if creates != 1:
            wrong.append(f"submit sends {creates} creates to an OMS that asks it to wait")

        async def finding(opened: Scene) -> Ended:
            await opened.submit(submission)
            opened.door.faults = [_busy(1).fault(looking_up, times=1)]
            opened.door.arrivals.clear()
            return await opened.find(submission)

        ended = stage.run(finding, tries=3)
        pauses = _pauses([each for each in stage.door.arrivals if each.looks_up])
        if any(pause < 0.9 for pause in pauses[:1]):
            wrong.append(f"asked to wait for a second, find calls again after {pauses[0]:.2f} s")
        if not isinstance(ended.error, Unavailable) and ended.receipt is None:
            wrong.append(f"of a look-up that is turned away once, find {ended}")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="a call is cancelled when its time is up; what goes on after that sends orders that "
        "nobody waits for, and what is left open is missing for the next",
        mend="let CancelledError through, start no tasks of your own (the client's "
        "run_in_background is for what belongs to no call), and release everything in `finally`",
        needs_order=True,
    )
    def test_cancellation_leaves_nothing_behind(self) -> None:
        """Cancel calls that hang, and see what is left."""
        submission = self.bench.ordinary[0]
        wrong = []
        for meets, what in (
            (creating, "the create"),
            (looking_up, "a look-up"),
            (fetching_a_token, "the call for a token"),
        ):
            gate = Gate()
            held_up = gate.fault(meets, times=None)

            async def scene(
                opened: Scene, gate: Gate = gate, held_up: Fault = held_up
            ) -> list[str]:
                try:
                    return await _cancelled(opened, submission, gate, held_up)
                finally:
                    gate.open()

            wrong += [
                f"cancelled during {what}, {each}" for each in self.bench.stage.run(scene, held_up)
            ]
        if wrong:
            raise Nonconforming(*wrong)

    def _distinct(self, count: int) -> list[AnySubmission]:
        """Return the submissions of so many orders."""
        numbers = range(1, count + 1)
        return [self.bench.submissions(multi_order(order(n), id=f"multi-{n}"))[0] for n in numbers]


async def _cancelled(
    scene: Scene, submission: AnySubmission, gate: Gate, held_up: Fault
) -> list[str]:
    """Cancel a submit, or a find if that is what is held up, and return what is left of it."""
    call: asyncio.Future[Any]
    for method in (scene.connector.submit, scene.connector.find):
        call = asyncio.ensure_future(method(submission))
        with contextlib.suppress(TimeoutError):
            await scene.until(lambda: held_up.met > 0 or call.done(), _ARRIVAL_SECONDS)  # noqa: B023 - called before the next
        if held_up.met:
            return await _after_cancelling(scene, call, submission, gate)
        call.cancel()
        await asyncio.wait({call}, timeout=_ARRIVAL_SECONDS)
    return []  # it makes no such call


async def _after_cancelling(
    scene: Scene, call: "asyncio.Future[Any]", submission: AnySubmission, gate: Gate
) -> list[str]:
    call.cancel()
    await asyncio.wait({call}, timeout=_ARRIVAL_SECONDS)
    if not call.done():
        return ["the connector goes on"]
    wrong = []
    if not call.cancelled():
        wrong.append("the connector swallows the cancellation")
    with contextlib.suppress(Nonconforming):
        await scene.until(lambda: not scene.own_tasks(), _GRACE_SECONDS)
    wrong += [f"a task goes on: {task}" for task in scene.own_tasks()]
    gate.open()
    ended = await settle(scene, submission)
    if ended.receipt is None:
        wrong.append(f"the next submit of the same order {ended}")
    elif len(await scene.orders()) != 1:
        wrong.append("and submitted again, the order is there more than once")
    return wrong


def _busy(seconds: int) -> Spoiling:
    return answering("HTTP 429", 429, b"Slow down, please.", wait_seconds=seconds)


def _pauses(arrivals: Sequence[Arrival]) -> list[float]:
    return [after.at - before.at for before, after in pairwise(arrivals)]
