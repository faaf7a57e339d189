"""Another encryption key: what older keys have sealed is sealed again with the newest one."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Table, func, select, tuple_, update

from multiorder_sync.delivery.journal.rows import Rows
from multiorder_sync.delivery.journal.sealed import SEALED
from multiorder_sync.delivery.journal.transactions import writing
from multiorder_sync.errors import JournalUnavailable

_AT_ONCE: Final = 100


class Rekeyed(msgspec.Struct, frozen=True):
    """What one piece of it came to.

    Attributes:
        rows: How many rows were looked at.
        values: How many values were sealed anew.
        damaged: How many none of the keys opens; they are left as they are.
    """

    rows: int = 0
    values: int = 0
    damaged: int = 0

    def __add__(self, other: "Rekeyed") -> "Rekeyed":
        return Rekeyed(
            self.rows + other.rows, self.values + other.values, self.damaged + other.damaged
        )


def count_rows(connection: Connection) -> int:
    """Return how many rows there are to look at."""
    counts = (
        connection.execute(select(func.count()).select_from(table)).scalar_one() for table in SEALED
    )
    return sum(counts)


def rekey(engine: Engine, rows: Rows) -> Iterator[Rekeyed]:
    """Seal everything with the newest key, and yield what each few rows came to.

    Raises:
        JournalUnavailable: If the journal can't be written; what was done until then stays.
    """
    for table in SEALED:
        key = tuple(table.primary_key)
        after: tuple[Any, ...] | None = None
        while True:
            with writing(engine) as connection:
                found = _next(connection, table, after)
                done = _rekey(connection, rows, table, found)
            yield done
            if len(found) < _AT_ONCE:
                break
            after = tuple(getattr(found[-1], column.name) for column in key)


def _next(
    connection: Connection, table: Table, after: tuple[Any, ...] | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    key = tuple(table.primary_key)
    chosen = select(*key, *SEALED[table]).order_by(*key).limit(_AT_ONCE).with_for_update()
    if after is not None:
        chosen = chosen.where(tuple_(*key) > after)
    return connection.execute(chosen).all()


def _rekey(
    connection: Connection, rows: Rows, table: Table, found: Sequence[Row[*tuple[Any, ...]]]
) -> Rekeyed:
    values = damaged = 0
    for row in found:
        anew: dict[str, bytes] = {}
        for column in SEALED[table]:
            sealed = getattr(row, column.name)
            if sealed is None or rows.sealer.is_current(sealed):
                continue
            try:
                anew[column.name] = rows.sealer.seal(rows.sealer.open(sealed))
            except JournalUnavailable:
                damaged += 1
        if anew:
            at = (column == getattr(row, column.name) for column in table.primary_key)
            connection.execute(update(table).where(*at).values(anew))
            values += len(anew)
    return Rekeyed(len(found), values, damaged)
