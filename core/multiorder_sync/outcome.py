"""What becomes of an order: submissions going to the OMS, receipts coming back, the outcome."""

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from multiorder_sync.errors import OmsError

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)


class Submission(msgspec.Struct, Generic[PayloadT], frozen=True, kw_only=True):
    """One order as one OMS is to get it.

    Attributes:
        ref: The order's reference in the OMS. The same Nacelle order gives the same ref always.
        payload: What is sent, as the connector's `Payload`.
        orders: The identities of the Nacelle orders it stands for.
        fingerprint: Of the content that matters (`multiorder_sync.fingerprint`), so that `find`
            can tell our order from another one under the same ref.
        notes: What the transform decided where the order left a choice, in words for a person;
            they go into the receipt and the log.
    """

    ref: str
    payload: PayloadT
    orders: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The OMS's word that it has the order.

    Attributes:
        oms_id: The OMS's own id of the order.
        oms_ref: The reference under which the OMS holds it.
        status: The OMS's status of the order, as it words it.
        created: True if this call created it, False if it was found there.
        warnings: What the OMS or the connector remarked, in words for a person.
    """

    oms_id: str
    oms_ref: str
    status: str | None = None
    created: bool = True
    warnings: tuple[str, ...] = ()


class SubmissionState(StrEnum):
    """How far one submission has come.

    `READY` is frozen and certainly not in the OMS; of `SENDING` a create may have left us;
    `UNKNOWN` can't be told; `ACCEPTED` and `REFUSED` are final.
    """

    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class SubmissionResult(msgspec.Struct, frozen=True, kw_only=True):
    """Where one submission ended, with the receipt or the error that says so."""

    ref: str
    orders: tuple[str, ...]
    state: SubmissionState
    receipt: Receipt | None = None
    error: OmsError | None = None
    notes: tuple[str, ...] = ()
    attempts: int = 0


class OutcomeState(StrEnum):
    """What became of a multi-order as a whole."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"
    PARTIAL = "partial"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a multi-order: the results of all its submissions, in their order."""

    connector: str
    results: tuple[SubmissionResult, ...]

    @property
    def state(self) -> OutcomeState:
        """The multi-order's state, which follows from those of its submissions."""
        states = {result.state for result in self.results}
        if states == {SubmissionState.ACCEPTED}:
            return OutcomeState.ACCEPTED
        if SubmissionState.UNKNOWN in states:
            return OutcomeState.UNKNOWN
        if SubmissionState.ACCEPTED in states:
            return OutcomeState.PARTIAL
        if SubmissionState.READY in states:
            return OutcomeState.UNAVAILABLE
        return OutcomeState.REFUSED

    @property
    def error(self) -> OmsError | None:
        """The error that decides the answer: unknown before unavailable before refused."""
        for state in (SubmissionState.UNKNOWN, SubmissionState.READY, SubmissionState.REFUSED):
            for result in self.results:
                if result.state is state and result.error is not None:
                    return result.error
        return None
