"""One submission, until it is settled: created, found, refused, or the deadline has come.

Whether a submission is tried again is decided here and nowhere else. The rule: a create that may
have left us is followed by `find`, and by another create only if `find` saw nothing and the OMS
would not make a second order of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import monotonic

import msgspec

from multiorder_sync.delivery.attempts import Attempts, Way
from multiorder_sync.delivery.backoff import Backoff
from multiorder_sync.delivery.freezing import AnySubmission
from multiorder_sync.errors import (
    CircuitOpen,
    ConnectorFault,
    CredentialsRefused,
    OmsError,
    OutcomeUnknown,
    RefTaken,
    Refused,
    Unavailable,
)
from multiorder_sync.oms.connector import DuplicateGuard
from multiorder_sync.outcome import Receipt, SubmissionResult, SubmissionState


class ClaimLost(Unavailable):
    """Another process has the order in hand by now; it is not sent from here."""


class Delivery:
    """One submission on its way to the OMS, until it is settled or the deadline has come.

    Args:
        way: What it shares with the order's others.
        submission: As it was frozen.
        in_doubt: Whether it may be in the OMS already without our having seen it there.
        sent_at: When a create of it may last have left us before this, by the journal's clock, if
            one did.
        announce: Called before the first create leaves us, so that it is on record; raises if it
            must not leave. None if it is on record already.

    Attributes:
        attempts: The calls to the connector that were made for it.
    """

    def __init__(
        self,
        way: Way,
        submission: AnySubmission,
        *,
        in_doubt: bool = False,
        sent_at: datetime | None = None,
        announce: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._log = way.log.bind(connector=way.connector.name, oms_ref=submission.ref)
        self.attempts = Attempts(way, submission, self._log)
        self._way = way
        self._submission = submission
        self._announce = announce
        # Whether an order of ours may be in the OMS without our having seen it there.
        self._in_doubt = in_doubt
        self._sent_at = sent_at
        # What the OMS said of a create, while it can't be asked whether it says so of what it has.
        self._refusal: Refused | None = None
        # An OMS that does not refuse a second create is asked before the first one, too.
        self._find_first = way.connector.duplicate_guard is not DuplicateGuard.REFUSES

    async def settle(self) -> SubmissionResult:
        """Submit, find and submit again, as far as the deadline and the duplicate guard allow."""
        backoff = Backoff()
        while True:
            try:
                receipt = await self._once()
            except Refused as error:
                return self._refused(error)
            except OmsError as error:
                failure = error
            else:
                if receipt is not None:
                    return self._result(SubmissionState.ACCEPTED, receipt=receipt)
                failure = OutcomeUnknown("The OMS does not show the order; it may still appear.")
                if self._way.comes_again:
                    return self._given_up(failure)
            self._log.warning("attempt failed", code=failure.code, reason=self._reason(failure))
            wait = self._wait(failure, backoff)
            if wait is None:
                return self._given_up(failure)
            await asyncio.sleep(wait)

    async def look(self) -> SubmissionResult:
        """Find the order and send nothing.

        Returns:
            `READY` if the OMS does not show it, `UNKNOWN` if it can't be asked.
        """
        try:
            receipt = await self.attempts.find(in_doubt=self._in_doubt)
        except Refused as error:
            return self._result(SubmissionState.REFUSED, error=error)
        except OmsError as error:
            return self._given_up(error)
        if receipt is not None:
            return self._result(SubmissionState.ACCEPTED, receipt=receipt)
        absent = Unavailable("The OMS does not hold the order.")
        return self._result(SubmissionState.READY, error=absent)

    def broken(self) -> SubmissionResult:
        """Return the result of a submission at which something here broke, at whatever point.

        If a create of it has left us, it is in doubt: what was answered is lost with the rest.
        """
        self._in_doubt = self._in_doubt or self.attempts.sent
        return self._given_up(ConnectorFault("Something here broke; the log says what."))

    def stopped(self) -> SubmissionResult:
        """Return the result of a submission in whose middle the server was stopped."""
        self._in_doubt = self._in_doubt or self.attempts.sent
        return self._given_up(Unavailable("The server was stopped while the order was under way."))

    def not_sent(self) -> SubmissionResult:
        """Return the result of a submission for which there was no time left.

        One that was in doubt stays so.
        """
        return self._given_up(Unavailable("There was no time left to send the order."))

    async def _once(self) -> Receipt | None:
        """Find or create the order; None if it is in doubt and must not be created again."""
        if self._refusal is not None:
            return await self._is_there(self._refusal)
        may_create_again = self._way.connector.duplicate_guard is not DuplicateGuard.NONE
        if self._in_doubt or self._find_first:
            too_late = self._is_too_late()
            receipt = await self.attempts.find(in_doubt=self._in_doubt)
            if receipt is not None:
                return receipt
            self._find_first = False
            if self._in_doubt and not may_create_again:
                return None
            if too_late:
                self._in_doubt = False
        return await self._create()

    def _is_too_late(self) -> bool:
        """Tell whether a create that left us earlier can't come through any more.

        It is one of an earlier call or redelivery: this one's own is never so old.
        """
        sent_at, now = self._sent_at, self._way.claimed_at
        seconds = self._way.late_commit_seconds
        if sent_at is None or now is None or seconds is None or self.attempts.sent:
            return False
        return (now - sent_at).total_seconds() >= seconds

    async def _create(self) -> Receipt:
        """Create the order; where that leaves it open whether it is there, look."""
        failure: OmsError
        if self._announce is not None:
            await self._announce()
            self._announce = None
        try:
            return await self.attempts.submit()
        except RefTaken:
            raise
        except Refused as refusal:
            # It may be refused just because it is there: an earlier call brought it, or a create
            # of ours that came through late.
            if not self._in_doubt:
                return await self._is_there(refusal)
            failure = refusal
        except OutcomeUnknown as unknown:
            self._in_doubt = True
            failure = unknown
            self._log.warning("outcome unknown", reason=self._reason(unknown))
        receipt = await self.attempts.find(in_doubt=True)
        if receipt is None:
            raise failure
        return receipt

    async def _is_there(self, refusal: Refused) -> Receipt:
        """Look whether an order that was refused is there; as long as that is open, it is in doubt."""
        self._refusal, self._in_doubt = refusal, True
        receipt = await self.attempts.find(in_doubt=True)
        self._refusal, self._in_doubt = None, False
        if receipt is None:
            raise refusal
        return receipt

    def _wait(self, failure: OmsError, backoff: Backoff) -> float | None:
        """Return the seconds to wait before the next try, or None if there is to be none."""
        if isinstance(failure, CredentialsRefused | CircuitOpen | ClaimLost | ConnectorFault):
            return None
        wait = max(backoff.next(), failure.retry_after or 0.0)
        return wait if monotonic() + wait < self._way.deadline - 0.05 else None

    def _reason(self, failure: OmsError) -> str:
        return self._way.discretion.keep(str(failure))

    def _refused(self, refusal: Refused) -> SubmissionResult:
        """Return the result of a create that the OMS refused.

        What it says of this create says nothing of an earlier one, which may still come through.
        """
        if self._in_doubt and not isinstance(refusal, RefTaken):
            return self._given_up(refusal)
        return self._result(SubmissionState.REFUSED, error=refusal)

    def _given_up(self, failure: OmsError) -> SubmissionResult:
        asked = failure.retry_after
        if self._refusal is not None:
            failure = OutcomeUnknown(
                f"{self._refusal} Whether that is because the OMS has it already can't be told: "
                f"{failure}",
                oms_errors=self._refusal.oms_errors,
            )
        elif self._in_doubt and not isinstance(failure, OutcomeUnknown):
            failure = OutcomeUnknown(
                f"Whether the OMS has the order can't be told: {failure}",
                oms_errors=failure.oms_errors,
            )
        failure.retry_after = asked  # it says when to ask again, whatever that is about
        state = SubmissionState.UNKNOWN if self._in_doubt else SubmissionState.READY
        return self._result(state, error=failure)

    def _result(
        self,
        state: SubmissionState,
        *,
        receipt: Receipt | None = None,
        error: OmsError | None = None,
    ) -> SubmissionResult:
        submission, notes = self._submission, self._submission.notes
        if receipt is not None:
            # What the transform decided is told with what the OMS remarked.
            notes += receipt.warnings
            receipt = msgspec.structs.replace(receipt, warnings=notes)
        return SubmissionResult(
            ref=submission.ref,
            orders=submission.orders,
            state=state,
            receipt=receipt,
            error=error,
            notes=notes,
            attempts=self.attempts.count,
        )
