"""All there is about an order: what came, what was sent, each try, each answer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select

from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.queries import in_hand
from multiorder_sync.delivery.journal.records import (
    AlarmKind,
    AnswerRecord,
    AttemptRecord,
    OrderRecord,
    SubmissionRecord,
)
from multiorder_sync.delivery.journal.rows import RECORD_COLUMNS, Rows, instant
from multiorder_sync.delivery.journal.schema import (
    alarms,
    answers,
    attempts,
    orders,
    owners,
    submissions,
)

_AnyRow = Row[*tuple[Any, ...]]


class AlarmRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm as it stands.

    Attributes:
        kind: Why a person must look at the order.
        at: When it was raised.
        delivered_at: When the webhook took it.
        tries: How often that was tried.
        next_try_at: When it is tried again.
    """

    kind: AlarmKind
    at: datetime
    delivered_at: datetime | None
    tries: int
    next_try_at: datetime | None


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The process that has an order in hand, and until when its claim holds."""

    host: str | None
    pid: int | None
    until: datetime | None


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """All there is about an order.

    Attributes:
        order: Its record.
        at: When it stood so, by the database's clock.
        received: The bytes as they came; None if they are past their retention, or erased.
        submissions: As they stand.
        attempts: The calls to the connector, by the submission's ref; those before the order was
            transformed anew are among them.
        answers: What Nacelle was told, each time.
        alarms: Those that were raised.
        holder: Who has it in hand.
    """

    order: OrderRecord
    at: datetime
    received: bytes | None
    submissions: tuple[SubmissionRecord, ...]
    attempts: Mapping[str, tuple[AttemptRecord, ...]]
    answers: tuple[AnswerRecord, ...]
    alarms: tuple[AlarmRecord, ...]
    holder: Holder | None

    @property
    def earlier_attempts(self) -> tuple[AttemptRecord, ...]:
        """The calls for submissions that there are no more, since it was transformed anew."""
        refs = {each.ref for each in self.submissions}
        return tuple(
            each for ref, made in self.attempts.items() if ref not in refs for each in made
        )


def details_of(connection: Connection, rows: Rows, ids: Sequence[int]) -> list[Details]:
    """Return all there is about some orders, a few hundred at most, in the order of the ids.

    Raises:
        Unreadable: If something of it can't be read.
    """
    found = connection.execute(
        select(
            *RECORD_COLUMNS,
            orders.c.received,
            in_hand().label("in_hand"),
            database_now().label("now"),
            owners.c.host,
            owners.c.pid,
        )
        .join_from(orders, owners, owners.c.id == orders.c.claimed_by, isouter=True)
        .where(orders.c.id.in_(ids))
    ).all()
    by_id = {row.id: row for row in found}
    sent = _grouped(connection, submissions, ids)
    calls = _grouped(connection, attempts, ids)
    told = _grouped(connection, answers, ids)
    raised = _grouped(connection, alarms, ids)
    return [
        Details(
            order=rows.order(row),
            at=datetime.fromtimestamp(row.now, UTC),
            received=rows.open_bytes(row.received),
            submissions=tuple(map(rows.submission, sent[row.id])),
            attempts=_by_ref(rows, calls[row.id]),
            answers=tuple(AnswerRecord(e.at, e.request_id, e.status, e.code) for e in told[row.id]),
            alarms=tuple(map(_alarm, sorted(raised[row.id], key=lambda alarm: alarm.at))),
            holder=_holder(row) if row.in_hand else None,
        )
        for row in (by_id[each] for each in ids if each in by_id)
    ]


def _grouped(connection: Connection, table: Table, ids: Sequence[int]) -> dict[int, list[_AnyRow]]:
    """Return the rows of a table by their order, in the order of their keys."""
    grouped: dict[int, list[_AnyRow]] = defaultdict(list)
    chosen = select(table).where(table.c.order_id.in_(ids)).order_by(*table.primary_key)
    for row in connection.execute(chosen):
        grouped[row.order_id].append(row)
    return grouped


def _by_ref(rows: Rows, found: Sequence[_AnyRow]) -> dict[str, tuple[AttemptRecord, ...]]:
    calls: dict[str, list[AttemptRecord]] = defaultdict(list)
    for row in found:
        calls[row.ref].append(
            AttemptRecord(
                ref=row.ref,
                at=row.at,
                milliseconds=row.milliseconds,
                action=row.action,
                caller=row.caller,
                result=row.result,
                answer=rows.open_json(row, "answer", str),
            )
        )
    return {ref: tuple(made) for ref, made in calls.items()}


def _alarm(row: _AnyRow) -> AlarmRecord:
    return AlarmRecord(
        kind=AlarmKind(row.kind),
        at=row.at,
        delivered_at=row.delivered_at,
        tries=row.tries,
        next_try_at=instant(row.next_try_at),
    )


def _holder(row: _AnyRow) -> Holder:
    return Holder(host=row.host, pid=row.pid, until=instant(row.claim_until))
