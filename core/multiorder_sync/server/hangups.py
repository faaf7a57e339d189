"""SIGHUP: it ends a process that does not expect it, so it is expected from the start."""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType


class Hangups:
    """Catches the signal from the moment this is made, and holds it until somebody takes it.

    It is made on the main thread.
    """

    def __init__(self) -> None:
        self._held = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._take: Callable[[], None] | None = None
        signal.signal(signal.SIGHUP, self._heard)

    def take(self, take: Callable[[], None]) -> None:
        """Have this called in the running loop for every signal, and now for what is held."""
        self._loop = asyncio.get_running_loop()
        self._take = take
        if self._held:
            self._held = False
            take()

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if self._loop is None or self._take is None or self._loop.is_closed():
            self._held = True
        else:
            self._loop.call_soon_threadsafe(self._take)
