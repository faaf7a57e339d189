"""What the journal says of an order, as values."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from multiorder_sync.errors import (
    ConnectorFault,
    ConnectorUnavailable,
    HookFailed,
    JournalUnavailable,
    MultiOrderError,
    NotKept,
    OmsBusy,
    OmsError,
    OmsMessage,
    OutcomeUnknown,
    RefTaken,
    Refused,
    Unavailable,
    Untransformable,
    Vetoed,
    code_of,
    encodable,
)
from multiorder_sync.outcome import Receipt, Submission, SubmissionState


class OrderState(StrEnum):
    """What became of an order.

    `RECEIVED` is under way, or was left by a process that died and is not settled yet.
    """

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"
    PARTIAL = "partial"
    QUEUED = "queued"
    DEAD = "dead"
    ABANDONED = "abandoned"
    INVALID = "invalid"


class AlarmKind(StrEnum):
    """Why a person must look at an order."""

    PARTIAL = "partial"
    DEAD = "dead"
    INVALID = "invalid"
    REFUSED_AFTER_QUEUED = "refused_after_queued"
    ACCEPTED_AFTER_FAILURE = "accepted_after_failure"
    NOT_SERVED = "not_served"
    OUT_OF_REACH = "out_of_reach"
    UNREADABLE = "unreadable"


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as it is kept: its machine code, its sentence and the OMS's own words."""

    code: str
    message: str
    oms_errors: tuple[OmsMessage, ...] = ()

    @classmethod
    def of(cls, error: MultiOrderError) -> "Failure":
        """Return what is kept of an error."""
        said = error.oms_errors if isinstance(error, OmsError) else ()
        return cls(code_of(error), encodable(str(error)), said)

    def error(self) -> MultiOrderError:
        """Return the error again, of the kind that its code is for."""
        oms_kind = _OMS_ERRORS.get(self.code)
        if oms_kind is not None:
            return oms_kind(self.message, oms_errors=self.oms_errors)
        return _OTHER_ERRORS.get(self.code, MultiOrderError)(self.message)

    def oms_error(self) -> OmsError:
        """Return the error of a submission again."""
        kind = _OMS_ERRORS.get(self.code, Unavailable)
        return kind(self.message, oms_errors=self.oms_errors)


_OMS_ERRORS: dict[str, type[OmsError]] = {
    kind.code: kind
    for kind in (
        Refused,
        RefTaken,
        Unavailable,
        JournalUnavailable,
        OmsBusy,
        OutcomeUnknown,
        ConnectorFault,
        NotKept,
    )
}
_OTHER_ERRORS: dict[str, type[MultiOrderError]] = {
    kind.code: kind for kind in (ConnectorUnavailable, Untransformable, HookFailed, Vetoed)
}


CLAIM_MARGIN_SECONDS: Final = 15.0
"""How long a claim outlasts the time there is for the order: what is under way then is over by any
clock."""


class Claim(msgspec.Struct, frozen=True):
    """The right to carry one order on, which one call or redelivery has at a time."""

    order_id: int
    space: str
    key: str
    token: str

    @property
    def about(self) -> str:
        """What the journal's work for it is about."""
        return about(self.space, self.key)


def about(space: str, key: str) -> str:
    """Return what the journal's work for an order is about: keys are of a space, whose id has no "/"."""
    return f"{space}/{key}"


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One order's row.

    Attributes:
        id: Of the record.
        space: Nacelle's space id.
        key: Of the multi-order within its space.
        state: What became of it.
        connector: The connector that its submissions were made by.
        destination: What tells the OMS that they were made for from any other; None if there are none.
        on_outage: As it was configured when the last call for it came.
        fingerprint: Of its content; None if it could not be decoded.
        error: What happened before there were submissions.
        received_at: When it first came.
        updated_at: When its state last changed.
        told_status: The HTTP status that Nacelle was answered last; None if it never was.
        told_code: The machine code with it.
        told_at: When that was, by the database's clock.
        redeliveries: How often it was taken up again, by the ladder of delays.
        next_attempt_at: When it is taken up again.
        claimed_by: The process that has it in hand.
        abandoned_by: The operator who gave it up.
        reason: Why.
    """

    id: int
    space: str
    key: str
    state: OrderState
    connector: str
    destination: str | None = None
    on_outage: str
    fingerprint: str | None
    error: Failure | None
    received_at: datetime
    updated_at: datetime
    told_status: int | None
    told_code: str | None
    told_at: datetime | None
    redeliveries: int
    next_attempt_at: datetime | None
    claimed_by: str | None
    abandoned_by: str | None
    reason: str | None

    @property
    def promised(self) -> bool:
        """Whether Nacelle was told last that the order is safe."""
        return is_promise(self.told_status, self.told_code)


def is_promise(told_status: int | None, told_code: str | None) -> bool:
    """Tell whether what Nacelle was told says that the order is safe, and was heard."""
    return told_status == 200 and told_code is None


class SubmissionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One submission's row, as it was frozen and as it stands.

    Attributes:
        position: Its place among the order's submissions.
        ref: In the OMS.
        orders: The Nacelle orders that it stands for.
        fingerprint: Of its content.
        payload: The encoded payload; None once it is past its retention, or erased.
        notes: What the transform decided.
        state: How far it has come.
        sent_at: When a create may last have left us, by the database's clock; None if none ever
            did. While it is `SENDING`, that is the deadline of the call which sends it.
        receipt: The OMS's word that it has it.
        error: What happened last, unless it was accepted.
    """

    position: int
    ref: str
    orders: tuple[str, ...]
    fingerprint: str
    payload: bytes | None
    notes: tuple[str, ...]
    state: SubmissionState
    sent_at: datetime | None
    receipt: Receipt | None
    error: Failure | None

    @property
    def is_out(self) -> bool:
        """Whether it is certainly not in the OMS."""
        return self.state in (SubmissionState.READY, SubmissionState.REFUSED)

    @property
    def lacks_payload(self) -> bool:
        """Whether it would still be needed, and is not kept any more."""
        return self.payload is None and self.state is not SubmissionState.ACCEPTED

    @property
    def in_doubt(self) -> bool:
        """Whether it may be in the OMS without our knowing."""
        return self.state in (SubmissionState.SENDING, SubmissionState.UNKNOWN)


