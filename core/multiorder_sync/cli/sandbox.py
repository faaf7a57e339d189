"""`multiorder sandbox`: a local stand-in of an OMS."""

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated

import typer

from multiorder_sync.cli.common import address_taken, fail, out
from multiorder_sync.oms.plugins import discover
from multiorder_sync.sandbox import Sandbox, run_sandbox


def command(
    name: Annotated[str, typer.Argument(help="The connector whose OMS it stands for.")],
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(help="The port; 0 for a free one. [default: its own]", min=0, max=65535),
    ] = None,
) -> None:
    """Run a strict local stand-in of an OMS until Ctrl-C.

    It checks what it is sent as the OMS would, holds it in memory, and misbehaves on request:
    GET /_sandbox/orders lists the orders, POST /_sandbox/faults sets a fault.
    """
    try:
        sandbox = load_sandbox(discover().sandboxes, name)
    except LookupError as error:
        fail(str(error.args[0]))
    port = sandbox.port if port is None else port
    try:
        run_sandbox(sandbox, host, port, on_ready=lambda url: _ready(name, url))
    except OSError as error:
        address_taken(host, port, error, "Stop what uses it, or choose another with --port.")


def load_sandbox(sandboxes: Mapping[str, str], name: str) -> Sandbox:
    """Import and build the sandbox of a connector.

    Raises:
        LookupError: There is none, or what it needs is not installed; the message says what to do.
    """
    place = sandboxes.get(name)
    if place is None:
        known = ", ".join(sorted(sandboxes)) or "none"
        raise LookupError(f"No installed package brings a sandbox for {name}; there are: {known}.")
    module, _, attribute = place.partition(":")
    try:
        built = getattr(import_module(module), attribute)()
    except ImportError as error:
        raise LookupError(
            f"The sandbox of {name} needs the package {error.name}, which is not installed; its "
            f"extra brings it: pip install 'multiorder-{name}[sandbox]'"
        ) from error
    if not isinstance(built, Sandbox):
        raise LookupError(f"{place} does not return a sandbox.")
    return built


def _ready(name: str, url: str) -> None:
    console = out()
    console.print(f"Sandbox for {name} at {url} (Ctrl-C stops it)")
    console.print(f"  what it holds:   curl {url}/_sandbox/orders", markup=False)
    fault = '{"kind": "latency", "seconds": 2}'
    console.print(f"  make it fail:    curl {url}/_sandbox/faults -d '{fault}'", markup=False)
