"""Where the journal keeps what could hold a shopper's data, and how that is taken out of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    and_,
    exists,
    or_,
    update,
)

from multiorder_sync.delivery.journal.schema import attempts, metadata, orders, submissions

SEALED: Final[Mapping[Table, Sequence[Column[Any]]]] = {
    table: columns
    for table in metadata.sorted_tables
    if (columns := tuple(each for each in table.columns if isinstance(each.type, LargeBinary)))
}
"""The sealed columns, by their table."""

# Who gave an order up, and why, are bare facts; they stay for as long as nobody asks for more.
_TEXTS: Final = {
    table: tuple(each for each in columns if each is not orders.c.reason)
    for table, columns in SEALED.items()
}
_ORDER_ID: Final = {
    orders: orders.c.id,
    submissions: submissions.c.order_id,
    attempts: attempts.c.order_id,
}


def holds_texts() -> ColumnElement[bool]:
    """Return whether anything of an order's texts is left, as a column of `orders`."""
    inner = (
        exists().where(and_(_ORDER_ID[table] == orders.c.id, _any_of(table)))
        for table in (submissions, attempts)
    )
    return or_(_any_of(orders), *inner)


def remove_texts(connection: Connection, ids: Sequence[int]) -> None:
    """Empty all that could hold a shopper's data of some orders, but not why they were given up."""
    for table, columns in _TEXTS.items():
        connection.execute(
            update(table)
            .where(_ORDER_ID[table].in_(ids), _any_of(table))
            .values(dict.fromkeys(columns))
        )


def _any_of(table: Table) -> ColumnElement[bool]:
    return or_(*(column.is_not(None) for column in _TEXTS[table]))
