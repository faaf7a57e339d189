"""Alarms whose turn it is to be delivered, taken so that no two processes take the same."""

from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection, select, update

from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.records import AlarmKind
from multiorder_sync.delivery.journal.schema import alarms, orders

_CLAIM_SECONDS: Final = 60.0
"""How long an alarm is left to who took it: longer than the webhook may take, and the journal after it."""

_KINDS: Final = frozenset(kind.value for kind in AlarmKind)


class DueAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that is to be delivered, with what is told of its order; nothing of it is sealed.

    Attributes:
        id: Of the alarm; it stays the same, however often it is delivered.
        kind: Why a person must look at the order.
        tries: How often it was tried to deliver it.
        space: Nacelle's space id.
        order: The order's key.
        state: What became of the order, as it is on record.
        connector: That its submissions were made by.
        received_at: When it first came.
        told_status: The HTTP status that Nacelle was answered last.
    """

    id: str
    kind: AlarmKind
    tries: int
    space: str
    order: str
    state: str
    connector: str
    received_at: datetime
    told_status: int | None


class ClaimAlarms:
    """Takes alarms that are to be delivered; one that is not reported back comes again."""

    def __init__(self, *, most: int) -> None:
        self._most = most

    def __call__(self, connection: Connection) -> list[DueAlarm]:
        """Do it, within a transaction."""
        found = connection.execute(
            select(
                *(alarms.c.id, alarms.c.kind, alarms.c.tries, orders.c.space, orders.c.key),
                *(orders.c.state, orders.c.connector, orders.c.received_at, orders.c.told_status),
            )
            .join_from(alarms, orders, orders.c.id == alarms.c.order_id)
            .where(alarms.c.next_try_at <= database_now())
            .order_by(alarms.c.next_try_at)
            .limit(self._most)
            .with_for_update(skip_locked=True, of=alarms)
        ).all()
        due = []
        for row in found:
            connection.execute(
                update(alarms)
                .where(alarms.c.id == row.id)
                .values(next_try_at=database_now() + _CLAIM_SECONDS)
            )
            if row.kind not in _KINDS:
                # It is for a process of the later version that raised it.
                structlog.get_logger().error(
                    "alarm of an unknown kind", alarm=row.id, kind=row.kind
                )
                continue
            due.append(
                DueAlarm(
                    id=row.id,
                    kind=AlarmKind(row.kind),
                    tries=row.tries,
                    space=row.space,
                    order=row.key,
                    state=row.state,
                    connector=row.connector,
                    received_at=row.received_at,
                    told_status=row.told_status,
                )
            )
        return due


class AlarmTried:
    """Notes that an alarm was delivered, or when to try again.

    What another process has noted meanwhile stays, if this one took longer than its claim: a try
    is counted once, and what was delivered is not to be tried again.
    """

    def __init__(self, due: DueAlarm, *, arrived: bool, again_seconds: float | None) -> None:
        self._due = due
        self._delivered_at = datetime.now(UTC) if arrived else None
        self._again_seconds = again_seconds

    def __call__(self, connection: Connection) -> None:
        """Do it, within a transaction."""
        again = self._again_seconds
        open_ = (alarms.c.id == self._due.id) & alarms.c.delivered_at.is_(None)
        if self._delivered_at is None:
            open_ &= alarms.c.tries == self._due.tries
        connection.execute(
            update(alarms)
            .where(open_)
            .values(
                delivered_at=self._delivered_at,
                tries=alarms.c.tries + 1,
                next_try_at=None if again is None else database_now() + again,
            )
        )
