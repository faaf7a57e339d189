"""Endpoints for Acme in processes of their own, which can be told to die at a step of an order.

They are forked by a process that has imported everything: that takes no time.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import httpx

import multiorder_sync.oms.outbound.transport  # noqa: F401 - else with each endpoint's first client
from acme import connector as connectors
from acme.calls import body_of, signed
from acme.world import ByHand, World, started_service
from multiorder_sync.config import RedeliverySettings, ServerSettings
from multiorder_sync.delivery.service import Service
from multiorder_sync.observe import configure_logging
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving

REDELIVERY = {"delays_seconds": (0.1,) * 600, "late_commit_seconds": 0.2}


class Processes:
    """Starts endpoints."""

    def __init__(self):
        self._forking = None
        self._one_at_a_time = asyncio.Lock()

    async def start(self, **options):
        """Start one.

        Args:
            options: `journal_url`, `oms_url`, `spaces` by their ids, and if wanted `die_at`, a
                step, `redelivery`, and `by_hand`, to take up no order again.
        """
        async with self._one_at_a_time:
            if self._forking is None:
                self._forking = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "acme.process",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
                )
            self._forking.stdin.write(json.dumps(options).encode() + b"\n")
            line = await self._forking.stdout.readline()
        assert line, "the process did not start"
        return Process(**json.loads(line))

    async def aclose(self):
        """End all of them."""
        if self._forking is not None:
            self._forking.stdin.close()
            await self._forking.wait()


class Process:
    """An endpoint, as its parent sees it.

    Attributes:
        pid: Its id.
        url: Its URL; None if it died before it had one.
    """

    def __init__(self, pid, url):
        self.pid, self.url = pid, url

    @property
    def lives(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def signal(self, number):
        os.kill(self.pid, number)

    async def died(self, *, seconds=60.0):
        """Wait until it is gone."""
        end = time.monotonic() + seconds
        while self.lives:
            assert time.monotonic() < end, "the process lives on"
            await asyncio.sleep(0.01)

    async def kill(self):
        """Kill it as nothing can be warned of."""
        self.signal(signal.SIGKILL)
        await self.died()

    async def stop(self):
        """Let it end in order."""
        if self.lives:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            await self.died()

    async def post(self, http, space, order):
        """Send it an order, signed; None if it dies of it."""
        body = body_of(order)
        try:
            return await http.post(
                f"{self.url}/spaces/{space}/sync/consume", content=body, headers=signed(body)
            )
        except httpx.TransportError:
            return None


def _fork_on_demand():
    """Fork an endpoint for each line on the standard input, until that ends."""
    answers = os.dup(1)
    os.dup2(2, 1)
    lives, alive = os.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a dead child leaves nothing behind
    for line in sys.stdin.buffer.raw:
        if os.fork() == 0:
            os.close(alive)
            # Nobody is left to stop it once the one that forked it is gone.
            threading.Thread(target=_end_with, args=(lives,), daemon=True).start()
            asyncio.run(_serve(json.loads(line), answers))
            os._exit(0)


def _end_with(lives):
    os.read(lives, 1)
    os._exit(1)


async def _serve(options, answers):
    """Serve until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    server = ServerSettings(port=0)
    told = []

    def tell(url):
        if not told:
            told.append(url)
            os.write(answers, json.dumps({"pid": os.getpid(), "url": url}).encode() + b"\n")

    def step(name):
        if name == options.get("die_at"):
            tell(None)  # redelivery may come to this step before the server is up
            os.kill(os.getpid(), signal.SIGKILL)

    service = started_service(
        server,
        None,
        journal_url=options["journal_url"],
        kind=ByHand if options.get("by_hand") else Service,
        step=step,
        redelivery=RedeliverySettings(**{**REDELIVERY, **options.get("redelivery", {})}),
    )
    service.redelivery.poll_seconds = 0.05
    world = World(None, None, options["oms_url"], None, service)
    for space_id, settings in options["spaces"].items():
        kind = getattr(connectors, settings.pop("connector", "Refusing"))
        world.space(kind, space_id=space_id, **settings)
    async with serving(create_app(service, server), server) as url:
        tell(url)
        await ended.wait()


if __name__ == "__main__":
    configure_logging("console", "error")
    _fork_on_demand()
