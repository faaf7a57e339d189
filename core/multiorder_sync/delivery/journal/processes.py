"""The processes of this machine that share a journal, and how they took their configuration."""

import os
import signal
import socket
import time
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, Row, update

from multiorder_sync.delivery.journal.presence import Presence, living
from multiorder_sync.delivery.journal.schema import owners
from multiorder_sync.delivery.journal.transactions import reading, writing

_POLL_SECONDS: Final = 0.1
_IMPORTING_SECONDS: Final = 300.0
"""How long a process may have run until it says since when it serves."""

_CLOCK_SECONDS: Final = 60.0
"""How far the clock may have been set since."""

_LISTENING_SECONDS: Final = 5.0
"""How long a process that is starting may take until it hears the signal."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process, as it last said of itself.

    Attributes:
        id: What it is called in the journal.
        host: Its machine.
        pid: Its number there.
        config: The file that it serves.
        started_at: When it began to.
        loaded_at: When it last took that file.
        reload_error: Why it did not take it since.
    """

    id: str
    host: str
    pid: int
    config: str | None
    started_at: datetime
    loaded_at: datetime | None
    reload_error: str | None

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine."""
        return self.host == socket.gethostname()


class Answer(StrEnum):
    """How a process took the configuration when it was asked to."""

    TAKEN = "taken"
    REFUSED = "refused"
    ENDED = "ended"
    FORBIDDEN = "forbidden"
    DEAF = "deaf"
    STRANGER = "stranger"
    SILENT = "silent"


class Reloaded(msgspec.Struct, frozen=True):
    """What one process answered, and why it refused, if it did."""

    process: Process
    answer: Answer
    reason: str | None = None


def serving(engine: Engine, config: Path) -> list[Process]:
    """Return the living processes, on any machine, that serve a configuration.

    Raises:
        JournalUnavailable: If the journal can't be read.
    """
    given, meant = config.absolute(), config.resolve()

    def is_it(known: Path) -> bool:
        return known == given or known.resolve() == meant

    found = sharing(engine)
    return [each for each in found if each.config is not None and is_it(Path(each.config))]


def sharing(engine: Engine) -> list[Process]:
    """Return the living processes, on any machine, that share a journal.

    Raises:
        JournalUnavailable: If the journal can't be read.
    """
    with reading(engine) as connection:
        dead = set(Presence(engine, None).dead(connection))
        found = [_process(row) for row in living(connection) if row.id not in dead]
    return [each for each in found if not each.is_here or _runs(each.pid)]


class Reload:
    """Asks processes of this machine to take their configuration anew, and waits for their word.

    Args:
        engine: Of the journal.
        processes: Those to be asked.
    """

    def __init__(self, engine: Engine, processes: Sequence[Process]) -> None:
        self._engine = engine
        self._waiting = {each.id: each for each in processes}
        self._asked: dict[str, datetime | None] = {}
        self._done: list[Reloaded] = []

    def run(self, seconds: float) -> list[Reloaded]:
        """Do it. It blocks.

        Args:
            seconds: How long to wait at most.

        Raises:
            JournalUnavailable: If the journal can't be read or written.
        """
        started = time.monotonic()
        while self._waiting:
            waited = time.monotonic() - started
            for process in self._now():
                if process.id in self._asked:
                    self._hear(process)
                else:
                    self._ask(process, patient=waited < _LISTENING_SECONDS)
            if waited > seconds:
                for process in tuple(self._waiting.values()):
                    self._end(process, Answer.SILENT)
            elif self._waiting:
                time.sleep(_POLL_SECONDS)
        return self._done

    def _now(self) -> list[Process]:
        """Return the processes that are waited for, as they stand; those that ended are done."""
        with reading(self._engine) as connection:
            now = {row.id: _process(row) for row in living(connection)}
        for each in tuple(self._waiting.values()):
            if each.id not in now or not _runs(each.pid):
                self._end(each, Answer.ENDED)
        return [now[each] for each in self._waiting]

    def _ask(self, process: Process, *, patient: bool) -> None:
        # Whoever does not catch the signal dies of it.
        if not _hears(process.pid):
            if not patient:
                self._end(process, Answer.DEAF)
            return
        # Containers may share a host's name and have numbers of their own.
        if not _may_be(process):
            self._end(process, Answer.STRANGER)
            return
        # What it refused before must not be taken for its word on this.
        with writing(self._engine) as connection:
            chosen = update(owners).where(owners.c.id == process.id)
            connection.execute(chosen.values(reload_error=None))
        try:
            os.kill(process.pid, signal.SIGHUP)
        except ProcessLookupError:
            self._end(process, Answer.ENDED)
        except PermissionError:
            self._end(process, Answer.FORBIDDEN)
        else:
            self._asked[process.id] = process.loaded_at

    def _hear(self, process: Process) -> None:
        if process.loaded_at != self._asked[process.id]:
            self._end(process, Answer.TAKEN)
        elif process.reload_error is not None:
            self._end(process, Answer.REFUSED, process.reload_error)

    def _end(self, process: Process, answer: Answer, reason: str | None = None) -> None:
        del self._waiting[process.id]
        self._done.append(Reloaded(process, answer, reason))


def _process(row: Row[*tuple[Any, ...]]) -> Process:
    return Process(
        id=row.id,
        host=row.host,
        pid=row.pid,
        config=row.config,
        started_at=row.started_at,
        loaded_at=row.loaded_at,
        reload_error=row.reload_error,
    )


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _hears(pid: int) -> bool:
    """Tell whether a process catches SIGHUP, where the system shows that."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return True
    caught = next((line for line in status.splitlines() if line.startswith("SigCgt:")), "SigCgt: 0")
    return bool(int(caught.split()[1], 16) >> (signal.SIGHUP - 1) & 1)


def _may_be(process: Process) -> bool:
    """Tell whether what runs under a process's number began when it did, where that is shown."""
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text("utf-8", "replace")
        boot = Path("/proc/stat").read_text("ascii", "replace")
        # What stands before it, in parentheses, is the program's name, and may be anything.
        ticks = int(stat.rpartition(")")[2].split()[19])
        booted_at = next(
            int(line.split()[1]) for line in boot.splitlines() if line.startswith("btime ")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        return True
    ran = process.started_at.timestamp() - (booted_at + ticks / os.sysconf("SC_CLK_TCK"))
    return -_CLOCK_SECONDS <= ran <= _IMPORTING_SECONDS
