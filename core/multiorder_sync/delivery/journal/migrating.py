"""The journal's schema, brought up to date."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from multiorder_sync.delivery.journal.databases import for_reading, wait_for_locks
from multiorder_sync.errors import JournalUnavailable

HEAD: Final = 1
"""The step that this version knows as the last one."""

_LOCK: Final = 0x6D756C7469  # any number that no one else takes for theirs


def revision(connection: Connection) -> int:
    """Return the number of the last step that the database has seen; 0 for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return 0
    current = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return int(current) if current else 0


def migrate(engine: Engine) -> tuple[int, int]:
    """Bring the schema up to date; one process at a time does it.

    Returns:
        The last step before and after.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: If the database does not take it; then nothing is changed.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            wait_for_locks(connection, 0)  # another process may be at it
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = revision(connection)
        if before >= HEAD:
            return before, before
        _upgrade(connection)
        return before, HEAD


def check(engine: Engine) -> None:
    """Make sure that this version can work with the schema as it is.

    It can with its own, the one before and the one after, so that machines are upgraded one by
    one.

    Raises:
        JournalUnavailable: If it can't; the message says what to do.
    """
    with for_reading(engine).connect() as connection:
        found = revision(connection)
    if found < max(1, HEAD - 1):
        raise JournalUnavailable(
            "The journal's schema is too old for this version (or there is none yet); "
            "`multiorder journal migrate` brings it up to date."
        )
    if found > HEAD + 1:
        raise JournalUnavailable(
            "The journal's schema is of a later version of multiorder-sync, which this one can't "
            "work with; upgrade multiorder-sync."
        )


def _upgrade(connection: Connection) -> None:
    # Alembic takes a quarter of a second to load, and a database is brought up to date but once.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, f"{HEAD:04}")
