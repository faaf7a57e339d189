"""Retention: long after an order was settled, the bare facts are all that is kept of it."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, not_, select

from multiorder_sync.delivery.journal.queries import UNSETTLED, in_hand
from multiorder_sync.delivery.journal.records import OrderState
from multiorder_sync.delivery.journal.schema import orders
from multiorder_sync.delivery.journal.sealed import holds_texts, remove_texts
from multiorder_sync.delivery.journal.transactions import CHUNK

SETTLED: Final = tuple(state for state in OrderState if state not in UNSETTLED)


class Purged(msgspec.Struct, frozen=True):
    """What one piece of a purge came to.

    Attributes:
        orders: How many orders were emptied, or would be.
        rest: The next piece; None once all is done.
    """

    orders: int
    rest: "Purge | None"


class Purge:
    """Removes what could hold a shopper's data of orders that were settled long ago.

    Each call, within a transaction, looks at a few of them and says where to go on, so that
    nobody waits long for the journal; run again, it comes to the same:

        purge = Purge.older_than(retention_days)
        while purge is not None:
            purge = (await journal.run(purge)).rest

    Args:
        before: Those that were settled before.
        after: Those whose record's id is larger.
        dry_run: Whether they are only counted.
    """

    def __init__(self, before: datetime, *, after: int = 0, dry_run: bool = False) -> None:
        self._before = before
        self._after = after
        self._dry_run = dry_run

    @classmethod
    def older_than(cls, retention_days: int, *, dry_run: bool = False) -> "Purge":
        """Return the purge of orders that were settled more than so many days ago."""
        return cls(datetime.now(UTC) - timedelta(days=retention_days), dry_run=dry_run)

    def __call__(self, connection: Connection) -> Purged:
        """Do one piece of it."""
        chosen = (
            select(orders.c.id, holds_texts().label("holds"))
            .where(
                orders.c.id > self._after,
                orders.c.state.in_([state.value for state in SETTLED]),
                orders.c.updated_at < self._before,
                not_(in_hand()),
            )
            .order_by(orders.c.id)
            .limit(CHUNK)
        )
        if not self._dry_run:
            # Nobody can take up an order between its being found and its being emptied; one that
            # somebody is about to take up is not waited for.
            chosen = chosen.with_for_update(of=orders, skip_locked=True)
        found = connection.execute(chosen).all()
        ids = [row.id for row in found if row.holds]
        if ids and not self._dry_run:
            remove_texts(connection, ids)
        rest = None
        if len(found) == CHUNK:
            rest = Purge(self._before, after=found[-1].id, dry_run=self._dry_run)
        return Purged(len(ids), rest)
