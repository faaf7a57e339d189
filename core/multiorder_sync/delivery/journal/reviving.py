"""A body that could not be read when it came gets the key that it has as an order."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select, update

from multiorder_sync.delivery.journal.records import OrderState
from multiorder_sync.delivery.journal.schema import orders


class Twin(msgspec.Struct, frozen=True):
    """An order that is on record under the same key."""

    id: int
    state: OrderState


def twin_of(connection: Connection, space: str, key: str) -> Twin | None:
    """Return the order of a space that has this key, if there is one."""
    row = connection.execute(
        select(orders.c.id, orders.c.state).where(orders.c.space == space, orders.c.key == key)
    ).one_or_none()
    return None if row is None else Twin(row.id, OrderState(row.state))


class Revive:
    """Gives a record the key and the fingerprint of its order; run again, it comes to the same.

    Args:
        order_id: Of the record.
        space: Its space.
        key: Of the order within its space.
        fingerprint: Of its content.
        at: The time.
    """

    def __init__(
        self, order_id: int, *, space: str, key: str, fingerprint: str, at: datetime
    ) -> None:
        self._order_id = order_id
        self._space = space
        self._values = {"key": key, "fingerprint": fingerprint, "updated_at": at}

    def __call__(self, connection: Connection) -> Twin | None:
        """Do it, within a transaction; return the order that has the key already, if one has."""
        twin = twin_of(connection, self._space, str(self._values["key"]))
        if twin is not None:
            return None if twin.id == self._order_id else twin
        connection.execute(
            update(orders)
            .where(orders.c.id == self._order_id, orders.c.fingerprint.is_(None))
            .values(self._values)
        )
        return None
