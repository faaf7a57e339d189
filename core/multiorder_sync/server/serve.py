"""Running the application on uvicorn."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from multiorder_sync.config import ServerSettings
from multiorder_sync.server.hangups import Hangups
from multiorder_sync.server.protocol import EnvelopeProtocol

# Longer than load balancers keep theirs, so that none sends into a connection that we close.
_KEEP_ALIVE_SECONDS: Final = 75

Reload = Callable[[], Awaitable[None]]


def bind(host: str, port: int) -> socket.socket:
    """Bind the address, so that a taken port is known before anything is started.

    Raises:
        OSError: If the address can't be had.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def uvicorn_config(app: ASGIApp, settings: ServerSettings) -> uvicorn.Config:
    """Return uvicorn's configuration for these settings."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=EnvelopeProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        server_header=False,
        root_path=settings.root_path,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_grace_seconds),
    )


class _Server(uvicorn.Server):
    """uvicorn's server, which also takes SIGHUP."""

    def __init__(
        self,
        config: uvicorn.Config,
        reload: Reload,
        hangups: Hangups,
        stopping: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._reload = reload
        self._hangups = hangups
        self._reloading: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the signal as soon as calls are taken, and what came of it before."""
        await super().startup(sockets)
        self._hangups.take(self._on_hup)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the calls that are under way, and let it be known that no others come."""
        self._stopping()
        await super().shutdown(sockets)

    def _on_hup(self) -> None:
        before = self._reloading

        async def one_after_the_other() -> None:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
            await self._reload()

        self._reloading = asyncio.create_task(one_after_the_other())


def serve(  # noqa: PLR0913 - what a running server hears of, by keyword
    app: ASGIApp,
    settings: ServerSettings,
    listener: socket.socket,
    *,
    reload: Reload,
    hangups: Hangups,
    stopping: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; calls under way are finished within the grace time.

    Args:
        app: The application.
        settings: How it is reached.
        listener: The socket to listen on.
        reload: What SIGHUP asks for; it does not raise.
        hangups: Hears SIGHUP.
        stopping: Is called once the server is to stop, before it waits for the calls.
    """
    _Server(uvicorn_config(app, settings), reload, hangups, stopping).run(sockets=[listener])


@asynccontextmanager
async def serving(app: ASGIApp, settings: ServerSettings) -> AsyncIterator[str]:
    """Serve in the running event loop for as long as the context lasts; gives the base URL.

    Raises:
        OSError: If the address can't be had.
    """
    listener = bind(settings.host, settings.port)
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn_config(app, settings))
    # Who holds the context decides when it ends; a signal is theirs.
    task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001 - `serve` takes the signals
    try:
        while not server.started:
            await asyncio.sleep(0.005)
            if task.done():
                task.result()
                raise RuntimeError("the server did not start")
        scheme = "https" if settings.tls_certificate else "http"
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield f"{scheme}://{host}:{port}"
    finally:
        server.should_exit = True
        await task
