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
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Put paid Nacelle multi-orders into an order management system."""
