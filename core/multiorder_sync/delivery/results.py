"""What is on record of a submission as a result, and a result as what is put on record."""

import msgspec

from multiorder_sync.delivery.journal.records import Failure, SubmissionRecord, SubmissionUpdate
from multiorder_sync.delivery.settling import Delivery
from multiorder_sync.errors import OmsError, OutcomeUnknown, Refused, Unavailable
from multiorder_sync.outcome import SubmissionResult, SubmissionState


def as_result(record: SubmissionRecord) -> SubmissionResult:
    """Return a submission that is not touched as the result that it stands for."""
    state = SubmissionState.UNKNOWN if record.in_doubt else record.state
    return SubmissionResult(
        ref=record.ref,
        orders=record.orders,
        state=state,
        receipt=record.receipt,
        error=_error(record, state),
        notes=record.notes,
    )


def _error(record: SubmissionRecord, state: SubmissionState) -> OmsError | None:
    if record.error is not None:
        return record.error.oms_error()
    # What happened is not on record: a process died, or it is past its retention.
    match state:
        case SubmissionState.UNKNOWN:
            return OutcomeUnknown("Whether the OMS has the order can't be told yet.")
        case SubmissionState.REFUSED:
            return Refused("The OMS refused the order.")
        case SubmissionState.READY:
            return Unavailable("The order was not sent yet.")
    return None


def unsent(record: SubmissionRecord, error: OmsError) -> SubmissionResult:
    """Return the result of a submission that could not be sent, and why."""
    return msgspec.structs.replace(as_result(record), error=error)


def update_of(
    record: SubmissionRecord, result: SubmissionResult, delivery: Delivery | None
) -> SubmissionUpdate:
    """Return what is put on record of a submission's result.

    Args:
        record: As it stood.
        result: What became of it.
        delivery: By which; None if it was not even tried.
    """
    return SubmissionUpdate(
        position=record.position,
        state=result.state,
        sent=delivery is not None and delivery.attempts.sent,
        sent_before=record.sent_at,
        receipt=result.receipt,
        failure=None if result.error is None else Failure.of(result.error),
        attempts=tuple(delivery.attempts.records) if delivery else (),
    )
