"""`multiorder demo`: the whole way of an order on this machine, which is what `make run` shows."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from multiorder_sync.cli.common import (
    DEFAULT_CONFIG,
    ConfigFile,
    address_taken,
    fail,
    load_config,
    out,
)
from multiorder_sync.cli.posting import Sent, consume_url, headers_for, post
from multiorder_sync.cli.sandbox import load_sandbox
from multiorder_sync.config import Config, JournalSettings, Space
from multiorder_sync.delivery.service import Service
from multiorder_sync.oms.plugins import Registry
from multiorder_sync.sandbox import Sandbox
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.secret import Secret
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving as serving_app

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Stand(msgspec.Struct, frozen=True):
    """A sandbox that the demo starts, and the spaces whose OMS it stands for."""

    sandbox: Sandbox
    host: str
    port: int
    spaces: tuple[str, ...]


def command(
    config_file: ConfigFile = DEFAULT_CONFIG,
    orders: Annotated[Path, typer.Option(help="A folder of sample orders.")] = Path(
        "examples/orders"
    ),
    stay: Annotated[bool, typer.Option(help="Stay up until Ctrl-C.")] = True,
) -> None:
    """Start the endpoint and the sandboxes that the configuration points at, and send orders.

    Every order is signed and sent exactly as Nacelle would send it.
    """
    config, registry = load_config(config_file)
    files = sorted(orders.glob("*.json"))
    if not files:
        fail(f"There are no sample orders (*.json) in {orders}; --orders names another folder.")
    with TemporaryDirectory(prefix="multiorder-demo-") as folder:
        # The sandboxes begin empty, and so does the journal that goes with them.
        journal = JournalSettings(url=Secret(f"sqlite:///{folder}/journal.db"))
        config = msgspec.structs.replace(config, journal=journal)
        try:
            asyncio.run(_Demo(config, registry, config_file, out()).run(files, stay=stay))
        except OSError as error:
            fail(f"The demo could not start: {error.strerror or error}.")


class _Demo:
    """One run of the demo."""

    def __init__(
        self, config: Config, registry: Registry, config_file: Path, console: Console
    ) -> None:
        self._config = config
        self._registry = registry
        self._config_file = config_file
        self._console = console

    async def run(self, files: Sequence[Path], *, stay: bool) -> None:
        console, server = self._console, self._config.server
        async with AsyncExitStack() as running:
            stands = self._stands()
            for stand in stands:
                try:
                    url = await running.enter_async_context(
                        serving_sandbox(stand.sandbox, stand.host, stand.port)
                    )
                except OSError as error:
                    remedy = f"Stop what uses it, or change oms.base_url in {self._config_file}."
                    address_taken(stand.host, stand.port, error, remedy)
                console.print(
                    f"Sandbox   {url}  stands in for the OMS of {', '.join(stand.spaces)}"
                )
            service = Service(self._config, self._registry)
            await asyncio.to_thread(service.prepare)
            app = create_app(service, server)
            try:
                url = await running.enter_async_context(serving_app(app, server))
            except OSError as error:
                remedy = f"Stop what uses it, or change [server] port in {self._config_file}."
                address_taken(server.host, server.port, error, remedy)
            for name in self._config.spaces:
                console.print(f"Endpoint  {url}/spaces/{name}/sync/consume")
            console.print()
            await self._send_all(files, [name for stand in stands for name in stand.spaces])
            named = {file.stem: file for file in files}
            self._say_how(named.get("single", files[0]), stands)
            if stay:
                console.print("\nReady for more; Ctrl-C stops it.")
                await _until_stopped()
                console.print("\nStopped.")

    def _stands(self) -> list[Stand]:
        """Return a sandbox for every place on this machine that a space's settings point at."""
        stands: dict[tuple[str, int], Stand] = {}
        for space in self._config.spaces.values():
            base_url = urlsplit(str(getattr(space.oms, "base_url", "")))
            if base_url.hostname not in LOOPBACK or base_url.port is None:
                continue
            place = (base_url.hostname, base_url.port)
            before = stands.get(place)
            try:
                sandbox = before.sandbox if before else self._sandbox(space)
            except LookupError as error:
                fail(str(error.args[0]))
            names = (*(before.spaces if before else ()), space.id)
            stands[place] = Stand(sandbox, *place, names)
        if not stands:
            fail("No space's oms.base_url points at this machine, so there is no sandbox to start.")
        return list(stands.values())

    def _sandbox(self, space: Space) -> Sandbox:
        return load_sandbox(self._registry.sandboxes, space.connector)

    async def _send_all(self, files: Sequence[Path], spaces: Sequence[str]) -> None:
        table = Table("space", "order", box=None, pad_edge=False)
        table.add_column("OMS id", overflow="fold")
        table.add_column("status")
        table.add_column("ms", justify="right")
        for name in spaces:
            space = self._config.spaces[name]
            for file in files:
                body = await asyncio.to_thread(file.read_bytes)
                known = {str(each.get("id")) for each in await self._held(space)}
                sent = await asyncio.to_thread(
                    post, consume_url(self._config, space), body, headers_for(body, space)
                )
                new = [str(each.get("id")) for each in await self._held(space)]
                ids = " ".join(each for each in new if each not in known)
                table.add_row(
                    name,
                    f"{file.stem} {_identity(body)}",
                    ids or "-",
                    _status(sent),
                    f"{sent.milliseconds:.0f}",
                )
        self._console.print(table)

    async def _held(self, space: Space) -> list[dict[str, Any]]:
        base_url = str(getattr(space.oms, "base_url", ""))
        answer = await asyncio.to_thread(_get, f"{base_url.rstrip('/')}/_sandbox/orders")
        orders: list[dict[str, Any]] = msgspec.json.decode(answer)["orders"]
        return orders

    def _say_how(self, file: Path, stands: Sequence[Stand]) -> None:
        space = self._config.spaces[stands[0].spaces[0]]
        url = consume_url(self._config, space)
        console = self._console
        console.print("\nSend an order of your own:\n")
        for name in [name for stand in stands for name in stand.spaces]:
            console.print(f"  .venv/bin/multiorder send FILE --space {name}", markup=False)
        console.print()
        scheme = space.signature
        if (scheme.scheme, scheme.encoding) == ("hmac-sha256", "hex"):
            console.print("or without our help, signed as Nacelle signs it:\n")
            secret = space.secrets[0].reveal()
            for line in (
                f"FILE={file}",
                f"SIGNATURE=$(openssl dgst -sha256 -hmac '{secret}' -hex < $FILE | sed 's/^.* //')",
                f"curl {url} \\",
                "    -H 'content-type: application/json' \\",
                f'    -H "{scheme.header}: {scheme.prefix}$SIGNATURE" --data-binary @$FILE',
            ):
                console.print(f"  {line}", markup=False)
        held = "\n".join(
            f"  curl http://{each.host}:{each.port}/_sandbox/orders" for each in stands
        )
        console.print(f"\nSee what the OMS holds:\n\n{held}", markup=False)


def _get(url: str) -> bytes:
    from urllib.request import urlopen  # noqa: PLC0415 - only here

    with urlopen(url, timeout=10) as answer:  # noqa: S310 - a sandbox on this machine
        content: bytes = answer.read()
    return content


def _identity(body: bytes) -> str:
    """Return the beginning of the order's id, by which a person can tell it."""
    return str(msgspec.json.decode(body).get("id") or "")[:8]


def _status(sent: Sent) -> str:
    if sent.status == 200:
        return "[green]200[/green]"
    code = msgspec.json.decode(sent.body)["error"]["details"]["code"]
    return f"[red]{sent.status}[/red] {code}"


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
