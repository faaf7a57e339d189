"""What goes wrong, and when."""

import asyncio
import itertools
from collections import Counter

from chaos.dealing import dealt
from chaos.disk import NOT_PERMITTED
from chaos.faults import cards, shown
from chaos.oms import ANY, NAMES, OPERATIONS

_OUTAGE_EVERY = 22.0
_LASTING = 1_000_000
"""How many calls a fault meets that is there until it is cleared."""


class Troubles:
    """All that is done to the servers, the OMSs and the database.

    Args:
        plan: Of the run.
        fleet: The servers.
        oms: The OMSs.
        postgres: The database server, if there is one.
        disk: Its disk, if it has one of its own.
        rng: Chooses.
        counts: Counts what was done.
    """

    def __init__(self, plan, fleet, oms, postgres, disk, *, rng, counts):
        self._plan = plan
        self._fleet = fleet
        self._oms = oms
        self._postgres = postgres
        self._disk = disk
        self._rng = rng
        self._counts = counts
        self._restarting = None
        self._database = asyncio.Lock()
        self._turns = {name: asyncio.Lock() for name in NAMES}
        self._asked = {name: Counter() for name in NAMES}
        self._met = {name: Counter() for name in NAMES}  # by calls, since a sandbox was cleared
        self._before = Counter()  # by calls, before that

    async def run(self):
        """Go on until cancelled; then nothing is left of it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._faults())
                group.create_task(self._outages())
                group.create_task(self._kills())
                if self._plan.stalls:
                    group.create_task(self._stalls())
                group.create_task(self._full_disks())
                if self._postgres is not None:
                    group.create_task(self._restarts())
        finally:
            if self._restarting is not None:
                await self._restarting
            for name in NAMES:
                await self._clear(name)

    async def tally(self):
        """Bring up to date how many calls have met the faults."""
        for name in NAMES:
            async with self._turns[name]:
                self._count(name, await self._oms.faults(name))

    async def _faults(self):
        for card in self._dealt():
            name = self._rng.choice(NAMES)
            fault = {**card.fault(self._rng), "operation": self._operation(name, card.role)}
            span = self._rng.random() < 0.3
            fault["times"] = _LASTING if span else self._rng.randint(1, 6)
            await self._set(name, fault)
            await asyncio.sleep(self._pause(self._plan.faults_every))
            if span:
                await asyncio.sleep(self._rng.uniform(0.0, 1.0))
                await self._clear(name)

    def _dealt(self):
        """Deal the faults: first each where it is worst, until it was met, and then all of them."""
        deck = cards(self._plan)
        worst = tuple(card for card in deck if card.role == "create")
        kinds = {card.shown for card in worst}
        yield from itertools.islice(dealt(worst, self._rng, by=_shown), len(kinds))
        # It may have been cleared before a call came by; `tally` tells.
        while left := [each for each in worst if not self._counts.get(("faults", each.shown))]:
            yield self._rng.choice(left)
        yield from dealt(deck, self._rng, by=_shown)

    async def _outages(self):
        """Now and then an OMS is gone for a while, or slow in all that it does."""
        names = itertools.cycle(NAMES)
        for what in dealt(("out of reach", "slow for a while"), self._rng, by=str):
            await asyncio.sleep(self._pause(min(_OUTAGE_EVERY, self._plan.seconds / 3)))
            name = next(names)
            fault = {"kind": "drop", "when": "before", "operation": ANY, "times": _LASTING}
            if what == "slow for a while":
                fault = {"kind": "latency", "operation": ANY, "times": _LASTING}
                fault["seconds"] = round(self._rng.uniform(0.1, 0.6), 2)
            self._counts["OMS", what] += 1
            for _ in range(3):  # it may be cleared by one that was set meanwhile
                await self._set(name, fault)
                await asyncio.sleep(self._rng.uniform(0.5, 1.5))
            await self._clear(name)

    async def _kills(self):
        fleet = self._fleet
        ways = (*[fleet.kill] * 6, *[fleet.stop_one] * 2, *[fleet.reload] * 3)
        for way in dealt(ways, self._rng, by=lambda way: way.__name__):
            await asyncio.sleep(self._pause(self._plan.killed_every))
            while not fleet.taking:
                await asyncio.sleep(0.1)
            way(self._rng.choice(fleet.alive if way == fleet.kill else fleet.taking))

    async def _stalls(self):
        """A server stands still, once for longer than it may keep an order in hand."""
        for seconds in itertools.cycle((2.0, self._plan.stalls, 5.0)):
            await asyncio.sleep(self._pause(12.0))
            if self._fleet.taking:
                await self._fleet.stall(self._rng.choice(self._fleet.taking), seconds)

    async def _full_disks(self):
        if self._postgres is not None and self._disk is None:
            self._counts["databases", NOT_PERMITTED] = 1
            return
        fill = self._fleet.fill_disk if self._disk is None else self._fill
        while True:
            await asyncio.sleep(self._pause(self._plan.full_every))
            async with self._database:
                await fill(self._rng.uniform(0.4, 1.0) * self._plan.full_seconds)

    async def _fill(self, seconds):
        """Leave no room for the tables of PostgreSQL; its log is on another disk, as it should be."""
        try:
            await asyncio.to_thread(self._disk.fill)
            self._counts["databases", "disk full"] += 1
            await asyncio.sleep(seconds)
        finally:
            self._disk.clear()

    async def _restarts(self):
        """PostgreSQL ends without a word to anyone, and comes back."""
        for _ in range(self._plan.restarts):
            await asyncio.sleep(self._plan.seconds / (self._plan.restarts + 1))
            async with self._database:  # with a full disk it would not come back
                self._restarting = asyncio.create_task(self._restart())
                await asyncio.shield(self._restarting)
        await asyncio.Event().wait()

    async def _restart(self):
        await asyncio.to_thread(self._postgres.stop, immediate=True)
        self._counts["databases", "PostgreSQL restarted"] += 1
        await asyncio.sleep(self._rng.uniform(0.3, 3.0))
        await asyncio.to_thread(self._postgres.start)

    async def _set(self, name, fault):
        """Set a fault; a call must not be so late that no create is said to come as late."""
        async with self._turns[name]:
            if fault["kind"] == "latency":
                there = await self._oms.faults(name)
                late = sum(each["seconds"] for each in there if _both_meet(each, fault))
                if late + fault["seconds"] > self._plan.longest_latency:
                    await self._cleared(name)
            await self._oms.fault(name, **fault)
            self._asked[name][shown(fault)] += fault["times"]

    async def _clear(self, name):
        async with self._turns[name]:
            await self._cleared(name)

    async def _cleared(self, name):
        left = await self._oms.faults(name)
        await self._oms.clear(name)
        self._count(name, left)
        self._before += self._met[name]
        self._asked[name].clear()
        self._met[name].clear()

    def _count(self, name, left):
        """Count the calls that have met the faults of a sandbox, by what is left of these."""
        there = Counter()
        for each in left:
            there[shown(each)] += each["times"]
        self._met[name] = self._asked[name] - there
        for row, calls in (self._before + sum(self._met.values(), Counter())).items():
            self._counts["faults", row] = calls

    def _operation(self, name, role):
        return self._rng.choice(OPERATIONS[name][role])

    def _pause(self, mean):
        return self._rng.uniform(0.4, 1.6) * mean


def _shown(card):
    return card.shown


def _both_meet(one, other):
    """Tell whether one call can meet both of two faults, and is late by both."""
    operations = (one["operation"], other["operation"])
    return one["kind"] == "latency" and (ANY in operations or len(set(operations)) == 1)
