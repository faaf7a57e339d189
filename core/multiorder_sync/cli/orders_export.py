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
from multiorder_sync.cli.opening import Since, SpaceId, States, chosen_by, find, opened
from multiorder_sync.cli.order_data import as_it_is, order_data
from multiorder_sync.cli.terminal import as_json, cell, progress
from multiorder_sync.delivery.journal.details import details_of
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.queries import ids_of
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

    It holds shoppers' names and addresses: for handing an order to a developer, or for entering it by hand.
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
            _export(journal, ids, file, said)
    count = "1 order" if len(ids) == 1 else f"{len(ids)} orders"
    where = f" to {out}" if out else ""
    said.print(
        cell(f"Exported {count}{where}. This is shoppers' data: keep it safe, and delete it.")
    )


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


def _export(journal: Journal, ids: list[int], file: BinaryIO, console: Console) -> None:
    with progress(console) as bar:
        task = bar.add_task("Exporting", total=len(ids))
        for at in range(0, len(ids), _AT_ONCE):
            with reading(journal.engine) as connection:
                found = details_of(connection, journal.rows, ids[at : at + _AT_ONCE])
            for details in found:
                data = order_data(details, as_it_is, payload=True, received=True)
                file.write(as_json(data).encode() + b"\n")
            bar.advance(task, len(found))


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
