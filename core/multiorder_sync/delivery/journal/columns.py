"""Column types, functions and statements that SQLite and PostgreSQL do not share."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Double, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as seconds since 1970 in UTC, which both databases compare alike."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> float | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return what is kept of a time."""
        return None if value is None else value.timestamp()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the time that is kept."""
        return None if value is None else datetime.fromtimestamp(float(value), UTC)


class AnyText(TypeDecorator[str]):
    """A text that may hold the character NUL, which PostgreSQL can't keep; it is escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return what is kept of a text."""
        if value is None or ("\\" not in value and "\x00" not in value):
            return value
        return value.replace("\\", "\\\\").replace("\x00", "\\0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the text that is kept."""
        if value is None or "\\" not in value:
            return value
        return _ESCAPED.sub(lambda match: "\x00" if match[1] == "0" else "\\", value)


_ESCAPED: Final = re.compile(r"\\([0\\])")


class database_now(FunctionElement[float]):  # noqa: N801 - it reads as the function that it is in SQL
    """Seconds since 1970 by the database's clock: the one clock that all processes share."""

    type = Double()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite_now(_element: Any, _compiler: SQLCompiler, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_now, "postgresql")
def _postgresql_now(_element: Any, _compiler: SQLCompiler, **_: Any) -> str:
    return "CAST(extract(epoch from clock_timestamp()) AS double precision)"


def insert_or_leave(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insertion that leaves a row of the same key as it is, and then returns nothing."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
