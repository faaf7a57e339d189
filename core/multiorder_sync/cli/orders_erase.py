"""`multiorder orders erase`: one shopper's data, out of all of their orders."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import typer

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, err, fail, load_config, out
from multiorder_sync.cli.opening import SpaceId, Yes, find, opened
from multiorder_sync.cli.terminal import cell, progress
from multiorder_sync.delivery.journal.databases import is_sqlite
from multiorder_sync.delivery.journal.erasing import Erase, Shopper, count_searched, scan
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.queries import Name
from multiorder_sync.delivery.journal.transactions import CHUNK, reading, writing
from multiorder_sync.delivery.journal.wiping import wipe

_SHOWN: Final = 20


def command(
    *,
    email: Annotated[
        str | None, typer.Option(help="The shopper's e-mail address: all orders in which it is.")
    ] = None,
    order: Annotated[
        str | None, typer.Option(metavar="ORDER", help="One order: its key, or its record's id.")
    ] = None,
    space: SpaceId = None,
    yes: Yes = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Erase a shopper's data from the journal; ids, refs, states and times stay.

    What was received and sent, notes, errors and what the OMS said of the orders is gone for good. Orders that are not settled are left as they are, and named: give them up first, or wait. So are those that can't be decrypted, of which nobody can tell whose they are.

    Exits with 0 if nothing of it is left, 1 if something is.
    """
    config, _ = load_config(config_file)
    if (email is None) == (order is None):
        fail("Whose data? Give --email, or --order for one order alone.")
    if email is not None and not email.strip():
        fail("--email must hold an address.")
    with opened(config) as journal:
        unreadable: list[Name] = []
        if order is not None:
            found = [find(journal, order, space)]
        else:
            found, unreadable = _theirs(journal, email or "", space)
        if found and not yes:
            out().print(f"{_orders(found)} to be erased:")
            _show(found)
            typer.confirm("Erase them for good?", abort=True)
        erased = _erase(journal, [each.id for each in found])
        wiped = wipe(journal.engine)
    left = [each for each in found if each.id not in erased]
    _report(journal, len(erased), left, unreadable, wiped=wiped)
    raise typer.Exit(1 if left or unreadable or not wiped else 0)


def _theirs(journal: Journal, email: str, space: str | None) -> tuple[list[Name], list[Name]]:
    """Return the shopper's orders, and those that can't be read."""
    found: list[Name] = []
    unreadable: list[Name] = []
    with reading(journal.engine) as connection:
        total = count_searched(connection)
    with progress(err()) as bar:
        task = bar.add_task("Searching", total=total)
        for scanned in scan(journal.engine, journal.rows, Shopper(email)):
            bar.advance(task, scanned.looked)
            found += scanned.theirs
            unreadable += scanned.unreadable
    return _of(space, found), _of(space, unreadable)


def _of(space: str | None, names: Iterable[Name]) -> list[Name]:
    return [each for each in names if space in (None, each.space)]


def _erase(journal: Journal, ids: Sequence[int]) -> set[int]:
    """Erase orders, and return the ids of those that were."""
    erased: set[int] = set()
    with progress(err()) as bar:
        task = bar.add_task("Erasing", total=len(ids))
        for at in range(0, len(ids), CHUNK):
            part = tuple(ids[at : at + CHUNK])
            with writing(journal.engine) as connection:
                erased.update(Erase(part, journal.rows)(connection))
            bar.advance(task, len(part))
    return erased


def _report(
    journal: Journal,
    erased: int,
    left: Sequence[Name],
    unreadable: Sequence[Name],
    *,
    wiped: bool,
) -> None:
    console = out()
    if not erased and not left:
        where = " that can be read" if unreadable else ""
        console.print(f"No order{where} holds that address; nothing was erased.")
    else:
        console.print(f"Erased the data of {erased} {'order' if erased == 1 else 'orders'}.")
    if left:
        console.print(
            f"{_orders(left)} not erased, since they are not settled: wait until they are, or give "
            "them up with `multiorder orders abandon`, and then erase again:"
        )
        _show(left)
    if unreadable:
        console.print(
            f"{_orders(unreadable)} not readable, so the address may be in there: none of [journal] "
            "encryption_keys fits, or the record is damaged. Put the missing key into "
            "encryption_keys and erase again, or erase them one by one with --order:"
        )
        _show(unreadable)
    if not is_sqlite(journal.engine.url):
        console.print(
            "Backups of the database hold it still, and so may its log and its replicas; that is "
            "beyond this command."
        )
        if not wiped:
            console.print("Dead rows could not be vacuumed from here; have the database do it.")
    elif not wiped:
        console.print(
            "Some of it may be left in the write-ahead log, since a reader was in the way; run "
            "this again."
        )


def _show(names: Sequence[Name]) -> None:
    console = out()
    for each in names[:_SHOWN]:
        console.print(cell(f"  {each.id}: {each.key} of {each.space}"))
    if len(names) > _SHOWN:
        console.print(f"  and {len(names) - _SHOWN} more")


def _orders(names: Sequence[Name]) -> str:
    return "1 order is" if len(names) == 1 else f"{len(names)} orders are"
