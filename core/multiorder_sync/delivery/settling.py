"""One submission, until it is settled: created, found, refused, or the deadline has come.

Whether a submission is tried again is decided here and nowhere else. The rule: a create that may
have left us is followed by `find`, and by another create only if `find` saw nothing and the OMS
would not make a second order of it.
"""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any, TypeVar

import msgspec
import structlog

from multiorder_sync.delivery.backoff import Backoff
from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.freezing import AnySubmission
from multiorder_sync.errors import (
    ConnectorFault,
    CredentialsRefused,
    OmsError,
    OutcomeUnknown,
    RefTaken,
    Refused,
    Unavailable,
)
from multiorder_sync.oms.connector import Connector, DuplicateGuard
from multiorder_sync.oms.outbound import Attempt
from multiorder_sync.outcome import Receipt, SubmissionResult, SubmissionState

T = TypeVar("T")


class Delivery:
    """One submission on its way to the OMS, until it is settled or the deadline has come."""

    def __init__(
        self,
        connector: Connector[Any, Any],
        submission: AnySubmission,
        deadline: float,
        log: structlog.typing.FilteringBoundLogger,
        discretion: Discretion,
    ) -> None:
        self._connector = connector
        self._submission = submission
        self._deadline = deadline
        self._log = log.bind(connector=connector.name, oms_ref=submission.ref)
        self._discretion = discretion
        self._attempts = 0
        # Whether an order of ours may be in the OMS without our having seen it there.
        self._in_doubt = False
        # An OMS that does not refuse a second create is asked before the first one, too.
        self._find_first = connector.duplicate_guard is not DuplicateGuard.REFUSES

    async def settle(self) -> SubmissionResult:
        """Submit, find and submit again, as far as the deadline and the duplicate guard allow."""
        backoff = Backoff()
        while True:
            try:
                receipt = await self._once()
            except Refused as error:
                return self._result(SubmissionState.REFUSED, error=error)
            except OmsError as error:
                failure = error
            else:
                if receipt is not None:
                    return self._result(SubmissionState.ACCEPTED, receipt=receipt)
                failure = OutcomeUnknown("The OMS does not show the order; it may still appear.")
            self._log.warning("attempt failed", code=failure.code, reason=self._reason(failure))
            wait = self._wait(failure, backoff)
            if wait is None:
                return self._given_up(failure)
            await asyncio.sleep(wait)

    def not_sent(self) -> SubmissionResult:
        """Return the result of a submission for which there was no time left."""
        reason = "There was no time left to send the order."
        return self._result(SubmissionState.READY, error=Unavailable(reason))

    async def _once(self) -> Receipt | None:
        """Find or create the order; None if it is in doubt and must not be created again."""
        may_create_again = self._connector.duplicate_guard is not DuplicateGuard.NONE
        if self._in_doubt or self._find_first:
            receipt = await self._attempt(self._find())
            if receipt is not None:
                return receipt
            self._find_first = False
            if self._in_doubt and not may_create_again:
                return None
        return await self._create()

    async def _create(self) -> Receipt:
        """Create the order; where that leaves it open whether it is there, look."""
        failure: OmsError
        try:
            return await self._attempt(self._submit())
        except RefTaken:
            raise
        except Refused as refusal:
            # It may be refused just because it is there: an earlier call brought it, or a create
            # of ours that came through late.
            failure = refusal
        except OutcomeUnknown as unknown:
            self._in_doubt = True
            failure = unknown
            self._log.warning("outcome unknown", reason=self._reason(unknown))
        try:
            receipt = await self._attempt(self._find())
        except RefTaken:
            raise
        except OmsError:
            if self._in_doubt:
                raise
            raise failure from None
        if receipt is None:
            raise failure
        return receipt

    async def _submit(self) -> Receipt:
        receipt: object = await self._connector.submit(self._submission)
        if not isinstance(receipt, Receipt):
            raise TypeError(f"submit returned {type(receipt).__name__}, not a Receipt")
        return receipt

    async def _find(self) -> Receipt | None:
        try:
            receipt: object = await self._connector.find(self._submission)
        except Refused as error:
            if isinstance(error, RefTaken) or not self._in_doubt:
                raise
            # The look-up was refused, which says nothing about the order.
            raise Unavailable(str(error), oms_errors=error.oms_errors) from error
        if receipt is not None and not isinstance(receipt, Receipt):
            raise TypeError(f"find returned {type(receipt).__name__}, not a Receipt or None")
        return receipt

    async def _attempt(self, call: Coroutine[Any, Any, T]) -> T:
        """Await one call to the connector, within its part of what is left of the deadline.

        It gets half of what is left, so that after a call that never returns there is time to
        find out what became of it.
        """
        self._attempts += 1
        left = self._deadline - monotonic()
        attempt = Attempt(deadline=monotonic() + left / 2)
        try:
            with attempt.active():
                async with asyncio.timeout(attempt.remaining()):
                    return await call
        except OmsError:
            raise
        except TimeoutError:
            reason = "The OMS did not answer in time."
            if attempt.may_have_created:
                raise OutcomeUnknown(reason) from None
            raise Unavailable(reason) from None
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may raise anything
            if is_cancelled(error):
                raise
            self._log.exception("connector failed")
            reason = f"The connector {self._connector.name} broke; the log says where."
            if attempt.may_have_created:
                raise OutcomeUnknown(reason) from error
            raise ConnectorFault(reason) from error

    def _wait(self, failure: OmsError, backoff: Backoff) -> float | None:
        """Return the seconds to wait before the next try, or None if there is to be none."""
        if isinstance(failure, CredentialsRefused | ConnectorFault):
            return None
        asked = failure.retry_after if isinstance(failure, Unavailable) else None
        wait = max(backoff.next(), asked or 0.0)
        return wait if monotonic() + wait < self._deadline - 0.05 else None

    def _reason(self, failure: OmsError) -> str:
        return self._discretion.keep(str(failure))

    def _given_up(self, failure: OmsError) -> SubmissionResult:
        if self._in_doubt and not isinstance(failure, OutcomeUnknown):
            failure = OutcomeUnknown(
                f"Whether the OMS has the order can't be told: {failure}",
                oms_errors=failure.oms_errors,
            )
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
            attempts=self._attempts,
        )


def is_cancelled(error: BaseException) -> bool:
    """Tell whether the running task is cancelled, and not something within a connector."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and bool(task and task.cancelling())
