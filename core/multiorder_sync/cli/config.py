"""`multiorder config`: about the configuration."""

import msgspec
import typer

from multiorder_sync.config import schema
from multiorder_sync.oms.plugins import discover


def build() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(help="About config.toml.", no_args_is_help=True)
    group.callback()(_group)
    group.command("schema")(show_schema)
    return group


def _group() -> None:
    """About config.toml."""


def show_schema() -> None:
    """Print the JSON Schema of the whole file, the installed connectors' settings included.

    An editor that is given it completes and checks config.toml.
    """
    encoded = msgspec.json.format(msgspec.json.encode(schema(discover())), indent=2)
    typer.echo(encoded.decode())
