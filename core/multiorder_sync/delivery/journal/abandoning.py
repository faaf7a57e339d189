"""An operator gives an order up: nothing more is done for it."""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, select, update

from multiorder_sync.delivery.journal.presence import Presence
from multiorder_sync.delivery.journal.queries import in_hand
from multiorder_sync.delivery.journal.records import OrderState
from multiorder_sync.delivery.journal.rows import Rows
from multiorder_sync.delivery.journal.schema import orders, submissions


class Abandonment(StrEnum):
    """What giving an order up came to; all but `DONE` leave it as it was."""

    DONE = "done"
    ALREADY = "already"
    ACCEPTED = "accepted"
    IN_HAND = "in hand"
    GONE = "gone"


class Part(msgspec.Struct, frozen=True):
    """How one submission stands.

    Attributes:
        ref: In the OMS.
        state: How far it has come.
        oms_id: What the OMS calls it, if it has it.
    """

    ref: str
    state: str
    oms_id: str | None


class Facts(msgspec.Struct, frozen=True):
    """What is to be seen of an order without reading anything that is sealed."""

    state: str
    parts: tuple[Part, ...]


def facts_of(connection: Connection, order_id: int) -> Facts | None:
    """Return the bare facts of an order, whether or not the rest can be read; None if it is gone."""
    state = connection.execute(
        select(orders.c.state).where(orders.c.id == order_id)
    ).scalar_one_or_none()
    if state is None:
        return None
    parts = connection.execute(
        select(submissions.c.ref, submissions.c.state, submissions.c.oms_id)
        .where(submissions.c.order_id == order_id)
        .order_by(submissions.c.position)
    )
    return Facts(state, tuple(Part(*row) for row in parts))


class Abandon:
    """Gives one order up.

    Args:
        order_id: Of the order's record.
        by: Who does it.
        reason: Why.
        at: The time.
        presence: Knows who is dead: what they have in hand is in nobody's.
        rows: Reads and writes records.
    """

    def __init__(  # noqa: PLR0913 - what is written, by keyword
        self,
        order_id: int,
        *,
        by: str,
        reason: str,
        at: datetime,
        presence: Presence,
        rows: Rows,
    ) -> None:
        self._order_id = order_id
        self._presence = presence
        self._values = {
            "state": OrderState.ABANDONED.value,
            "abandoned_by": by,
            "reason": rows.seal_json(reason),
            "updated_at": at,
            # A process that had it in hand until its claim ran out must not close it any more.
            "claim": None,
            "claimed_by": None,
            "claim_until": None,
            "next_attempt_at": None,
        }

    def __call__(self, connection: Connection) -> Abandonment:
        """Do it, within a transaction."""
        self._presence.release_dead(connection)
        row = connection.execute(
            select(orders.c.state, in_hand().label("in_hand"))
            .where(orders.c.id == self._order_id)
            .with_for_update()
        ).one_or_none()
        if row is None:
            return Abandonment.GONE
        if row.state == OrderState.ACCEPTED:
            return Abandonment.ACCEPTED
        if row.in_hand:
            return Abandonment.IN_HAND
        if row.state == OrderState.ABANDONED:
            return Abandonment.ALREADY
        connection.execute(update(orders).where(orders.c.id == self._order_id).values(self._values))
        return Abandonment.DONE
