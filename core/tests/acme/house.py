"""One Acme, and any number of services that share a journal."""

import asyncio
import contextlib
import json
import time
from typing import NamedTuple

import httpx

from acme.oms import AcmeOms
from acme.process import Processes
from acme.switchboard import Switchboard
from acme.world import ByHand, World, started_service
from multiorder_sync import Secret
from multiorder_sync.config import JournalSettings, RedeliverySettings, ServerSettings
from multiorder_sync.delivery.carrying import no_step
from multiorder_sync.delivery.journal.due import Room
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.service import Service
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving

# At once, and for as long as a test may take to let it succeed: where the ladder's end matters, a
# test has one of its own.
QUICK = {"delays_seconds": (0.05, *(0.1,) * 600), "late_commit_seconds": 0.2}


@contextlib.asynccontextmanager
async def opened_journal(url, **settings):
    journal = Journal(JournalSettings(url=Secret(url), **settings))
    await journal.start()
    try:
        yield journal
    finally:
        await journal.aclose()


@contextlib.asynccontextmanager
async def running_street():
    """Serve what houses need, for as many of them as come."""
    server = ServerSettings(port=0)
    oms, services = Switchboard(), Switchboard()
    async with (
        serving_sandbox(oms) as oms_url,
        serving(services, server) as url,
        httpx.AsyncClient(timeout=90) as http,
    ):
        processes = Processes()
        yield Street(oms, oms_url, services, url, http, processes)
        await processes.aclose()


class Street(NamedTuple):
    """Where houses stand: servers that they share, and a client."""

    oms: Switchboard
    oms_url: str
    services: Switchboard
    url: str
    http: httpx.AsyncClient
    processes: Processes


def prepared(url, **settings):
    """Bring a database's schema up to date."""
    Journal(JournalSettings(url=Secret(url), **settings)).prepare()


async def until(condition, *, seconds=60.0):
    """Wait until something holds, and return it; it is given up long after it came on any machine."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.02)
    return found


def reordered(order):
    """Return the same order in other bytes: keys, white space, times and zeros differ."""

    def turned(value):
        if isinstance(value, dict):
            return {key: turned(inner) for key, inner in reversed(value.items())}
        return [turned(inner) for inner in value] if isinstance(value, list) else value

    again = turned(order) | {"updated_at": "2031-01-01T00:00:00Z"}
    return json.dumps(again, indent=1).replace('"10.00"', '"10.0"').encode()


def changed(order, quantity=7):
    """Return an order with the same id and other contents."""
    other = json.loads(json.dumps(order))
    other["orders"][0]["order_items"][0]["quantity"] = quantity
    return other


class House:
    """Acme and what runs beside it.

    Attributes:
        oms: Acme.
        oms_url: Its base URL.
        journal_url: The database that all services here share.
        book: That database, as it is seen from outside.
        http: A client.
    """

    def __init__(self, street, journal_url, book):
        self.oms = AcmeOms()
        self._street, self._oms_place = street, street.oms.add(self.oms.sandbox())
        self.oms_url, self.http = street.oms_url + self._oms_place, street.http
        self.journal_url, self.book = journal_url, book
        self._stacks = {}
        self._processes = []

    async def open(self, *, by_hand=False, step=no_step, server=None, redelivery=None, **settings):
        """Start a service with a space `fail` and a space `queue`, and return its world."""
        server = server or ServerSettings(port=0, shutdown_grace_seconds=0)
        service = started_service(
            server,
            None,
            journal_url=self.journal_url,
            kind=ByHand if by_hand else Service,
            step=step,
            redelivery=RedeliverySettings(**{**QUICK, **(redelivery or {})}),
            **settings,
        )
        service.redelivery.poll_seconds = 0.05
        service.journal.afterwards.close_again_seconds = 0.1
        stack = contextlib.AsyncExitStack()
        app = create_app(service, server)
        place = self._street.services.add(app)
        stack.callback(self._street.services.remove, place)
        url = self._street.url + place
        http = httpx.AsyncClient(base_url=url, timeout=90, verify=False)
        world = World(url, self.oms, self.oms_url, http, service)
        if not service.spaces:
            world.space(space_id="fail")
            world.space(space_id="queue", on_outage="queue")
        await stack.enter_async_context(http)
        await stack.enter_async_context(app.router.lifespan_context(app))
        self._stacks[world] = stack
        return world

    async def close(self, world):
        """Stop a service in order."""
        await self._stacks.pop(world).aclose()

    async def process(self, **options):
        """Start a service in a process of its own."""
        spaces = {"fail": {}, "queue": {"on_outage": "queue"}, **options.pop("spaces", {})}
        process = await self._street.processes.start(
            journal_url=self.journal_url, oms_url=self.oms_url, spaces=spaces, **options
        )
        self._processes.append(process)
        return process

    async def aclose(self):
        self.oms.open_gates()
        for world in tuple(self._stacks):
            await self.close(world)
        await asyncio.gather(*(process.stop() for process in self._processes))
        self._street.oms.remove(self._oms_place)


async def release(world, *, delays=(), seconds=60.0):
    """Take the orders of the one process that died out of its hands."""
    end = time.monotonic() + seconds
    while not (released := await world.service.journal.release_dead(delays)):
        # On PostgreSQL, a server that has just come up proves no one dead.
        assert time.monotonic() < end, "no one is known to be dead"
        await asyncio.sleep(0.1)
    assert released == 1


async def take_up(world, key, *, seconds=60.0):
    """Take an order up again, once, when its time has come; return the state that it has then."""
    end = time.monotonic() + seconds
    while True:
        for due in await world.service.journal.claim_due(Room(most=1, each=1), claim_seconds=600):
            assert due.order.key == key
            return (await world.service.redelivery.deliver(due)).value
        assert time.monotonic() < end, "its time does not come"
        await asyncio.sleep(0.02)
