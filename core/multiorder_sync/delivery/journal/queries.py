"""What an operator asks of the journal: which orders there are, and which one is meant."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select

from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.records import AlarmKind, OrderState
from multiorder_sync.delivery.journal.rows import instant
from multiorder_sync.delivery.journal.schema import alarms, orders, submissions

UNSETTLED: Final = (OrderState.RECEIVED, OrderState.UNKNOWN, OrderState.QUEUED)
"""The states of orders with which something is still to happen by itself."""

_LARGEST_ID: Final = 2**63 - 1
_MOST_NAMED: Final = 1000


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders are meant; by default all of them.

    Attributes:
        space: Nacelle's space id.
        states: Any of these.
        since: Received then or later.
        alarmed: Only those for which an alarm was raised.
    """

    space: str | None = None
    states: tuple[OrderState, ...] = ()
    since: datetime | None = None
    alarmed: bool = False

    def clauses(self) -> Iterator[ColumnElement[bool]]:
        """Yield what is to be true of an order's row."""
        if self.space is not None:
            yield orders.c.space == self.space
        if self.states:
            yield orders.c.state.in_([state.value for state in self.states])
        if self.since is not None:
            yield orders.c.received_at >= self.since
        if self.alarmed:
            yield exists().where(alarms.c.order_id == orders.c.id)


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One order in a list; nothing of it is sealed.

    Attributes:
        id: Of the record.
        space: Nacelle's space id.
        key: Of the multi-order within its space.
        state: What became of it.
        told_status: The HTTP status that Nacelle was answered last.
        told_code: The machine code with it.
        received_at: When it first came.
        next_attempt_at: When it is taken up again.
        in_hand: Whether a call or a redelivery has it in hand.
        oms_ids: What the OMS calls those of its orders that it holds.
        alarms: Those that were raised for it.
    """

    id: int
    space: str
    key: str
    state: OrderState
    told_status: int | None
    told_code: str | None
    received_at: datetime
    next_attempt_at: datetime | None
    in_hand: bool
    oms_ids: tuple[str, ...]
    alarms: tuple[AlarmKind, ...]


class Listing(msgspec.Struct, frozen=True):
    """The newest of the orders that are meant, and how many of them there are by state."""

    orders: tuple[OrderLine, ...]
    states: Mapping[OrderState, int]

    @property
    def matched(self) -> int:
        """How many there are."""
        return sum(self.states.values())


class Name(msgspec.Struct, frozen=True):
    """What an order is called."""

    id: int
    space: str
    key: str


def listing(connection: Connection, chosen: Chosen, *, most: int) -> Listing:
    """Return the newest of some orders, and how many there are."""
    clauses = tuple(chosen.clauses())
    counted = connection.execute(
        select(orders.c.state, func.count()).where(*clauses).group_by(orders.c.state)
    )
    states = {OrderState(state): number for state, number in counted}
    rows = connection.execute(
        select(
            orders.c.id,
            orders.c.space,
            orders.c.key,
            orders.c.state,
            orders.c.told_status,
            orders.c.told_code,
            orders.c.received_at,
            orders.c.next_attempt_at,
            in_hand().label("in_hand"),
        )
        .where(*clauses)
        .order_by(orders.c.received_at.desc(), orders.c.id.desc())
        .limit(most)
    ).all()
    ids = [row.id for row in rows]
    oms_ids: dict[int, list[str]] = defaultdict(list)
    raised: dict[int, list[AlarmKind]] = defaultdict(list)
    for part in _parts(ids):
        for order_id, oms_id in connection.execute(_oms_ids(part)):
            oms_ids[order_id].append(oms_id)
        for order_id, kind in connection.execute(_alarms(part)):
            raised[order_id].append(AlarmKind(kind))
    lines = [
        OrderLine(
            id=row.id,
            space=row.space,
            key=row.key,
            state=OrderState(row.state),
            told_status=row.told_status,
            told_code=row.told_code,
            received_at=row.received_at,
            next_attempt_at=instant(row.next_attempt_at),
            in_hand=bool(row.in_hand),
            oms_ids=tuple(oms_ids[row.id]),
            alarms=tuple(raised[row.id]),
        )
        for row in rows
    ]
    return Listing(tuple(lines), states)


def named(connection: Connection, name: str, space: str | None = None) -> list[Name]:
    """Return the orders that a person can mean by a name.

    Args:
        connection: To the database.
        name: The key of a multi-order, or the id of the record; `id:` or `key:` before it says
            which.
        space: Nacelle's space id, where the name alone would not do.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return []  # bytes that are no text can't be in the journal
    kind, _, rest = name.partition(":")
    keys, numbers = {name}, {name}
    if kind == "id":
        numbers.add(rest)
    if kind == "key":
        keys.add(rest)
    ids = [int(each) for each in numbers if each.isascii() and each.isdecimal()]
    meant = or_(
        orders.c.key.in_(keys), orders.c.id.in_([each for each in ids if each <= _LARGEST_ID])
    )
    if space is not None:
        meant &= orders.c.space == space
    found = connection.execute(
        select(orders.c.id, orders.c.space, orders.c.key).where(meant).order_by(orders.c.id)
    )
    return [Name(*row) for row in found]


def ids_of(connection: Connection, chosen: Chosen) -> list[int]:
    """Return the ids of the orders that are meant, the oldest first."""
    found = connection.execute(
        select(orders.c.id).where(*chosen.clauses()).order_by(orders.c.received_at, orders.c.id)
    )
    return list(found.scalars())


def in_hand() -> ColumnElement[bool]:
    """Return whether a call or a redelivery has an order in hand, as a column."""
    return (orders.c.claim.is_not(None)) & (orders.c.claim_until > database_now())


def _oms_ids(ids: Sequence[int]) -> Select[int, str]:
    return (
        select(submissions.c.order_id, submissions.c.oms_id)
        .where(submissions.c.order_id.in_(ids), submissions.c.oms_id.is_not(None))
        .order_by(submissions.c.order_id, submissions.c.position)
    )


def _alarms(ids: Sequence[int]) -> Select[int, str]:
    return (
        select(alarms.c.order_id, alarms.c.kind)
        .where(alarms.c.order_id.in_(ids))
        .order_by(alarms.c.at)
    )


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield as many ids at a time as one statement can name."""
    for at in range(0, len(ids), _MOST_NAMED):
        yield ids[at : at + _MOST_NAMED]