class FrozenSubmission(msgspec.Struct, frozen=True):
    """A submission to be kept, with its payload encoded."""

    submission: Submission[Any]
    payload: bytes


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call to the connector.

    Attributes:
        ref: Of the submission, in the OMS.
        at: When it began.
        milliseconds: How long it took.
        action: Whether it was to create or to find.
        caller: Who asked for it: "nacelle", "redelivery", or the operator's name.
        result: "accepted", "absent", or the code of the error.
        answer: What the OMS said, with secrets and the shopper's data taken out.
    """

    ref: str
    at: datetime
    milliseconds: float
    action: Literal["submit", "find"]
    caller: str
    result: str
    answer: str | None = None


class SubmissionUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one submission while an order was carried on.

    Attributes:
        position: Its place among the order's submissions.
        state: How far it has come.
        sent: Whether a create may have left us meanwhile.
        sent_before: When the last one did before that, if one did.
        receipt: The OMS's word that it has it.
        failure: What happened last, unless it was accepted.
        attempts: The calls to the connector that were made.
    """

    position: int
    state: SubmissionState
    sent: bool = False
    sent_before: datetime | None = None
    receipt: Receipt | None = None
    failure: Failure | None = None
    attempts: tuple[AttemptRecord, ...] = ()


class AnswerRecord(msgspec.Struct, frozen=True):
    """What Nacelle was told.

    Attributes:
        at: When. Who tells it goes by its own clock; on record it is by the database's.
        request_id: Of the call.
        status: The HTTP status.
        code: The machine code with it.
    """

    at: datetime
    request_id: str
    status: int
    code: str | None


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """What is written when an order has been carried as far as it goes for now.

    Attributes:
        state: The order's.
        updates: What became of its submissions.
        failure: What happened before there were submissions.
        answer: What Nacelle is told; None if nobody waits for it.
        next_seconds: When to take it up again; None: not by itself.
        ladder: Whether the ladder of redeliveries goes on, begins anew, or stays at this step.
        alarms: Why a person must look at it.
        nothing_left: Whether certainly no create has left us, whatever was put down as about to.
        redelivered: Whether nobody had called for it: if that makes untrue what Nacelle was told last,
            it is an alarm.
    """

    state: OrderState
    updates: tuple[SubmissionUpdate, ...] = ()
    failure: Failure | None = None
    answer: AnswerRecord | None = None
    next_seconds: float | None = None
    ladder: Literal["goes on", "restarts", "waits"] = "goes on"
    alarms: tuple[AlarmKind, ...] = ()
    nothing_left: bool = False
    redelivered: bool = False


class Standing(StrEnum):
    """How an order stands when a call for it comes.

    `BUSY` is in other hands; `ANSWERED` was until now, and another call for it was answered.
    """

    CLAIMED = "claimed"
    BUSY = "busy"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    QUEUED = "queued"
    CHANGED = "changed"
    ABANDONED = "abandoned"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What opening an order came to.

    Attributes:
        standing: How it stands. Only with `CLAIMED` it is the caller's to carry on.
        order: Its record.
        claim: The right to carry it on, if it is claimed.
        submissions: Its submissions, as they stand; empty if nothing is frozen yet.
        received: The received bytes, where they are needed.
    """

    standing: Standing
    order: OrderRecord
    claim: Claim | None = None
    submissions: tuple[SubmissionRecord, ...] = ()
    received: bytes | None = None
