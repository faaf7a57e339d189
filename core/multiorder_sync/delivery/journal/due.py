"""What is to be taken up again, claimed so that no two processes take the same."""

import math
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from multiorder_sync.delivery.journal.alarming import Raising
from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.records import (
    AlarmKind,
    Claim,
    OrderRecord,
    SubmissionRecord,
)
from multiorder_sync.delivery.journal.rows import RECORD_COLUMNS, Rows
from multiorder_sync.delivery.journal.schema import orders
from multiorder_sync.delivery.journal.sealing import Unreadable

_UNREADABLE_SECONDS: Final = 60.0
"""How long to leave an order that can't be read: the key that fits may be configured then."""


class DueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is in hand again.

    Attributes:
        order: Its record.
        claim: The right to carry it on.
        claimed_at: When it was taken in hand, by the database's clock.
        received: The bytes as they came; None if they are past their retention, or erased.
        submissions: As they stand; empty if nothing is frozen yet.
    """

    order: OrderRecord
    claim: Claim
    claimed_at: datetime
    received: bytes | None
    submissions: tuple[SubmissionRecord, ...]


class Claimed(msgspec.Struct, frozen=True):
    """What claiming came to.

    Attributes:
        orders: Those that are in hand.
        alarmed: The space and the key of each order for which an alarm was raised, since it can't
            be read.
    """

    orders: list[DueOrder]
    alarmed: list[tuple[str, str]]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """For how many orders there is room.

    Attributes:
        most: In all.
        each: For those of one space.
        spaces: For those of some spaces, where it is less.
    """

    most: int
    each: int
    spaces: Mapping[str, int] = {}

    def of(self, space: str) -> int:
        """Return for how many of a space there is room."""
        return self.spaces.get(space, self.each)


class ClaimOrders:
    """Claims orders whose time has come: of each space the longest due first.

    One space's backlog does not keep those of others waiting: who has the most room is first.

    Args:
        owner: The process that claims them.
        room: How many at most.
        claim_seconds: How long a claim holds.
        rows: Reads and writes records.
        webhook: Whether alarms go to a webhook.
        only: The one order in question, due or not; one that is in other hands is left there.
    """

    def __init__(  # noqa: PLR0913 - what it works with, by keyword
        self,
        owner: str,
        *,
        room: Room,
        claim_seconds: float,
        rows: Rows,
        webhook: bool,
        only: int | None = None,
    ) -> None:
        self._owner = owner
        self._room = room
        self._claim_seconds = claim_seconds
        self._rows = rows
        self._webhook = webhook
        self._only = only
        self._alarmed: list[tuple[str, str]] = []

    def __call__(self, connection: Connection) -> Claimed:
        """Do it, within a transaction."""
        self._alarmed = []
        return Claimed(self._orders(connection), self._alarmed)

    def _orders(self, connection: Connection) -> list[DueOrder]:
        now = database_now()
        if self._only is not None:
            free = or_(orders.c.claim.is_(None), orders.c.claim_until <= now)
            return self._claim_those(connection, (orders.c.id == self._only) & free, most=1)
        is_due = orders.c.next_attempt_at <= now
        oldest = func.min(orders.c.next_attempt_at)
        found = connection.execute(
            select(orders.c.space).where(is_due).group_by(orders.c.space).order_by(oldest)
        ).scalars()
        spaces = sorted(found, key=self._room.of, reverse=True)
        rooms = {space: self._room.of(space) for space in spaces}
        claimed: list[DueOrder] = []
        while spaces and (left := self._room.most - len(claimed)) > 0:
            # Each has the same part, and what one does not need goes round once more.
            part = math.ceil(left / len(spaces))
            for space in tuple(spaces):
                most = min(part, rooms[space], self._room.most - len(claimed))
                chosen = is_due & (orders.c.space == space)
                there = self._claim_those(connection, chosen, most=most) if most > 0 else []
                claimed += there
                rooms[space] -= len(there)
                if len(there) < part:
                    spaces.remove(space)
        return claimed

    def _claim_those(
        self, connection: Connection, chosen: ColumnElement[bool], *, most: int
    ) -> list[DueOrder]:
        found = connection.execute(
            select(*RECORD_COLUMNS, orders.c.received, database_now().label("now"))
            .where(chosen)
            .order_by(orders.c.next_attempt_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        ).all()
        return [due for row in found if (due := self._claimed(connection, row)) is not None]

    def _claimed(self, connection: Connection, row: Row[*tuple[Any, ...]]) -> DueOrder | None:
        """Claim an order; None if it can't be read: then others do not wait, and a person looks."""
        try:
            return self._claim(connection, row)
        except Unreadable as error:
            if self._only is not None:
                raise
            structlog.get_logger().error(
                "order can't be taken up", space=row.space, order=row.key, reason=str(error)
            )
        raising = Raising((AlarmKind.UNREADABLE,), webhook=self._webhook)
        if raising(connection, row.id, since=row.told_at):
            self._alarmed.append((row.space, row.key))
        later = database_now() + _UNREADABLE_SECONDS
        connection.execute(
            update(orders).where(orders.c.id == row.id).values(next_attempt_at=later)
        )
        return None

    def _claim(self, connection: Connection, row: Row[*tuple[Any, ...]]) -> DueOrder:
        # An operator's wish begins the ladder anew.
        number = row.redeliveries + 1 if self._only is None else 1
        due = DueOrder(
            order=msgspec.structs.replace(self._rows.order(row), redeliveries=number),
            claim=Claim(row.id, row.space, row.key, uuid.uuid4().hex),
            claimed_at=datetime.fromtimestamp(row.now, UTC),
            received=self._rows.open_bytes(row.received),
            submissions=self._rows.submissions(connection, row.id),
        )
        until = database_now() + self._claim_seconds
        connection.execute(
            update(orders)
            .where(orders.c.id == row.id)
            .values(
                claim=due.claim.token,
                claimed_by=self._owner,
                claim_until=until,
                next_attempt_at=until,
                # Counted here: an order at which a process dies is not taken up for ever.
                redeliveries=number,
            )
        )
        return due
