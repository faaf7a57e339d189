"""A piece of work for the journal, and where its result goes."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

T = TypeVar("T")

Work = Callable[[Connection], T]
"""What is done within a transaction. It may be run again after a failure, or although it was
committed, if the connection was lost at that very moment: it must come to the same."""


class Job(msgspec.Struct, eq=False):
    """A piece of work that somebody waits for.

    Attributes:
        key: What it is about: an order's, or empty.
        work: What to do.
        loop: Where it is waited for.
        future: What it comes to.
        since: When it was asked for, in the time of `time.monotonic`.
        late: Is given what it comes to, on the loop, if nobody waits for that any more.
    """

    key: str
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    since: float
    late: Callable[[Any], None] | None = None

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.future.cancelled()

    def succeed(self, result: Any) -> None:
        """Give its result to whoever waits."""
        late = None if self.late is None else partial(self.late, result)
        self._settle(lambda: self.future.set_result(result), late)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits why there is no result."""
        self._settle(lambda: self.future.set_exception(error))

    def _settle(self, settle: Callable[[], None], late: Callable[[], None] | None = None) -> None:
        def unless_given_up() -> None:
            if not self.future.done():
                settle()
            elif late is not None:
                late()

        # The loop is closed if the server has ended meanwhile; then nobody waits.
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(unless_given_up)
