"""Closing an order: what became of it is on disk before Nacelle is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, insert, null, select, update

from multiorder_sync.delivery.journal.alarming import Raising
from multiorder_sync.delivery.journal.answering import told, write_answer
from multiorder_sync.delivery.journal.columns import database_now
from multiorder_sync.delivery.journal.records import (
    AlarmKind,
    AttemptRecord,
    Claim,
    Closing,
    OrderState,
    SubmissionUpdate,
    is_promise,
)
from multiorder_sync.delivery.journal.rows import Rows
from multiorder_sync.delivery.journal.schema import attempts, orders, submissions
from multiorder_sync.outcome import SubmissionState


class Closed(msgspec.Struct, frozen=True):
    """What closing an order came to.

    Attributes:
        space: The order's.
        held: False if the order was in other hands by then.
        alarms: Those that were raised by it.
    """

    space: str
    held: bool
    alarms: tuple[AlarmKind, ...] = ()


class Close:
    """Writes what became of an order and gives it out of hand; run again, it comes to the same.

    Args:
        claim: The right to carry the order on.
        closing: What became of it.
        at: The time.
        webhook: Whether alarms go to a webhook.
        rows: Reads and writes records.
    """

    def __init__(
        self, claim: Claim, closing: Closing, *, at: datetime, webhook: bool, rows: Rows
    ) -> None:
        self._claim = claim
        self._closing = closing
        self._at = at
        self._rows = rows
        self._raising = Raising(closing.alarms, webhook=webhook)
        untold, broken = (AlarmKind.ACCEPTED_AFTER_FAILURE,), (AlarmKind.REFUSED_AFTER_QUEUED,)
        self._raising_untold = Raising(untold, webhook=webhook)
        self._raising_broken = Raising(broken, webhook=webhook)

    def __call__(self, connection: Connection) -> Closed:
        """Do it, within a transaction.

        What the OMS has accepted is written even if the order is in other hands by now: nothing
        can make that untrue.
        """
        claim, closing = self._claim, self._closing
        row = connection.execute(
            select(
                orders.c.space,
                orders.c.state,
                orders.c.claim,
                orders.c.closed_claim,
                orders.c.told_at,
                orders.c.told_status,
                orders.c.told_code,
            )
            .where(orders.c.id == claim.order_id)
            .with_for_update()
        ).one()
        if row.closed_claim == claim.token:
            raising = (self._raising, self._raising_untold, self._raising_broken)
            raised = tuple(kind for each in raising for kind in each.raised(connection))
            return Closed(row.space, held=True, alarms=raised)
        if row.claim != claim.token:
            return self._close_late(connection, row)
        connection.execute(
            update(orders).where(orders.c.id == claim.order_id).values(self._order_values())
        )
        if closing.nothing_left:
            connection.execute(
                update(submissions)
                .where(
                    submissions.c.order_id == claim.order_id,
                    submissions.c.state == SubmissionState.SENDING.value,
                )
                .values(state=SubmissionState.READY.value, sent_at=None)
            )
        if not self._write_submissions(connection, closing.updates):
            self._take_up(connection)
        self._write_attempts(connection)
        if closing.answer is not None:
            write_answer(connection, claim.order_id, closing.answer)
        return Closed(row.space, held=True, alarms=self._raise_alarms(connection, row))

    def _close_late(self, connection: Connection, row: Row[*tuple[Any, ...]]) -> Closed:
        """Write what can't be made untrue by whoever has had the order in hand since."""
        accepted = [u for u in self._closing.updates if u.state is SubmissionState.ACCEPTED]
        raised = self._raising_untold.raised(connection)
        if not raised:
            self._write_submissions(connection, accepted)
            self._write_attempts(connection)
            if accepted and row.state == OrderState.ABANDONED:
                order_id = self._claim.order_id
                raised = self._raising_untold(connection, order_id, since=row.told_at)
        if accepted and row.claim is None:
            self._take_up(connection)
        return Closed(row.space, held=False, alarms=raised)

    def _raise_alarms(
        self, connection: Connection, row: Row[*tuple[Any, ...]]
    ) -> tuple[AlarmKind, ...]:
        # A call for an order that is partial and stays so brings nothing new.
        if row.state == OrderState.PARTIAL and self._closing.state is OrderState.PARTIAL:
            return ()
        order_id = self._claim.order_id
        raised = self._raising(connection, order_id, since=row.told_at)
        if not self._closing.redelivered:
            return raised
        # Nacelle may have been told something while the order was in hand: this row says what.
        promised = is_promise(row.told_status, row.told_code)
        if self._closing.state is OrderState.ACCEPTED and not promised:
            raised += self._raising_untold(connection, order_id, since=row.told_at)
        if self._closing.state in (OrderState.REFUSED, OrderState.UNAVAILABLE) and promised:
            raised += self._raising_broken(connection, order_id, since=row.told_at)
        return raised

    def _order_values(self) -> dict[str, Any]:
        closing = self._closing
        next_attempt = (
            null() if closing.next_seconds is None else database_now() + closing.next_seconds
        )
        failure = closing.failure
        values: dict[str, Any] = {
            "state": closing.state.value,
            "error": None if failure is None else self._rows.seal_json(failure),
            "updated_at": self._at,
            "claim": None,
            "claimed_by": None,
            "claim_until": None,
            "closed_claim": self._claim.token,
            "next_attempt_at": next_attempt,
        }
        if closing.ladder == "restarts":
            values["redeliveries"] = 0
        elif closing.ladder == "waits":
            values["redeliveries"] = orders.c.redeliveries - 1
        if closing.answer is not None:
            values |= told(closing.answer)
        return values

    def _write_submissions(
        self, connection: Connection, updates: list[SubmissionUpdate] | tuple[SubmissionUpdate, ...]
    ) -> bool:
        """Write what became of submissions; False if one is accepted, of which this knows nothing."""
        order_id = self._claim.order_id
        written = 0
        for each in updates:
            place = and_(
                submissions.c.order_id == order_id, submissions.c.position == each.position
            )
            if each.state is not SubmissionState.ACCEPTED:
                place &= submissions.c.state != SubmissionState.ACCEPTED.value
            values = self._submission_values(each)
            written += connection.execute(update(submissions).where(place).values(values)).rowcount
        return written == len(updates)

    def _write_attempts(self, connection: Connection) -> None:
        made = [
            self._attempt_values(attempt)
            for each in self._closing.updates
            for attempt in each.attempts
        ]
        if made:
            connection.execute(insert(attempts), made)

    def _take_up(self, connection: Connection) -> None:
        """Let the order be settled by what another has written of its submissions."""
        connection.execute(
            update(orders)
            .where(
                orders.c.id == self._claim.order_id,
                orders.c.state.not_in([OrderState.ACCEPTED.value, OrderState.ABANDONED.value]),
            )
            .values(next_attempt_at=database_now(), redeliveries=0)
        )

    def _submission_values(self, each: SubmissionUpdate) -> Mapping[str, Any]:
        values: dict[str, Any] = {
            "state": each.state.value,
            # By now it has left, whenever that was; who is careful waits longer.
            "sent_at": database_now() if each.sent else each.sent_before,
            "updated_at": self._at,
        }
        values["error"] = None if each.failure is None else self._rows.seal_json(each.failure)
        if each.receipt is not None:
            values |= {
                "oms_id": each.receipt.oms_id,
                "oms_ref": each.receipt.oms_ref,
                "oms_status": each.receipt.status,
                "created": each.receipt.created,
                "warnings": self._rows.seal_json(each.receipt.warnings),
            }
        return values

    def _attempt_values(self, attempt: AttemptRecord) -> dict[str, Any]:
        return {
            "order_id": self._claim.order_id,
            "ref": attempt.ref,
            "at": attempt.at,
            "milliseconds": attempt.milliseconds,
            "action": attempt.action,
            "caller": attempt.caller,
            "result": attempt.result,
            "answer": self._rows.seal_json(attempt.answer),
        }
