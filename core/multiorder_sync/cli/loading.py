"""Commands that are loaded when they are called: none waits for what another one needs."""

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

SENTENCES: Final = {
    "serve": "Serve POST /sync/consume until Ctrl-C or SIGTERM.",
    "check": (
        "Check the configuration and the journal, then try each space's credentials against its OMS."
    ),
    "send": "Send an order signed as Nacelle would, and show the answer.",
    "transform": (
        "Show what would be sent for an order, where each value comes from, and what is not carried."
    ),
    "reload": (
        "Have every server on this machine take the configuration anew, without dropping a call."
    ),
    "new": "Generate a connector package that is whole: code, a sandbox, tests, CI.",
    "sandbox": "Run a strict local stand-in of an OMS until Ctrl-C.",
    "demo": (
        "Start the endpoint and the sandboxes that the configuration points at, and send orders."
    ),
    "orders": "What became of orders, and what to do about it.",
    "journal": "The durable record of orders, as such.",
    "plugins": "The installed connectors and hooks.",
    "config": "About config.toml.",
}
"""The commands in their order, each with what it says of itself first.

Each is a module beside this one that has either a `command`, or a `build` which returns a group.
"""


class Commands(TyperGroup):
    """The commands; what lists them is given no more than their sentences."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, sentence in SENTENCES.items():
            self.add_command(TyperCommand(name, help=sentence))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that is called, as a whole, and what is left for it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else None, rest


def load(name: str) -> Any:
    """Import a command and return it as Typer has it below an application."""
    module = import_module(f"multiorder_sync.cli.{name}")
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="rich")
    app.callback()(lambda: None)  # else Typer would make a single command the application itself
    if hasattr(module, "build"):
        app.add_typer(module.build(), name=name)
    else:
        app.command(name)(module.command)
    return typer.main.get_group(app).commands[name]
