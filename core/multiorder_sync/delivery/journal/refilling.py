"""Keeping anew what was to be sent, where it was erased or is past its retention."""

from collections.abc import Mapping

from sqlalchemy import Connection, update

from multiorder_sync.delivery.journal.opening import holds
from multiorder_sync.delivery.journal.records import Claim
from multiorder_sync.delivery.journal.rows import Rows
from multiorder_sync.delivery.journal.schema import submissions


class Refill:
    """Keeps payloads of submissions that have none any more; run again, it comes to the same.

    Args:
        claim: The right to carry the order on.
        payloads: What is to be sent, encoded, by the submission's position.
        rows: Reads and writes records.
    """

    def __init__(self, claim: Claim, payloads: Mapping[int, bytes], rows: Rows) -> None:
        self._claim = claim
        self._sealed = {at: rows.sealer.seal(payload) for at, payload in payloads.items()}

    def __call__(self, connection: Connection) -> bool:
        """Do it, within a transaction; False if the order is in other hands by now."""
        # Nothing else of the order changes by it.
        if not holds(connection, self._claim, {"claim": self._claim.token}):
            return False
        for position, payload in self._sealed.items():
            connection.execute(
                update(submissions)
                .where(
                    submissions.c.order_id == self._claim.order_id,
                    submissions.c.position == position,
                )
                .values(payload=payload)
            )
        return True
