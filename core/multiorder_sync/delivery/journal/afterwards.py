"""What is written when nobody waits for it any more, and is not lost for that."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

import msgspec
import structlog
from sqlalchemy import Connection

from multiorder_sync.delivery.journal.answering import NotHeard
from multiorder_sync.delivery.journal.closing import Close, Closed
from multiorder_sync.delivery.journal.jobs import Work
from multiorder_sync.delivery.journal.records import AlarmKind, Claim, about
from multiorder_sync.errors import JournalUnavailable

T = TypeVar("T")

CLOSE_AGAIN_SECONDS: Final = 1.0

Raised = Callable[[AlarmKind, str, str], None]
"""Is told an alarm that was raised: its kind, the space, and the order's key."""


class Run(Protocol):
    """Runs a piece of work on the journal's writer."""

    def __call__(self, key: str, work: Work[T]) -> Awaitable[T]:
        """Do it; raises JournalUnavailable if it can't be done now."""


class Afterwards:
    """Writes in the background, until it is through or the process leaves.

    Args:
        run: Writes.
        raised: Is told each alarm that is raised so.

    Attributes:
        close_again_seconds: How long to wait before closing is tried again.
    """

    def __init__(self, run: Run, raised: Raised) -> None:
        self.close_again_seconds = CLOSE_AGAIN_SECONDS
        self._run = run
        self._raised = raised
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving = asyncio.Event()
        self._log = structlog.get_logger()

    def note(self, space: str, key: str, work: Work[None]) -> None:
        """Write something about an order once; if that can't be done, it is logged."""

        async def note() -> None:
            try:
                await self._run(about(space, key), work)
            except JournalUnavailable as error:
                self._log.warning("answer not recorded", space=space, order=key, reason=str(error))

        self._start(note())

    def close(self, claim: Claim, close: Close, not_heard: NotHeard | None) -> None:
        """Close an order as soon as that can be done.

        Args:
            claim: The right to carry the order on.
            close: Closes it.
            not_heard: Puts right what closing notes as told, if something else was told.
        """

        def work(connection: Connection) -> Closed:
            closed = close(connection)
            if not_heard is None:
                return closed
            alarms = (*closed.alarms, *not_heard(connection))
            return msgspec.structs.replace(closed, alarms=alarms)

        self._start(self._until_closed(claim, work))

    def follow(self, space: str, key: str, is_done: Work[bool], then: Callable[[], None]) -> None:
        """Find out whether what nobody waits for any more was written after all.

        Args:
            space: Nacelle's space id.
            key: Of the order's record.
            is_done: Tells whether it was.
            then: Called if so.
        """

        async def follow() -> None:
            try:
                # The journal does one piece of work after the other: by then that one is over.
                if await self._through(about(space, key), is_done):
                    then()
            except JournalUnavailable as error:
                self._log.warning("order not followed", space=space, order=key, reason=str(error))

        self._start(follow())

    async def aclose(self, seconds: float) -> None:
        """Try once more what is not written yet, and give up then."""
        self._leaving.set()
        if self._tasks:
            _, late = await asyncio.wait(tuple(self._tasks), timeout=seconds)
            for task in late:
                task.cancel()

    async def _until_closed(self, claim: Claim, work: Work[Closed]) -> None:
        try:
            closed = await self._through(claim.about, work)
        except JournalUnavailable as error:
            self._log.warning(
                "order not closed", space=claim.space, order=claim.key, reason=str(error)
            )
            return
        self._log.info("order closed late", space=claim.space, order=claim.key)
        for kind in closed.alarms:
            self._raised(kind, closed.space, claim.key)

    async def _through(self, key: str, work: Work[T]) -> T:
        """Do a piece of work as soon as that can be done, and return its result.

        Raises:
            JournalUnavailable: If it can't be done before the process leaves.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.close_again_seconds):
                    await self._leaving.wait()
            last = self._leaving.is_set()
            try:
                return await self._run(key, work)
            except JournalUnavailable:
                if last:
                    raise

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
