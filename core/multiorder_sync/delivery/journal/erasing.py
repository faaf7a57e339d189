"""Erasure: one shopper's data is taken out of all of their orders, and the bare facts stay."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, func, not_, or_, select, update

from multiorder_sync.delivery.journal.queries import Name, in_hand
from multiorder_sync.delivery.journal.retention import SETTLED
from multiorder_sync.delivery.journal.rows import Rows
from multiorder_sync.delivery.journal.schema import orders
from multiorder_sync.delivery.journal.sealed import remove_texts
from multiorder_sync.delivery.journal.sealing import Unreadable
from multiorder_sync.delivery.journal.transactions import reading

_AT_ONCE: Final = 50
"""How many received bodies are held in memory."""

_ERASED: Final = "erased with the shopper's data"

# Why an order was given up stays when it is past its retention, and an operator wrote it.
_SEARCHED: Final = (orders.c.received, orders.c.reason)


class Shopper:
    """Tells a shopper's orders by their e-mail address, in whatever letters it is written.

    Args:
        email: The address.
    """

    def __init__(self, email: str) -> None:
        # It may stand in a longer text, but not be a part of another's address.
        self._email = re.compile(rf"(?<![\w.+%-]){re.escape(_folded(email.strip()))}(?!\.?[\w-])")

    def is_in(self, kept: bytes) -> bool:
        """Tell whether the address stands anywhere in a received body, or other JSON."""
        try:
            found = _texts(msgspec.json.decode(kept))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            found = iter([kept.decode("utf-8", "replace")])
        return any(self._email.search(_folded(each)) for each in found)


class Scanned(msgspec.Struct, frozen=True):
    """What was found in a few orders.

    Attributes:
        looked: How many they were.
        theirs: Those that are the shopper's.
        unreadable: Those that can't be decrypted: whose they are can't be told.
    """

    looked: int
    theirs: list[Name]
    unreadable: list[Name]


def scan(engine: Engine, rows: Rows, shopper: Shopper) -> Iterator[Scanned]:
    """Yield, for each few orders, which of them are a shopper's.

    Raises:
        JournalUnavailable: If the journal can't be read.
    """
    after = 0
    while True:
        with reading(engine) as connection:
            found = connection.execute(
                select(orders.c.id, orders.c.space, orders.c.key, *_SEARCHED)
                .where(orders.c.id > after, _has_something())
                .order_by(orders.c.id)
                .limit(_AT_ONCE)
            ).all()
        if not found:
            return
        after = found[-1].id
        scanned = Scanned(len(found), [], [])
        for row in found:
            name = Name(row.id, row.space, row.key)
            kept = [row.received, row.reason]
            try:
                opened = [rows.sealer.open(each) for each in kept if each is not None]
            except Unreadable:
                scanned.unreadable.append(name)
                continue
            if any(map(shopper.is_in, opened)):
                scanned.theirs.append(name)
        yield scanned


def count_searched(connection: Connection) -> int:
    """Return how many orders a scan looks at."""
    return connection.execute(select(func.count()).where(_has_something())).scalar_one()


def _has_something() -> ColumnElement[bool]:
    return or_(*(column.is_not(None) for column in _SEARCHED))


class Erase:
    """Takes a shopper's data out of some orders; run again, it comes to the same.

    Args:
        ids: Of the orders' records, a few hundred at most.
        rows: Reads and writes records.
    """

    def __init__(self, ids: tuple[int, ...], rows: Rows) -> None:
        self._ids = ids
        self._reason = rows.seal_json(_ERASED)

    def __call__(self, connection: Connection) -> tuple[int, ...]:
        """Do it, within a transaction.

        Returns:
            The ids of those that were erased. The others are not settled, or in hand: what is
            still to be sent can't be erased.
        """
        ids = tuple(
            connection.execute(
                select(orders.c.id)
                .where(orders.c.id.in_(self._ids), can_be_erased())
                .with_for_update()
            ).scalars()
        )
        remove_texts(connection, ids)
        connection.execute(
            update(orders)
            .where(orders.c.id.in_(ids), orders.c.reason.is_not(None))
            .values(reason=self._reason)
        )
        return ids


def can_be_erased() -> Any:
    """Return whether nothing is to be done with an order any more, as a column."""
    settled = orders.c.state.in_([state.value for state in SETTLED])
    return settled & not_(in_hand())


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in plain data, the keys of objects included."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            pending += each.keys()
            pending += each.values()
        elif isinstance(each, list):
            pending += each


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
