"""What becomes of an order: the rules by which it is never lost and never doubled.

With `on_outage = "fail"` nothing is sent once a failure was answered, or could have been: from
then on the OMS is only asked. With "queue" an order is delivered until it is in, refused or given
up.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from multiorder_sync.delivery.journal.records import AlarmKind, OrderRecord, OrderState
from multiorder_sync.errors import JournalUnavailable, MultiOrderError, NotKept, Refused
from multiorder_sync.oms.outbound.retry_after import LONGEST_WAIT
from multiorder_sync.outcome import Outcome, OutcomeState, SubmissionResult, SubmissionState

_STATES: Final = {
    OutcomeState.ACCEPTED: OrderState.ACCEPTED,
    OutcomeState.REFUSED: OrderState.REFUSED,
    OutcomeState.UNAVAILABLE: OrderState.UNAVAILABLE,
    OutcomeState.UNKNOWN: OrderState.UNKNOWN,
    OutcomeState.PARTIAL: OrderState.PARTIAL,
}


class Decision(msgspec.Struct, frozen=True):
    """What becomes of an order for now.

    Attributes:
        state: The order's.
        next_seconds: When it is taken up again; None: not by itself.
        alarms: Why a person must look at it.
    """

    state: OrderState
    next_seconds: float | None = None
    alarms: tuple[AlarmKind, ...] = ()


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules for one order.

    Attributes:
        on_outage: What its space promises when the OMS is out of reach.
        delays: How long to wait before each redelivery, in seconds.
    """

    on_outage: Literal["fail", "queue"]
    delays: Sequence[float]

    def after_call(self, outcome: Outcome) -> Decision:
        """Decide after a call of Nacelle's, or an operator's, that sent what could be sent."""
        states = {result.state for result in outcome.results}
        open_states = states & {SubmissionState.READY, SubmissionState.UNKNOWN}
        for_good = any(isinstance(result.error, NotKept) for result in outcome.results)
        stays = SubmissionState.REFUSED in states or for_good
        if self.on_outage == "queue" and open_states and not stays:
            return Decision(OrderState.QUEUED, self._wait(0, outcome))
        return self._settled(outcome)

    def after_stop(self, error: MultiOrderError, known: Outcome | None) -> Decision:
        """Decide after a call that sent nothing, for something stopped it before.

        Args:
            error: What did.
            known: How the order's submissions stand; None if there are none.
        """
        states = {result.state for result in known.results} if known else set()
        if SubmissionState.UNKNOWN in states and known:
            return self.after_call(known)
        there = SubmissionState.ACCEPTED in states
        can_wait = error.retryable and not isinstance(error, JournalUnavailable)
        # Of an order that is not in the OMS at all, what was refused is made anew as well.
        stays = there and SubmissionState.REFUSED in states
        if self.on_outage == "queue" and can_wait and not stays:
            return Decision(OrderState.QUEUED, self._wait(0))
        if there and known:
            return self._settled(known)
        return Decision(OrderState.UNAVAILABLE if error.retryable else OrderState.REFUSED)

    def after_redelivery(self, order: OrderRecord, outcome: Outcome) -> Decision:
        """Decide after the order was taken up again.

        Args:
            order: Its record when it was taken up.
            outcome: What came of it. Under "fail", `READY` means that the OMS certainly does not
                have it, and `UNKNOWN` that this can't be told yet.
        """
        states = {result.state for result in outcome.results}
        undecided = {SubmissionState.UNKNOWN}
        # What was promised is delivered, even where the OMS refuses another part of it.
        promised = order.told_status == 200
        if self.on_outage == "queue" and (promised or SubmissionState.REFUSED not in states):
            undecided |= {SubmissionState.READY}
        if states & undecided:
            return self.again(order, outcome)
        return self._settled(outcome)

    def after_stopped_redelivery(
        self, order: OrderRecord, error: MultiOrderError, known: Outcome
    ) -> Decision:
        """Decide after the order was taken up again, and something stopped that before it sent.

        Args:
            order: Its record when it was taken up.
            error: What stopped it.
            known: How its submissions stand.
        """
        if error.retryable or any(r.state is SubmissionState.UNKNOWN for r in known.results):
            return self.again(order)
        there = (r for r in known.results if r.state is SubmissionState.ACCEPTED)
        refused = SubmissionResult(
            ref="", orders=(), state=SubmissionState.REFUSED, error=Refused(str(error))
        )
        return self.after_redelivery(
            order, Outcome(connector=known.connector, results=(*there, refused))
        )

    def again(self, order: OrderRecord, outcome: Outcome | None = None) -> Decision:
        """Decide for an order that is still open after it was taken up again.

        Args:
            order: Its record when it was taken up.
            outcome: What came of it; None if the OMS was not called.
        """
        if order.redeliveries >= len(self.delays):
            return Decision(OrderState.DEAD, None, (AlarmKind.DEAD,))
        return Decision(self._waiting, self._wait(order.redeliveries, outcome))

    def out_of_reach(self, order: OrderRecord, now: datetime) -> Decision:
        """Decide for an open order whose OMS was not even called: it waits.

        Args:
            order: Its record when it was taken up.
            now: The time, by the database's clock.
        """
        waited = now - (order.told_at or order.received_at)
        late = waited.total_seconds() > sum(self.delays)
        alarms = (AlarmKind.OUT_OF_REACH,) if late else ()
        return Decision(self._waiting, self.delays[0], alarms)

    @property
    def _waiting(self) -> OrderState:
        return OrderState.QUEUED if self.on_outage == "queue" else OrderState.UNKNOWN

    def _wait(self, step: int, outcome: Outcome | None = None) -> float:
        """Return how long to wait at a step of the ladder: longer, if the OMS has asked for that."""
        results = outcome.results if outcome else ()
        asked = [each.error.retry_after or 0.0 for each in results if each.error is not None]
        return max(self.delays[step], min(max(asked, default=0.0), LONGEST_WAIT))

    def _settled(self, outcome: Outcome) -> Decision:
        state = _STATES[outcome.state]
        if state is OrderState.UNKNOWN:
            return Decision(state, self._wait(0, outcome))
        return Decision(state, None, (AlarmKind.PARTIAL,) if state is OrderState.PARTIAL else ())
