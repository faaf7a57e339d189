"""Checks that an order is in the OMS once, whatever happens on the way."""

import asyncio
from functools import partial

from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.corpus.building import multi_order
from multiorder_sync.conformance.faults import (
    BREAKING_OFF,
    CUT,
    SILENCE,
    creating,
)
from multiorder_sync.conformance.passage import Fault
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene, lag_of
from multiorder_sync.conformance.settling import settle
from multiorder_sync.conformance.standards import Level, Nonconforming, NotRun, standard
from multiorder_sync.conformance.steering import Gate
from multiorder_sync.conformance.steps import not_whole, sent_again
from multiorder_sync.errors import OutcomeUnknown, RefTaken, Refused
from multiorder_sync.oms.connector import DuplicateGuard

_GUARD = "the guard that is declared decides whether core creates again after a time-out"


class DoublingChecks(Checks):
    """One order is one order."""

    @standard(
        Level.GOLD,
        why="Nacelle repeats a call that failed, and core one that timed out: the second time, the "
        "order has to be found, or the shopper gets everything twice",
        mend="give the same ref always, find the order by it, and declare what the OMS does with a "
        "second create in duplicate_guard",
        needs_order=True,
    )
    def test_the_same_order_twice_is_one_order(self) -> None:
        """Settle one order twice, one after the other and at once."""
        submission = self.bench.ordinary[0]
        again = self.bench.submissions({**multi_order(), "merchant_modified_at": "2027-01-01"})[0]

        async def scene(opened: Scene) -> tuple[Ended, Ended, int]:
            return (
                await settle(opened, submission),
                await settle(opened, again),
                len(await opened.orders()),
            )

        async def at_once(opened: Scene) -> tuple[Ended, Ended, int]:
            first, second = await asyncio.gather(
                _created(opened, submission), _created(opened, again)
            )
            return first, second, len(await opened.orders())

        wrong = _twice(self.bench.stage.run(scene), "sent twice")
        if not wrong and self._guard is not DuplicateGuard.NONE:
            wrong = _twice(self.bench.stage.run(at_once), "sent twice at once")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="whether a create is repeated is decided in core alone, which looks first whether it "
        "is there; one that a connector repeats by itself is an order twice",
        mend="take out every loop and retry around a create, marked with creates=True or not; the "
        "client renews a refused token by itself; an order that takes several creates sends each of "
        "them once",
        needs_order=True,
    )
    def test_submit_sends_one_create(self) -> None:
        """Count the creates of one submit, undisturbed and for every way in which it is spoiled."""
        wrong = [
            f"{trial.words} submit leaves {trial.held} orders"
            for trial in (*self.bench.submit_trials, *self.bench.token_trials)
            if trial.held > 1
        ]
        wrong += [
            f"{trial.words} submit {trial.repeated}"
            for trial in self.bench.submit_trials
            if trial.repeated is not None
        ]
        wrong += sent_again(self.bench.step_trials)
        if self.bench.routes.doubled is not None:
            wrong.append(f"undisturbed, submit {self.bench.routes.doubled}")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="networks lose answers every day; the order is there, has been paid, and Nacelle must "
        "hear that it is there",
        mend="raise OutcomeUnknown from submit, so that core asks find, and let find see the order",
        needs_order=True,
    )
    def test_a_time_out_after_commit_ends_as_success(self) -> None:
        """Let the OMS take the order and its answer get lost, and settle it by the rule."""
        submission = self.bench.ordinary[0]
        wrong = []
        for spoiling in (SILENCE, CUT, BREAKING_OFF):
            fault = spoiling.fault(creating, after=True, times=1)
            hanging = fault if spoiling.silent else None

            async def scene(opened: Scene, hanging: Fault | None = hanging) -> tuple[Ended, int]:
                ended = await settle(opened, submission, hanging=hanging)
                return ended, len(await opened.orders())

            ended, held = self.bench.stage.run(scene, fault)
            lag = lag_of(Ended()) if held else ""
            if ended.receipt is None:
                wrong.append(
                    f"after {spoiling.name} in place of the answer, it ends with: {ended}{lag}"
                )
            if held != 1:
                wrong.append(f"after {spoiling.name} in place of the answer, the OMS holds {held}")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why=f"an OMS can take an order long after the client gave up; {_GUARD}",
        mend="declare REFUSES only where the OMS refuses a second create under the same ref, MERGES "
        "only where it makes no second order of it, and NONE otherwise",
        needs_order=True,
    )
    def test_a_late_commit_ends_as_the_guard_says(self) -> None:
        """Let a create through after find said absent, before and after another create."""
        wrong = self._late(before_the_second=True)
        if self._guard is not DuplicateGuard.NONE:
            wrong += self._late(before_the_second=False)
        if self._guard is DuplicateGuard.REFUSES:
            wrong += self._taken_over()
        if wrong:
            raise Nonconforming(*wrong)

    def _taken_over(self) -> list[str]:
        """Create another order under the ref: core does not look before the first create of one."""
        data = multi_order()
        data["orders"][0]["order_items"][0]["quantity"] += 1
        first, other = self.bench.ordinary[0], self.bench.submissions(data)[0]

        async def scene(opened: Scene) -> tuple[Ended, bool]:
            await opened.submit(first)
            before = await opened.orders()
            ended = await opened.submit(other)
            return ended, before != await opened.orders()

        if first.ref != other.ref:
            return []
        ended, changed = self.bench.stage.run(scene)
        does = "changes the order that is there" if changed else f"{ended}"
        if not changed and ended.receipt is None:
            return []
        return [f"the declared guard is refuses, and a create under another order's ref {does}"]

    @standard(
        Level.GOLD,
        why="an order that is made by several calls can be left half made by each of them: one "
        "without its payments is not shipped, and one without its customer is nobody's",
        mend="let the call that makes the order be the last; or say creates=True with each call "
        "from the order's create on, make each of them so that it can be made again, and let find "
        "see whether they were all made, and not return a receipt before",
        needs_order=True,
    )
    def test_an_order_of_several_calls_is_whole(self) -> None:
        """Spoil one call of a submit after the other, settle the order, and look at what is there."""
        wrong = [*not_whole(self.bench.step_trials, self._guard)]
        if wrong:
            raise Nonconforming(*wrong)

    @property
    def _guard(self) -> DuplicateGuard:
        return self.bench.subject.connector.duplicate_guard

    def _late(self, *, before_the_second: bool) -> list[str]:
        submission, gate = self.bench.ordinary[0], Gate()
        held_up = gate.fault(creating)
        creates_again = self._guard is not DuplicateGuard.NONE

        async def scene(opened: Scene) -> tuple[Ended, Ended, Ended, Ended, int]:
            try:
                first = await opened.unanswered(partial(opened.submit, submission), held_up)
                absent = await opened.find(submission)
                second = Ended()
                if creates_again and not before_the_second:
                    second = await _created(opened, submission)
                gate.open()
                await opened.until(lambda: held_up.done == 1)
                if creates_again and before_the_second:
                    second = await _created(opened, submission)
                found = await opened.find(submission)
                return first, absent, second, found, len(await opened.orders())
            finally:
                gate.open()

        first, absent, second, found, held = self.bench.stage.run(scene, held_up)
        if not isinstance(first.error, OutcomeUnknown):
            return [f"of a create that is not answered in time, submit {first}, not OutcomeUnknown"]
        if not absent.absent:
            raise NotRun(
                "find does not say absent; see test_find_tells_ours_from_anothers_and_absent"
            )
        when = "before" if before_the_second else "after"
        declared = f"the declared guard is {self._guard.value}"
        wrong = []
        if creates_again and second.receipt is None:
            wrong.append(
                f"the first create came through late, {when} a second one; {declared}, and the "
                f"second {second}"
            )
        if held != 1:
            wrong.append(
                f"the first create came through late, {when} a second one; {declared}, and the OMS "
                f"holds {held} orders"
            )
        if found.receipt is None:
            wrong.append(f"of an order that came through late, find {found}{lag_of(found)}")
        return wrong


async def _created(scene: Scene, submission: AnySubmission) -> Ended:
    """Submit; what is refused may be refused because it is there."""
    ended = await scene.submit(submission)
    if isinstance(ended.error, Refused) and not isinstance(ended.error, RefTaken):
        found = await scene.find(submission)
        return found if found.receipt is not None else ended
    return ended


def _twice(seen: tuple[Ended, Ended, int], how: str) -> list[str]:
    first, second, held = seen
    wrong = [
        f"{how}, the {number} time ends with: {ended}"
        for number, ended in (("first", first), ("second", second))
        if ended.receipt is None
    ]
    if held != 1:
        wrong.append(f"{how}, the order is in the OMS {held} times")
    if first.receipt and second.receipt and first.receipt.oms_id != second.receipt.oms_id:
        wrong.append(f"{how}, it has the oms_ids {first.receipt.oms_id}, {second.receipt.oms_id}")
    return wrong
