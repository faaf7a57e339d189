"""The journal as delivery uses it."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from multiorder_sync.config import JournalSettings
from multiorder_sync.delivery.journal import migrating
from multiorder_sync.delivery.journal.afterwards import Afterwards, Raised
from multiorder_sync.delivery.journal.answering import NotHeard, Repeat, TurnedAway
from multiorder_sync.delivery.journal.closing import Close, Closed
from multiorder_sync.delivery.journal.databases import (
    check_encoding,
    connect,
    for_reading,
    is_sqlite,
    place_of,
    sqlite_file,
)
from multiorder_sync.delivery.journal.due import ClaimOrders, DueOrder, Room
from multiorder_sync.delivery.journal.due_alarms import AlarmTried, ClaimAlarms, DueAlarm
from multiorder_sync.delivery.journal.jobs import Work
from multiorder_sync.delivery.journal.keeping_invalid import KeepInvalid
from multiorder_sync.delivery.journal.opening import Arrival, Freezing, Opening, Sending, Waiting
from multiorder_sync.delivery.journal.presence import HEARTBEAT_SECONDS, Presence
from multiorder_sync.delivery.journal.records import (
    AlarmKind,
    AnswerRecord,
    Claim,
    Closing,
    FrozenSubmission,
    Opened,
)
from multiorder_sync.delivery.journal.refilling import Refill
from multiorder_sync.delivery.journal.rows import Rows
from multiorder_sync.delivery.journal.schema import orders
from multiorder_sync.delivery.journal.sealing import Sealer
from multiorder_sync.delivery.journal.writer import Writer, reason_of
from multiorder_sync.errors import InternalError, JournalUnavailable

T = TypeVar("T")

_LEAVE_SECONDS: Final = 5.0


class Journal:
    """The durable record, for the calls and the redelivery of one process.

    Args:
        settings: Where it is and how it is kept.
        config: The configuration that the process serves, by which others can tell it.
        webhook: Whether alarms go to a webhook.
        raised: Is told each alarm that nobody else hears of: those raised as an order was closed
            late, or could not be read. Its kind, the space, and the order's key.
    """

    def __init__(
        self,
        settings: JournalSettings,
        *,
        config: str | None = None,
        webhook: bool = False,
        raised: Raised = lambda _kind, _space, _key: None,
    ) -> None:
        self.rows = Rows(Sealer(settings.encryption_keys))
        self.engine = connect(settings.url)
        self.webhook = webhook
        self._raised = raised
        self._settings = settings
        self._writer: Writer | None = None
        self._presence = Presence(self.engine, config)
        self._heart: asyncio.Task[None] | None = None
        self.afterwards = Afterwards(self._run, raised)
        self._log = structlog.get_logger()

    def prepare(self) -> None:
        """Bring the schema up to date, or make sure that it is. It blocks.

        Raises:
            JournalUnavailable: If the database can't be used; the message says why.
        """
        try:
            check_encoding(self.engine)
            if self._settings.migrate:
                migrating.migrate(self.engine)
            migrating.check(self.engine)
        except SQLAlchemyError as error:
            raise JournalUnavailable(
                f"The journal {place_of(self.engine)} can't be used: {reason_of(error)}."
            ) from error

    def check(self) -> None:
        """Make sure that the journal can be used, and change nothing. It blocks.

        Raises:
            JournalUnavailable: If it can't; the message says why.
        """
        if is_sqlite(self.engine.url) and not sqlite_file(self.engine).exists():
            return  # it is made at the start
        try:
            with for_reading(self.engine).connect() as connection:
                connection.execute(select(1))
            check_encoding(self.engine)
            if not self._settings.migrate:
                migrating.check(self.engine)
        except SQLAlchemyError as error:
            raise JournalUnavailable(
                f"The journal {place_of(self.engine)} can't be used: {reason_of(error)}."
            ) from error

    def take_keys(self, settings: JournalSettings) -> None:
        """Take other encryption keys; the other settings are taken at the start alone."""
        self.rows.sealer = Sealer(settings.encryption_keys)

    async def start(self) -> None:
        """Begin to write, and say that this process lives.

        Raises:
            JournalUnavailable: If the database can't be written.
        """
        self._writer = Writer(self.engine)
        await self._run("", self._presence.renew)
        self._heart = asyncio.create_task(self._beat())

    async def aclose(self) -> None:
        """Finish what was asked for, and give back what is still in hand."""
        if self._writer is None:
            return
        if self._heart is not None:
            self._heart.cancel()
        await self.afterwards.aclose(_LEAVE_SECONDS)
        try:
            await self._writer.run("", self._presence.leave, seconds=_LEAVE_SECONDS)
        except JournalUnavailable as error:
            self._log.warning("journal could not be left in order", reason=str(error))
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._presence.close)
        self._writer = None

    @property
    def working(self) -> bool:
        """Whether it could be written when that was last tried, and no write hangs."""
        return self._writer is not None and not self._writer.broken

    @property
    def owner(self) -> str:
        """What this process is called in the journal."""
        return self._presence.id

    async def open(
        self,
        arrival: Arrival,
        deadline: float,
        *,
        same: str | None = None,
        waiting: Waiting | None = None,
        late: Callable[[Opened], None] | None = None,
    ) -> Opened:
        """Record an order that came, and claim it if it is to be carried on.

        Args:
            arrival: The order.
            deadline: Until when to wait for the journal, in the time of `time.monotonic`.
            same: A fingerprint that stands for the same content.
            waiting: If the call has waited for another process.
            late: Is given what it came to if it is on disk after all, when nobody waits any more.

        Raises:
            JournalUnavailable: If it can't be recorded.
        """
        opening = Opening(arrival, self.rows, same=same, waiting=waiting)
        return await self._run(arrival.about, opening, deadline, late)

    async def freeze(  # noqa: PLR0913 - what is kept, by keyword
        self,
        claim: Claim,
        frozen: Sequence[FrozenSubmission],
        *,
        connector: str,
        destination: str | None,
        sending: bool,
        deadline: float,
    ) -> bool:
        """Keep an order's submissions as they will be sent.

        Args:
            claim: The right to carry the order on.
            frozen: The submissions.
            connector: The connector that made them.
            destination: The OMS that they are for.
            sending: Whether the first of them is about to be created.
            deadline: Until when to wait for the journal, and to create it, in the time of
                `time.monotonic`.

        Returns:
            False if the order is in other hands by now.

        Raises:
            JournalUnavailable: If they can't be kept.
        """
        freezing = Freezing(
            claim,
            tuple(frozen),
            connector=connector,
            destination=destination,
            at=_now(),
            sending=_seconds_until(deadline) if sending else None,
            rows=self.rows,
        )
        return await self._run(claim.about, freezing, deadline)

    async def refill(self, claim: Claim, payloads: Mapping[int, bytes], deadline: float) -> bool:
        """Keep payloads, by position, that were erased; False if it is in other hands by now.

        Raises:
            JournalUnavailable: If they can't be kept.
        """
        return await self._run(claim.about, Refill(claim, payloads, self.rows), deadline)

    async def sending(self, claim: Claim, position: int, deadline: float) -> bool:
        """Note that creates may leave us until a deadline; False if it is in other hands by now.

        Raises:
            JournalUnavailable: If that can't be noted.
        """
        sending = Sending(claim, position, _seconds_until(deadline), _now())
        return await self._run(claim.about, sending, deadline)

    async def close(
        self,
        claim: Claim,
        closing: Closing,
        *,
        seconds: float = 5.0,
        otherwise: AnswerRecord | None = None,
        if_stopped: AnswerRecord | None = None,
    ) -> Closed:
        """Write what became of an order, and give it out of hand.

        If that can't be written now, it is tried on in the background.

        Args:
            claim: The right to carry the order on.
            closing: What became of it.
            seconds: How long to wait for the journal.
            otherwise: What Nacelle is told instead if it can't be written in this time.
            if_stopped: What Nacelle is told instead if the server is stopped meanwhile.

        Returns:
            Whether the order was in hand still: if not, only what the OMS has accepted was written.
            And the alarms that were raised by it; one that was raised before is not raised again.

        Raises:
            JournalUnavailable: If it is not written yet.
        """
        close = Close(claim, closing, at=_now(), webhook=self.webhook, rows=self.rows)
        try:
            closed = await self._run(claim.about, close, monotonic() + seconds)
        except JournalUnavailable:
            self.afterwards.close(claim, close, self._not_heard(claim, closing, otherwise))
            raise
        except asyncio.CancelledError:
            self.afterwards.close(claim, close, self._not_heard(claim, closing, if_stopped))
            raise
        if not closed.held:
            self._log.warning("order was in other hands when it was closed", order=claim.key)
        return closed

    def close_later(self, claim: Claim, closing: Closing) -> None:
        """Write what became of an order as soon as that can be done; nobody waits for it."""
        close = Close(claim, closing, at=_now(), webhook=self.webhook, rows=self.rows)
        self.afterwards.close(claim, close, None)

    async def unheard(self, order_id: int, request_id: str) -> tuple[AlarmKind, ...]:
        """Note that the caller was gone when it was to be told of an order that is safe.

        Returns:
            The alarms that were raised by it.

        Raises:
            JournalUnavailable: If that can't be noted.
        """
        return await self._run("", NotHeard(order_id, request_id, webhook=self.webhook))

    def note_repeat(self, order_id: int, space: str, key: str, answer: AnswerRecord) -> None:
        """Note what a repeat of a settled order was answered; nobody waits for it."""
        self.afterwards.note(space, key, Repeat(order_id, answer, webhook=self.webhook))

    def note_turned_away(self, space: str, key: str, answer: AnswerRecord) -> None:
        """Note what a call was answered that never had its order in hand; nobody waits for it."""
        self.afterwards.note(space, key, TurnedAway(space, key, answer))

    async def keep_invalid(
        self,
        arrival: Arrival,
        answer: AnswerRecord,
        reason: bytes,
        deadline: float,
        *,
        kept_late: Callable[[], None],
    ) -> bool:
        """Keep a correctly signed body that is no order; tell whether it is the first of its kind.

        Args:
            arrival: The body.
            answer: What Nacelle is told.
            reason: Why it is no order, encoded.
            deadline: Until when to wait for the journal, in the time of `time.monotonic`.
            kept_late: Called if it is kept, as the first of its kind, after that was given up.

        Raises:
            JournalUnavailable: If it can't be kept.
        """
        values: dict[str, Any] = {
            "space": arrival.space,
            "key": arrival.key,
            "connector": arrival.connector,
            "on_outage": arrival.on_outage,
            "received": self.rows.sealer.seal(arrival.received),
            "error": self.rows.sealer.seal(reason),
            "received_at": arrival.received_at,
            "updated_at": arrival.received_at,
        }
        keep = KeepInvalid(values, answer, webhook=self.webhook)

        def late(first: bool) -> None:
            if first:
                kept_late()

        return await self._run(arrival.about, keep, deadline, late)

    async def run(self, work: Work[T]) -> T:
        """Do a piece of upkeep within a transaction, and return its result.

        Raises:
            JournalUnavailable: If the database can't be written.
        """
        return await self._run("", work)

    async def release_dead(self, delays: Sequence[float] = ()) -> int:
        """Take the orders of dead processes out of their hands; return how many processes.

        Args:
            delays: How long to wait before each redelivery, for those that were being redelivered;
                they are due at once if it is empty.
        """
        return await self._run("", lambda c: self._presence.release_dead(c, delays))

    async def claim_due(self, room: Room, *, claim_seconds: float) -> list[DueOrder]:
        """Claim orders whose time has come, as far as there is room for them."""
        return await self._claim(room, claim_seconds)

    async def claim_order(self, order_id: int, *, claim_seconds: float) -> DueOrder | None:
        """Claim one order, due or not; None if it is in other hands."""
        found = await self._claim(Room(most=1, each=1), claim_seconds, only=order_id)
        return found[0] if found else None

    async def claim_alarms(self, *, most: int) -> list[DueAlarm]:
        """Take alarms that are to be delivered."""
        return await self._run("", ClaimAlarms(most=most))

    async def alarm_tried(
        self, due: DueAlarm, *, arrived: bool, again_seconds: float | None
    ) -> None:
        """Note whether an alarm was delivered, and when to try again, if ever."""
        await self._run("", AlarmTried(due, arrived=arrived, again_seconds=again_seconds))

    async def loaded(self, error: str | None) -> None:
        """Note that the configuration was taken anew, or why it was not."""
        await self._run("", lambda connection: self._presence.loaded(connection, error))

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many orders there are, by space and state. It blocks.

        Raises:
            JournalUnavailable: If the database can't be read.
        """
        chosen = select(orders.c.space, orders.c.state, func.count())
        try:
            with for_reading(self.engine).connect() as connection:
                found = connection.execute(chosen.group_by(orders.c.space, orders.c.state))
                return {(space, state): number for space, state, number in found}
        except SQLAlchemyError as error:
            raise JournalUnavailable(f"The journal can't be read: {reason_of(error)}.") from error

    async def _claim(
        self, room: Room, claim_seconds: float, only: int | None = None
    ) -> list[DueOrder]:
        claim = ClaimOrders(
            self.owner,
            room=room,
            claim_seconds=claim_seconds,
            rows=self.rows,
            webhook=self.webhook,
            only=only,
        )
        claimed = await self._run("", claim)
        for space, key in claimed.alarmed:
            self._raised(AlarmKind.UNREADABLE, space, key)
        return claimed.orders

    async def _run(
        self,
        key: str,
        work: Work[T],
        deadline: float | None = None,
        late: Callable[[T], None] | None = None,
    ) -> T:
        if self._writer is None:
            raise JournalUnavailable("The journal is not open; the server is being stopped.")
        if deadline is None:
            return await self._writer.run(key, work)
        seconds = max(0.05, deadline - monotonic())
        return await self._writer.run(key, work, seconds=seconds, late=late)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._run("", self._presence.renew)
            except (JournalUnavailable, InternalError):
                continue  # it is in the log already; the next beat may get through

    def _not_heard(
        self, claim: Claim, closing: Closing, otherwise: AnswerRecord | None
    ) -> NotHeard | None:
        """Return what puts right what closing notes as told, if something else was told."""
        if otherwise is None or closing.answer is None:
            return None
        request_id = closing.answer.request_id
        return NotHeard(claim.order_id, request_id, otherwise, webhook=self.webhook)


def new_token() -> str:
    """Return a token for a claim that no other has."""
    return uuid.uuid4().hex


def _seconds_until(deadline: float) -> float:
    return max(0.0, deadline - monotonic())


def _now() -> datetime:
    return datetime.now(UTC)
