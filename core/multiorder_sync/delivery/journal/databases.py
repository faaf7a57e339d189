"""Connections to the journal's database, set up so that what is committed is on disk."""

import os
from contextlib import suppress
from pathlib import Path
from sqlite3 import Cursor, OperationalError
from tempfile import mkstemp
from time import monotonic, sleep
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from multiorder_sync.errors import JournalUnavailable
from multiorder_sync.secret import Secret

_BUSY_SECONDS: Final = 10.0
"""How long to wait for another process's write to end."""

_BETWEEN_SECONDS: Final = 0.05

_CONNECT_SECONDS: Final = 5

# PostgreSQL's own settings, for each session. Whoever waits for a row holds up what shares the
# transaction, so that is short. And a machine that vanishes is noticed by the server alone: it would
# hold rows, and the lock by which others know it, for two hours by the system's own keepalives.
_SESSION: Final = {
    "synchronous_commit": "on",
    "default_transaction_isolation": r"read\ committed",  # which the journal's work is made for
    "statement_timeout": "15s",
    "lock_timeout": "200ms",
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

_SHOWN: Final = ("host", "hostaddr", "port", "dbname", "user", "sslmode", "target_session_attrs")
"""The parts of a query that say which database it is."""

# A row is locked, a deadlock, a serialization failure.
_IN_THE_WAY: Final = frozenset({"55P03", "40P01", "40001"})


def connect(url: Secret) -> Engine:
    """Return an engine for the journal's database; nothing is opened yet.

    Every transaction that it begins on SQLite takes the write lock at once: one that only asks
    for it when it first writes can fail although no one is in its way any more.

    Raises:
        JournalUnavailable: If the driver is not installed.
    """
    where = make_url(url.reveal())
    if is_sqlite(where):
        return _sqlite(where)
    try:
        return _postgresql(where)
    except ModuleNotFoundError:
        raise JournalUnavailable(
            "The journal is in PostgreSQL, and its driver is not installed: "
            "pip install 'multiorder-sync[postgres]'"
        ) from None


def for_reading(engine: Engine) -> Engine:
    """Return the engine for transactions that only read: they stand in no writer's way."""
    return engine.execution_options(reading=True)


def is_sqlite(url: URL) -> bool:
    """Tell whether this is the URL of a SQLite file."""
    return url.get_backend_name() == "sqlite"


def sqlite_file(engine: Engine) -> Path:
    """Return the file of a SQLite database."""
    return Path(engine.url.database or "")


def place_of(engine: Engine) -> str:
    """Return where a database is, for a person, with nothing secret in it."""
    url = engine.url
    if is_sqlite(url):
        return str(sqlite_file(engine))
    # libpq takes passwords, and files of them, from the query, too; what is not known is left out.
    query = {name: value for name, value in url.query.items() if name in _SHOWN}
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=True)


def check_encoding(engine: Engine) -> None:
    """Make sure that the database can hold every text: one of SQLite can, one of PostgreSQL may not.

    Raises:
        JournalUnavailable: If it can't; the message says what to do.
        sqlalchemy.exc.SQLAlchemyError: If it can't be asked.
    """
    if is_sqlite(engine.url):
        return
    with engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise JournalUnavailable(
            f"The journal {place_of(engine)} can't hold every text, for its database has the "
            f"encoding {encoding}; make another one by `CREATE DATABASE name ENCODING 'UTF8' "
            "TEMPLATE template0`, and name it in [journal] url."
        )


def is_locked(error: Exception) -> bool:
    """Tell whether a statement failed since another session has locked what it writes.

    Or two were in each other's way; that passes as well. On SQLite it is never a matter of one row.
    """
    return isinstance(error, DBAPIError) and (getattr(error.orig, "sqlstate", None) in _IN_THE_WAY)


def wait_for_locks(connection: Connection, seconds: float) -> None:
    """Say, within a transaction, how long it waits for what another session has locked.

    Args:
        connection: Of the transaction. On SQLite nothing is said.
        seconds: How long; 0 for as long as a statement may take.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(seconds * 1000)}")


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None}
    )

    @event.listens_for(engine, "do_connect")
    def make(*_: Any) -> None:
        _make_for_its_owner(sqlite_file(engine))

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        _keep_in_wal(cursor)
        # FULL: a commit returns when the write-ahead log is on disk, and not before.
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",  # what is erased leaves no trace in free pages
        ):
            cursor.execute(f"PRAGMA {pragma}").fetchall()
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _make_for_its_owner(file: Path) -> None:
    """Make a database's file, if there is none yet, so that its owner alone can read it.

    What SQLite puts beside it has the same mode. Where it can't be made, SQLite says why.
    """
    with suppress(OSError):
        if file.exists():
            return
        # Not opened under its own name: to close it would take another thread's locks off it.
        descriptor, made = mkstemp(dir=file.parent, prefix=f".{file.name}-")
        os.close(descriptor)
        try:
            file.hardlink_to(made)
        finally:
            Path(made).unlink()


def _keep_in_wal(cursor: Cursor) -> None:
    """Let a database have a write-ahead log from now on.

    Where another process does the same at that moment, as at the first start of several, SQLite
    fails at once instead of waiting for as long as it was told.
    """
    until = monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL").fetchall()
        except OperationalError as error:
            if "locked" not in str(error) or monotonic() > until:
                raise
            sleep(_BETWEEN_SECONDS)
        else:
            return


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "multiorder",
            "client_encoding": "utf8",  # whatever the database, or its user, has for a default
            # A server that went away without a word is noticed within seconds.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
        },
    )
