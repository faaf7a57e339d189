"""Which processes are alive: a dead one is known by more than waiting.

A process holds a lock that its database, or its machine, gives back at the instant it dies: an
advisory lock of PostgreSQL, or a lock on a file beside a SQLite file. Since a connection can be
lost while its process lives on, on PostgreSQL it must also have been silent for a while.
"""

import fcntl
import hashlib
import os
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, case, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.databases import is_sqlite, sqlite_file
from multiorder_sync.delivery.journal.schema import orders, owners

HEARTBEAT_SECONDS: Final = 1.0
_SILENT_SECONDS: Final = 5.0


class Presence:
    """This process among those that share a journal. All of it is used on the writer's thread.

    Args:
        engine: Of the database.
        config: The configuration that the process serves.
    """

    def __init__(self, engine: Engine, config: str | None) -> None:
        self.id = uuid.uuid4().hex
        self._engine = engine
        # As a path that says the same wherever it is read, and after a link in it was switched.
        self._config = None if config is None else str(Path(config).absolute())
        self._sqlite = is_sqlite(engine.url)
        self._file: int | None = None
        self._session: Connection | None = None
        self._started_at = datetime.now(UTC)

    def renew(self, connection: Connection) -> None:
        """Say, within a transaction, that the process lives; call it every `HEARTBEAT_SECONDS`."""
        self._hold()
        said = connection.execute(
            update(owners).where(owners.c.id == self.id).values(heartbeat_at=database_now())
        )
        if said.rowcount == 0:
            connection.execute(
                insert(owners).values(
                    id=self.id,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    started_at=self._started_at,
                    loaded_at=self._started_at,
                    heartbeat_at=database_now(),
                    config=self._config,
                )
            )

    def loaded(self, connection: Connection, error: str | None) -> None:
        """Note, within a transaction, that the configuration was taken anew, or why it was not."""
        values: dict[str, Any] = {"reload_error": error}
        if error is None:
            values["loaded_at"] = datetime.now(UTC)
        connection.execute(update(owners).where(owners.c.id == self.id).values(values))

    def leave(self, connection: Connection) -> None:
        """Give back, within a transaction, what the process still has in hand.

        A redelivery that was broken off for this was no try.
        """
        number = case((orders.c.redeliveries > 0, orders.c.redeliveries - 1), else_=0)
        _release(connection, self.id, {"redeliveries": number, "next_attempt_at": database_now()})

    def dead(self, connection: Connection) -> list[str]:
        """Return, within a transaction, the ids of the processes that died and left a record."""
        others = connection.execute(
            select(owners, database_now().label("now")).where(owners.c.id != self.id)
        ).all()
        return [row.id for row in others if self._is_dead(connection, row)]

    def release_dead(self, connection: Connection, delays: Sequence[float] = ()) -> int:
        """Take the orders of dead processes out of their hands; return how many processes.

        Args:
            connection: With the transaction.
            delays: How long to wait before each redelivery. An order with which a process died
                while it redelivered it waits as after any other try: it may be what processes die
                of, and one that dies again and again must not use up the ladder at once.
        """
        dead = self.dead(connection)
        waits = dict(enumerate(delays[1:], 1))
        wait = case(waits, value=orders.c.redeliveries, else_=0.0) if waits else 0.0
        for owner in dead:
            _release(connection, owner, {"next_attempt_at": database_now() + wait})
        return len(dead)

    def close(self) -> None:
        """Give back the lock."""
        if self._file is not None:
            with suppress(OSError):
                _lock_file(self._engine, self.id).unlink()
            os.close(self._file)
            self._file = None
        if self._session is not None:
            with suppress(SQLAlchemyError):
                self._session.close()
            self._session = None

    def _hold(self) -> None:
        if self._sqlite:
            if self._file is None:
                self._file = _open_locked(_lock_file(self._engine, self.id))
            return
        if self._session is not None:
            try:
                self._session.execute(text("SELECT 1"))
            except SQLAlchemyError:
                with suppress(SQLAlchemyError):
                    self._session.close()
                self._session = None
            else:
                return
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        held: bool = session.execute(
            text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _number(self.id)}
        ).scalar_one()
        if held:
            self._session = session
        else:
            # The server has not noticed yet that the connection before is lost; until then, the
            # lock is held all the same.
            session.close()

    def _is_dead(self, connection: Connection, row: Row[*tuple[Any, ...]]) -> bool:
        if self._sqlite:
            return _is_free(_lock_file(self._engine, row.id))
        # A database that has just come up has seen nobody for a while; that proves nothing.
        up_since = connection.execute(
            text("SELECT extract(epoch from pg_postmaster_start_time())")
        ).scalar_one()
        silent = row.now - max(row.heartbeat_at, float(up_since))
        if silent < _SILENT_SECONDS:
            return False
        free: bool = connection.execute(
            text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _number(row.id)}
        ).scalar_one()
        return free


def _release(connection: Connection, owner: str, values: Mapping[str, Any]) -> None:
    # An order that another session has locked must not keep the rest: it is for the next time.
    theirs = select(orders.c.id).where(orders.c.claimed_by == owner)
    connection.execute(
        update(orders)
        .where(orders.c.id.in_(theirs.with_for_update(skip_locked=True)))
        .values(claim=None, claimed_by=None, claim_until=None, **values)
    )
    connection.execute(delete(owners).where(owners.c.id == owner, ~theirs.exists()))


def living(connection: Connection) -> Iterator[Row[*tuple[Any, ...]]]:
    """Yield the processes that share the journal, as they last said that they live."""
    yield from connection.execute(select(owners).order_by(owners.c.started_at))


def _number(owner: str) -> int:
    """Return the number that stands for a process among PostgreSQL's advisory locks."""
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], signed=True)


def _lock_file(engine: Engine, owner: str) -> Path:
    # However a process names the journal, all of them must find the same lock.
    file = sqlite_file(engine).resolve()
    return file.with_name(f"{file.name}-{owner}.lock")


def _open_locked(file: Path) -> int:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _is_free(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except PermissionError:
        return False  # another user's: it can't be told, and an order must not be in two hands
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        with suppress(PermissionError):
            file.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)
