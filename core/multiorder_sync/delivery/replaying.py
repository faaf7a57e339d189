"""An operator's replay: an order is carried once more, from this process, by the rules of any call."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import msgspec
import structlog

from multiorder_sync.delivery.attempts import Way
from multiorder_sync.delivery.carrying import Carried, Carrier, no_step
from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.journal.due import DueOrder
from multiorder_sync.delivery.journal.records import (
    CLAIM_MARGIN_SECONDS,
    AlarmKind,
    Closing,
    Failure,
    OrderRecord,
    OrderState,
    SubmissionRecord,
    SubmissionUpdate,
)
from multiorder_sync.delivery.journal.reviving import Revive, Twin, twin_of
from multiorder_sync.delivery.journal.transactions import reading, writing
from multiorder_sync.delivery.replay_plan import NotReplayed, Plan, Planner, Stand, Wish
from multiorder_sync.delivery.rules import Rules
from multiorder_sync.delivery.service import Service
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import (
    ConnectorUnavailable,
    HookFailed,
    InternalError,
    JournalUnavailable,
    Untransformable,
    Vetoed,
)
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.identity import fingerprint, order_key
from multiorder_sync.observe import discreet
from multiorder_sync.oms.connector import DuplicateGuard
from multiorder_sync.oms.hookspecs import Settlement
from multiorder_sync.outcome import Outcome

_BEFORE_SENDING: Final = (ConnectorUnavailable, HookFailed, Untransformable, Vetoed)
"""What stops an order before anything of it is on its way."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to.

    Attributes:
        state: The order's.
        outcome: Of all its submissions.
        next_seconds: When a server takes it up again; None: not by itself.
        alarms: Those that were raised.
        unrecorded: Why it could not be recorded yet; None if it was.
    """

    state: OrderState
    outcome: Outcome
    next_seconds: float | None = None
    alarms: tuple[AlarmKind, ...] = ()
    unrecorded: str | None = None


class Replaying:
    """Replays orders, with a service that takes no calls.

    Args:
        service: What delivers.
    """

    def __init__(self, service: Service) -> None:
        self._journal = service.journal
        self._spaces = service.spaces
        self._settings = service.redelivery.settings
        self._log = structlog.get_logger()

    def plan(self, stand: Stand, wish: Wish) -> Plan:
        """Return what replaying an order would do. It blocks.

        Raises:
            NotReplayed: If it can't be replayed so; the message says why.
            JournalUnavailable: If the journal can't be read.
        """
        order = stand.order
        plan = self._planner(order).plan(stand, wish)
        if order.fingerprint is None and plan.multi_order is not None:
            with reading(self._journal.engine) as connection:
                _stop_at(twin_of(connection, order.space, order_key(plan.multi_order)))
        return plan

    async def replay(self, stand: Stand, wish: Wish) -> Replayed:
        """Carry an order once more.

        If the process dies of it, the servers settle what it left.

        Args:
            stand: How the order stood when it was planned.
            wish: How it is to be replayed.

        Raises:
            NotReplayed: If it can't be replayed so by now; it is left as it was.
            JournalUnavailable: If the journal can't be written.
        """
        if stand.order.fingerprint is None:
            await asyncio.to_thread(self._revive, stand, wish)
        await self._journal.release_dead()
        space = self._space(stand.order)
        seconds = space.settings.deadline_seconds
        due = await self._journal.claim_order(
            stand.order.id, claim_seconds=seconds + CLAIM_MARGIN_SECONDS
        )
        if due is None:
            raise NotReplayed("Another process has the order in hand; try again in a moment.")
        now = Stand(
            order=due.order,
            at=due.claimed_at,
            submissions=due.submissions,
            received=due.received,
        )
        try:
            plan = self._planner(due.order).plan(now, wish)
            with space.in_use():
                carried = await self._carried(due, space, plan, wish)
        except NotReplayed as error:
            await self._leave(due, due.order.error)
            raise error from None
        except _BEFORE_SENDING as error:
            await self._leave(due, Failure.of(error))
            raise NotReplayed(str(error)) from error
        return await self._close(due, space, carried)

    def _space(self, order: OrderRecord) -> ServedSpace:
        space = self._spaces.get(order.space)
        if space is None:
            raise NotReplayed(
                f"The space {order.space} of the order is not configured, so there is no OMS to "
                "send it to."
            )
        return space

    def _planner(self, order: OrderRecord) -> Planner:
        return Planner(self._space(order), self._settings.late_commit_seconds)

    def _revive(self, stand: Stand, wish: Wish) -> None:
        """Give an order that can be read by now its key, so that a call for it finds it."""
        multi_order = self.plan(stand, wish).multi_order
        if multi_order is None:
            return
        revive = Revive(
            stand.order.id,
            space=stand.order.space,
            key=order_key(multi_order),
            fingerprint=fingerprint(multi_order),
            at=datetime.now(UTC),
        )
        with writing(self._journal.engine) as connection:
            twin = revive(connection)
        _stop_at(twin)

    async def _carried(self, due: DueOrder, space: ServedSpace, plan: Plan, wish: Wish) -> Carried:
        discretion = Discretion()
        discretion.also(space.redactor)
        if plan.multi_order is not None:
            discretion.learn(plan.multi_order)
        else:
            discretion.learn_again(due.received, OrderDecoder())
        with discreet(discretion.keep):
            return await self._on_its_way(due, space, plan, wish, discretion)

    async def _on_its_way(
        self, due: DueOrder, space: ServedSpace, plan: Plan, wish: Wish, discretion: Discretion
    ) -> Carried:
        way = Way(
            connector=space.connector,
            deadline=monotonic() + space.settings.deadline_seconds,
            caller=wish.by,
            log=self._log.bind(space=space.id, order=due.order.key),
            discretion=discretion,
        )
        carrier = Carrier(self._journal, due.claim, space, way, no_step)
        submissions: Sequence[SubmissionRecord] = due.submissions
        if plan.anew and plan.multi_order is not None:
            submissions = await carrier.freeze(plan.multi_order, due.order.received_at)
        before: tuple[SubmissionUpdate, ...] = ()
        if wish.create_again and space.connector.duplicate_guard is DuplicateGuard.NONE:
            before = (await carrier.look(submissions)).updates
            submissions = _found(submissions, before)
        carried = await carrier.send(submissions, refused_again=True)
        return Carried(carried.outcome, _joined(before, carried.updates))

    async def _close(self, due: DueOrder, space: ServedSpace, carried: Carried) -> Replayed:
        rules = Rules(
            on_outage="queue" if due.order.on_outage == "queue" else "fail",
            delays=self._settings.delays_seconds,
        )
        decision = rules.after_call(carried.outcome)
        closing = Closing(
            state=decision.state,
            updates=carried.updates,
            next_seconds=decision.next_seconds,
            alarms=decision.alarms,
            ladder="restarts",
        )
        alarms: tuple[AlarmKind, ...] = ()
        unrecorded = None
        try:
            closed = await self._journal.close(due.claim, closing)
        except (JournalUnavailable, InternalError) as error:
            unrecorded = str(error)
        else:
            alarms = closed.alarms
            if not closed.held:
                unrecorded = "Another process has taken the order over."
        space.hooks.settled(
            Settlement(
                space=space.id,
                order=due.order.key,
                connector=space.settings.connector,
                state=decision.state.value,
                results=carried.outcome.results,
                told_status=None,
                at=datetime.now(UTC),
            )
        )
        return Replayed(
            state=decision.state,
            outcome=carried.outcome,
            next_seconds=decision.next_seconds,
            alarms=alarms,
            unrecorded=unrecorded,
        )

    async def _leave(self, due: DueOrder, failure: Failure | None) -> None:
        """Give an order of which nothing was sent out of hand, as it stood."""
        again = due.order.next_attempt_at
        seconds = None
        if again is not None:
            seconds = max(0.0, (again - due.claimed_at).total_seconds())
        closing = Closing(
            state=due.order.state, failure=failure, next_seconds=seconds, ladder="waits"
        )
        await self._journal.close(due.claim, closing)


def _stop_at(twin: Twin | None) -> None:
    if twin is not None:
        raise NotReplayed(
            f"The same order is on record already, as {twin.id} ({twin.state.value}); this one is "
            "left as it is."
        )


def _found(
    submissions: Sequence[SubmissionRecord], looked: Sequence[SubmissionUpdate]
) -> list[SubmissionRecord]:
    """Return the submissions as they stand once they were looked for."""
    updates = {each.position: each for each in looked}

    def found(record: SubmissionRecord) -> SubmissionRecord:
        update = updates.get(record.position)
        if update is None:
            return record
        return msgspec.structs.replace(
            record, state=update.state, receipt=update.receipt, error=update.failure
        )

    return [found(record) for record in submissions]


def _joined(
    before: Sequence[SubmissionUpdate], after: Sequence[SubmissionUpdate]
) -> tuple[SubmissionUpdate, ...]:
    """Return each submission's last update, with the attempts of both."""
    joined = {each.position: each for each in before}
    for each in after:
        first = joined.get(each.position)
        attempts = (*first.attempts, *each.attempts) if first else each.attempts
        joined[each.position] = msgspec.structs.replace(each, attempts=attempts)
    return tuple(joined[position] for position in sorted(joined))
