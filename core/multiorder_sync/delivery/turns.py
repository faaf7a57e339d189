"""One call for an order at a time, within this process."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from time import monotonic

from multiorder_sync.errors import Overloaded


class Turns:
    """Lets calls for the same order go one after the other, so that each sees what became of it.

    It spares the OMS a race that its duplicate guard may not stand. Calls on other machines are
    not seen.
    """

    def __init__(self) -> None:
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._waiting: dict[Hashable, int] = {}

    @asynccontextmanager
    async def of(self, key: Hashable, deadline: float) -> AsyncIterator[None]:
        """Wait for the turn of a key, and hold it for the block.

        Args:
            key: Of the order.
            deadline: Until when to wait, in the time of `time.monotonic`.

        Raises:
            Overloaded: The turn did not come in time; nothing was sent for this call.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            try:
                async with asyncio.timeout(max(0.0, deadline - monotonic())):
                    await lock.acquire()
            except TimeoutError:
                reason = "Another call for this very order is still under way."
                raise Overloaded(reason) from None
            try:
                yield
            finally:
                lock.release()
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._locks[key]
