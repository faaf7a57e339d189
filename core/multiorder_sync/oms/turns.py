"""Whose turn it is with what does one thing at a time."""

import asyncio
from collections import deque
from time import monotonic


class TurnedAway(Exception):
    """There is no waiting for a turn, as what has it may never end."""


class Turns:
    """Gives turns to one after the other, in the order in which they were asked for.

    Who does not wait any longer leaves the queue. All of it happens on one event loop.
    """

    def __init__(self) -> None:
        self._taken = False
        self._stuck = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, deadline: float) -> None:
        """Wait for one's turn; it lasts until `give_back`.

        Args:
            deadline: Until when to wait, in the time of `time.monotonic`.

        Raises:
            TimeoutError: If it did not come until then.
            TurnedAway: If what has its turn is stuck.
        """
        if self._stuck:
            raise TurnedAway
        if not self._taken:
            self._taken = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            async with asyncio.timeout(deadline - monotonic()):
                await mine
        except BaseException:
            if mine in self._waiting:
                self._waiting.remove(mine)
            elif not mine.cancelled() and mine.exception() is None:
                self.give_back()  # the turn came just as nobody waited for it any more
            raise

    def give_back(self) -> None:
        """End one's turn: the next one has it."""
        self._stuck = False
        while self._waiting:
            next_one = self._waiting.popleft()
            if not next_one.done():
                next_one.set_result(None)
                return
        self._taken = False

    def stuck(self) -> None:
        """Turn away all that wait, and whoever comes, until the turn is given back after all."""
        self._stuck = True
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(TurnedAway())
