"""What an operator's replay of an order would do, before it does anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from multiorder_sync.delivery.freezing import AnySubmission, freeze, must_freeze
from multiorder_sync.delivery.journal.records import OrderRecord, OrderState, SubmissionRecord
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import ConnectorUnavailable, InvalidOrder, MultiOrderError
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.oms.connector import DuplicateGuard
from multiorder_sync.oms.payloads import decode_payload
from multiorder_sync.outcome import SubmissionState


class NotReplayed(MultiOrderError):
    """The order is left as it is, for the reason that the error gives."""

    code = "not_replayed"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How an operator wants an order replayed.

    Attributes:
        by: The operator's name.
        anew: Whether to transform it again, with today's configuration.
        create_again: Whether to create again what is in doubt and not found, although the OMS
            would make two orders of two creates.
    """

    by: str
    anew: bool = False
    create_again: bool = False


class Move(StrEnum):
    """What is done with one submission."""

    LEFT = "left"
    SENT = "sent"
    LOOKED_FOR = "looked for"
    LOOKED_FOR_AND_SENT = "looked for, and sent if it is not there"


class PlannedSubmission(msgspec.Struct, frozen=True, kw_only=True):
    """One submission, and what is done with it.

    Attributes:
        ref: In the OMS.
        orders: The Nacelle orders that it stands for.
        stands: How far it has come; None if it is made only now.
        move: What is done with it.
    """

    ref: str
    orders: tuple[str, ...]
    stands: SubmissionState | None
    move: Move


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay does.

    Attributes:
        connector: That brings the order to the OMS.
        host: Of the OMS, where the connector's settings tell.
        anew: Whether the order is transformed again, or for the first time.
        multi_order: As it was received, if that can still be read.
        submissions: What is done with each.
    """

    connector: str
    host: str | None
    anew: bool
    multi_order: MultiOrder | None
    submissions: tuple[PlannedSubmission, ...]


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """How an order stands when it is to be replayed, and when that is by the journal's clock."""

    order: OrderRecord
    at: datetime
    submissions: tuple[SubmissionRecord, ...]
    received: bytes | None


class Planner:
    """Plans replays in one space.

    Args:
        space: The space.
        late_commit_seconds: How long after a create it may still come through.
    """

    def __init__(self, space: ServedSpace, late_commit_seconds: float) -> None:
        self._space = space
        self._late = timedelta(seconds=late_commit_seconds)
        self._decoder = OrderDecoder()

    def plan(self, stand: Stand, wish: Wish) -> Plan:
        """Return what replaying an order would do.

        Raises:
            NotReplayed: If it can't be replayed so; the message says why.
        """
        order, submissions = stand.order, stand.submissions
        if self._space.broken:
            raise NotReplayed(
                f"The connector {self._space.settings.connector} of the space {order.space} can't "
                f"be used: {self._space.broken}."
            )
        if order.state is OrderState.ACCEPTED:
            ids = ", ".join(each.receipt.oms_id for each in submissions if each.receipt)
            raise NotReplayed(f"The order is in the OMS already, as {ids}; nothing is to be sent.")
        anew = self._is_made_anew(stand, wish)
        multi_order = self._decoded(stand, needed=anew)
        if anew and multi_order is not None:
            made = self._made(multi_order, order.received_at)
            planned = tuple(
                PlannedSubmission(ref=each.ref, orders=each.orders, stands=None, move=Move.SENT)
                for each in made
            )
        else:
            planned = tuple(self._planned(each, stand.at, wish) for each in submissions)
        return Plan(
            connector=self._space.settings.connector,
            host=_host(self._space),
            anew=anew,
            multi_order=multi_order,
            submissions=planned,
        )

    def _is_made_anew(self, stand: Stand, wish: Wish) -> bool:
        there = [each for each in stand.submissions if not each.is_out]
        if wish.anew and there:
            states = ", ".join(f"{each.ref} is {each.state.value}" for each in there)
            raise NotReplayed(
                "Only an order of which certainly nothing is in the OMS can be transformed anew, "
                f"and {states}."
            )
        try:
            first = must_freeze(stand.order, stand.submissions, self._space)
        except ConnectorUnavailable as error:
            raise NotReplayed(str(error)) from error
        return first or wish.anew

    def _decoded(self, stand: Stand, *, needed: bool) -> MultiOrder | None:
        if stand.received is None:
            if needed:
                raise NotReplayed(
                    "What was received is not kept any more, so there is nothing to make the "
                    "order of: it is past its retention, or was erased."
                )
            return None
        required = self._space.settings.required_fields
        try:
            return self._decoder.decode(stand.received, required_fields=required)
        except InvalidOrder as error:
            if needed:
                problems = "; ".join(str(problem) for problem in error.problems)
                raise NotReplayed(f"It can't be read as a multi-order: {problems}.") from error
            return None

    def _made(self, order: MultiOrder, received_at: datetime) -> Sequence[AnySubmission]:
        try:
            return freeze(order, self._space, received_at)
        except MultiOrderError as error:
            raise NotReplayed(str(error)) from error
        except Exception as error:  # a plugin may raise anything
            name = self._space.settings.connector
            raise NotReplayed(
                f"The connector {name} broke over it: {type(error).__name__}: {error}."
            ) from error

    def _planned(self, record: SubmissionRecord, now: datetime, wish: Wish) -> PlannedSubmission:
        if record.state is not SubmissionState.ACCEPTED:
            self._check_payload(record)
        return PlannedSubmission(
            ref=record.ref,
            orders=record.orders,
            stands=record.state,
            move=self._move(record, now, wish),
        )

    def _move(self, record: SubmissionRecord, now: datetime, wish: Wish) -> Move:
        if record.state is SubmissionState.ACCEPTED:
            return Move.LEFT
        guard = self._space.connector.duplicate_guard
        if not record.in_doubt:
            return Move.SENT if guard is DuplicateGuard.REFUSES else Move.LOOKED_FOR_AND_SENT
        if guard is not DuplicateGuard.NONE:
            return Move.LOOKED_FOR_AND_SENT
        if not wish.create_again:
            return Move.LOOKED_FOR
        until = None if record.sent_at is None else record.sent_at + self._late
        if until is not None and now < until:
            raise NotReplayed(
                f"The last create of {record.ref} may still come through until "
                f"{until:%Y-%m-%d %H:%M:%S} UTC ([redelivery] late_commit_seconds); a second one "
                "before that could make two orders of it."
            )
        return Move.LOOKED_FOR_AND_SENT

    def _check_payload(self, record: SubmissionRecord) -> None:
        if record.payload is None:
            raise NotReplayed(
                f"What was to be sent as {record.ref} is not kept any more: it is past its "
                "retention, or was erased."
            )
        try:
            decode_payload(record.payload, self._space.connector.Payload)
        except (ValueError, TypeError) as error:
            raise NotReplayed(
                f"The connector {self._space.settings.connector} can't read what an earlier "
                f"version of it kept of {record.ref}; where nothing of the order is in the OMS, "
                "it can be transformed anew."
            ) from error


def _host(space: ServedSpace) -> str | None:
    place = urlsplit(str(getattr(space.settings.oms, "base_url", "")))
    try:
        port = f":{place.port}" if place.port else ""
    except ValueError:
        port = ""
    return f"{place.hostname}{port}" if place.hostname else None
