"""One call's order, from the journal to the OMS and back: opened, frozen, sent, closed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Final

import msgspec
import structlog

from multiorder_sync.delivery.attempts import Way, is_cancelled
from multiorder_sync.delivery.carrying import (
    Carried,
    Carrier,
    Step,
)
from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.freezing import must_freeze
from multiorder_sync.delivery.journal.journal import Journal, new_token
from multiorder_sync.delivery.journal.opening import Arrival, Waiting
from multiorder_sync.delivery.journal.records import (
    CLAIM_MARGIN_SECONDS,
    AnswerRecord,
    Claim,
    Closing,
    Opened,
    OrderState,
    Standing,
    SubmissionRecord,
)
from multiorder_sync.delivery.rules import Rules
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.delivery.verdicts import BROKEN, STOPPED, Verdict, as_it_stands, stopped
from multiorder_sync.errors import (
    JournalUnavailable,
    MultiOrderError,
    OutcomeUnknown,
    Overloaded,
)
from multiorder_sync.nacelle import responses
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.nacelle.responses import Reply
from multiorder_sync.oms.hookspecs import Settlement

_CLOSE_SECONDS: Final = 1.0
"""How much of the time is kept for closing the order, at most."""

_CLOSE_PART: Final = 0.1
"""How much of it, of a short deadline."""

_POLL_SECONDS: Final = 0.1

_TOO_LATE: Final = "The journal could not be written in time."

_TAKEN_OVER: Final = OutcomeUnknown(
    "Another process has taken the order over; what became of it there is not known here."
)


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a call brings, once it is decoded.

    Attributes:
        space: That it is for.
        order: The order.
        key: Of the order within its space.
        fingerprint: Of its content.
        body: The bytes.
        received_at: When they came.
        request_id: Of the call.
        deadline: Until when to answer, in the time of `time.monotonic`.
        caller: Who sends it: "nacelle", or an operator's name.
        log: Where to.
        discretion: Keeps the shopper out of it.
    """

    space: ServedSpace
    order: MultiOrder
    key: str
    fingerprint: str
    body: bytes
    received_at: datetime
    request_id: str
    deadline: float
    log: structlog.typing.FilteringBoundLogger
    discretion: Discretion
    caller: str = "nacelle"


Same = Callable[[bytes, ServedSpace], str | None]
"""Returns the fingerprint, made as it is made today, of bytes that were received before."""


