"""Whether an order's record agrees with itself."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from multiorder_sync.delivery.journal.queries import UNSETTLED
from multiorder_sync.delivery.journal.records import OrderState
from multiorder_sync.outcome import SubmissionState

_AnyRow = Row[*tuple[Any, ...]]

_IN_DOUBT = (SubmissionState.SENDING, SubmissionState.UNKNOWN)


def contradictions(order: _AnyRow, submissions: Sequence[_AnyRow]) -> Iterator[str]:
    """Yield, in words for a person, what can't be true of an order that nobody has in hand."""
    states = [each.state for each in submissions]
    unknown = {order.state} - set(OrderState) | set(states) - set(SubmissionState)
    if unknown:
        yield f"{', '.join(sorted(unknown))} is no state that this version knows"
        return
    state = OrderState(order.state)
    if state in UNSETTLED and order.next_attempt_at is None:
        yield f"it is {state.value}, and nothing is going to take it up"
    accepted = states.count(SubmissionState.ACCEPTED)
    doubtful = any(each in _IN_DOUBT for each in states)
    wrong = False
    match state:
        case OrderState.ACCEPTED:
            wrong = accepted < max(1, len(states))
        case OrderState.REFUSED | OrderState.UNAVAILABLE:
            wrong = accepted > 0 or doubtful
        case OrderState.PARTIAL:
            wrong = not 0 < accepted < len(states)
        case OrderState.UNKNOWN | OrderState.QUEUED | OrderState.DEAD:
            wrong = 0 < accepted == len(states)
        case OrderState.INVALID:
            wrong = bool(states)
        case _:
            pass  # under way, or left where an operator gave it up
    if wrong:
        found = ", ".join(states) or "none"
        yield f"it is {state.value}, and its submissions are: {found}"
    for each in submissions:
        if each.state == SubmissionState.ACCEPTED and not (each.oms_id and each.oms_ref):
            yield f"{each.ref} is accepted without the OMS's receipt"
