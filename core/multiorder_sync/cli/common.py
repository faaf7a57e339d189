"""What the commands share: the configuration, and how they say that something is wrong."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from multiorder_sync.config import Config, Space, load
from multiorder_sync.errors import ConfigurationError
from multiorder_sync.oms.plugins import Registry, discover

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration.", show_default=True)
]
DEFAULT_CONFIG = Path("config.toml")


def out() -> Console:
    """Return the console for what was asked for; in a file or a pipe, tables have room."""
    wide = None if sys.stdout.isatty() else 120
    return Console(highlight=False, soft_wrap=True, width=wide)


def err() -> Console:
    """Return the console for what is wrong."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Say what is wrong and stop."""
    err().print(f"[red]Error:[/red] {escape(message)}")
    raise typer.Exit(code)


def load_config(path: Path) -> tuple[Config, Registry]:
    """Load the configuration, or say everything that is wrong with it and stop with status 2."""
    registry = discover()
    try:
        config = load(path, registry)
    except ConfigurationError as error:
        console = err()
        count = len(error.problems)
        plural = "problem" if count == 1 else "problems"
        console.print(f"[red]{escape(error.source)} has {count} {plural}:[/red]")
        for problem in error.problems:
            console.print(
                f"  [bold]{escape(problem.path or error.source)}[/bold]: {escape(problem.reason)}"
            )
            if problem.remedy:
                console.print(f"    {escape(problem.remedy)}", style="dim")
        raise typer.Exit(2) from None
    for warning in config.warnings:
        err().print(f"[yellow]Warning:[/yellow] {escape(str(warning))}")
    return config, registry


def address_taken(host: str, port: int, error: OSError, remedy: str) -> NoReturn:
    """Say that the address can't be had, and what to do."""
    fail(f"{host}:{port} can't be used: {error.strerror or error}. {remedy}")


def space_named(config: Config, name: str | None) -> Space:
    """Return the space of a name, or the only one; else say which there are, and stop."""
    if name is None:
        if len(config.spaces) == 1:
            return next(iter(config.spaces.values()))
        fail(f"Which space? --space takes one of: {', '.join(config.spaces)}.")
    if name not in config.spaces:
        fail(
            f"There is no space {name} in {config.source}; "
            f"--space takes one of: {', '.join(config.spaces)}."
        )
    return config.spaces[name]
