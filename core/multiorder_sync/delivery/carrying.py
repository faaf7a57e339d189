"""An order in hand, carried as far as it goes: frozen, sent or looked for, and closed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import Final

import msgspec

from multiorder_sync.delivery.attempts import Way, is_cancelled
from multiorder_sync.delivery.freezing import AnySubmission, context_of, freeze
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.records import (
    Claim,
    FrozenSubmission,
    SubmissionRecord,
    SubmissionUpdate,
)
from multiorder_sync.delivery.results import as_result, unsent, update_of
from multiorder_sync.delivery.settling import ClaimLost, Delivery
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import (
    ConnectorFault,
    HookFailed,
    NotKept,
    Untransformable,
    Vetoed,
)
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.oms.connector import DuplicateGuard
from multiorder_sync.oms.payloads import decode_payload, encode_payload
from multiorder_sync.outcome import Outcome, SubmissionResult, SubmissionState

Step = Callable[[str], None]
"""Is told each step of an order's way, right after it was taken."""

# With less time than this, another order of a multi-order is not begun: it would only be left in
# doubt, too.
_LEAST_SECONDS: Final = 0.3

_LEAST_PART_SECONDS: Final = 1.0
"""How much of the time a submission has at least, however many others wait behind it."""


class Carried(msgspec.Struct, frozen=True):
    """How far the submissions of an order came.

    Attributes:
        outcome: Of all of them, those included that were settled before.
        updates: Of those that were touched.
    """

    outcome: Outcome
    updates: tuple[SubmissionUpdate, ...]


