"""Transactions of commands, which wait for the database themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from multiorder_sync.delivery.journal.databases import for_reading, wait_for_locks
from multiorder_sync.delivery.journal.writer import reason_of
from multiorder_sync.errors import JournalUnavailable

CHUNK = 200
"""How many orders a command handles within one transaction, so that a server never waits long."""

_LOCK_SECONDS: Final = 5.0
"""How long a command waits for a row: a server needs it for a moment only."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read what is true at one moment, beside whoever writes.

    Raises:
        JournalUnavailable: If the database can't be read.
    """
    engine = for_reading(engine)
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise JournalUnavailable(f"The journal can't be read: {reason_of(error)}.") from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Write within one transaction.

    Raises:
        JournalUnavailable: If the database can't be written; then nothing is changed.
    """
    try:
        with engine.begin() as connection:
            wait_for_locks(connection, _LOCK_SECONDS)
            yield connection
    except SQLAlchemyError as error:
        raise JournalUnavailable(f"The journal can't be written: {reason_of(error)}.") from error
