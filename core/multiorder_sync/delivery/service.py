"""All that delivers, in one process: its spaces, its journal, the calls and the redelivery."""

import asyncio
from collections.abc import Iterable
from typing import Any

import structlog

from multiorder_sync.config import Config
from multiorder_sync.delivery.alarms import Alarms
from multiorder_sync.delivery.carrying import Step, no_step
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.probing import Prober
from multiorder_sync.delivery.redelivery import Redelivery
from multiorder_sync.delivery.spaces import ServedSpace, serve_spaces
from multiorder_sync.delivery.sync import Sync
from multiorder_sync.delivery.upkeep import Upkeep
from multiorder_sync.errors import JournalUnavailable
from multiorder_sync.metrics import Metrics
from multiorder_sync.oms.order_hooks import OrderHooks
from multiorder_sync.oms.outbound import Circuits
from multiorder_sync.oms.plugins import Registry


class Service:
    """What a configuration comes to while it runs.

    Args:
        config: The configuration.
        registry: What is installed.
        step: Is told each step of an order's way.
        metrics: Where to count, if something was counted before.

    Attributes:
        spaces: Those that are served, by Nacelle's space id.
        journal: Where orders are recorded.
        sync: What an order goes through.
        redelivery: Takes orders up again.
        metrics: What is counted.
    """

    def __init__(
        self,
        config: Config,
        registry: Registry,
        *,
        step: Step = no_step,
        metrics: Metrics | None = None,
    ) -> None:
        self.metrics = metrics or Metrics()
        self._config = config
        self._circuits = circuits = _circuits(config)
        self._hooks = OrderHooks(registry.hooks)
        self.spaces: dict[str, ServedSpace] = serve_spaces(config, registry, circuits, self._hooks)
        self._alarms = Alarms(config.alarms, self.metrics)
        self.journal = Journal(
            config.journal,
            config=config.source,
            webhook=config.alarms.webhook_url is not None,
            raised=lambda kind, space, key: self._alarms.raised(kind, space=space, order=key),
        )
        self.sync = Sync(
            self.spaces,
            self.journal,
            delays=config.redelivery.delays_seconds,
            alarms=self._alarms,
            metrics=self.metrics,
            step=step,
        )
        self.redelivery = Redelivery(
            self.spaces,
            self.journal,
            config.redelivery,
            alarms=self._alarms,
            metrics=self.metrics,
            step=step,
        )
        self._prober = Prober(self.spaces, circuits)
        self._upkeep = Upkeep(self.journal, self._alarms, config.journal.retention_days)
        self._running: tuple[asyncio.Task[None], ...] = ()
        self._retiring: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger()

    def prepare(self) -> None:
        """Make the journal ready to be used. It blocks.

        Raises:
            JournalUnavailable: If it can't be used; the message says why.
        """
        self.journal.prepare()

    async def start(self, *, redelivering: bool = True) -> None:
        """Begin to take orders.

        Args:
            redelivering: Whether to take up, too, what is queued or undecided.

        Raises:
            JournalUnavailable: If the journal can't be written.
        """
        await self.journal.start()
        if redelivering:
            chores = (self.redelivery.run(), self._upkeep.run())
            self._running = tuple(asyncio.create_task(chore) for chore in chores)

    def rest(self) -> None:
        """Begin nothing of its own any more, since it is about to be closed."""
        self.redelivery.rest()

    async def aclose(self) -> None:
        """Finish what redelivery has in hand, within the grace time, and give everything back.

        The grace time counts from when `rest` was called. What is not finished is left to another
        process.
        """
        self.rest()
        for chore in self._running:
            chore.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.redelivery.aclose(self._config.server.shutdown_grace_seconds)
        await self._prober.aclose()
        await self.journal.aclose()
        await self._alarms.aclose()
        for task in tuple(self._retiring):
            task.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        for space in self.spaces.values():
            await space.aclose()
        self._hooks.close()

    async def reload(self, config: Config, registry: Registry) -> tuple[str, ...]:
        """Take another configuration; calls under way end by the one that they began with.

        Args:
            config: The configuration.
            registry: What is installed.

        Returns:
            The settings that differ and that only a restart takes.
        """
        circuits = _circuits(config, self._circuits)
        # What is imported stays as it is: another version of a package takes a restart.
        served = serve_spaces(config, registry, circuits, self._hooks)
        before, prober = tuple(self.spaces.values()), self._prober
        # Before any call can open one of them: whom nobody probes then stays out of reach.
        self._prober = Prober(self.spaces, circuits)
        self._circuits = circuits
        self.spaces.clear()
        self.spaces.update(served)
        await prober.aclose()
        self.sync.take_delays(config.redelivery.delays_seconds)
        self.redelivery.settings = config.redelivery
        self._upkeep.retention_days = config.journal.retention_days
        self.journal.webhook = config.alarms.webhook_url is not None
        self.journal.take_keys(config.journal)
        await self._alarms.take(config.alarms)
        for space in before:
            task = asyncio.create_task(space.retire())
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)
        waiting = tuple(_waiting(self._config, config))
        self._config = config
        await self.note_reload(None)
        return waiting

    async def note_reload(self, error: str | None) -> None:
        """Let others see in the journal how the last reload ended."""
        try:
            await self.journal.loaded(error)
        except JournalUnavailable as failure:
            self._log.warning("reload not recorded", reason=str(failure))

    async def metrics_text(self) -> bytes:
        """Return the metrics in the format that Prometheus reads."""
        try:
            self.metrics.orders(await asyncio.to_thread(self.journal.counts))
        except JournalUnavailable as error:
            self._log.warning("orders not counted", reason=str(error))
        return self.metrics.text()

    @property
    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether orders can be taken, and what there is to say about it."""
        working = sum(1 for space in self.spaces.values() if not space.broken)
        ready = working > 0 and self.journal.working
        return ready, {
            "status": "ready" if ready else "not ready",
            "journal": "working" if self.journal.working else "not working",
            "spaces": {"configured": len(self.spaces), "working": working},
        }


def _circuits(config: Config, before: Circuits | None = None) -> Circuits:
    settings = config.circuit_breaker
    return Circuits(
        settings.failures,
        settings.probe_seconds,
        least_seconds=settings.failing_seconds,
        before=before,
    )


def _waiting(before: Config, after: Config) -> Iterable[str]:
    """Yield the settings that differ and that only a restart takes."""
    for name in before.server.__struct_fields__:
        if getattr(before.server, name) != getattr(after.server, name):
            yield f"server.{name}"
    for name in ("url", "migrate"):
        if getattr(before.journal, name) != getattr(after.journal, name):
            yield f"journal.{name}"
