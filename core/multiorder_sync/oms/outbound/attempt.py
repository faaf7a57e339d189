"""The attempt that calls belong to, and a call on its way: how long, and what it may have done."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from time import monotonic
from typing import Final

from multiorder_sync.errors import CircuitOpen, OmsBusy, OmsError, OutcomeUnknown, Unavailable
from multiorder_sync.oms.outbound.answer import Answer
from multiorder_sync.oms.outbound.call import Call
from multiorder_sync.oms.outbound.circuit import Circuit

_NOT_REACHED: Final = frozenset({502, 503, 504})
"""What is said for an OMS that can't be reached. A 500 or a 429 is said by one that can."""

_FAIR_SECONDS: Final = 1.0
"""A host that had less than this, at the end of a deadline, can't be said not to answer."""


_AT_ONCE_SECONDS: Final = 0.02
"""A turn that came so soon was not waited for."""


class Attempt:
    """One try of one connector method. `OutboundClient` reads its deadline and writes its mark.

    Args:
        deadline: The instant, in the time of `time.monotonic`, at which every call must be over.
        least_seconds: With less time than this, a call that can create an order is not sent any more
            once it has waited for its turn: the OMS could not answer it in time.
        has_waited: Whether an attempt before this one has waited for a turn in vain.
        probe: Whether it is to find out if a host answers again: its calls are made although the
            host's circuit is open, and so are those for the tokens that they need.

    Attributes:
        deadline: As given.
        least_seconds: As given.
        has_waited: As given.
        probe: As given.
        may_have_created: True from just before a call that can create an order may leave us. It
            stays True: a later answer can prove that nothing was created, but proving it is the
            business of the one who saw the answer.
    """

    __slots__ = ("deadline", "has_waited", "least_seconds", "may_have_created", "probe")

    def __init__(
        self,
        deadline: float,
        *,
        least_seconds: float = 0.0,
        has_waited: bool = False,
        probe: bool = False,
    ) -> None:
        self.deadline = deadline
        self.least_seconds = least_seconds
        self.has_waited = has_waited
        self.probe = probe
        self.may_have_created = False

    def remaining(self) -> float:
        """Return the seconds that are left; 0.0 once the deadline has passed."""
        return max(0.0, self.deadline - monotonic())

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the attempt of every call in the block, and of tasks started in it."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)


_current: Final[ContextVar[Attempt | None]] = ContextVar("attempt", default=None)


def current_attempt() -> Attempt | None:
    """Return the attempt that the running code belongs to, if there is one."""
    return _current.get()


def is_probe() -> bool:
    """Tell whether the running code belongs to an attempt that is a probe."""
    attempt = current_attempt()
    return attempt is not None and attempt.probe


class Sending:
    """One `OutboundClient.send` under way.

    Args:
        call: What is sent.
        attempt: What it belongs to, if anything.
        circuit: That of the call's host.
        until: The instant at which it must be over.

    Attributes:
        call: As given.
        until: As given.
        limit: The time-out that sees to that.
        left: Whether a request may have left that no answer has settled.
        last: How the try before this one ended.
    """

    __slots__ = (
        "_attempt",
        "_began",
        "_circuit",
        "_period",
        "_probe",
        "_waits",
        "call",
        "last",
        "left",
        "limit",
        "until",
    )

    limit: asyncio.Timeout

    def __init__(
        self, call: Call, attempt: Attempt | None, circuit: Circuit, *, until: float
    ) -> None:
        self.call = call
        self.until = until
        self.left = False
        self.last: Answer | OmsError | None = None
        self._attempt = attempt
        self._probe = attempt is not None and attempt.probe
        self._circuit = circuit
        self._period = circuit.period
        self._waits = False  # for its turn
        self._began: float | None = None  # when the exchange that is under way began

    @property
    def barred(self) -> bool:
        """Whether the host is not to be called."""
        return self._circuit.is_open and not self._probe

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for a turn in the block, which ends early if the circuit opens meanwhile."""
        self._waits = True
        with nullcontext() if self._probe else self._circuit.cutting_short(self.limit):
            yield
        self._waits = False  # but not where the time-out ended the block: `late` is to know

    def too_late(self, *, since: float) -> OmsError | None:
        """Return the error of a create that got its turn so late that it would be left in doubt.

        Args:
            since: When it began to wait for its turn.
        """
        attempt = self._attempt
        if not self.call.creates or attempt is None:
            return None
        at_once = monotonic() - since < _AT_ONCE_SECONDS and not attempt.has_waited
        if at_once or self.until - monotonic() >= attempt.least_seconds:
            return None
        return self._busy()

    def begin(self) -> float:
        """Begin an exchange, and return when that was."""
        self.left = False
        self._period = self._circuit.period
        self._began = started = monotonic()
        return started

    def leave(self) -> None:
        """Note that a request is about to leave."""
        self.left = True
        if self.call.creates and self._attempt is not None:
            self._attempt.may_have_created = True

    def answered(self, status: int) -> None:
        """Note that the exchange ended with an answer."""
        self._began = None
        if status in _NOT_REACHED:
            self._circuit.failed(f"HTTP {status}", period=self._period)
        else:
            self._circuit.answered()

    def unanswered(self, fault: str, *, counts: bool = True) -> None:
        """Note that the exchange ended without one.

        Args:
            fault: The fault's name.
            counts: Whether that can be laid to the host.
        """
        began, self._began = self._began, None
        hurried = began is not None and monotonic() - began < _FAIR_SECONDS
        # Only time-outs, whose names all have the word: a refusal counts however soon it comes.
        if counts and not (hurried and "Timeout" in fault):
            self._circuit.failed(fault, period=self._period)

    def forget(self) -> None:
        """Note that an answer has settled all that has left so far."""
        self.left = False
        self.last = None

    def late(self) -> Answer | OmsError:
        """Tell what has become of it, now that its time is up."""
        if self._waits:
            return self.not_called() if self.barred else self.last or self._busy()
        if self._began is not None:
            self.unanswered("TimeoutError")
        return self.failure("did not answer in time" if self.left else "was not reached in time")

    def not_called(self) -> Answer | OmsError:
        """Tell what has become of it, now that its host is not to be called."""
        call = self.call
        reason = f"{call.operation} was not sent: {call.host} has not answered lately."
        return self.last or CircuitOpen(reason)

    def failure(self, reason: str) -> OmsError:
        """Build the error for an exchange without a complete answer."""
        call = self.call
        if not self.left:
            return Unavailable(f"{call.host} {reason}; {call.operation} was not sent.")
        if call.creates:
            return OutcomeUnknown(
                f"{call.host} {reason} after {call.operation} was sent; "
                "whether it was carried out is not known."
            )
        return Unavailable(f"{call.host} {reason} after {call.operation} was sent.")

    def _busy(self) -> OmsBusy:
        call = self.call
        return OmsBusy(
            f"{call.operation} was not sent: the space's limit on calls left no turn for it in time."
        )
