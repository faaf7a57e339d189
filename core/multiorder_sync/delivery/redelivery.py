"""Settles what is queued or undecided, and what a process that died has left."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from time import monotonic
from typing import Final

import msgspec
import structlog

from multiorder_sync.config import RedeliverySettings
from multiorder_sync.delivery.alarms import Alarms
from multiorder_sync.delivery.attempts import Way, is_cancelled
from multiorder_sync.delivery.carrying import (
    Carried,
    Carrier,
    Step,
    no_step,
)
from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.freezing import must_freeze
from multiorder_sync.delivery.journal.due import DueOrder, Room
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.records import (
    CLAIM_MARGIN_SECONDS,
    AlarmKind,
    Closing,
    OrderState,
    SubmissionRecord,
)
from multiorder_sync.delivery.redelivered import (
    closed_by,
    doubted,
    nothing_sent,
    settlement,
    stopped,
    waiting,
)
from multiorder_sync.delivery.rules import Rules
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import (
    InternalError,
    InvalidOrder,
    JournalUnavailable,
    MultiOrderError,
    Untransformable,
)
from multiorder_sync.metrics import Metrics
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.observe import discreet

_POLL_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 60.0
"""How long one redelivery may take at most, however long its space's deadline is."""

_OPEN: Final = (OrderState.QUEUED, OrderState.UNKNOWN, OrderState.DEAD)
"""The states of an order that this redelivery has not settled."""


