"""All there is about an order, as plain data for scripts and for export."""

import base64
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from multiorder_sync.cli.order_list import told_data
from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.journal.details import Details, Holder
from multiorder_sync.delivery.journal.records import AttemptRecord, Failure, SubmissionRecord
from multiorder_sync.errors import InvalidOrder
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.oms.payloads import plain_payload

Keep = Callable[[str], str]
"""Takes out of a text what is not to be shown."""


def discretion_for(details: Details) -> Keep:
    """Return what takes an order's shopper out of texts: an OMS likes to quote what it refuses."""
    discretion = Discretion()
    if details.received is not None:
        with suppress(InvalidOrder):
            discretion.learn(OrderDecoder().decode(details.received))
    return discretion.keep


def as_it_is(text: str) -> str:
    """Return a text as it is."""
    return text


def order_data(details: Details, keep: Keep, *, payload: bool, received: bool) -> dict[str, Any]:
    """Return all there is about an order.

    Args:
        details: What the journal has.
        keep: Takes out of texts what is not to be shown.
        payload: Whether the payloads are part of it.
        received: Whether the received bytes are.
    """
    order = details.order
    data: dict[str, Any] = {
        "id": order.id,
        "space": order.space,
        "order": order.key,
        "state": order.state,
        "connector": order.connector,
        "on_outage": order.on_outage,
        "fingerprint": order.fingerprint,
        "received_at": order.received_at,
        "updated_at": order.updated_at,
        "told": told_data(order.told_status, order.told_code),
        "told_at": order.told_at,
        "redeliveries": order.redeliveries,
        "next_attempt_at": order.next_attempt_at,
        "in_hand": _holder(details.holder),
        "error": _failure(order.error, keep),
        "abandoned": (
            None
            if order.abandoned_by is None
            else {"by": order.abandoned_by, "reason": keep(order.reason or "")}
        ),
        "answers": [
            {
                "at": each.at,
                "status": each.status,
                "code": each.code,
                "request_id": each.request_id,
            }
            for each in details.answers
        ],
        "submissions": [
            _submission(each, details.attempts.get(each.ref, ()), keep, payload=payload)
            for each in details.submissions
        ],
        "earlier_attempts": [
            {"ref": each.ref, **_attempt(each, keep)} for each in details.earlier_attempts
        ],
        "alarms": details.alarms,
    }
    if received:
        data |= received_data(details.received)
    return data


def received_data(received: bytes | None) -> dict[str, Any]:
    """Return the received bytes: as text, or in base64 if they are none."""
    if received is None:
        return {"received": None}
    try:
        return {"received": received.decode()}
    except UnicodeDecodeError:
        return {"received_base64": base64.b64encode(received).decode()}


def payload_data(encoded: bytes | None) -> Any:
    """Return a payload as it is sent; None if it is not kept any more."""
    return None if encoded is None else plain_payload(encoded)


def _submission(
    record: SubmissionRecord, attempts: Sequence[AttemptRecord], keep: Keep, *, payload: bool
) -> dict[str, Any]:
    receipt = record.receipt
    data: dict[str, Any] = {
        "ref": record.ref,
        "orders": record.orders,
        "state": record.state,
        "sent_at": record.sent_at,
        "receipt": (
            None
            if receipt is None
            else {
                "oms_id": receipt.oms_id,
                "oms_ref": receipt.oms_ref,
                "status": receipt.status,
                "created": receipt.created,
                "warnings": [keep(each) for each in receipt.warnings],
            }
        ),
        "notes": [keep(each) for each in record.notes],
        "error": _failure(record.error, keep),
        "fingerprint": record.fingerprint,
        "attempts": [_attempt(each, keep) for each in attempts],
    }
    if payload:
        data["payload"] = payload_data(record.payload)
    return data


def _attempt(record: AttemptRecord, keep: Keep) -> dict[str, Any]:
    return {
        "at": record.at,
        "milliseconds": record.milliseconds,
        "action": record.action,
        "caller": record.caller,
        "result": record.result,
        "answer": None if record.answer is None else keep(record.answer),
    }


def _failure(failure: Failure | None, keep: Keep) -> dict[str, Any] | None:
    if failure is None:
        return None
    said = [{"code": each.code, "text": keep(each.text)} for each in failure.oms_errors]
    return {"code": failure.code, "message": keep(failure.message), "oms_errors": said}


def _holder(holder: Holder | None) -> dict[str, Any] | None:
    if holder is None:
        return None
    return {"host": holder.host, "pid": holder.pid, "until": holder.until}
