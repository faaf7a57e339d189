"""Opening an order: it is on disk, and one call at a time has it in hand."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from multiorder_sync.delivery.journal.columns import database_now, insert_or_leave
from multiorder_sync.delivery.journal.records import (
    Claim,
    FrozenSubmission,
    Opened,
    OrderState,
    Standing,
    SubmissionRecord,
    about,
)
from multiorder_sync.delivery.journal.rows import RECORD_COLUMNS, Rows
from multiorder_sync.delivery.journal.schema import orders, submissions
from multiorder_sync.delivery.journal.sealing import Unreadable
from multiorder_sync.outcome import SubmissionState


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a call brings it.

    Attributes:
        space: Nacelle's space id.
        key: Of the multi-order within its space.
        fingerprint: Of its content.
        connector: The connector of the space.
        on_outage: As the space is configured.
        received: The bytes.
        received_at: When they came.
        token: Of the claim that this call makes.
        owner: The process that makes it.
        claim_seconds: How long the claim holds.
    """

    space: str
    key: str
    fingerprint: str
    connector: str
    on_outage: str
    received: bytes
    received_at: datetime
    token: str
    owner: str
    claim_seconds: float

    @property
    def about(self) -> str:
        """What the journal's work for it is about."""
        return about(self.space, self.key)


class Waiting(msgspec.Struct, frozen=True):
    """A call has waited for what another process makes of the order.

    Attributes:
        told_at: When Nacelle had been answered last, as the waiting began.
    """

    told_at: datetime | None


