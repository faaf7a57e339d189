"""Metrics: the thin layer that everything may call, and the text that Prometheus reads."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)


class Family(NamedTuple):
    """A metric's name and labels."""

    name: str
    labels: tuple[str, ...]


class Metrics:
    """What is counted, of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "multiorder_answers",
            "Calls of /sync/consume by their answer.",
            ("space", "status", "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "multiorder_answer_seconds",
            "How long calls took until they were answered.",
            ("space",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._redeliveries = Counter(
            "multiorder_redeliveries",
            "Orders taken up again, by the state that they then had.",
            ("space", "state"),
            registry=self._registry,
        )
        self._alarms = Counter(
            "multiorder_alarms",
            "Alarms: a person must look at an order.",
            ("space", "kind"),
            registry=self._registry,
        )
        self._lines_lost = Counter(
            "multiorder_log_lines_lost",
            "Log lines that could not be written.",
            registry=self._registry,
        )
        self._orders = Gauge(
            "multiorder_journal_orders",
            "Orders in the journal, by their state.",
            ("space", "state"),
            registry=self._registry,
        )

    def answered(self, space: str | None, status: int, code: str | None, seconds: float) -> None:
        """Count a call; `space` is None if it was not proved to be for one."""
        name = space or ""
        self._answers.labels(name, str(status), code or "").inc()
        self._seconds.labels(name).observe(seconds)

    def redelivered(self, space: str, state: str) -> None:
        """Count an order that was taken up again."""
        self._redeliveries.labels(space, state).inc()

    def alarm(self, kind: str, space: str) -> None:
        """Count an alarm."""
        self._alarms.labels(space, kind).inc()

    def line_lost(self) -> None:
        """Count a log line that could not be written."""
        self._lines_lost.inc()

    def orders(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Take over how many orders the journal has, by space and state."""
        self._orders.clear()
        for (space, state), number in counts.items():
            self._orders.labels(space, state).set(number)

    def families(self) -> list[Family]:
        """Return what there is."""
        collectors = (
            self._answers,
            self._seconds,
            self._redeliveries,
            self._alarms,
            self._lines_lost,
            self._orders,
        )
        return [Family(each._name, each._labelnames) for each in collectors]  # noqa: SLF001 - the library has no other way to ask

    def text(self) -> bytes:
        """Return everything in the format that Prometheus reads."""
        return generate_latest(self._registry)