class Redelivery:
    """Takes up orders whose time has come, as one of the processes that share the journal.

    Args:
        spaces: Those that are served, by Nacelle's space id.
        journal: Where orders are recorded.
        settings: When, and how many at once.
        alarms: Where alarms go.
        metrics: Counts what becomes of orders.
        step: Is told each step of an order's way.
        poll_seconds: How long to wait before it looks again for what is due.
    """

    def __init__(  # noqa: PLR0913 - what it works with, by keyword
        self,
        spaces: Mapping[str, ServedSpace],
        journal: Journal,
        settings: RedeliverySettings,
        *,
        alarms: Alarms,
        metrics: Metrics,
        step: Step = no_step,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self.settings = settings
        self.poll_seconds = poll_seconds
        self._spaces = spaces
        self._journal = journal
        self._alarms = alarms
        self._metrics = metrics
        self._step = step
        self._tasks: dict[asyncio.Task[None], str] = {}  # and the space of its order
        self._free = asyncio.Event()
        self._resting_since: float | None = None
        self._log = structlog.get_logger()

    @cached_property
    def _decoder(self) -> OrderDecoder:
        # It takes a while to build, and a process may never take an order up again.
        return OrderDecoder()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self._journal.release_dead(self.settings.delays_seconds)
                await self._take_up()
            except JournalUnavailable as error:
                self._log.warning("redelivery waits for the journal", reason=str(error))
            except Exception:  # noqa: BLE001 - what is wrong with one round must not end them all
                self._log.exception("redelivery failed")
            with suppress(TimeoutError):
                # Many may wait; each place that becomes free is taken at once. In Python 3.11,
                # wait_for loses a cancellation that comes as its event is set.
                async with asyncio.timeout(self.poll_seconds):
                    await self._free.wait()
            self._free.clear()

    def rest(self) -> None:
        """Take up nothing more."""
        if self._resting_since is None:
            self._resting_since = monotonic()

    async def aclose(self, grace_seconds: float = 0.0) -> None:
        """Finish what is under way, as far as the time allows; the rest is left for another process.

        Args:
            grace_seconds: How long that may take, from when `rest` was called.
        """
        self.rest()
        since, tasks = self._resting_since or 0.0, tuple(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, since + grace_seconds - monotonic()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_up(self) -> None:
        free = self.settings.max_concurrent - len(self._tasks)
        if free <= 0 or self._resting_since is not None:
            return
        seconds = _LONGEST_SECONDS + CLAIM_MARGIN_SECONDS
        for due in await self._journal.claim_due(self._room(free), claim_seconds=seconds):
            task = asyncio.create_task(self._redeliver(due))
            self._tasks[task] = due.order.space
            task.add_done_callback(self._done)

    def _room(self, free: int) -> Room:
        """Return for how many orders there is room: no space's backlog takes up all places.

        Of a space whose OMS is out of reach one at a time is enough, so that a person hears of it.
        """
        most = self.settings.max_concurrent
        each = most - 1 if most > 2 and len(self._spaces) > 1 else most
        in_hand = Counter(self._tasks.values())
        spaces = {name: each - number for name, number in in_hand.items()}
        for name, space in self._spaces.items():
            if space.open_circuits:
                spaces[name] = 1 - in_hand[name]
        return Room(most=free, each=each, spaces=spaces)

    def _done(self, task: asyncio.Task[None]) -> None:
        space = self._spaces.get(self._tasks.pop(task))
        # There may be more of them; but where the OMS is not even called, that is no hurry.
        if space is not None and not space.open_circuits:
            self._free.set()

    async def _redeliver(self, due: DueOrder) -> None:
        try:
            await self.deliver(due)
        except JournalUnavailable as error:
            self._log.warning("redelivery not recorded yet", order=due.order.key, reason=str(error))
        except Exception:  # noqa: BLE001 - nobody waits for it; its claim ends by itself
            self._log.exception("redelivery failed", order=due.order.key)

    async def deliver(self, due: DueOrder) -> OrderState:
        """Settle one order that is in hand, as far as that goes, and return its state.

        Raises:
            JournalUnavailable: If what became of it can't be recorded yet.
        """
        order = due.order
        log = self._log.bind(space=order.space, order=order.key)
        discretion = Discretion()
        with discreet(discretion.keep):
            closing = await self._closing(due, log, discretion)
        closed = await self._journal.close(due.claim, closing)
        self._step("closed")
        for kind in closed.alarms:
            self._alarms.raised(kind, space=order.space, order=order.key)
        if not closed.held:  # what becomes of it is said by whoever has it
            return closing.state
        log.info(
            "redelivery",
            before=order.state.value,
            outcome=closing.state.value,
            number=order.redeliveries,
            reason=discretion.keep(closing.failure.message) if closing.failure else None,
            next_seconds=closing.next_seconds,
        )
        self._metrics.redelivered(order.space, closing.state.value)
        space = self._spaces.get(order.space)
        if space is not None:
            space.hooks.settled(settlement(due, closing))
        return closing.state

    async def _closing(
        self,
        due: DueOrder,
        log: structlog.typing.FilteringBoundLogger,
        discretion: Discretion,
    ) -> Closing:
        order = due.order
        # One in doubt that could not be queued was answered with a failure: it was not promised.
        queued = order.on_outage == "queue" and order.state is not OrderState.UNKNOWN
        rules = Rules(
            on_outage="queue" if queued else "fail",
            delays=self.settings.delays_seconds,
        )
        if order.redeliveries > len(self.settings.delays_seconds):
            # It was taken up more often than it was closed: a process dies of it.
            return closed_by(rules.again(order))
        space = self._spaces.get(order.space)
        if space is None or space.broken:
            return waiting(order.state, rules, AlarmKind.NOT_SERVED)
        with space.in_use():
            discretion.also(space.redactor)
            out_of_reach = bool(space.open_circuits)
            try:
                carried = await self._carried(due, space, rules, log, discretion)
            except MultiOrderError as error:
                return stopped(error, due, rules)
            except BaseException as error:  # a plugin may raise anything
                if isinstance(error, KeyboardInterrupt | GeneratorExit) or is_cancelled(error):
                    raise
                log.exception("internal error")
                broken = InternalError("Something here broke; the log says what.")
                return stopped(broken, due, rules)
        decision = rules.after_redelivery(order, carried.outcome)
        if decision.state in _OPEN and out_of_reach and space.open_circuits:
            # The OMS was not even called: that is no try.
            closing = closed_by(rules.out_of_reach(order, due.claimed_at), carried)
            return msgspec.structs.replace(closing, ladder="waits")
        return closed_by(decision, carried)

    async def _carried(
        self,
        due: DueOrder,
        space: ServedSpace,
        rules: Rules,
        log: structlog.typing.FilteringBoundLogger,
        discretion: Discretion,
    ) -> Carried:
        multi_order: MultiOrder | None = None
        unreadable: InvalidOrder | None = None
        try:
            multi_order = self._decoded(due, space)
        except InvalidOrder as error:  # what is frozen needs no reading
            unreadable = error
        if multi_order is not None:
            discretion.learn(multi_order)
        elif any(each.payload is not None for each in due.submissions):
            discretion.learn_again(due.received, self._decoder)  # the OMS may quote what it gets
        seconds = min(space.settings.deadline_seconds, _LONGEST_SECONDS)
        way = Way(
            connector=space.connector,
            deadline=monotonic() + seconds,
            caller="redelivery",
            log=log,
            discretion=discretion,
            late_commit_seconds=self.settings.late_commit_seconds,
            claimed_at=due.claimed_at,
            comes_again=True,
        )
        carrier = Carrier(self._journal, due.claim, space, way, self._step)
        anew = must_freeze(due.order, due.submissions, space)
        if rules.on_outage == "fail":
            carried = await carrier.look(due.submissions)
            if not due.submissions:
                return nothing_sent(space)
            return doubted(
                carried, due, space, late_commit_seconds=self.settings.late_commit_seconds
            )
        submissions: list[SubmissionRecord] | tuple[SubmissionRecord, ...] = due.submissions
        if anew:
            if unreadable is not None:
                raise unreadable
            if multi_order is None:
                raise Untransformable("What was received is not kept any more; it was erased.")
            submissions = await carrier.freeze(multi_order, due.order.received_at)
        return await carrier.send(submissions, refused_again=False)

    def _decoded(self, due: DueOrder, space: ServedSpace) -> MultiOrder | None:
        if due.received is None:
            return None
        return self._decoder.decode(due.received, required_fields=space.settings.required_fields)
