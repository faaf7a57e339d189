"""A thread on which one package's hooks run, one after the other."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple


class Answered(NamedTuple):
    """What a hook answered, or what it raised; SystemExit and its like are errors, too."""

    answer: Any = None
    error: BaseException | None = None


class HookThread:
    """Runs calls on a thread of its own; one that hangs for ever does not keep the process alive.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, call: Callable[[], Any]) -> "asyncio.Future[Answered]":
        """Run a call once those before it are over; return the future of what comes of it."""
        if self._thread is None:
            # The pools of the standard library wait for their threads when the process ends.
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answered] = loop.create_future()

        def work() -> None:
            answered = _answered(call)
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, answered)

        self._calls.put(work)
        return future

    def close(self) -> None:
        """Let the thread end after the call that it is at."""
        self._calls.put(None)

    def _work(self) -> None:
        while (work := self._calls.get()) is not None:
            work()


def _answered(call: Callable[[], Any]) -> Answered:
    try:
        return Answered(call())
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and it is not lost
        return Answered(error=error)


def _settle(future: "asyncio.Future[Answered]", answered: Answered) -> None:
    if not future.done():
        future.set_result(answered)
