"""The commands and how they are named."""

from importlib.metadata import version
from typing import Annotated

import typer

from multiorder_sync.cli import (
    check,
    config,
    demo,
    journal,
    new,
    orders,
    plugins,
    reload,
    sandbox,
    send,
    serve,
    transform,
)
from multiorder_sync.observe import configure_logging


def build() -> typer.Typer:
    """Return the command-line application."""
    app = typer.Typer(
        name="multiorder",
        help="Puts paid Nacelle multi-orders into an order management system.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    app.command("serve")(serve.command)
    app.command("check")(check.command)
    app.command("send")(send.command)
    app.command("transform")(transform.command)
    app.command("reload")(reload.command)
    app.add_typer(orders.build(), name="orders")
    app.add_typer(journal.build(), name="journal")
    app.add_typer(plugins.build(), name="plugins")
    app.command("new")(new.command)
    app.command("sandbox")(sandbox.command)
    app.command("demo")(demo.command)
    app.add_typer(config.build(), name="config")
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
    configure_logging("console", "error")
