"""`multiorder transform`: what would be sent for an order, and where each value comes from."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from multiorder_sync.cli.common import (
    DEFAULT_CONFIG,
    ConfigFile,
    err,
    fail,
    load_config,
    out,
    space_named,
)
from multiorder_sync.cli.terminal import progress
from multiorder_sync.cli.transform_data import Unsendable, made_data, unsendable
from multiorder_sync.cli.transform_diff import (
    Side,
    differences,
    other_space,
    show_differences,
)
from multiorder_sync.config import Space
from multiorder_sync.delivery.preview import Preview, PreviewedSubmission, Previewer
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import InternalError, MultiOrderError
from multiorder_sync.oms.plugins import Registry


def command(
    order: Annotated[Path, typer.Argument(help="The multi-order as JSON; - for standard input.")],
    space: Annotated[str | None, typer.Option("--space", "-s", help="For which space.")] = None,
    diff: Annotated[
        str | None,
        typer.Option(
            help="Show what differs in another space, or in one of another configuration's file: of "
            "the same id, or the only one there.",
            metavar="SPACE|FILE|FILE:SPACE",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a script.")] = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Show what would be sent for an order, where each value comes from, and what is not carried.

    Nothing is sent. To find out where values come from, each field of the order is changed, together
    with what says the same, and what follows is watched. Installed packages' hooks are asked as they
    are before an order is sent.

    With --json, "state" is "sendable", "vetoed", "refused" or "failed"; if it is not sendable, "code", "reason" and "problems" say why.

    Exits with 0 if the order can be sent, 1 if not, as when a hook vetoes it; with --diff also with 1 if anything differs, or either side does not send it.
    """
    config, registry = load_config(config_file)
    chosen = space_named(config, space)
    try:
        body = sys.stdin.buffer.read() if str(order) == "-" else order.read_bytes()
    except OSError as error:
        fail(f"{order} can't be read: {error.strerror or error}.")
    if diff is None:
        made = _preview(chosen, registry, body)
        if as_json:
            _print_json(made_data(made))
        elif isinstance(made, Unsendable):
            fail(str(made))
        else:
            _show_one(made)
        raise typer.Exit(1 if isinstance(made, Unsendable) or made.vetoed else 0)
    label, other, others_registry = other_space(config, registry, chosen, diff)
    here = _side(chosen.id, _preview(chosen, registry, body))
    there = _side(label, _preview(other, others_registry, body))
    found = differences(here, there)
    if as_json:
        _print_json([each._asdict() for each in found])
    else:
        show_differences(out(), here, there)
    raise typer.Exit(1 if found else 0)


def _side(label: str, made: Preview | Unsendable) -> Side:
    return Side(label, str(made) if isinstance(made, Unsendable) else made)


def _preview(space: Space, registry: Registry, body: bytes) -> Preview | Unsendable:
    """Return what would be sent, or why the order can't be."""
    try:
        with progress(err()) as bar:
            task = bar.add_task("Finding out where values come from", total=None)

            def watch(done: int, of: int) -> None:
                bar.update(task, completed=done, total=of)

            return asyncio.run(_previewed(space, registry, body, watch))
    except MultiOrderError as error:
        return unsendable(error, space)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it is told below
        structlog.get_logger().exception("transform failed", connector=space.connector)
        reason = f"The connector {space.connector} raised {type(error).__name__}: {error}"
        return unsendable(InternalError(reason), space)


async def _previewed(
    space: Space, registry: Registry, body: bytes, watch: Callable[[int, int], None]
) -> Preview:
    installed = registry.connectors.get(space.connector)
    served = ServedSpace(space, installed.connector if installed else None)
    try:
        return await Previewer(served, datetime.now(UTC), registry.hooks, watch).of(body)
    finally:
        await served.aclose()


def _show_one(preview: Preview) -> None:
    console = out()
    if preview.vetoed:
        console.print(f"[red]Vetoed, so that it is not sent:[/red] {escape(preview.vetoed)}\n")
    for submission in preview.submissions:
        _show_submission(console, preview, submission)
    said_by = {field: _few(fields) for field, fields in preview.also_said.items()}
    _show_fields(console, said_by, "said once more", "taken from")
    _show_fields(console, preview.not_carried, "not carried", "because")


def _show_fields(console: Console, fields: Mapping[str, str], *headings: str) -> None:
    if fields:
        table = Table(*headings, box=None, pad_edge=False)
        for field, text in fields.items():
            table.add_row(escape(field), escape(text))
        console.print(table)
        console.print()


def _show_submission(console: Console, preview: Preview, submission: PreviewedSubmission) -> None:
    console.print(f"[bold]{escape(submission.ref)}[/bold] for {escape(preview.connector)}")
    console.print(f"  stands for {', '.join(submission.orders)}", markup=False)
    for note in submission.notes:
        console.print(f"  note: {note}", markup=False)
    table = Table("place", "value", "from", box=None, pad_edge=False)
    for place, value in submission.values.items():
        table.add_row(
            escape(place),
            escape("" if value is None else str(value)),
            escape(_few(submission.sources[place])),
        )
    console.print(table)
    console.print()
    taken_out = {
        f"{place}, of {_few(taken.sources)}": taken.by
        for place, taken in submission.taken_out.items()
    }
    _show_fields(console, taken_out, "taken out", "by")


def _few(fields: Sequence[str]) -> str:
    more = f", and {len(fields) - 3} more" if len(fields) > 3 else ""
    return ", ".join(fields[:3]) + more


def _print_json(value: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
