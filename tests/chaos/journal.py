"""The journal, read as it stands by anyone with access to its database."""

from sqlalchemy import NullPool, create_engine, func, make_url, select

from chaos.books import Record, Submission
from multiorder_sync.delivery.journal import schema

OPEN = ("received", "queued", "unknown")


class Ledger:
    """Reads a journal from outside.

    Args:
        url: Of its database.
    """

    def __init__(self, url):
        address = make_url(url)
        if address.get_backend_name() == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        self._engine = create_engine(address, poolclass=NullPool)

    def open(self):
        """Return how many orders are not settled yet."""
        orders = schema.orders.c
        chosen = select(func.count()).where(
            orders.state.in_(OPEN) | orders.claim.is_not(None) | orders.next_attempt_at.is_not(None)
        )
        with self._engine.connect() as connection:
            return connection.execute(chosen).scalar_one()

    def records(self):
        """Return what there is of each order, by its key."""
        with self._engine.connect() as connection:

            def of_orders(table, by):
                rows = {}
                for row in connection.execute(select(table).order_by(by)):
                    rows.setdefault(row.order_id, []).append(row)
                return rows

            submissions = of_orders(schema.submissions, schema.submissions.c.position)
            answers = of_orders(schema.answers, schema.answers.c.id)
            alarms = of_orders(schema.alarms, schema.alarms.c.at)
            attempts = of_orders(schema.attempts, schema.attempts.c.id)
            return {
                row.key: _record(
                    row,
                    submissions.get(row.id, ()),
                    answers.get(row.id, ()),
                    alarms.get(row.id, ()),
                    attempts.get(row.id, ()),
                )
                for row in connection.execute(select(schema.orders))
            }


def _record(row, submissions, answers, alarms, attempts):
    return Record(
        space=row.space,
        state=row.state,
        told_status=row.told_status,
        claimed=row.claim is not None,
        due=row.next_attempt_at is not None,
        submissions=tuple(
            Submission(
                ref=each.ref,
                state=each.state,
                sent_at=each.sent_at and each.sent_at.timestamp(),
                oms_id=each.oms_id,
            )
            for each in submissions
        ),
        answers=tuple((each.request_id, each.status) for each in answers),
        answered_at={each.request_id: each.at.timestamp() for each in answers},
        alarms=tuple(each.kind for each in alarms),
        attempts=tuple(
            (each.at.timestamp(), each.ref, each.action, each.caller, each.result)
            for each in attempts
        ),
    )
