"""What a process does beside orders: alarms are delivered, and what is past its time is removed."""

import asyncio
import math
from collections.abc import Awaitable
from time import monotonic
from typing import Final

import structlog

from multiorder_sync.delivery.alarms import Alarms
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.retention import Purge
from multiorder_sync.errors import JournalUnavailable

_POLL_SECONDS: Final = 1.0
_PURGE_SECONDS: Final = 24 * 3600.0


class Upkeep:
    """Goes on beside the calls and the redelivery.

    Args:
        journal: Where orders are recorded.
        alarms: Where alarms go.
        retention_days: How long what could hold a shopper's data is kept of a settled order.
    """

    def __init__(self, journal: Journal, alarms: Alarms, retention_days: int) -> None:
        self.retention_days = retention_days
        self._journal = journal
        self._alarms = alarms
        self._log = structlog.get_logger()
        self._purged_at = -math.inf

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self._tried(self._alarms.deliver(self._journal))
            await self._tried(self._purge())
            await asyncio.sleep(_POLL_SECONDS)

    async def _tried(self, chore: Awaitable[None]) -> None:
        """Do one chore; what is wrong with it must not end the others, nor its next round."""
        try:
            await chore
        except JournalUnavailable as error:
            self._log.warning("upkeep waits for the journal", reason=str(error))
        except Exception:  # noqa: BLE001 - see above
            self._log.exception("upkeep failed")

    async def _purge(self) -> None:
        """Once a day, empty the orders that are past their retention, a few at a time."""
        if monotonic() - self._purged_at <= _PURGE_SECONDS:
            return
        emptied = 0
        rest: Purge | None = Purge.older_than(self.retention_days)
        while rest is not None:
            purged = await self._journal.run(rest)
            emptied += purged.orders
            rest = purged.rest
        self._purged_at = monotonic()
        if emptied:
            self._log.info("orders past their retention were emptied", orders=emptied)
