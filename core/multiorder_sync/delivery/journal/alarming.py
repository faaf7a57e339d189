"""Raising alarms: each event once, however often what raises it is run."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.records import AlarmKind
from multiorder_sync.delivery.journal.schema import alarms

_LASTING: Final = (
    AlarmKind.NOT_SERVED,
    AlarmKind.OUT_OF_REACH,
    AlarmKind.INVALID,
    AlarmKind.UNREADABLE,
)
"""They tell of something that lasts: as long as Nacelle is not told anew, once is enough."""


class Raising:
    """Raises alarms of one order; run again, it comes to the same.

    Args:
        kinds: Why a person must look at the order.
        webhook: Whether alarms go to a webhook.
    """

    def __init__(self, kinds: Sequence[AlarmKind], *, webhook: bool) -> None:
        self._alarms = [(uuid.uuid4().hex, kind) for kind in kinds]
        self._webhook = webhook

    def __call__(
        self, connection: Connection, order_id: int, *, since: datetime | None
    ) -> tuple[AlarmKind, ...]:
        """Do it, within a transaction.

        Args:
            connection: With the transaction.
            order_id: Of the order's record.
            since: When Nacelle was told last before this, by the database's clock, if ever.

        Returns:
            The alarms that were raised.
        """
        raised = []
        for alarm_id, kind in self._alarms:
            if kind in _LASTING and is_there(connection, order_id, kind, since):
                continue
            connection.execute(
                insert(alarms).values(
                    id=alarm_id,
                    order_id=order_id,
                    kind=kind.value,
                    at=database_now(),
                    next_try_at=database_now() if self._webhook else None,
                )
            )
            raised.append(kind)
        return tuple(raised)

    def raised(self, connection: Connection) -> tuple[AlarmKind, ...]:
        """Return the alarms that were raised by this, if it was done before."""
        ids = [alarm_id for alarm_id, _ in self._alarms]
        there = set(connection.execute(select(alarms.c.id).where(alarms.c.id.in_(ids))).scalars())
        return tuple(kind for alarm_id, kind in self._alarms if alarm_id in there)


def is_there(
    connection: Connection, order_id: int, kind: AlarmKind, since: datetime | None
) -> bool:
    """Tell whether an alarm was raised of an order, since some time or ever."""
    chosen = select(alarms.c.id).where(alarms.c.order_id == order_id, alarms.c.kind == kind.value)
    if since is not None:
        chosen = chosen.where(alarms.c.at >= since)
    return connection.execute(chosen.limit(1)).first() is not None
