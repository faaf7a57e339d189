"""Checks of all that comes: the whole corpus, garbage for answers, and what is left of it."""

import asyncio
from typing import Final

from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.currencies import refused_as_a_whole
from multiorder_sync.conformance.faults import Meets, changing, creating, looking_up
from multiorder_sync.conformance.garbling import Change
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.settling import settle
from multiorder_sync.conformance.standards import Level, Nonconforming, NotRun, standard
from multiorder_sync.errors import Refused, Unavailable

_MOST_CHANGES: Final = 40
_LONG_SECONDS: Final = 30.0


class TakingChecks(Checks):
    """Whatever Nacelle sends and the OMS answers, it ends well."""

    @standard(
        Level.GOLD,
        why="OMSs change their answers without a word, and gateways put their own in between; a "
        "connector that breaks over one turns one odd answer into a lost order",
        mend="look at the type of everything that is taken out of an answer, and raise "
        "answer.unexpected(…) for what is not as it should be",
    )
    def test_garbage_is_survived(self) -> None:
        """Change one part after the other of what the OMS answers in earnest."""
        stage, submission = self.bench.stage, self.bench.ordinary[0]
        wrong = []
        for meets, method in ((creating, "submit"), (looking_up, "find"), (looking_up, "check")):

            async def scene(
                opened: Scene, meets: Meets = meets, method: str = method
            ) -> list[tuple[str, Ended, int]]:
                if method != "submit":
                    await opened.submit(submission)
                found = []
                for number in range(_MOST_CHANGES):
                    if method == "submit":
                        await opened.begin_anew()
                    changes = Change(number)
                    opened.door.faults = [changing(changes, meets)]
                    ended = await getattr(opened, method)(
                        *([] if method == "check" else [submission])
                    )
                    if changes.exhausted:
                        break
                    found.append((changes.what, ended, len(await opened.orders())))
                return found

            for what, ended, held in stage.run(scene, counting=False):
                if not ended.classified:
                    wrong.append(f"of an answer in which {what}, {method} {ended}")
                if method == "submit" and held and isinstance(ended.error, Unavailable):
                    wrong.append(
                        f"of an answer in which {what}, {method} {ended}, and the order is there"
                    )
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.GOLD,
        why="shoppers place such orders every day, and each that is refused has been paid",
        mend="express it for the OMS, with a note where something had to be decided",
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
        mend="raise Untransformable for what the OMS can't express, and Refused for what it refuses",
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
