"""The use case: one signed request in, one outcome out."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import msgspec
import structlog

from multiorder_sync.delivery.admission import SignedRequest, admit
from multiorder_sync.delivery.alarms import Alarms
from multiorder_sync.delivery.attempts import is_cancelled
from multiorder_sync.delivery.carrying import Step, no_step
from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.flights import Flights
from multiorder_sync.delivery.intake import Incoming, Intake
from multiorder_sync.delivery.journal.journal import Journal, new_token
from multiorder_sync.delivery.journal.opening import Arrival
from multiorder_sync.delivery.journal.records import AlarmKind, AnswerRecord, Failure
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.delivery.verdicts import STOPPED, Verdict
from multiorder_sync.errors import (
    InvalidOrder,
    JournalUnavailable,
    MultiOrderError,
    OutcomeUnknown,
    Overloaded,
)
from multiorder_sync.metrics import Metrics
from multiorder_sync.nacelle import responses
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.identity import fingerprint, order_key
from multiorder_sync.nacelle.responses import Reply
from multiorder_sync.observe import discreet

Record = dict[str, Any]


class Sync:
    """Brings signed multi-orders into the OMS of their space.

    Args:
        spaces: Those that are served, by Nacelle's space id.
        journal: Where every order is recorded.
        delays: How long to wait before each redelivery, in seconds.
        alarms: Where alarms go.
        metrics: Counts what becomes of orders.
        step: Is told each step of an order's way.
    """

    def __init__(  # noqa: PLR0913 - what it works with, by keyword
        self,
        spaces: Mapping[str, ServedSpace],
        journal: Journal,
        *,
        delays: tuple[float, ...],
        alarms: Alarms,
        metrics: Metrics,
        step: Step = no_step,
    ) -> None:
        self._spaces = spaces
        self._journal = journal
        self._alarms = alarms
        self._metrics = metrics
        self._step = step
        self._decoder = OrderDecoder()
        self._flights: Flights[Verdict] = Flights()
        self._intake = Intake(journal, delays, same=self._fingerprint, step=step)
        self._log = structlog.get_logger()

    def take_delays(self, delays: tuple[float, ...]) -> None:
        """Take other delays for redeliveries."""
        self._intake.delays = delays

    async def consume(self, request: SignedRequest) -> Reply:
        """Take one call all its way; never raises, whatever the call or a plugin does."""
        discretion = Discretion()
        with discreet(discretion.keep):
            return await self._answered(request, discretion)

    async def _answered(self, request: SignedRequest, discretion: Discretion) -> Reply:
        started = monotonic()
        self._step("received")
        log = self._log.bind(request_id=request.request_id)
        record: Record = {}
        try:
            answer = await self._consume(request, started, record, discretion, log)
        except MultiOrderError as error:
            answer = responses.failure(error, request.request_id)
            record["reason"] = discretion.keep(str(error))
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may raise anything
            if is_cancelled(error):  # the server ends, and its grace for calls under way is over
                answer = responses.failure(STOPPED, request.request_id)
                record["reason"] = str(STOPPED)
            else:
                answer = responses.internal_error(request.request_id)
                log.exception("internal error")
        seconds = monotonic() - started
        record |= {
            "status": answer.status,
            "code": answer.code,
            "milliseconds": round(seconds * 1000, 1),
        }
        self._metrics.answered(record.get("space"), answer.status, answer.code, seconds)
        write = log.info if answer.status == 200 else log.warning
        write("order", **{key: value for key, value in record.items() if value not in (None, ())})
        return answer

    async def _consume(
        self,
        request: SignedRequest,
        started: float,
        record: Record,
        discretion: Discretion,
        log: structlog.typing.FilteringBoundLogger,
    ) -> Reply:
        space = admit(request, self._spaces)
        with space.in_use():
            settings = space.settings
            record |= {"space": space.id, "connector": settings.connector}
            discretion.also(space.redactor)
            deadline = started + settings.deadline_seconds
            try:
                order = self._decoder.decode(request.body, required_fields=settings.required_fields)
            except InvalidOrder as error:
                record["order"] = error.order
                await self._keep_invalid(space, request, error, deadline)
                raise
            key = order_key(order)
            record |= {"order": key, "orders": len(order.orders)}
            discretion.learn(order)
            incoming = Incoming(
                space=space,
                order=order,
                key=key,
                fingerprint=fingerprint(order),
                body=request.body,
                received_at=request.received_at,
                request_id=request.request_id,
                deadline=deadline,
                log=log.bind(space=space.id),
                discretion=discretion,
            )
            reply, verdict = await self._take(incoming, record)
            # Another call that shared this one's outcome has an answer of its own.
            if reply.status == 200 and "repeated" not in record and await request.is_gone():
                record["caller_gone"] = True
                await self._note_unheard(incoming, verdict)
            return reply

    async def _take(self, incoming: Incoming, record: Record) -> tuple[Reply, Verdict]:
        """Take the order, or share what another call for it comes to."""
        space, discretion = incoming.space, incoming.discretion
        try:
            verdict, own = await self._flights.join(
                (space.id, incoming.key),
                incoming.fingerprint,
                incoming.deadline,
                lambda: self._intake.take(incoming),
            )
        except (Overloaded, OutcomeUnknown) as vain:  # it waited for another call's delivery
            reply = responses.failure(vain, incoming.request_id)
            answer = AnswerRecord(datetime.now(UTC), incoming.request_id, reply.status, reply.code)
            self._journal.note_turned_away(space.id, incoming.key, answer)
            raise
        reply = verdict.reply(incoming.body, incoming.request_id)
        if not own or verdict.repeated:
            answer = AnswerRecord(datetime.now(UTC), incoming.request_id, reply.status, reply.code)
            self._journal.note_repeat(verdict.order_id, space.id, incoming.key, answer)
            record["repeated"] = True
        for kind in verdict.alarms if own else ():
            self._alarms.raised(kind, space=space.id, order=incoming.key)
        record["outcome"] = verdict.state.value
        error = verdict.error
        if verdict.outcome is not None:
            results = verdict.outcome.results
            error = verdict.outcome.error
            record |= {
                "oms_ids": tuple(each.receipt.oms_id for each in results if each.receipt),
                "notes": tuple(discretion.keep(note) for each in results for note in each.notes),
                "attempts": sum(each.attempts for each in results) if own else 0,
            }
        if error is not None:
            record["reason"] = discretion.keep(str(error))
        return reply, verdict

    async def _note_unheard(self, incoming: Incoming, verdict: Verdict) -> None:
        """Let a person know of an order that is in the OMS while Nacelle takes it for failed."""
        space, request_id = incoming.space.id, incoming.request_id
        try:
            raised = await self._journal.unheard(verdict.order_id, request_id)
        except JournalUnavailable as failure:
            incoming.log.warning("unheard answer not recorded", reason=str(failure))
            return
        for kind in raised:
            self._alarms.raised(kind, space=space, order=incoming.key)

    async def _keep_invalid(
        self, space: ServedSpace, request: SignedRequest, error: InvalidOrder, deadline: float
    ) -> None:
        """Keep a signed body that is no order: it may be one that was paid for.

        Raises:
            JournalUnavailable: If it can't be kept.
        """
        reply = responses.failure(error, request.request_id)
        answer = AnswerRecord(datetime.now(UTC), request.request_id, reply.status, reply.code)
        key = f"invalid:{hashlib.sha256(request.body).hexdigest()}"
        arrival = Arrival(
            space=space.id,
            key=key,
            fingerprint="",
            connector=space.settings.connector,
            on_outage=space.settings.on_outage,
            received=request.body,
            received_at=request.received_at,
            token=new_token(),
            owner=self._journal.owner,
            claim_seconds=0.0,
        )

        def alarm() -> None:
            self._alarms.raised(
                AlarmKind.INVALID, space=space.id, order=key, multi_order=error.order
            )

        reason = msgspec.json.encode(Failure.of(error))
        try:
            first = await self._journal.keep_invalid(
                arrival, answer, reason, deadline, kept_late=alarm
            )
        except JournalUnavailable as failure:
            # Told that it is invalid, nobody would bring again what may have been paid for.
            self._log.error("invalid order not kept", space=space.id, reason=str(failure))
            raise
        if first:
            alarm()

    def _fingerprint(self, received: bytes, space: ServedSpace) -> str | None:
        """Return the fingerprint of bytes that were received before, as it is made today."""
        try:
            required = space.settings.required_fields
            return fingerprint(self._decoder.decode(received, required_fields=required))
        except InvalidOrder:
            return None
