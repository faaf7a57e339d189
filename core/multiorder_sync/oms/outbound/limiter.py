"""How many calls one space may make of its OMS: at once, and within a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiolimiter import AsyncLimiter

_BURST_SECONDS: Final = 0.05
"""So much of a second's calls may be begun in one go; a single call always."""


class Limiter:
    """Gives calls their turns, first come, first served.

    Building one does no I/O and needs no event loop; it is used in one alone.

    Args:
        max_concurrent: How many calls may be under way at once.
        per_second: How many may be begun within a second; None for as many as there are.

    Attributes:
        max_concurrent: As given.
    """

    def __init__(self, max_concurrent: int, per_second: float | None = None) -> None:
        self.max_concurrent = max_concurrent
        self._slots = asyncio.Semaphore(max_concurrent)
        self._rate = None if per_second is None else _bucket(per_second)
        # AsyncLimiter lets one who comes just then go before those who wait: one waits at a time.
        self._next = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the block."""
        # The slot first: a turn that the rate has given is used at once, not saved for a burst.
        async with self._slots:
            if self._rate is not None:
                async with self._next:
                    await self._rate.acquire()
            yield


def _bucket(per_second: float) -> AsyncLimiter:
    burst = per_second * _BURST_SECONDS
    if burst <= 1:
        return AsyncLimiter(1, 1 / per_second)
    # What comes after a pause in one go counts as well: the rest of the second is for the others.
    return AsyncLimiter(burst, burst / (per_second - burst))
