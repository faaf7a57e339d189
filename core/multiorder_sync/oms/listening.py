"""Packages that hear what became of orders: nobody waits for them."""

import asyncio
from typing import Any, Final

import structlog

from multiorder_sync.oms.hook_thread import HookThread
from multiorder_sync.oms.hookspecs import HOOK_SECONDS, Settlement
from multiorder_sync.oms.registry import InstalledHooks

_WAITING: Final = 1000
"""How many settlements may wait for one package to hear of them."""


class Listener:
    """One package that is told of settlements, one after the other, on a thread of its own.

    Args:
        installed: The package.
        hook: The name of the hook.
    """

    def __init__(self, installed: InstalledHooks, hook: str) -> None:
        self._installed = installed
        self._hook = hook
        self._thread = HookThread(f"settled-{installed.distribution}")
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._log = structlog.get_logger()

    def tell(self, settlement: Settlement) -> None:
        """Let it hear of a settlement in the background."""
        if len(self._tasks) >= _WAITING:
            self._failed("it is too slow, and misses an order", order=settlement.order)
            return
        task = asyncio.get_running_loop().create_task(self._tell(settlement))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Tell it nothing more."""
        for task in self._tasks:
            task.cancel()
        self._thread.close()

    async def _tell(self, settlement: Settlement) -> None:
        hook = self._installed.hooks[self._hook]
        async with self._turn:
            running = self._thread.run(lambda: hook(settlement=settlement))
            try:
                async with asyncio.timeout(HOOK_SECONDS):
                    answered = await asyncio.shield(running)
            except TimeoutError:
                reason = f"it did not come to an end within {HOOK_SECONDS:g} seconds"
                self._failed(reason, order=settlement.order)
                answered = await running
            if answered.error is not None:
                self._failed("it raised an error", exc_info=answered.error)
            elif answered.answer is not None:
                # As of a wrapper around an async function, which has not run then.
                answer = type(answered.answer).__name__
                self._failed(f"it answered {answer}, of which nothing is made; it returns nothing")

    def _failed(self, reason: str, **more: Any) -> None:
        self._log.error(
            "hook failed",
            hook=self._hook,
            distribution=self._installed.distribution,
            version=self._installed.version,
            reason=reason,
            **more,
        )
