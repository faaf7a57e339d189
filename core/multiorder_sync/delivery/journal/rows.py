"""Rows to records, and back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, select

from multiorder_sync.delivery.journal.records import (
    Failure,
    OrderRecord,
    OrderState,
    SubmissionRecord,
)
from multiorder_sync.delivery.journal.schema import orders, submissions
from multiorder_sync.delivery.journal.sealing import Sealer
from multiorder_sync.outcome import Receipt, SubmissionState

T = TypeVar("T")

RECORD_COLUMNS = [column for column in orders.columns if column.name != "received"]


class Rows:
    """Reads and writes records.

    Args:
        sealer: Seals what could hold a shopper's data.
    """

    def __init__(self, sealer: Sealer) -> None:
        self.sealer = sealer

    def seal_json(self, value: Any) -> bytes | None:
        """Return what is kept of a value; None of nothing."""
        return None if not value else self.sealer.seal(msgspec.json.encode(value))

    def open_json(self, sealed: bytes | None, kind: type[T]) -> T | None:
        """Return the value of which this is kept."""
        return None if sealed is None else msgspec.json.decode(self.sealer.open(sealed), type=kind)

    def open_bytes(self, sealed: bytes | None) -> bytes | None:
        """Return the bytes of which this is kept."""
        return None if sealed is None else self.sealer.open(sealed)

    def order(self, row: Row[*tuple[Any, ...]]) -> OrderRecord:
        """Return the record of a row of `RECORD_COLUMNS`."""
        return OrderRecord(
            id=row.id,
            space=row.space,
            key=row.key,
            state=OrderState(row.state),
            connector=row.connector,
            destination=row.destination,
            on_outage=row.on_outage,
            fingerprint=row.fingerprint,
            error=self.open_json(row.error, Failure),
            received_at=row.received_at,
            updated_at=row.updated_at,
            told_status=row.told_status,
            told_code=row.told_code,
            told_at=row.told_at,
            redeliveries=row.redeliveries,
            next_attempt_at=instant(row.next_attempt_at),
            claimed_by=row.claimed_by,
            abandoned_by=row.abandoned_by,
            reason=self.open_json(row.reason, str),
        )

    def submission(self, row: Row[*tuple[Any, ...]]) -> SubmissionRecord:
        """Return the record of a row of `submissions`."""
        receipt = None
        if row.state == SubmissionState.ACCEPTED:
            receipt = Receipt(
                oms_id=row.oms_id,
                oms_ref=row.oms_ref,
                status=row.oms_status,
                created=bool(row.created),
                warnings=self.open_json(row.warnings, tuple[str, ...]) or (),
            )
        return SubmissionRecord(
            position=row.position,
            ref=row.ref,
            orders=tuple(json.loads(row.orders)),
            fingerprint=row.fingerprint,
            payload=self.open_bytes(row.payload),
            notes=self.open_json(row.notes, tuple[str, ...]) or (),
            state=SubmissionState(row.state),
            sent_at=row.sent_at,
            receipt=receipt,
            error=self.open_json(row.error, Failure),
        )

    def submissions(self, connection: Connection, order_id: int) -> tuple[SubmissionRecord, ...]:
        """Return an order's submissions, in their order."""
        found: Sequence[Row[*tuple[Any, ...]]] = connection.execute(
            select(submissions)
            .where(submissions.c.order_id == order_id)
            .order_by(submissions.c.position)
        ).all()
        return tuple(self.submission(row) for row in found)


def instant(seconds: float | None) -> datetime | None:
    """Return the time of so many seconds since 1970."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
