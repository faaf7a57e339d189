"""The commands and how they are named."""

from importlib.metadata import version
from typing import Annotated

import typer

from multiorder_sync.cli.loading import Commands


def build() -> typer.Typer:
    """Return the command-line application."""
    app = typer.Typer(
        name="multiorder",
        cls=Commands,
        help="Puts paid Nacelle multi-orders into an order management system.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"multiorder {version('multiorder-sync')}")
        raise typer.Exit


def _options(
    show_version: Annotated[  # noqa: ARG001 - its callback shows it
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Put paid Nacelle multi-orders into an order management system."""
    # Standard output is for what was asked for, and a log line holds no values of variables: also
    # where a command has nothing to log, a plugin that it asks can fail.
    from multiorder_sync.observe import configure_logging  # noqa: PLC0415 - help logs nothing

    configure_logging("console", "error")
