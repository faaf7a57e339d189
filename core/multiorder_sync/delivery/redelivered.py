"""What is written, and told, once an order was taken up again."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from multiorder_sync.delivery.carrying import Carried
from multiorder_sync.delivery.journal.due import DueOrder
from multiorder_sync.delivery.journal.records import (
    AlarmKind,
    Closing,
    Failure,
    OrderState,
    SubmissionUpdate,
)
from multiorder_sync.delivery.results import as_result
from multiorder_sync.delivery.rules import Decision, Rules
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import (
    ConnectorUnavailable,
    MultiOrderError,
    OutcomeUnknown,
    Unavailable,
)
from multiorder_sync.oms.connector import DuplicateGuard
from multiorder_sync.oms.hookspecs import Settlement
from multiorder_sync.outcome import Outcome, SubmissionResult, SubmissionState

_NOT_SERVED_SECONDS: Final = 60.0

_NOT_SHOWN: Final = OutcomeUnknown("The OMS does not show the order; it may still appear.")


def doubted(
    carried: Carried, due: DueOrder, space: ServedSpace, *, late_commit_seconds: float
) -> Carried:
    """Take "absent" for an answer only where no create could come through after we asked.

    Args:
        carried: What the look-ups came to.
        due: The order as it was taken up.
        space: Its space.
        late_commit_seconds: How long after it left a create may still come through.
    """
    never = space.connector.duplicate_guard is DuplicateGuard.NONE
    sent = {each.position: each.sent_at for each in due.submissions if each.in_doubt}

    def early(position: int) -> bool:
        at = sent.get(position)
        if position not in sent:
            return False
        return never or (
            at is not None and (due.claimed_at - at).total_seconds() < late_commit_seconds
        )

    def as_seen(position: int, state: SubmissionState) -> SubmissionState:
        absent = state is SubmissionState.READY
        return SubmissionState.UNKNOWN if absent and early(position) else state

    results: list[SubmissionResult] = []
    for position, result in enumerate(carried.outcome.results):
        state = as_seen(position, result.state)
        error = result.error if state is result.state else _NOT_SHOWN
        results.append(msgspec.structs.replace(result, state=state, error=error))
    updates: list[SubmissionUpdate] = []
    for update in carried.updates:
        state = as_seen(update.position, update.state)
        failure = update.failure if state is update.state else Failure.of(_NOT_SHOWN)
        updates.append(msgspec.structs.replace(update, state=state, failure=failure))
    return Carried(
        Outcome(connector=carried.outcome.connector, results=tuple(results)), tuple(updates)
    )


def settlement(due: DueOrder, closing: Closing) -> Settlement:
    """Return what merchants' own packages hear of an order that was taken up again."""
    updates = {each.position: each for each in closing.updates}
    results = []
    for record in due.submissions:
        update, result = updates.get(record.position), as_result(record)
        if update is not None:
            error = update.failure.oms_error() if update.failure else None
            result = msgspec.structs.replace(
                result, state=update.state, receipt=update.receipt, error=error
            )
        results.append(result)
    return Settlement(
        space=due.order.space,
        order=due.order.key,
        connector=due.order.connector,
        state=closing.state.value,
        results=tuple(results),
        told_status=None,
        at=datetime.now(UTC),
    )


def nothing_sent(space: ServedSpace) -> Carried:
    """Return how far an order came of which nothing was frozen when its process died."""
    reason = "The server was stopped before anything was sent."
    result = SubmissionResult(
        ref="", orders=(), state=SubmissionState.READY, error=Unavailable(reason)
    )
    return Carried(Outcome(connector=space.settings.connector, results=(result,)), ())


def closed_by(decision: Decision, carried: Carried | None = None) -> Closing:
    """Close an order as it was decided."""
    error = carried.outcome.error if carried else None
    return Closing(
        state=decision.state,
        updates=carried.updates if carried else (),
        failure=None if error is None else Failure.of(error),
        next_seconds=decision.next_seconds,
        alarms=decision.alarms,
        redelivered=True,
    )


def waiting(state: OrderState, rules: Rules, alarm: AlarmKind) -> Closing:
    """Leave an order as it is until what it needs is there again."""
    if state is OrderState.RECEIVED and rules.on_outage == "queue":
        state = OrderState.QUEUED
    return Closing(state=state, next_seconds=_NOT_SERVED_SECONDS, alarms=(alarm,), ladder="waits")


def stopped(error: MultiOrderError, due: DueOrder, rules: Rules) -> Closing:
    """Decide for an order of which this redelivery sent nothing."""
    order = due.order
    if isinstance(error, ConnectorUnavailable):
        return waiting(order.state, rules, AlarmKind.NOT_SERVED)
    known = Outcome(connector=order.connector, results=tuple(map(as_result, due.submissions)))
    decision = rules.after_stopped_redelivery(order, error, known)
    return msgspec.structs.replace(
        closed_by(decision),
        failure=Failure.of(error),
        nothing_left=not any(each.in_doubt for each in due.submissions),
    )
