"""Calls of a connector's methods, each spoiled in its own way, and how they ended."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from multiorder_sync.conformance.creates import Routes
from multiorder_sync.conformance.faults import (
    CUT,
    SILENCE,
    UNANSWERED,
    Meets,
    Spoiling,
    contents,
    creating,
    failing,
    fetching_a_token,
    looking_up,
    refusing_tokens,
    turning_away,
)
from multiorder_sync.conformance.forms import Form, form_of_reply
from multiorder_sync.conformance.own_words import (
    FAILING,
    TURNING_AWAY,
    in_own_words,
    refusal_of,
)
from multiorder_sync.conformance.passage import Fault
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import FAIR_SECONDS, Ended, Scene
from multiorder_sync.conformance.stage import Stage
from multiorder_sync.conformance.subject import secrets_in, with_other_secrets
from multiorder_sync.conformance.troubles import PERMITTED, Trouble
from multiorder_sync.errors import OmsError, Unavailable

_NOT_FOUND: Final = 404


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A method that was called once, while its calls were spoiled.

    Attributes:
        spoiling: In which way.
        trouble: What kind of trouble that is.
        status: The status of the answer; None if there was none.
        after: Whether the OMS had acted before.
        ended: How it ended.
        repeated: Which creates were sent again, in words.
        held: How many orders the OMS holds then.
    """

    spoiling: str
    trouble: Trouble
    status: int | None
    after: bool
    ended: Ended
    repeated: str | None
    held: int

    @property
    def words(self) -> str:
        """How it was spoiled, in words."""
        return f"{_answered(self.spoiling, self.trouble)}" + (
            ", after the OMS had taken the order," if self.after else ""
        )


def submit_trials(stage: Stage, submission: AnySubmission, routes: Routes) -> list[Trial]:
    """Submit an order again and again, each time with a call spoiled in another way.

    What a submit does not ask for, such as an order, is not spoiled: there is no trial of it.
    """
    of_look_ups = (*failing(), CUT, SILENCE)

    async def scene(opened: Scene) -> list[Trial | None]:
        trials = _Trials(opened, submission, routes)
        refusal = await refusal_of(opened, submission)
        own = None if refusal is None else form_of_reply(refusal)
        left_open = (*failing(), *contents(own), *UNANSWERED, *in_own_words(refusal, FAILING))
        return [
            *[
                await trials.submit(each, trouble=_turned_away(each, own))
                for each in (*turning_away(), *in_own_words(refusal, TURNING_AWAY))
            ],
            *[await trials.submit(each) for each in left_open],
            *[await trials.submit(each, after=True) for each in left_open],
            *[await trials.submit(each, looking_up, Trouble.LOOK_UP) for each in of_look_ups],
        ]

    tried = [each for each in stage.run(scene, counting=False) if each is not None]
    return [*tried, *_elsewhere(stage, submission, routes)]


def token_trials(stage: Stage, submission: AnySubmission, routes: Routes) -> list[Trial]:
    """Submit an order again and again, each time with the call for a token spoiled."""
    found = []
    for each in (*refusing_tokens(), *contents()[:4], *UNANSWERED):
        # A client of its own: a refusal of credentials is remembered for a while.
        async def scene(opened: Scene, spoiling: Spoiling = each) -> Trial | None:
            trials = _Trials(opened, submission, routes)
            return await trials.submit(spoiling, fetching_a_token, Trouble.TOKENLESS)

        found.append(stage.run(scene, counting=False))
    return [each for each in found if each is not None]


def swallowed(trials: Sequence[Trial]) -> list[str]:
    """Say of which trials the connector says that the order is there, and it is not."""
    return [
        f"{trial.words} submit returns a receipt, and the OMS does not hold the order"
        for trial in trials
        if trial.ended.receipt is not None and not trial.held
    ]


def unclassified(trials: Sequence[Trial]) -> list[str]:
    """Say which trials end with something else than the contract's errors."""
    return [
        f"{trial.words} submit {trial.ended}"
        for trial in trials
        if not isinstance(trial.ended.error, OmsError) and trial.ended.receipt is None
    ]


