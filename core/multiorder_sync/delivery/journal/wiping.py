"""Taking what was removed from the journal out of the database's files, too."""

from contextlib import closing

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from multiorder_sync.delivery.journal.databases import is_sqlite
from multiorder_sync.delivery.journal.sealed import SEALED


def wipe(engine: Engine) -> bool:
    """Leave nothing of what was removed, as far as the database lets us.

    SQLite overwrites in its file what is removed; here its write-ahead log is emptied, which may
    hold it still. PostgreSQL is asked to give up the dead rows.

    Returns:
        False if something may be left: someone was in the way for too long, or it is not allowed.
    """
    try:
        return _emptied_log(engine) if is_sqlite(engine.url) else _vacuumed(engine)
    except SQLAlchemyError:
        return False


def _emptied_log(engine: Engine) -> bool:
    # Not within a transaction, which every ordinary connection begins.
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, *_ = cursor.fetchone() or (1,)
        cursor.close()
    return not busy


def _vacuumed(engine: Engine) -> bool:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = '10s'"))  # PostgreSQL's own vacuum gives way
        for table in SEALED:
            connection.execute(text(f"VACUUM {table.name}"))
    return True
