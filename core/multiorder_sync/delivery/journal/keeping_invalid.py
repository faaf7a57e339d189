"""Keeping what is correctly signed and no order: it may be one that was paid for."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from multiorder_sync.delivery.journal.alarming import Raising
from multiorder_sync.delivery.journal.answering import Repeat, told, write_answer
from multiorder_sync.delivery.journal.columns import insert_or_leave
from multiorder_sync.delivery.journal.records import AlarmKind, AnswerRecord, OrderState
from multiorder_sync.delivery.journal.schema import orders


class KeepInvalid:
    """Keeps a correctly signed body that is no order; the same body is kept once.

    Args:
        values: The order's row.
        answer: What Nacelle is told.
        webhook: Whether alarms go to a webhook.
    """

    def __init__(self, values: Mapping[str, Any], answer: AnswerRecord, *, webhook: bool) -> None:
        self._values = {**values, "state": OrderState.INVALID.value}
        self._answer = answer
        self._webhook = webhook
        self._raising = Raising((AlarmKind.INVALID,), webhook=webhook)

    def __call__(self, connection: Connection) -> bool:
        """Do it, within a transaction; tell whether it is the first of its kind."""
        order_id = connection.execute(
            insert_or_leave(connection, orders)
            .values({**self._values, **told(self._answer)})
            .returning(orders.c.id)
        ).scalar()
        if order_id is None:
            at_place = (
                orders.c.space == self._values["space"],
                orders.c.key == self._values["key"],
            )
            order_id = connection.execute(select(orders.c.id).where(*at_place)).scalar_one()
            if self._raising.raised(connection):
                return True  # it was done before, and only that was not heard
            Repeat(order_id, self._answer, webhook=self._webhook)(connection)
            return False
        write_answer(connection, order_id, self._answer)
        self._raising(connection, order_id, since=None)
        return True
