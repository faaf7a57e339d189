"""The circuit breaker: a host that does not answer is not called until it is found to do so."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import structlog


class Circuits:
    """The circuits of all hosts, for all the clients of a process.

    Building one needs no event loop.

    Args:
        failures: A circuit opens after so many exchanges in a row that its host did not answer.
        probe_seconds: How long the one who probes is to wait before each probe.
        least_seconds: How long that must have gone on: the tries of a single order alone must not
            open a circuit.
        before: Those of the configuration before: what the log has said of hosts goes on.
        clock: Seconds that only go forward.

    Attributes:
        probe_seconds: As given. Nothing here waits for it.
        when_opened: Called with the host whenever its circuit opens: once, however many clients
            share it. It is called in the event loop, in the midst of the call that failed, so it
            must neither block nor raise. Whoever starts a task with it that probes the host
            keeps to one for each host: a circuit that closed can open again before the task has
            seen that. The task goes on while some client has the host in its `open_circuits`,
            and must not wait for anything between finding none and its end.
        reaches: What the log has said of each host.
    """

    def __init__(
        self,
        failures: int,
        probe_seconds: float,
        *,
        least_seconds: float = 0.0,
        before: "Circuits | None" = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.probe_seconds = probe_seconds
        self.when_opened: Callable[[str], None] | None = None
        self._failures = failures
        self._least_seconds = least_seconds
        self._clock = clock
        self._circuits: dict[str, Circuit] = {}
        self.reaches: dict[str, Reach] = {} if before is None else before.reaches

    def of(self, host: str) -> "Circuit":
        """Return the circuit of a host, as `Call.host` names it."""
        circuit = self._circuits.get(host)
        if circuit is None:
            circuit = self._circuits[host] = Circuit(
                host,
                self._failures,
                self._opened,
                self.reaches.setdefault(host, Reach()),
                least_seconds=self._least_seconds,
                clock=self._clock,
            )
        return circuit

    def _opened(self, host: str) -> None:
        if self.when_opened is not None:
            self.when_opened(host)


class Reach:
    """Whether a host is out of reach, as far as the log says so.

    Attributes:
        lost_at: Since when, by the circuits' clock; None if it is not.
    """

    def __init__(self) -> None:
        self.lost_at: float | None = None


class Circuit:
    """Whether one host is called. `OutboundClient` asks it, and tells it how exchanges end.

    Attributes:
        host: The host.
        is_open: Whether it is not to be called, but by a probe.
        period: Grows each time that the circuit opens or closes.
    """

    def __init__(  # noqa: PLR0913 - `Circuits` alone builds them
        self,
        host: str,
        failures: int,
        opened: Callable[[str], None],
        reach: Reach,
        *,
        least_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.host = host
        self.is_open = False
        self.period = 0
        self._most_failures = failures
        self._failures = 0
        self._opened = opened
        self._least_seconds = least_seconds
        self._clock = clock
        self._failing_since: float | None = None
        self._reach = reach
        self._waiting: set[asyncio.Timeout] = set()
        self._log = structlog.get_logger()

    def answered(self) -> None:
        """Note that the host answered, which closes the circuit, however old the call was."""
        self._failures = 0
        self._failing_since = None
        lost_at, self._reach.lost_at = self._reach.lost_at, None
        if self.is_open or lost_at is not None:
            self._turn(is_open=False)
        if lost_at is not None:
            seconds = round(self._clock() - lost_at, 1)
            self._log.info("oms within reach again", host=self.host, seconds=seconds)

    def failed(self, reason: str, *, period: int) -> None:
        """Note that the host did not answer.

        Args:
            reason: The fault's name, for the log; it must hold nothing that was received.
            period: The circuit's `period` when the exchange began. What began before the circuit
                last opened or closed tells of the past, and does not count.
        """
        if self.is_open or period != self.period:
            return
        if self._failing_since is None:
            self._failing_since = self._clock()
        self._failures += 1
        if self._failures < self._most_failures:
            return
        if self._clock() - self._failing_since < self._least_seconds:
            return
        self._turn(is_open=True)
        if self._reach.lost_at is None:
            self._reach.lost_at = self._clock()
            self._log.warning("oms out of reach", host=self.host, reason=reason)
        for waiting in self._waiting:
            if not waiting.expired():
                waiting.reschedule(0.0)
        self._opened(self.host)

    def half_close(self) -> None:
        """Let calls pass again, if it is open, until one more failure opens it.

        The log says neither this nor such an opening: the host is within reach once it answers.
        """
        if self.is_open:
            self._turn(is_open=False)
            self._failures = self._most_failures - 1

    @contextmanager
    def cutting_short(self, waiting: asyncio.Timeout) -> Iterator[None]:
        """Let the time-out come at once if the circuit opens during the block."""
        self._waiting.add(waiting)
        try:
            yield
        finally:
            self._waiting.discard(waiting)

    def _turn(self, *, is_open: bool) -> None:
        self.is_open = is_open
        self.period += 1
