"""`multiorder orders export`: whole orders, for a developer or for entering them by hand."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, err, fail, load_config
from multiorder_sync.cli.opening import (
    UNREADABLE,
    WHY_UNREADABLE,
    Since,
    SpaceId,
    States,
    chosen_by,
    find,
    opened,
    told,
)
from multiorder_sync.cli.order_data import as_it_is, order_data
from multiorder_sync.cli.terminal import as_json, cell, progress
from multiorder_sync.delivery.journal.details import details_of
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.queries import ids_of, named
from multiorder_sync.delivery.journal.transactions import reading

_AT_ONCE = 50


def command(
    orders: Annotated[
        list[str] | None,
        typer.Argument(metavar="ORDER", help="Keys of orders, or the ids of their records."),
    ] = None,
    *,
    space: SpaceId = None,
    state: States = None,
    since: Since = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A new file, which you alone can read; by default standard output."),
    ] = None,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Export whole orders as JSON Lines, one order each: received bytes, payloads, everything.

    It holds shoppers' names and addresses: for handing an order to a developer, or for entering it by hand. Orders that can't be read are left out, and named.

    Exits with 0 if all of them are exported, 1 if not.
    """
    config, _ = load_config(config_file)
    if not orders and not (space or state or since):
        fail("Which orders? Name some, or choose them with --space, --state or --since.")
    if orders and (state or since):
        fail("Name orders, or choose them with --state and --since; not both.")
    said = err()
    with opened(config) as journal:
        ids = _ids(journal, orders, space, state, since)
        if not ids:
            fail("No order matches.")
        with _written(out) as file:
            unreadable = _export(journal, ids, file, said)
            _name_unreadable(journal, unreadable, said)
            if len(unreadable) == len(ids):
                fail("No order was exported.")
    exported = len(ids) - len(unreadable)
    count = "1 order" if exported == 1 else f"{exported} orders"
    where = f" to {out}" if out else ""
    said.print(
        cell(f"Exported {count}{where}. This is shoppers' data: keep it safe, and delete it.")
    )
    raise typer.Exit(1 if unreadable else 0)


def _ids(
    journal: Journal,
    names: list[str] | None,
    space: str | None,
    state: States,
    since: Since,
) -> list[int]:
    if names:
        return list(dict.fromkeys(find(journal, name, space).id for name in names))
    with reading(journal.engine) as connection:
        return ids_of(connection, chosen_by(space, state, since))


def _export(journal: Journal, ids: list[int], file: BinaryIO, console: Console) -> list[int]:
    """Write orders, and return the ids of those that can't be read."""
    unreadable: list[int] = []
    with progress(console) as bar:
        task = bar.add_task("Exporting", total=len(ids))
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            lines = _lines(journal, part)
            if lines is None:  # one of them must not keep back the others
                by_itself = {each: _lines(journal, [each]) for each in part}
                unreadable += [each for each, made in by_itself.items() if made is None]
                lines = [line for made in by_itself.values() for line in made or ()]
            file.writelines(lines)
            bar.advance(task, len(part))
    return unreadable


def _lines(journal: Journal, ids: list[int]) -> list[bytes] | None:
    """Return the orders as they are written; None if any of them can't be read."""
    with reading(journal.engine) as connection:
        try:
            found = details_of(connection, journal.rows, ids)
            data = [order_data(each, as_it_is, payload=True, received=True) for each in found]
        except UNREADABLE:
            return None
    return [as_json(each).encode() + b"\n" for each in data]


def _name_unreadable(journal: Journal, ids: list[int], console: Console) -> None:
    if not ids:
        return
    count = "1 order is" if len(ids) == 1 else f"{len(ids)} orders are"
    console.print(cell(f"{count} not exported, since the record can't be read: {WHY_UNREADABLE}:"))
    with reading(journal.engine) as connection:
        for each in ids:
            names = (name for name in named(connection, f"id:{each}") if name.id == each)
            console.print(cell(f"  {told(next(names))}"))


@contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO]:
    """Give the file to write to; one that could not be finished is not left behind."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(f"{path} is there already; --out takes a new file.")
    except OSError as error:
        fail(f"{path} can't be written: {error.strerror or error}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            fail(f"{path} can't be written: {error.strerror or error}.")
        raise
