"""One run, from the first process to the verdict."""

import asyncio
import contextlib
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec
from postgres import running_postgres

from chaos.books import Books, Sent
from chaos.disk import small_disk
from chaos.fleet import Fleet
from chaos.journal import Ledger
from chaos.judge import Violation, excused, judge
from chaos.kinds import UNDECIDED
from chaos.nacelle import Nacelle
from chaos.oms import Oms
from chaos.plan import Plan
from chaos.proof import undone, unproven
from chaos.troubles import Troubles

_ASKED_AGAIN = 10
"""One order in so many is sent once more when all is calm."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to.

    Attributes:
        plan: What it was made of.
        seconds: How long it took.
        counts: What was done: section and row to a number.
        books: The three books.
        unproven: What it proves nothing about.
        violations: What must never be.
        excused: What would be a violation if it could be helped.
        folder: Where the servers' logs are.
    """

    plan: Plan
    seconds: float
    counts: dict[tuple[str, str], int]
    books: Books
    unproven: tuple[str, ...]
    violations: tuple[Violation, ...]
    excused: tuple[Violation, ...]
    folder: Path


async def run(plan, folder, *, say=lambda _text: None):
    """Run a plan.

    Args:
        plan: What the run is made of.
        folder: For configurations, logs and a SQLite journal.
        say: Is told how far it is.
    """
    started = time.monotonic()
    counts = Counter()
    rng = random.Random(f"{plan.seed}: what happens")
    async with contextlib.AsyncExitStack() as stack:
        postgres = disk = None
        journal = f"sqlite:///{folder}/journal.db"
        if plan.database == "postgresql":
            disk = await asyncio.to_thread(stack.enter_context, small_disk())
            postgres = await asyncio.to_thread(stack.enter_context, running_postgres())
            journal = postgres.url(postgres.create(folder=disk and disk.folder))
        if plan.accept_duplicates:
            _install_unguarded(folder)
        oms = Oms(folder)
        stack.push_async_callback(oms.aclose)
        if plan.accept_duplicates:
            await oms.accept_duplicates()
        fleet = Fleet(plan, folder, journal=journal, urls=oms.urls, rng=rng, counts=counts)
        stack.callback(fleet.abort)
        nacelle = Nacelle(plan, fleet)
        stack.push_async_callback(nacelle.aclose)
        troubles = Troubles(plan, fleet, oms, postgres, disk, rng=rng, counts=counts)
        ledger = Ledger(journal)

        fleet.start()
        keeping = asyncio.create_task(fleet.keep())
        stack.push_async_callback(_ended, keeping)
        while not fleet.taking:
            await asyncio.sleep(0.1)
        say("sending orders")
        enough = asyncio.Event()
        troubling = asyncio.create_task(troubles.run())
        stack.push_async_callback(_ended, troubling)
        sending = asyncio.create_task(nacelle.send_all(enough))
        stack.push_async_callback(_ended, sending)
        while not nacelle.all_begun.is_set():
            await asyncio.wait({sending, keeping, troubling}, timeout=2)
            for task in (sending, keeping, troubling):
                if task.done():
                    task.result()  # it has failed, unless all is sent
            await troubles.tally()
            left = undone(plan, counts)
            if not left:
                enough.set()
            say(f"{len(nacelle.orders)} orders, {len(nacelle.calls)} calls, {len(left)} to be met")
        await _ended(troubling)
        say("calm: every server is killed once more, and what is left is settled")
        calm = time.monotonic()
        await fleet.calm()
        await sending
        await _settled(plan, ledger, say)
        await nacelle.ask_again(rng.sample(nacelle.orders, len(nacelle.orders) // _ASKED_AGAIN))
        await _settled(plan, ledger, say)
        counts["recovery", "seconds until all was settled"] = round(time.monotonic() - calm)
        await _ended(keeping)
        stuck = await asyncio.to_thread(fleet.stop)
        books = Books(
            orders=tuple(
                Sent(space=each.space, key=each.key, refs=each.refs) for each in nacelle.orders
            ),
            calls=tuple(nacelle.calls),
            journal=await asyncio.to_thread(ledger.records),
            creates=await oms.creates(),
            held=await oms.held(),
            standstills=tuple(fleet.standstills),
        )
    violations = judge(books)
    violations += [Violation(UNDECIDED, None, f"{name} did not stop") for name in stuck]
    return Verdict(
        plan=plan,
        seconds=time.monotonic() - started,
        counts=dict(counts),
        books=books,
        unproven=tuple(unproven(plan, counts, books)),
        violations=tuple(violations),
        excused=tuple(excused(books)),
        folder=folder,
    )


async def _settled(plan, ledger, say):
    """Wait until nothing is left to be done; who is not settled by then is found by the judge."""
    until = time.monotonic() + plan.settled_within
    while True:
        left = await asyncio.to_thread(ledger.open)
        if not left or time.monotonic() > until:
            return
        say(f"{left} orders left to be settled")
        await asyncio.sleep(1)


async def _ended(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _install_unguarded(folder):
    """Install a distribution with the connectors of `chaos.unguarded` for the servers."""
    info = folder / "chaos_unguarded-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chaos-unguarded\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[multiorder_sync]\nunguarded = chaos.unguarded\n")


def run_once(plan, *, say=lambda _text: None):
    """Run a plan in a folder of its own, which stays."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    return asyncio.run(run(plan, folder, say=say))