def misnamed(trials: Sequence[Trial]) -> list[str]:
    """Say which trials end with an error of the contract's that says something else than is so."""
    return [
        f"{trial.words} submit {trial.ended}, not "
        + " or ".join(kind.__name__ for kind in PERMITTED[trial.trouble])
        for trial in trials
        if isinstance(trial.ended.error, OmsError)
        and not isinstance(trial.ended.error, PERMITTED[trial.trouble])
    ]


def falsely_unavailable(trials: Sequence[Trial]) -> list[str]:
    """Say of which trials the connector says "certainly not created" although the order is there."""
    return [
        f"{trial.words} submit {trial.ended}, which says that it was certainly not created"
        for trial in trials
        if trial.held and isinstance(trial.ended.error, Unavailable)
    ]


class _Trials(msgspec.Struct, frozen=True):
    """Submits of one order in one scene."""

    opened: Scene
    submission: AnySubmission
    routes: Routes

    async def submit(
        self,
        spoiling: Spoiling,
        meets: Meets = creating,
        trouble: Trouble | None = None,
        *,
        after: bool = False,
    ) -> Trial | None:
        """Submit the order with calls spoiled; None if it makes none of them."""
        opened = self.opened
        fault = spoiling.fault(meets, after=after)

        async def submit(seconds: float) -> Ended:
            await opened.begin_anew(fault)  # a call that is made again is one submit, not two
            return await opened.submit(self.submission, seconds)

        ended = await met(opened, spoiling, fault, submit)
        if not fault.met:
            return None
        arrivals = opened.door.arrivals
        # Of a call that is answered with 401, the client knows that it was not taken.
        renewed = spoiling.status == 401 and any(each.mark and each.mark.token for each in arrivals)
        return Trial(
            spoiling=spoiling.name,
            trouble=trouble or spoiling.trouble,
            status=spoiling.status,
            after=after,
            ended=ended,
            repeated=self.routes.repeated(arrivals, spare=1 if renewed else 0),
            held=len(await opened.orders()),
        )


def _turned_away(spoiling: Spoiling, own: Form | None) -> Trouble:
    foreign = spoiling.status == _NOT_FOUND and own is not None and spoiling.form is not own
    return Trouble.FOREIGN if foreign else spoiling.trouble


async def met(
    opened: Scene, spoiling: Spoiling, fault: Fault, call: Callable[[float], Awaitable[Ended]]
) -> Ended:
    """Make a call that meets a fault, and wait no longer than it takes where that is silence."""
    return await (opened.unanswered(call, fault) if spoiling.silent else call(FAIR_SECONDS))


def _elsewhere(stage: Stage, submission: AnySubmission, routes: Routes) -> list[Trial]:
    """Submit an order to nobody, and with credentials that are wrong."""

    async def scene(opened: Scene) -> tuple[Ended, int]:
        return await opened.submit(submission), len(await opened.orders())

    settings = stage.settings_at(stage.url)
    others = {Trouble.UNREACHABLE: stage.settings_at(stage.closed_url())}
    if secrets_in(settings):
        others[Trouble.WRONG_CREDENTIALS] = with_other_secrets(settings)
    found = []
    for trouble, used in others.items():
        ended, held = stage.run(scene, settings=used, counting=False)
        trial = Trial(
            spoiling=trouble.value,
            trouble=trouble,
            status=None,
            after=False,
            ended=ended,
            repeated=routes.repeated(stage.door.arrivals, spare=1),  # of a token that is renewed
            held=held,
        )
        found.append(trial)
    return found


def _answered(spoiling: str, trouble: Trouble) -> str:
    if trouble is Trouble.UNREACHABLE:
        return f"of {spoiling}"
    if trouble is Trouble.WRONG_CREDENTIALS:
        return f"with {spoiling}"
    what = {Trouble.TOKENLESS: "asked for a token, ", Trouble.LOOK_UP: "asked for an order, "}
    return f"{what.get(trouble, '')}answered with {spoiling}"
