"""Rows to records, and back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, Row, select

from multiorder_sync.delivery.journal.records import (
    Failure,
    OrderRecord,
    OrderState,
    SubmissionRecord,
)
from multiorder_sync.delivery.journal.schema import orders, submissions
from multiorder_sync.delivery.journal.sealing import Sealer, Unreadable
from multiorder_sync.outcome import Receipt, SubmissionState

T = TypeVar("T")

RECORD_COLUMNS = [column for column in orders.columns if column.name != "received"]

_AnyRow = Row[*tuple[Any, ...]]

_NOT_UNDERSTOOD: Final = (ValueError, TypeError, RecursionError)
"""What it raises to read what is damaged, or was written by a later version; msgspec's errors are
`ValueError`s."""


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

    def open_json(self, row: _AnyRow, column: str, kind: type[T]) -> T | None:
        """Return the value that is kept in a column.

        Raises:
            Unreadable: If it can't be read.
        """
        sealed = getattr(row, column)
        if sealed is None:
            return None
        opened = self.sealer.open(sealed)
        try:
            return msgspec.json.decode(opened, type=kind)
        except _NOT_UNDERSTOOD as error:
            raise _not_understood(f"the column {column}", error) from error

    def open_bytes(self, sealed: bytes | None) -> bytes | None:
        """Return the bytes of which this is kept."""
        return None if sealed is None else self.sealer.open(sealed)

    def order(self, row: _AnyRow, *, with_error: bool = True) -> OrderRecord:
        """Return the record of a row of `RECORD_COLUMNS`.

        Args:
            row: The row.
            with_error: Whether what happened before there were submissions is read.

        Raises:
            Unreadable: If something of it can't be read.
        """
        try:
            state = OrderState(row.state)
        except ValueError as error:
            raise _not_understood("its state", error) from error
        return OrderRecord(
            id=row.id,
            space=row.space,
            key=row.key,
            state=state,
            connector=row.connector,
            destination=row.destination,
            on_outage=row.on_outage,
            fingerprint=row.fingerprint,
            error=self.open_json(row, "error", Failure) if with_error else None,
            received_at=row.received_at,
            updated_at=row.updated_at,
            told_status=row.told_status,
            told_code=row.told_code,
            told_at=row.told_at,
            redeliveries=row.redeliveries,
            next_attempt_at=instant(row.next_attempt_at),
            claimed_by=row.claimed_by,
            abandoned_by=row.abandoned_by,
            reason=self.open_json(row, "reason", str),
        )

    def submission(self, row: _AnyRow) -> SubmissionRecord:
        """Return the record of a row of `submissions`.

        Raises:
            Unreadable: If something of it can't be read.
        """
        try:
            stands_for = msgspec.convert(json.loads(row.orders), tuple[str, ...])
            state = SubmissionState(row.state)
        except _NOT_UNDERSTOOD as error:
            raise _not_understood(f"its submission {row.position + 1}", error) from error
        receipt = None
        if row.state == SubmissionState.ACCEPTED:
            receipt = Receipt(
                oms_id=row.oms_id,
                oms_ref=row.oms_ref,
                status=row.oms_status,
                created=bool(row.created),
                warnings=self.open_json(row, "warnings", tuple[str, ...]) or (),
            )
        return SubmissionRecord(
            position=row.position,
            ref=row.ref,
            orders=stands_for,
            fingerprint=row.fingerprint,
            payload=self.open_bytes(row.payload),
            notes=self.open_json(row, "notes", tuple[str, ...]) or (),
            state=state,
            sent_at=row.sent_at,
            receipt=receipt,
            error=self.open_json(row, "error", Failure),
        )

    def submissions(self, connection: Connection, order_id: int) -> tuple[SubmissionRecord, ...]:
        """Return an order's submissions, in their order.

        Raises:
            Unreadable: If something of them can't be read.
        """
        found: Sequence[_AnyRow] = connection.execute(
            select(submissions)
            .where(submissions.c.order_id == order_id)
            .order_by(submissions.c.position)
        ).all()
        return tuple(self.submission(row) for row in found)


def _not_understood(what: str, error: Exception) -> Unreadable:
    return Unreadable(
        f"A record of the journal can't be understood: {what} is damaged, or of a later version "
        f"({error})."
    )


def instant(seconds: float | None) -> datetime | None:
    """Return the time of so many seconds since 1970."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
