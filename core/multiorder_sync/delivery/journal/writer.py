"""The one thread that writes: many orders in one transaction, so in one wait for the disk."""

import asyncio
import math
import queue
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from multiorder_sync.delivery.journal.aside import Aside
from multiorder_sync.delivery.journal.databases import is_locked, wait_for_locks
from multiorder_sync.delivery.journal.jobs import Job, Work
from multiorder_sync.errors import InternalError, JournalUnavailable

T = TypeVar("T")

_MOST: Final = 128
"""How many pieces of work share a transaction at most."""

_LOCK_AGAIN_SECONDS: Final = 0.02
"""How long to wait for what another session has locked, where that is known already."""


_HANGING_SECONDS: Final = 2.0
"""A write that takes longer hangs: nothing can be promised then, and others may do better."""


class _GivenUp(Exception):
    """Someone does not wait any more for what was about to be committed."""


class Writer:
    """Runs work on the journal's database in a thread of its own.

    Args:
        engine: Of the database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._aside = Aside()
        self._connection: Connection | None = None
        self._unfinished: dict[Job, None] = {}  # what was asked for first, first
        self._busy_since: float | None = None
        self._closed = False
        self._broken = False
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> bool:
        """Whether the last write failed, or one hangs. Ask on the event loop."""
        return self._broken or self._hangs()

    async def run(
        self,
        key: str,
        work: Work[T],
        *,
        seconds: float = 30.0,
        late: Callable[[T], None] | None = None,
    ) -> T:
        """Run work, and return its result once it is on disk.

        Args:
            key: What it is about. Within a transaction work is done in the order of the keys, so
                that two processes never wait for each other.
            work: What to do.
            seconds: How long to wait for it. After that it is left out, unless it is being
                committed at that very moment.
            late: Is given its result if it is on disk all the same, once that is known.

        Raises:
            JournalUnavailable: If the database can't be written, or not in time.
            InternalError: If the database does not take what this work writes; it takes others'.
        """
        if self._closed:
            raise JournalUnavailable("The journal is closed; the server is being stopped.")
        loop = asyncio.get_running_loop()
        job = Job(key, work, loop, loop.create_future(), monotonic(), late)
        self._unfinished[job] = None
        self._jobs.put(job)
        try:
            async with asyncio.timeout(seconds):
                result: T = await job.future
        except TimeoutError:
            if job.future.cancelled():
                raise JournalUnavailable("The journal could not be written in time.") from None
            result = job.future.result()  # it came at the last moment
        finally:
            del self._unfinished[job]
        return result

    def close(self) -> None:
        """Finish what was asked for, and end the thread. It blocks until that is done."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _hangs(self) -> bool:
        """Tell whether a write takes longer than any does that will be done in time."""
        # Who waits may have given up, and what came after is younger: the thread itself counts, too.
        since = [self._busy_since]
        # One that is locked is no matter of the whole journal.
        since += [job.since for job in self._unfinished if job not in self._aside][:1]
        oldest = min((each for each in since if each is not None), default=math.inf)
        return monotonic() - oldest > _HANGING_SECONDS or self._aside.stuck(_HANGING_SECONDS)

    def _run(self) -> None:
        while True:
            self._busy_since = None
            batch = self._next_batch()
            if batch is None:
                break
            self._busy_since = monotonic()
            self._do_together(sorted(self._not_locked(batch), key=lambda job: job.key))
            for job in self._aside.due():
                self._do_alone(job)
            self._forget_given_up()
        for job in self._aside.rest():
            self._do_alone(job)
            if job in self._aside:
                job.fail(JournalUnavailable("The order is locked in the journal's database."))
        self._disconnect()

    def _next_batch(self) -> list[Job] | None:
        """Wait for work, and take with it what else is there; None once all is done.

        There is none if it is time to try again what was put aside.
        """
        try:
            job = self._jobs.get(timeout=self._aside.pause())
        except queue.Empty:
            return []
        if job is None:
            return None
        batch = [job]
        while len(batch) < _MOST:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)  # for the next round, which then ends
                break
            batch.append(job)
        return [job for job in batch if not job.given_up]

    def _not_locked(self, batch: Sequence[Job]) -> list[Job]:
        """Put aside what would meet a lock that is known, and return the rest."""
        rest = []
        for job in batch:
            if self._aside.holds(job.key):
                self._aside.put(job)
            else:
                rest.append(job)
        return rest

    def _do_together(self, batch: Sequence[Job], *, around_locks: bool = False) -> None:
        if not batch:
            return
        try:
            self._connect()
        except Exception as error:  # noqa: BLE001 - it is told to whoever waits
            told = self._note(error)
            for job in batch:
                self._aside.forget(job)
                job.fail(told)
            return
        try:
            done = self._commit_around_locks(batch) if around_locks else self._commit(batch)
        except _GivenUp:
            rest = [job for job in batch if not job.given_up and job not in self._aside]
            self._do_together(rest, around_locks=around_locks)
        except Exception as error:  # noqa: BLE001 - it is told to whoever waits
            if is_locked(error) and not around_locks:
                self._do_together(batch, around_locks=True)
            else:
                self._do_each(batch, error)
        else:
            self._done(done)

    def _do_each(self, batch: Sequence[Job], error: Exception) -> None:
        """Do by itself what failed together."""
        self._disconnect()
        if len(batch) == 1 and not _may_pass(error):
            self._fail(batch[0], error)
            return
        # One piece of work must not fail for another's sake, nor for a connection that was lost
        # while it was not used.
        waiting = [job for job in batch if not job.given_up and job not in self._aside]
        for job in waiting:
            self._do_alone(job)
        if not waiting:
            self._note(error)

    def _do_alone(self, job: Job) -> None:
        if job.given_up:  # while others were tried
            return
        try:
            done = self._commit([job], lock_seconds=_LOCK_AGAIN_SECONDS)
        except _GivenUp:
            return
        except Exception as error:  # noqa: BLE001 - it is told to whoever waits
            if is_locked(error):
                self._aside.put(job)
                return
            self._disconnect()
            self._fail(job, error)
        else:
            self._done(done)

    def _done(self, done: Sequence[tuple[Job, Any]]) -> None:
        for job, result in done:
            self._broken = False
            self._aside.through(job)
            job.succeed(result)

    def _forget_given_up(self) -> None:
        for job in self._aside.given_up():
            space, _, order = job.key.partition("/")
            self._log.error(
                "journal can't be written", space=space, order=order, reason="it is locked"
            )
        if self._aside.stuck():
            self._broken = True

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _commit(
        self, batch: Sequence[Job], *, lock_seconds: float | None = None
    ) -> list[tuple[Job, Any]]:
        connection = self._connect()
        with connection.begin():
            if lock_seconds is not None:
                wait_for_locks(connection, lock_seconds)
            done = [(job, job.work(connection)) for job in batch]
            _make_sure_that_they_wait(done)
        return done

    def _commit_around_locks(self, batch: Sequence[Job]) -> list[tuple[Job, Any]]:
        """Do together what meets no lock, and put the rest aside."""
        connection = self._connect()
        done = []
        with connection.begin():
            wait_for_locks(connection, _LOCK_AGAIN_SECONDS)
            for job in batch:
                try:
                    with connection.begin_nested():
                        done.append((job, job.work(connection)))
                except SQLAlchemyError as error:
                    if not is_locked(error):
                        raise
                    self._aside.put(job)
            _make_sure_that_they_wait(done)
        return done

    def _fail(self, job: Job, error: Exception) -> None:
        self._aside.forget(job)
        job.fail(self._note(error))

    def _note(self, error: Exception) -> Exception:
        """Note why nothing could be written, if that is it, and return the error to tell."""
        if not isinstance(error, SQLAlchemyError | OSError):
            return error
        reason = reason_of(error)
        if _is_its_own(error):
            self._log.error("journal does not take what is written", reason=reason)
            return InternalError("Something here broke; the log says what.")
        self._broken = True
        self._log.error("journal can't be written", reason=reason)
        return JournalUnavailable(f"The journal can't be written: {reason}.")

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError as error:
                self._log.debug("journal connection did not close", reason=reason_of(error))


def reason_of(error: Exception) -> str:
    """Return what the database said: not the statement, whose values are shoppers'."""
    said = str(getattr(error, "orig", None) or error)
    return said.partition("\n")[0].strip().rstrip(".")[:200]


def _make_sure_that_they_wait(done: Sequence[tuple[Job, Any]]) -> None:
    # What was given up meanwhile must not be found done later: an order would be in hand of a
    # call that is over.
    if any(job.given_up for job, _ in done):
        raise _GivenUp


def _is_its_own(error: Exception) -> bool:
    """Tell whether work failed for what it writes: then the database is well."""
    if isinstance(error, IntegrityError | DataError):
        return True
    return isinstance(error, StatementError) and not isinstance(error, DBAPIError)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, SQLAlchemyError) and bool(
        getattr(error, "connection_invalidated", False)
    )
