"""Checks of all that comes: the whole corpus, garbage for answers, and what is left of it."""

import asyncio
from typing import Final

import msgspec

from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.currencies import refused_as_a_whole
from multiorder_sync.conformance.faults import Meets, looking_up, writing
from multiorder_sync.conformance.forms import Form
from multiorder_sync.conformance.garbling import Change
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.settling import settle
from multiorder_sync.conformance.standards import Level, Nonconforming, NotRun, standard
from multiorder_sync.conformance.steering import changing
from multiorder_sync.errors import Refused, Unavailable

_MOST_CHANGES: Final = 40
_MOST_CALLS: Final = 5
_LONG_SECONDS: Final = 30.0


class _Garbled(msgspec.Struct, frozen=True):
    """A call of a method, and what was changed in the answer to one of its calls.

    Attributes:
        what: What was changed, in words.
        ended: How it ended.
        held: How many orders the OMS holds then.
        unsuited: In which form the answer was, if the kit knows no parts of it.
    """

    what: str
    ended: Ended
    held: int
    unsuited: Form | None


class TakingChecks(Checks):
    """Whatever Nacelle sends and the OMS answers, it ends well."""

    @standard(
        Level.GOLD,
        why="OMSs change their answers without a word, and gateways put their own in between; a "
        "connector that breaks over one turns one odd answer into a lost order",
        mend="look at the type of everything that is taken out of an answer, and raise "
        "answer.unexpected(…) for what is not as it should be",
        needs_order=True,
    )
    def test_garbage_is_survived(self) -> None:
        """Change one part after the other of what the OMS answers in earnest."""
        wrong, unsuited = [], []
        for meets, method in ((writing, "submit"), (looking_up, "find"), (looking_up, "check")):
            for each in self._garbled(meets, method):
                ended = each.ended
                if each.unsuited is not None:
                    unsuited.append(f"what {method} is answered is {each.unsuited}")
                    continue
                if not ended.classified:
                    wrong.append(f"of an answer in which {each.what}, {method} {ended}")
                if method == "submit" and each.held and isinstance(ended.error, Unavailable):
                    wrong.append(
                        f"of an answer in which {each.what}, {method} {ended}, and the order is "
                        "there"
                    )
        if wrong:
            raise Nonconforming(*wrong)
        if unsuited:
            raise NotRun(
                f"{' and '.join(dict.fromkeys(unsuited))}, of which the kit knows no parts that "
                "could be changed: it changes JSON and XML"
            )

    def _garbled(self, meets: Meets, method: str) -> list[_Garbled]:
        """Call a method again and again, each time with another part of an answer changed."""
        submission = self.bench.ordinary[0]

        async def call_of(opened: Scene) -> Ended:
            if method == "submit":
                return await opened.submit(submission)
            return await (
                opened.check() if method == "check" else opened.find(submission, once=True)
            )

        async def scene(opened: Scene) -> list[_Garbled]:
            if method != "submit":
                await opened.submit(submission)
                await opened.find(submission)  # until the order is seen
            found: list[_Garbled] = []
            for call in range(_MOST_CALLS):
                for number in range(_MOST_CHANGES):
                    if method == "submit":
                        await opened.begin_anew()
                    change = Change(number)
                    fault = changing(change, meets, call)
                    opened.door.faults = [fault]
                    ended = await call_of(opened)
                    if not fault.met:
                        return found  # it makes no more calls
                    if change.exhausted and change.unsuited is None:
                        break
                    held = len(await opened.orders())
                    found.append(_Garbled(change.what, ended, held, change.unsuited))
                    if change.exhausted:
                        break
            return found

        return self.bench.stage.run(scene, counting=False)

    @standard(
        Level.GOLD,
        why="shoppers place such orders every day, and each that is refused has been paid",
        mend="express it for the OMS, with a note where something had to be decided; if its look-ups "
        "show an order late, say find_lag_seconds in the suite",
        needs_order=True,
    )
    def test_ordinary_orders_are_taken(self) -> None:
        """Transform and submit every ordinary case, and find it again."""
        refused = [
            f"transform refuses an ordinary order: {str(made.error)[:200]} (case {case.name})"
            for case in self.bench.corpus
            if case.ordinary
            and (made := self.bench.transformed.get(case.name)) is not None
            and made.error is not None
            and not refused_as_a_whole(self.bench, case, made.error)
        ]
        wrong = refused + [f"{flaw} (case {case.name})" for case, flaw in self._sent(ordinary=True)]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="what a transform makes of an odd order must be something that the OMS can take or "
        "refuse; anything else comes to light with a paid order",
        mend="raise Untransformable for what the OMS can't express, and Refused for what it refuses; if "
        "its look-ups show an order late, say find_lag_seconds in the suite",
        needs_order=True,
    )
    def test_odd_orders_end_well(self) -> None:
        """Submit every odd case that transform takes, and find it again."""
        wrong = [f"{flaw} (case {case.name})" for case, flaw in self._sent(ordinary=False)]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="what is left open adds up, until a process that serves every space has no more",
        mend="close in aclose what was opened, await every coroutine, and look at the result of "
        "every task",
    )
    def test_nothing_is_left_open(self) -> None:
        """Look for what was left open, in this check and in all that were run before it."""
        submission = self.bench.ordinary[0]

        async def scene(opened: Scene) -> list[str]:
            await settle(opened, submission)
            await opened.find(submission)
            await opened.close()
            return opened.own_tasks()

        left = self.bench.stage.run(scene)
        wrong = [f"after aclose, a task goes on: {task}" for task in left]
        wrong += dict.fromkeys(self.bench.stage.play.leaks)
        if wrong:
            raise Nonconforming(*wrong)

    def _sent(self, *, ordinary: bool) -> list[tuple[Case, str]]:
        """Send cases to an OMS that holds nothing else, and say what is wrong with how they end."""
        made = self.bench.transformed
        cases = [
            (case, made[case.name].submissions)
            for case in self.bench.corpus
            if case.ordinary is ordinary
            and not case.name.startswith("without ")
            and case.name in made
            and made[case.name].error is None
        ]
        if not cases:
            raise NotRun("transform takes none of these cases; see test_transform_is_total")

        async def scene(opened: Scene) -> list[tuple[Case, str]]:
            found = []
            for case, submissions in cases:
                await opened.begin_anew()
                flaws = await asyncio.gather(
                    *(_ends(opened, each, must_be_taken=ordinary) for each in submissions)
                )
                found += [(case, flaw) for flaw in flaws if flaw]
                held = len(await opened.orders())
                if ordinary and not any(flaws) and held != len(submissions):
                    found.append((case, f"{len(submissions)} submissions make {held} orders"))
            return found

        return self.bench.stage.run(scene, counting=False)


async def _ends(scene: Scene, submission: AnySubmission, *, must_be_taken: bool) -> str | None:
    """Submit an order and find it again; say what is wrong with how that ends."""
    ended = await scene.submit(submission, _LONG_SECONDS)
    if ended.receipt is None:
        if isinstance(ended.error, Refused) and not must_be_taken:
            return None
        return f"submit {ended}"
    found = await scene.find(submission, _LONG_SECONDS)
    if found.receipt is None or found.receipt.oms_id != ended.receipt.oms_id:
        return f"of an order that submit created, find {found}"
    return None