class Intake:
    """Takes orders in.

    Args:
        journal: Where they are recorded.
        delays: How long to wait before each redelivery, in seconds.
        same: Tells whether bytes received before are of the same content.
        step: Is told each step of an order's way.
    """

    def __init__(
        self, journal: Journal, delays: tuple[float, ...], *, same: Same, step: Step
    ) -> None:
        self._journal = journal
        self.delays = delays
        self._same = same
        self._step = step

    async def take(self, incoming: Incoming) -> Verdict:
        """Take an order as far as it goes within the deadline.

        Raises:
            JournalUnavailable: If it can't be recorded; nothing was sent.
            Overloaded: If another process has it in hand until the deadline.
        """
        opened = await self._open(incoming)
        self._step("opened")
        if opened.claim is None:
            return as_it_stands(opened)
        return await self._carry(incoming, opened, opened.claim, self._rules(incoming))

    async def _open(self, incoming: Incoming) -> Opened:
        """Open the order; while another process has it in hand, wait for what comes of it."""
        arrival = _arrival(incoming, self._journal.owner)
        same: str | None = None
        waiting: Waiting | None = None
        late = partial(self._opened_late, incoming)
        while True:
            try:
                opened = await self._journal.open(
                    arrival, incoming.deadline, same=same, waiting=waiting, late=late
                )
            except JournalUnavailable:
                if waiting is None or monotonic() < incoming.deadline:
                    raise
                raise _in_other_hands() from None  # there was no time left for a last look
            match opened.standing:
                case Standing.BUSY:
                    waiting = waiting or Waiting(opened.order.told_at)
                    if monotonic() + _POLL_SECONDS > incoming.deadline:
                        raise _in_other_hands()
                    await asyncio.sleep(_POLL_SECONDS)
                case Standing.CHANGED if same is None and opened.received is not None:
                    then = self._same(opened.received, incoming.space)
                    if then != incoming.fingerprint:
                        return opened
                    same = opened.order.fingerprint
                case _:
                    return opened

    def _opened_late(self, incoming: Incoming, opened: Opened) -> None:
        """Give back an order that was on record only when its call had been answered.

        Nacelle was told that it failed, so that it must not be sent as one that was promised.
        """
        claim, rules = opened.claim, self._rules(incoming)
        if claim is None:
            return
        closing, _ = stopped(JournalUnavailable(_TOO_LATE), opened, claim, rules)
        answer = AnswerRecord(datetime.now(UTC), incoming.request_id, 500, JournalUnavailable.code)
        self._journal.close_later(claim, msgspec.structs.replace(closing, answer=answer))

    def _rules(self, incoming: Incoming) -> Rules:
        return Rules(on_outage=incoming.space.settings.on_outage, delays=self.delays)

    async def _carry(
        self, incoming: Incoming, opened: Opened, claim: Claim, rules: Rules
    ) -> Verdict:
        carrier: Carrier | None = None
        try:
            carrier = self._carrier(incoming, claim)
            carried = await self._send(carrier, incoming, opened)
        except MultiOrderError as error:
            closing, verdict = stopped(error, opened, claim, rules)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may raise anything
            if is_cancelled(error):
                done = None if carrier is None else carrier.stopped
                self._leave(incoming, opened, claim, rules, done)
                raise
            incoming.log.exception("internal error", connector=incoming.space.settings.connector)
            closing, verdict = stopped(BROKEN, opened, claim, rules)
        else:
            closing = _closing(carried, rules)
            verdict = Verdict(
                order_id=claim.order_id,
                state=closing.state,
                outcome=carried.outcome,
                queued=closing.state is OrderState.QUEUED,
            )
        return await self._close(incoming, claim, closing, verdict)

    def _carrier(self, incoming: Incoming, claim: Claim) -> Carrier:
        space = incoming.space
        way = Way(
            connector=space.connector,
            deadline=incoming.deadline - _kept(space),
            caller=incoming.caller,
            log=incoming.log,
            discretion=incoming.discretion,
        )
        return Carrier(self._journal, claim, space, way, self._step)

    async def _send(self, carrier: Carrier, incoming: Incoming, opened: Opened) -> Carried:
        anew = must_freeze(opened.order, opened.submissions, incoming.space)
        submissions: Sequence[SubmissionRecord] = opened.submissions
        if anew:
            submissions = await carrier.freeze(incoming.order, incoming.received_at)
        else:
            submissions = await carrier.refill(incoming.order, incoming.received_at, submissions)
        return await carrier.send(submissions, refused_again=True)

    def _leave(
        self,
        incoming: Incoming,
        opened: Opened,
        claim: Claim,
        rules: Rules,
        carried: Carried | None,
    ) -> None:
        """Have put on record, without waiting for it, what is known as the server is stopped."""
        if carried is None:
            closing, _ = stopped(STOPPED, opened, claim, rules)
        else:
            closing = _closing(carried, rules)
        answer = _answer(incoming, responses.failure(STOPPED, incoming.request_id))
        closing = msgspec.structs.replace(
            closing,
            answer=answer,
            nothing_left=not any(each.in_doubt for each in opened.submissions),
        )
        self._journal.close_later(claim, closing)

    async def _close(
        self, incoming: Incoming, claim: Claim, closing: Closing, verdict: Verdict
    ) -> Verdict:
        """Close the order. What the OMS has accepted is answered even if that can't be written.

        Recovery closes it then.
        """
        reply = verdict.reply(incoming.body, incoming.request_id)
        answer = _answer(incoming, reply)
        closing = msgspec.structs.replace(closing, answer=answer)
        otherwise = None
        if verdict.queued:  # what is not on record is not promised
            otherwise = msgspec.structs.replace(answer, status=500, code=JournalUnavailable.code)
        try:
            seconds = max(_kept(incoming.space), incoming.deadline - monotonic())
            closed = await self._journal.close(
                claim,
                closing,
                seconds=seconds,
                otherwise=otherwise,
                if_stopped=_answer(incoming, responses.failure(STOPPED, incoming.request_id)),
            )
        except JournalUnavailable as error:
            if verdict.queued:
                return Verdict(order_id=claim.order_id, state=OrderState.UNAVAILABLE, error=error)
            incoming.log.warning(
                "order could not be closed yet", order=claim.key, reason=str(error)
            )
            return verdict
        except Exception:
            if reply.status != 200 or verdict.queued:
                raise
            incoming.log.exception("order could not be closed yet", order=claim.key)
            # So that recovery does not take it for one of which Nacelle was not told.
            self._journal.note_repeat(claim.order_id, claim.space, claim.key, answer)
            return verdict
        self._step("closed")
        if not closed.held:
            verdict = msgspec.structs.replace(verdict, repeated=True, alarms=closed.alarms)
            if verdict.queued:  # it was not put on record as that
                return msgspec.structs.replace(
                    verdict, queued=False, outcome=None, error=_TAKEN_OVER
                )
            return verdict
        incoming.space.hooks.settled(
            Settlement(
                space=incoming.space.id,
                order=incoming.key,
                connector=incoming.space.settings.connector,
                state=verdict.state.value,
                results=verdict.outcome.results if verdict.outcome else (),
                told_status=reply.status,
                at=answer.at,
            )
        )
        return msgspec.structs.replace(verdict, alarms=closed.alarms)


def _closing(carried: Carried, rules: Rules) -> Closing:
    decision = rules.after_call(carried.outcome)
    return Closing(
        state=decision.state,
        updates=carried.updates,
        next_seconds=decision.next_seconds,
        alarms=decision.alarms,
        ladder="restarts",
    )


def _answer(incoming: Incoming, reply: Reply) -> AnswerRecord:
    return AnswerRecord(datetime.now(UTC), incoming.request_id, reply.status, reply.code)


def _in_other_hands() -> Overloaded:
    return Overloaded("Another process has this very order in hand still.")


def _kept(space: ServedSpace) -> float:
    """Return the seconds that are kept for closing an order of this space."""
    return min(_CLOSE_SECONDS, space.settings.deadline_seconds * _CLOSE_PART)


def _arrival(incoming: Incoming, owner: str) -> Arrival:
    settings = incoming.space.settings
    return Arrival(
        space=incoming.space.id,
        key=incoming.key,
        fingerprint=incoming.fingerprint,
        connector=settings.connector,
        on_outage=settings.on_outage,
        received=incoming.body,
        received_at=incoming.received_at,
        token=new_token(),
        owner=owner,
        claim_seconds=max(0.0, incoming.deadline - monotonic()) + CLAIM_MARGIN_SECONDS,
    )
