"""Whether every record of the journal is whole, and agrees with itself."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Table, func, select

from multiorder_sync.delivery.journal.agreement import contradictions
from multiorder_sync.delivery.journal.databases import is_sqlite
from multiorder_sync.delivery.journal.migrating import revision
from multiorder_sync.delivery.journal.presence import Presence
from multiorder_sync.delivery.journal.queries import UNSETTLED, Name, in_hand
from multiorder_sync.delivery.journal.records import Failure
from multiorder_sync.delivery.journal.rows import Rows
from multiorder_sync.delivery.journal.schema import attempts, orders, owners, submissions
from multiorder_sync.delivery.journal.sealed import SEALED
from multiorder_sync.delivery.journal.transactions import reading
from multiorder_sync.errors import JournalUnavailable
from multiorder_sync.oms.payloads import decode_payload

_AnyRow = Row[*tuple[Any, ...]]

_AT_ONCE: Final = 100
_MOST: Final = 1000
"""How many problems are named; more of them are only counted."""

# The other sealed values are bytes of any kind.
_JSON: Final[Mapping[str, Any]] = {
    "answer": str,
    "error": Failure,
    "notes": tuple[str, ...],
    "reason": str,
    "warnings": tuple[str, ...],
}


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong, and the order with which it is."""

    what: str
    order: Name | None = None


class Report(msgspec.Struct, kw_only=True):
    """What verifying the journal came to.

    Attributes:
        schema: The last step that its schema has seen.
        orders: How many there are.
        submissions: How many there are.
        values: How many sealed values there are.
        not_newest: How many of them are not sealed as they would be today.
        unchecked: Payloads of settled orders whose connector is not installed, by its name.
        problems: How many there are.
        findings: The first of them.
    """

    schema: int = 0
    orders: int = 0
    submissions: int = 0
    values: int = 0
    not_newest: int = 0
    unchecked: Counter[str] = msgspec.field(default_factory=Counter)
    problems: int = 0
    findings: list[Finding] = msgspec.field(default_factory=list)

    def wrong(self, what: str, order: Name | None = None) -> None:
        """Take a problem down."""
        self.problems += 1
        if self.problems <= _MOST:
            self.findings.append(Finding(what, order))


class Verifier:
    """Verifies a journal; it changes nothing, and stands in nobody's way.

    Args:
        engine: Of the database.
        rows: Reads records.
        payloads: What the installed connectors send, by the connector's name.

    Attributes:
        report: What was found so far.
    """

    def __init__(
        self, engine: Engine, rows: Rows, payloads: Mapping[str, type[msgspec.Struct]]
    ) -> None:
        self.report = Report()
        self._engine = engine
        self._rows = rows
        self._payloads = payloads

    def total(self) -> int:
        """Return how many orders there are to look at.

        Raises:
            JournalUnavailable: If the journal can't be read.
        """
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(orders)).scalar_one()

    def run(self) -> Iterator[int]:
        """Look at everything, and yield how many orders were looked at, for each few of them."""
        try:
            with reading(self._engine) as connection:
                self._database(connection)
            after = 0
            while True:
                with reading(self._engine) as connection:
                    found = self._orders(connection, after)
                yield len(found)
                if len(found) < _AT_ONCE:
                    break
                after = found[-1].id
        except JournalUnavailable as error:
            self.report.wrong(str(error).rstrip("."))

    def _database(self, connection: Connection) -> None:
        report = self.report
        report.schema = revision(connection)
        if is_sqlite(self._engine.url):
            for line in connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars():
                if line != "ok":
                    report.wrong(f"the file is damaged: {line}")
        dead = Presence(self._engine, None).dead(connection)
        left = connection.execute(
            select(orders.c.id, orders.c.space, orders.c.key).where(
                orders.c.claimed_by.is_not(None),
                orders.c.claimed_by.in_(dead) | orders.c.claimed_by.not_in(select(owners.c.id)),
            )
        )
        for row in left:
            reason = "a process that died has it in hand; a server that runs takes it up"
            report.wrong(reason, Name(*row))

    def _orders(self, connection: Connection, after: int) -> Sequence[_AnyRow]:
        found = connection.execute(
            select(orders, in_hand().label("in_hand"))
            .where(orders.c.id > after)
            .order_by(orders.c.id)
            .limit(_AT_ONCE)
        ).all()
        by_id = {row.id: row for row in found}
        sent: dict[int, list[_AnyRow]] = defaultdict(list)
        for row in connection.execute(_of(submissions, by_id)):
            order = by_id[row.order_id]
            sent[order.id].append(row)
            self._values(submissions, row, order)
            self._payload(row, order)
        for row in connection.execute(_of(attempts, by_id)):
            self._values(attempts, row, by_id[row.order_id])
        for order in found:
            self._values(orders, order, order)
            for what in () if order.in_hand else contradictions(order, sent[order.id]):
                self.report.wrong(what, _name(order))
        self.report.orders += len(found)
        self.report.submissions += sum(map(len, sent.values()))
        return found

    def _values(self, table: Table, row: _AnyRow, order: _AnyRow) -> None:
        """Open every sealed value of a row."""
        for column in SEALED[table]:
            sealed = getattr(row, column.name)
            if sealed is None:
                continue
            self.report.values += 1
            try:
                if not self._rows.sealer.is_current(sealed):
                    self.report.not_newest += 1
                opened = self._rows.sealer.open(sealed)
                if column.name in _JSON:
                    msgspec.json.decode(opened, type=_JSON[column.name])
            except JournalUnavailable:
                what = "can't be decrypted: no key of encryption_keys fits, or it is damaged"
                self.report.wrong(f"{table.name}.{column.name} {what}", _name(order))
            except (msgspec.MsgspecError, TypeError):
                self.report.wrong(f"{table.name}.{column.name} is damaged", _name(order))

    def _payload(self, row: _AnyRow, order: _AnyRow) -> None:
        """Read a payload as its connector would."""
        if row.payload is None:
            return
        kind = self._payloads.get(order.connector)
        if kind is None:
            if order.state in UNSETTLED:
                what = f"its connector {order.connector} is not installed, or broken"
                self.report.wrong(what, _name(order))
            else:
                self.report.unchecked[order.connector] += 1
            return
        try:
            decode_payload(self._rows.sealer.open(row.payload), kind)
        except JournalUnavailable:
            return  # it is a problem already
        except (ValueError, TypeError):
            what = f"the connector {order.connector} can't read the payload of {row.ref}"
            self.report.wrong(what, _name(order))


def _of(table: Table, ids: Mapping[int, Any]) -> Any:
    return select(table).where(table.c.order_id.in_(ids)).order_by(*table.primary_key)


def _name(order: _AnyRow) -> Name:
    return Name(order.id, order.space, order.key)