class Carrier:
    """Carries one order.

    Args:
        journal: Where it is recorded.
        claim: The right to carry it on.
        space: That it is for.
        way: What its submissions share.
        step: Is told each step.

    Attributes:
        stopped: How far sending had come in whose middle the server was stopped.
    """

    def __init__(
        self, journal: Journal, claim: Claim, space: ServedSpace, way: Way, step: Step
    ) -> None:
        self._journal = journal
        self._claim = claim
        self._space = space
        self._way = way
        self._step = step
        self.stopped: Carried | None = None
        self._on_record = False  # whether the first create is on record as about to leave
        self._cut_off: tuple[SubmissionResult, SubmissionUpdate] | None = None

    async def freeze(self, order: MultiOrder, received_at: datetime) -> list[SubmissionRecord]:
        """Transform the order, and keep its submissions as they will be sent.

        Raises:
            Untransformable: If the OMS can't express the order.
            Vetoed: If a merchant's own package does not let it through.
            HookFailed: If such a package fails.
            ConnectorUnavailable: If the space's connector is broken.
            JournalUnavailable: If they can't be kept.
            ClaimLost: If another process has the order in hand by now.
        """
        made = await self._made(order, received_at)
        frozen = [FrozenSubmission(each, encode_payload(each.payload)) for each in made]
        # An OMS that does not refuse a second create is asked before the first one.
        guard = self._way.connector.duplicate_guard
        self._on_record = guard is DuplicateGuard.REFUSES
        held = await self._journal.freeze(
            self._claim,
            frozen,
            connector=self._space.settings.connector,
            destination=self._space.destination,
            sending=self._on_record,
            deadline=self._way.deadline,
        )
        if not held:
            raise _lost()
        self._step("frozen")
        return [
            SubmissionRecord(
                position=position,
                ref=each.submission.ref,
                orders=each.submission.orders,
                fingerprint=each.submission.fingerprint,
                payload=each.payload,
                notes=each.submission.notes,
                state=SubmissionState.READY,
                sent_at=None,
                receipt=None,
                error=None,
            )
            for position, each in enumerate(frozen)
        ]

    async def refill(
        self, order: MultiOrder, received_at: datetime, submissions: Sequence[SubmissionRecord]
    ) -> Sequence[SubmissionRecord]:
        """Make anew what is to be sent or looked for, and was erased or is past its retention.

        Only what comes out as the same submission, by its ref and fingerprint, is taken.

        Raises:
            JournalUnavailable: If it can't be kept.
            ClaimLost: If another process has the order in hand by now.
        """
        lacking = {(each.ref, each.fingerprint): each for each in submissions if each.lacks_payload}
        if not lacking:
            return submissions
        try:
            made = await self._made(order, received_at)
        except (Untransformable, Vetoed, HookFailed) as error:
            self._way.log.warning("not made again", reason=self._way.discretion.keep(str(error)))
            return submissions
        payloads = {
            lacking[name].position: encode_payload(each.payload)
            for each in made
            if (name := (each.ref, each.fingerprint)) in lacking
        }
        if not await self._journal.refill(self._claim, payloads, self._way.deadline):
            raise _lost()
        return [
            msgspec.structs.replace(each, payload=payloads.get(each.position, each.payload))
            for each in submissions
        ]

    async def _made(self, order: MultiOrder, received_at: datetime) -> Sequence[AnySubmission]:
        return await self._space.hooks.before_freezing(
            freeze(order, self._space, received_at),
            order,
            context_of(self._space, received_at),
            reserved=self._way.connector.reserved,
            deadline=self._way.deadline,
        )

    async def send(
        self, submissions: Sequence[SubmissionRecord], *, refused_again: bool
    ) -> Carried:
        """Send what is not in the OMS yet, one after the other.

        Args:
            submissions: As they stand.
            refused_again: Whether those that were refused before are tried once more.
        """
        results: list[SubmissionResult] = []
        updates: list[SubmissionUpdate] = []
        for position, each in enumerate(submissions):
            settled = each.state is SubmissionState.ACCEPTED or (
                each.state is SubmissionState.REFUSED and not refused_again
            )
            if settled:
                results.append(as_result(each))
                continue
            begun = bool(updates)
            in_time = not begun or self._way.deadline - monotonic() > _LEAST_SECONDS
            way = self._part(len(submissions) - position)
            try:
                result, update = await self._one(each, way, begun=begun, in_time=in_time)
            except asyncio.CancelledError:
                self.stopped = self._stopped(submissions, results, updates)
                raise
            results.append(result)
            updates.append(update)
            self._step("sent")
        return self._carried(results, updates)

    async def look(self, submissions: Sequence[SubmissionRecord]) -> Carried:
        """Look for what may be in the OMS, and send nothing."""
        results: list[SubmissionResult] = []
        updates: list[SubmissionUpdate] = []
        for each in submissions:
            if not each.in_doubt:
                results.append(as_result(each))
                continue
            delivery = self._delivery(each, self._way)
            if isinstance(delivery, SubmissionResult):
                result = delivery
                updates.append(update_of(each, result, None))
            else:
                result = await self._settled(delivery, delivery.look())
                updates.append(update_of(each, result, delivery))
            results.append(result)
        return self._carried(results, updates)

    def _part(self, waiting: int) -> Way:
        """Return the way of the next submission, with its part of the time if others wait."""
        if not self._way.comes_again:
            return self._way
        left = self._way.deadline - monotonic()
        seconds = max(left / waiting, min(left, _LEAST_PART_SECONDS))
        return msgspec.structs.replace(self._way, deadline=monotonic() + seconds)

    async def _one(
        self, record: SubmissionRecord, way: Way, *, begun: bool, in_time: bool
    ) -> tuple[SubmissionResult, SubmissionUpdate]:
        delivery = self._delivery(record, way, on_record=self._on_record and not begun)
        if isinstance(delivery, SubmissionResult):
            return delivery, update_of(record, delivery, None)
        if not in_time:
            result = delivery.not_sent()
            return result, update_of(record, result, delivery)
        try:
            result = await self._settled(delivery, delivery.settle())
        except asyncio.CancelledError:
            result = delivery.stopped()
            self._cut_off = result, update_of(record, result, delivery)
            raise
        return result, update_of(record, result, delivery)

    def _stopped(
        self,
        submissions: Sequence[SubmissionRecord],
        results: Sequence[SubmissionResult],
        updates: Sequence[SubmissionUpdate],
    ) -> Carried:
        """Return how far the order came: those behind the one that was cut off are as they were."""
        if self._cut_off is not None:
            result, update = self._cut_off
            results, updates = [*results, result], [*updates, update]
        rest = map(as_result, submissions[len(results) :])
        return self._carried([*results, *rest], [*updates])

    async def _settled(
        self, delivery: Delivery, settling: Awaitable[SubmissionResult]
    ) -> SubmissionResult:
        """Return what became of a submission, also where something here breaks over it.

        What is known of the order's other submissions is not lost by it.
        """
        try:
            return await settling
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may have given anything
            if is_cancelled(error):
                raise
            self._way.log.exception("internal error", connector=self._way.connector.name)
            return delivery.broken()

    def _delivery(
        self, record: SubmissionRecord, way: Way, *, on_record: bool = False
    ) -> Delivery | SubmissionResult:
        """Return the submission's delivery, or the result if it can't be sent as it was frozen."""
        try:
            submission = self._submission(record)
        except NotKept as error:
            return unsent(record, error)
        except (ValueError, TypeError):
            self._way.log.exception("frozen payload not readable", order=self._claim.key)
            reason = (
                f"The connector {self._way.connector.name} can't read what an earlier version of "
                "it kept of this order; the order is not sent."
            )
            return unsent(record, ConnectorFault(reason))

        async def announce() -> None:
            if not await self._journal.sending(self._claim, record.position, self._way.deadline):
                raise _lost()
            self._step("sending")

        return Delivery(
            way,
            submission,
            in_doubt=record.in_doubt,
            sent_at=record.sent_at,
            announce=None if on_record else announce,
        )

    def _submission(self, record: SubmissionRecord) -> AnySubmission:
        if record.payload is None:
            raise NotKept(
                f"What was to be sent as {record.ref} is not kept any more: it was erased, or is past "
                "its retention, and it can't be made the same again; look for it in the OMS."
            )
        return AnySubmission(
            ref=record.ref,
            payload=decode_payload(record.payload, self._way.connector.Payload),
            orders=record.orders,
            fingerprint=record.fingerprint,
            notes=record.notes,
        )

    def _carried(self, results: list[SubmissionResult], updates: list[SubmissionUpdate]) -> Carried:
        outcome = Outcome(connector=self._space.settings.connector, results=tuple(results))
        return Carried(outcome, tuple(updates))


def _lost() -> ClaimLost:
    return ClaimLost("Another process has this order in hand by now; it was not sent from here.")


def no_step(_name: str) -> None:
    """Take no notice of a step."""