class Opening:
    """Opens one order; run again, it comes to the same.

    Args:
        arrival: The order as the call brings it.
        rows: Reads and writes records.
        same: The fingerprint of what was received before is known to be of the same content,
            though it was made in another way.
        waiting: If the call has waited for another process: what that one answered meanwhile is
            not tried again.
    """

    def __init__(
        self,
        arrival: Arrival,
        rows: Rows,
        *,
        same: str | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._arrival = arrival
        self._rows = rows
        self._sealed = rows.sealer.seal(arrival.received)
        self._same = same
        self._waiting = waiting

    def __call__(self, connection: Connection) -> Opened:
        """Do it, within a transaction."""
        arrival = self._arrival
        order_id = self._insert(connection)
        if order_id is not None:
            return self._claimed(connection, order_id, ())
        row = connection.execute(
            select(*RECORD_COLUMNS, orders.c.claim, orders.c.claim_until, database_now())
            .where(orders.c.space == arrival.space, orders.c.key == arrival.key)
            .with_for_update()
        ).one()
        *_, claim, claim_until, now = row
        if claim == arrival.token:
            return self._claimed(connection, row.id, self._rows.submissions(connection, row.id))
        return self._there(connection, row, held=claim is not None and claim_until > now)

    def _insert(self, connection: Connection) -> int | None:
        arrival = self._arrival
        claim_until = database_now() + arrival.claim_seconds
        inserted: int | None = connection.execute(
            insert_or_leave(connection, orders)
            .values(
                space=arrival.space,
                key=arrival.key,
                fingerprint=arrival.fingerprint,
                connector=arrival.connector,
                on_outage=arrival.on_outage,
                state=OrderState.RECEIVED.value,
                received=self._sealed,
                received_at=arrival.received_at,
                updated_at=arrival.received_at,
                claim=arrival.token,
                claimed_by=arrival.owner,
                claim_until=claim_until,
                next_attempt_at=claim_until,
            )
            .returning(orders.c.id)
        ).scalar()
        return inserted

    def _there(self, connection: Connection, row: Row[*tuple[Any, ...]], *, held: bool) -> Opened:
        """Open an order of which there is a record."""
        if row.state == OrderState.ABANDONED:
            return self._abandoned(connection, row)
        record = self._rows.order(row)
        stands = Standing.ACCEPTED if record.state is OrderState.ACCEPTED else None
        if record.state is OrderState.QUEUED and record.told_status == 200:
            stands = Standing.QUEUED
        changed = record.fingerprint not in (self._arrival.fingerprint, self._same)
        if stands is not None and not changed:
            return Opened(standing=stands, order=record)
        if held and stands is None:
            return Opened(standing=Standing.BUSY, order=record)
        there = self._rows.submissions(connection, record.id)
        keeps = stands is not None or record.promised or any(map(_may_be_there, there))
        if changed and keeps:
            received = connection.execute(
                select(orders.c.received).where(orders.c.id == record.id)
            ).scalar()
            kept = self._rows.open_bytes(received)
            return Opened(standing=Standing.CHANGED, order=record, submissions=there, received=kept)
        if self._waiting is not None and self._waiting.told_at != record.told_at and not changed:
            return Opened(standing=Standing.ANSWERED, order=record, submissions=there)
        self._claim(connection, record.id, changed=changed)
        if changed and there:
            connection.execute(delete(submissions).where(submissions.c.order_id == record.id))
            there = ()
        return self._claimed(connection, record.id, there)

    def _abandoned(self, connection: Connection, row: Row[*tuple[Any, ...]]) -> Opened:
        """Open an order that was given up, which may be just because it can't be read."""
        there: tuple[SubmissionRecord, ...] = ()
        try:
            record = self._rows.order(row)
            there = self._rows.submissions(connection, row.id)
        except Unreadable:
            record = self._rows.order(row, with_error=False)
        return Opened(standing=Standing.ABANDONED, order=record, submissions=there)

    def _claim(self, connection: Connection, order_id: int, *, changed: bool) -> None:
        arrival = self._arrival
        claim_until = database_now() + arrival.claim_seconds
        values = {
            "claim": arrival.token,
            "claimed_by": arrival.owner,
            "claim_until": claim_until,
            "next_attempt_at": claim_until,
            "redeliveries": 0,  # what this call may leave has the whole ladder before it
            "on_outage": arrival.on_outage,
            "received": func.coalesce(orders.c.received, self._sealed),
        }
        if changed:
            values |= {"received": self._sealed, "fingerprint": arrival.fingerprint}
        connection.execute(update(orders).where(orders.c.id == order_id).values(values))

    def _claimed(
        self, connection: Connection, order_id: int, there: tuple[SubmissionRecord, ...]
    ) -> Opened:
        arrival = self._arrival
        row = connection.execute(select(*RECORD_COLUMNS).where(orders.c.id == order_id)).one()
        return Opened(
            standing=Standing.CLAIMED,
            order=self._rows.order(row),
            claim=Claim(order_id, arrival.space, arrival.key, arrival.token),
            submissions=there,
        )


def _may_be_there(submission: SubmissionRecord) -> bool:
    return submission.in_doubt or submission.state is SubmissionState.ACCEPTED


class Freezing:
    """Keeps an order's submissions as they will be sent; run again, it comes to the same.

    Args:
        claim: The right to carry the order on.
        frozen: The submissions, in their order.
        connector: The connector that made them.
        destination: The OMS that they are for.
        at: The time.
        sending: How long the first of them may be created from now on, in seconds; None if it is
            not about to be.
        rows: Reads and writes records.
    """

    def __init__(  # noqa: PLR0913 - what is kept, by keyword
        self,
        claim: Claim,
        frozen: tuple[FrozenSubmission, ...],
        *,
        connector: str,
        destination: str | None,
        at: datetime,
        sending: float | None,
        rows: Rows,
    ) -> None:
        self._claim = claim
        self._made = {"connector": connector, "destination": destination}
        self._sending = sending
        self._values = [
            {
                "order_id": claim.order_id,
                "position": position,
                "ref": each.submission.ref,
                "orders": msgspec.json.encode(each.submission.orders).decode(),
                "fingerprint": each.submission.fingerprint,
                "payload": rows.sealer.seal(each.payload),
                "notes": rows.seal_json(each.submission.notes),
                "state": SubmissionState.READY.value,
                "sent_at": None,
                "updated_at": at,
            }
            for position, each in enumerate(frozen)
        ]

    def __call__(self, connection: Connection) -> bool:
        """Do it, within a transaction; False if the order is in other hands by now."""
        claim = self._claim
        if not holds(connection, claim, self._made):
            return False
        connection.execute(delete(submissions).where(submissions.c.order_id == claim.order_id))
        connection.execute(insert(submissions), self._values)
        if self._sending is not None:
            put_down(connection, claim, 0, self._sending)
        return True


class Sending:
    """Notes that a create is about to leave us; run again, it comes to the same.

    Args:
        claim: The right to carry the order on.
        position: Of the submission.
        seconds: How long it may be created from now on.
        at: The time.
    """

    def __init__(self, claim: Claim, position: int, seconds: float, at: datetime) -> None:
        self._claim = claim
        self._position = position
        self._seconds = seconds
        self._at = at

    def __call__(self, connection: Connection) -> bool:
        """Do it, within a transaction; False if the order is in other hands by now."""
        if not holds(connection, self._claim, {"updated_at": self._at}):
            return False
        put_down(connection, self._claim, self._position, self._seconds)
        return True


def put_down(connection: Connection, claim: Claim, position: int, seconds: float) -> None:
    """Put a submission down as one of which creates may leave us, for so many seconds."""
    connection.execute(
        update(submissions)
        .where(submissions.c.order_id == claim.order_id, submissions.c.position == position)
        .values(state=SubmissionState.SENDING.value, sent_at=database_now() + seconds)
    )


def holds(connection: Connection, claim: Claim, values: dict[str, Any]) -> bool:
    """Write into an order's row if the claim still holds, and tell whether it does."""
    written = connection.execute(
        update(orders)
        .where(
            orders.c.id == claim.order_id,
            orders.c.claim == claim.token,
            or_(orders.c.claim_until.is_(None), orders.c.claim_until > database_now()),
        )
        .values(values)
    )
    return written.rowcount == 1
