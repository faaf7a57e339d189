"""`multiorder send`: one order, signed, to a running server."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from multiorder_sync.cli.common import (
    DEFAULT_CONFIG,
    ConfigFile,
    fail,
    load_config,
    out,
    space_named,
)
from multiorder_sync.cli.posting import consume_url, headers_for, post


def command(
    file: Annotated[Path, typer.Argument(help="The multi-order as JSON; - for standard input.")],
    space: Annotated[
        str | None, typer.Option("--space", "-s", help="Whose secret signs it.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where to; by default the configured server on this machine.")
    ] = None,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Send an order signed as Nacelle would, and show the answer.

    Exits with 0 if the order is in the OMS, 1 if not.
    """
    config, _ = load_config(config_file)
    chosen = space_named(config, space)
    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail(f"{file} can't be read: {error.strerror or error}.")
    if not chosen.secrets:
        fail(f"The space {chosen.id} has no secret to sign with.")
    target = url or consume_url(config, chosen)
    if not target.startswith(("http://", "https://")):
        fail(f"{target} is not an http or https URL.")
    try:
        sent = post(target, body, headers_for(body, chosen))
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        fail(
            f"{target} is not reached ({reason}). Is the server running? `multiorder serve` starts it."
        )
    console = out()
    console.print(
        f"{sent.status} in {sent.milliseconds:.0f} ms",
        style="green" if sent.status == 200 else "red",
    )
    console.print(_shown(sent.body), markup=False)
    raise typer.Exit(0 if sent.status == 200 else 1)


def _shown(body: bytes) -> str:
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")
