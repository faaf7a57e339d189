"""What Nacelle was told: the last answer in the order's row, and every one in its history."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from multiorder_sync.delivery.journal.alarming import Raising, is_there
from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.records import AlarmKind, AnswerRecord, OrderState
from multiorder_sync.delivery.journal.schema import answers, orders
from multiorder_sync.errors import OrderChanged


class Repeat:
    """Notes what Nacelle was told when it called again for an order that is settled.

    What a call with other contents was told says nothing about the order as it was taken, nor does
    what was told before something else was, and is written only now. A promise is kept: only what
    becomes of the order takes it back.

    Args:
        order_id: Of the order's record.
        answer: What Nacelle was told.
        webhook: Whether alarms go to a webhook.
    """

    def __init__(self, order_id: int, answer: AnswerRecord, *, webhook: bool) -> None:
        self._order_id = order_id
        self._answer = answer
        self._raising = Raising((_BROKEN,), webhook=webhook)

    def __call__(self, connection: Connection) -> tuple[AlarmKind, ...]:
        """Do it, within a transaction; return the alarms that were raised."""
        write_answer(connection, self._order_id, self._answer)
        if self._answer.code == OrderChanged.code:
            return ()
        last = or_(orders.c.told_at.is_(None), orders.c.told_at <= _given_at(self._answer))
        if self._answer.status != 200:
            last &= or_(
                orders.c.state != OrderState.QUEUED.value,
                orders.c.told_status.is_distinct_from(200),
            )
        connection.execute(
            update(orders).where(orders.c.id == self._order_id, last).values(told(self._answer))
        )
        return self._broken(connection) if self._answer.status == 200 else ()

    def _broken(self, connection: Connection) -> tuple[AlarmKind, ...]:
        """Raise that a promise is broken, where the order was refused while it was being made."""
        order_id = self._order_id
        state = connection.execute(
            select(orders.c.state).where(orders.c.id == order_id).with_for_update()
        ).scalar_one()
        if state not in (OrderState.REFUSED, OrderState.UNAVAILABLE):
            return ()
        if is_there(connection, order_id, _BROKEN, None):
            return ()
        return self._raising(connection, order_id, since=None)


_BROKEN: Final = AlarmKind.REFUSED_AFTER_QUEUED


class TurnedAway:
    """Notes what a call was told that found the order in other hands until it had to be answered.

    That says nothing of the order, so what Nacelle was told of it last stays. If the order is not on
    record, nor is the answer.
    """

    def __init__(self, space: str, key: str, answer: AnswerRecord) -> None:
        self._place = orders.c.space == space, orders.c.key == key
        self._answer = answer

    def __call__(self, connection: Connection) -> tuple[AlarmKind, ...]:
        """Do it, within a transaction; it raises no alarm."""
        order_id = connection.execute(select(orders.c.id).where(*self._place)).scalar()
        if order_id is not None:
            write_answer(connection, order_id, self._answer)
        return ()


NOT_HEARD: Final = "not_heard"
"""Stands beside a 200 that no call is known to have heard."""

CALLER_GONE: Final = "caller_gone"
"""Stands in an answer's place for a code, where nobody was there to hear it."""


class NotHeard:
    """Notes that Nacelle did not hear that an order is safe; run again, it comes to the same.

    For Nacelle the call has failed, so that what is in the OMS is there without its knowing.

    Args:
        order_id: Of the order's record.
        request_id: Of the call that is noted as answered with 200.
        instead: What it was told instead; None if nobody was there to be told.
        webhook: Whether alarms go to a webhook.
    """

    def __init__(
        self,
        order_id: int,
        request_id: str,
        instead: AnswerRecord | None = None,
        *,
        webhook: bool,
    ) -> None:
        self._order_id = order_id
        self._request_id = request_id
        self._instead = instead
        self._raising = Raising((AlarmKind.ACCEPTED_AFTER_FAILURE,), webhook=webhook)

    def __call__(self, connection: Connection) -> tuple[AlarmKind, ...]:
        """Do it, within a transaction; return the alarms that were raised."""
        raised = self._raising.raised(connection)
        if raised:
            return raised
        order_id, instead = self._order_id, self._instead
        state = connection.execute(
            select(orders.c.state).where(orders.c.id == order_id).with_for_update()
        ).scalar_one()
        noted = answers.c.order_id == order_id, answers.c.request_id == self._request_id
        heard: dict[str, Any] = {"code": CALLER_GONE}
        if instead is not None:
            heard = {"status": instead.status, "code": instead.code}
        connection.execute(update(answers).where(*noted).values(heard))
        safe = select(answers.c.id).where(
            answers.c.order_id == order_id, answers.c.status == 200, answers.c.code.is_(None)
        )
        if connection.execute(safe.limit(1)).first() is not None:
            return ()  # another call was told that it is safe
        # The promise stands: another call may be answered by it at this very moment.
        mark = update(orders).where(orders.c.id == order_id, orders.c.told_status == 200)
        connection.execute(mark.values(told_code=NOT_HEARD))
        if state != OrderState.ACCEPTED:
            return ()  # redelivery raises it once the order is in
        return self._raising(connection, order_id, since=None)


def told(answer: AnswerRecord) -> dict[str, Any]:
    """Return the values of an order's row that say what Nacelle was told."""
    return {
        "told_status": answer.status,
        "told_code": answer.code,
        "told_at": _given_at(answer),
    }


def write_answer(connection: Connection, order_id: int, answer: AnswerRecord) -> None:
    """Add an answer to an order's history."""
    connection.execute(
        insert(answers).values(
            order_id=order_id,
            at=_given_at(answer),
            request_id=answer.request_id,
            status=answer.status,
            code=answer.code,
        )
    )


def _given_at(answer: AnswerRecord) -> ColumnElement[float]:
    """Return when an answer was given, by the database's clock: the processes' own may differ.

    It is for now alone, since an answer may be written long after it was given.
    """
    ago = (datetime.now(UTC) - answer.at).total_seconds()
    return database_now() - max(0.0, ago)
