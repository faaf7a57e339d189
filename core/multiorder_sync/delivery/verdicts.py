"""What became of an order, so that any call for it can be answered."""

from typing import Final

import msgspec

from multiorder_sync.delivery.journal.records import (
    AlarmKind,
    Claim,
    Closing,
    Failure,
    Opened,
    OrderState,
    Standing,
)
from multiorder_sync.delivery.results import as_result
from multiorder_sync.delivery.rules import Rules
from multiorder_sync.errors import (
    InternalError,
    MultiOrderError,
    OrderAbandoned,
    OrderChanged,
    OutcomeUnknown,
)
from multiorder_sync.nacelle import responses
from multiorder_sync.nacelle.responses import Reply
from multiorder_sync.outcome import Outcome

BROKEN: Final = InternalError("Something here broke; the log says what.")

STOPPED: Final = OutcomeUnknown("The server was stopped while the order was under way.")
"""What a call is told that could not be finished within the grace time of a stop."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order, so that any call for it can be answered.

    Attributes:
        order_id: Of its record in the journal.
        outcome: What became of its submissions, if it came to that.
        error: Why it did not.
        queued: Whether it is safely queued.
        repeated: Whether its record was left as it stood, and the answer is noted beside it.
        state: The order's, as it is on record.
        alarms: Those that were raised.
    """

    order_id: int
    state: OrderState
    outcome: Outcome | None = None
    error: MultiOrderError | None = None
    queued: bool = False
    repeated: bool = False
    alarms: tuple[AlarmKind, ...] = ()

    def reply(self, body: bytes, request_id: str) -> Reply:
        """Return the answer to a call that brought these bytes."""
        if self.error is not None and not self.queued:
            return responses.failure(self.error, request_id, self.outcome)
        if self.outcome is not None and not self.queued:
            return responses.settled(self.outcome, body, request_id)
        if self.queued or self.state is OrderState.ACCEPTED:
            return responses.success(body)
        return responses.failure(BROKEN, request_id)


def stopped(
    error: MultiOrderError, opened: Opened, claim: Claim, rules: Rules
) -> tuple[Closing, Verdict]:
    """Close an order of which this call sent nothing."""
    submissions, connector = opened.submissions, opened.order.connector
    known = Outcome(connector=connector, results=tuple(map(as_result, submissions)))
    decision = rules.after_stop(error, known if submissions else None)
    # All of it may have come in by another hand.
    why = None if decision.state is OrderState.ACCEPTED else error
    closing = Closing(
        state=decision.state,
        failure=None if why is None else Failure.of(why),
        next_seconds=decision.next_seconds,
        alarms=decision.alarms,
        ladder="restarts",
        nothing_left=not any(each.in_doubt for each in submissions),
    )
    verdict = Verdict(
        order_id=claim.order_id,
        state=decision.state,
        outcome=known if submissions else None,
        error=why,
        queued=decision.state is OrderState.QUEUED,
    )
    return closing, verdict


def as_it_stands(opened: Opened) -> Verdict:
    """Return the verdict on an order that this call leaves as it is."""
    order = opened.order
    error = order.error.error() if order.error else None
    if opened.standing is Standing.CHANGED:
        error = _changed(opened)
    elif opened.standing is Standing.ABANDONED:
        error = _abandoned(opened)
    elif order.state is OrderState.ACCEPTED or opened.submissions:
        error = None
    queued = order.state is OrderState.QUEUED and order.told_status == 200
    outcome = None
    if opened.submissions:
        results = tuple(map(as_result, opened.submissions))
        outcome = Outcome(connector=order.connector, results=results)
    return Verdict(
        order_id=order.id,
        state=order.state,
        outcome=outcome,
        error=error,
        queued=queued and error is None,
        repeated=True,
    )


def _changed(opened: Opened) -> OrderChanged:
    if opened.order.state is OrderState.ACCEPTED:
        there = "is in the OMS already"
    elif any(not each.is_out for each in opened.submissions):
        there = "may be in the OMS already"
    else:
        there = "was promised already"
    return OrderChanged(
        f"The order {opened.order.key} {there}, with other contents than this call brings; "
        "nothing was changed. A change of an order is made in the OMS."
    )


def _abandoned(opened: Opened) -> OrderAbandoned:
    return OrderAbandoned(
        f"An operator gave the order {opened.order.key} up: {opened.order.reason}. "
        "`multiorder orders replay` takes it up again."
    )
