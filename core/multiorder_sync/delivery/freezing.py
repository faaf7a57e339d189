"""From a decoded order to the submissions as they will be sent, and never changed again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from multiorder_sync.delivery.journal.records import OrderRecord, SubmissionRecord
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import ConnectorUnavailable, Untransformable, encodable
from multiorder_sync.nacelle.identity import order_identity
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.oms.connector import Context
from multiorder_sync.outcome import Submission

AnySubmission = Submission[Any]


class _Facts(msgspec.Struct, frozen=True):
    """What is kept of a submission beside its payload."""

    ref: str
    orders: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...]


def freeze(
    order: MultiOrder, space: ServedSpace, received_at: datetime
) -> tuple[AnySubmission, ...]:
    """Transform an order for its space's OMS and lay the space's mappings over it.

    Raises:
        Untransformable: If the OMS can't express the order, or a mapping does not fit it.
        ConnectorUnavailable: If the space's connector is broken.
        TypeError: If the connector does not keep its contract.
    """
    context = context_of(space, received_at)
    connector = space.connector
    submissions = tuple(map(_sound, connector.transform(order, context)))
    _check(submissions, order, space)
    by_identity = {order_identity(order, index): each for index, each in enumerate(order.orders)}
    return tuple(
        space.settings.mapping.lay_over(submission, order, by_identity[submission.orders[0]])
        for submission in submissions
    )


def context_of(space: ServedSpace, received_at: datetime) -> Context:
    """Return what a transform and the hooks may know beside the order."""
    return Context(space=space.id, received_at=received_at, prices=space.settings.prices)


def _sound(submission: object) -> AnySubmission:
    """Return a submission that can be kept; a Struct takes values of any type from its maker.

    Raises:
        TypeError: If it is not what a submission is.
    """
    if not isinstance(submission, Submission):
        raise TypeError(f"transform made a {type(submission).__name__}, not a Submission")
    try:
        facts = msgspec.convert(submission, _Facts, from_attributes=True)
    except msgspec.ValidationError as error:
        raise TypeError(f"the submission can't be kept: {error}") from error
    return msgspec.structs.replace(
        submission,
        ref=encodable(facts.ref),
        orders=facts.orders,
        fingerprint=encodable(facts.fingerprint),
        notes=tuple(map(encodable, facts.notes)),
    )


def _check(submissions: Sequence[AnySubmission], order: MultiOrder, space: ServedSpace) -> None:
    """Hold the connector to its contract: every order stands in one submission, refs differ."""
    name = space.settings.connector
    expected = sorted(order_identity(order, index) for index in range(len(order.orders)))
    if sorted(each for submission in submissions for each in submission.orders) != expected:
        raise TypeError(f"{name}.transform did not make one submission for each order")
    refs = [submission.ref for submission in submissions]
    if len(set(refs)) < len(refs):
        twice = next(ref for ref in refs if refs.count(ref) > 1)
        raise Untransformable(
            f"Two orders of this multi-order would get the same reference {twice} in the OMS; "
            "the space's order_ref must tell them apart."
        )


def must_freeze(
    order: OrderRecord, submissions: Sequence[SubmissionRecord], space: ServedSpace
) -> bool:
    """Tell whether an order is to be transformed, for the first time or anew.

    Raises:
        ConnectorUnavailable: If it may be in another OMS than the one that the space has now.
    """
    if all(each.sent_at is None and each.is_out for each in submissions):
        return True
    all_out = all(each.is_out for each in submissions)
    if all_out and any(each.lacks_payload for each in submissions):
        return True
    same_connector = order.connector == space.settings.connector
    elsewhere = order.destination not in (None, space.destination)
    if same_connector and not elsewhere:
        return False
    if all_out:
        return True
    if same_connector:
        raise ConnectorUnavailable(
            "The order may be in the OMS that its space was configured for when it was made; it is "
            f"not sent to another one. What says which one it is: {_named(space)}."
        )
    raise ConnectorUnavailable(
        f"The order may be in the OMS of the connector {order.connector}, which its space does not "
        "use any more; it is not sent to another one."
    )


def _named(space: ServedSpace) -> str:
    return ", ".join(f"oms.{name}" for name in space.connector.destination)
