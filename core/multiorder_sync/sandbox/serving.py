"""Running a sandbox: from the command line, or beside other things in one event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from multiorder_sync.sandbox.answers import EXTENSION
from multiorder_sync.sandbox.stand_in import Sandbox

_GRACE_SECONDS: Final = 0.3
_KEEP_ALIVE_SECONDS: Final = 75


def run_sandbox(
    sandbox: Sandbox,
    host: str,
    port: int,
    *,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a sandbox until the process is told to stop (Ctrl-C, SIGTERM).

    Args:
        sandbox: The sandbox.
        host: The address to listen at.
        port: The port; 0 for a free one.
        on_ready: Is given the base URL as soon as calls are taken.

    Raises:
        OSError: If it can't listen there, before anything else has happened.
    """
    with _listening(host, port) as listener:
        url = _url(host, listener)
        server = _Server(sandbox, ready=lambda: on_ready and on_ready(url), signals=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


@contextlib.asynccontextmanager
async def serving(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve a sandbox in the running event loop, for as long as the context lasts.

    Args:
        sandbox: The sandbox.
        host: The address to listen at.
        port: The port; 0 for a free one.

    Yields:
        The base URL, once calls are taken.

    Raises:
        OSError: If it can't listen there.
    """
    with _listening(host, port) as listener:
        ready = asyncio.Event()
        server = _Server(sandbox, ready=ready.set, signals=False)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        started = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.is_set():
                await running  # says why it did not start
            yield _url(host, listener)
        finally:
            started.cancel()
            server.should_exit = True
            await running


class _Protocol(HttpToolsProtocol):
    """HTTP that hands the connection to the application, so that it can be cut."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"transport": self.transport}}


class _Server(uvicorn.Server):
    """One run of one sandbox.

    When it ends, calls that hang or wait are cut, and so are, a little later, those that are
    still not through.
    """

    def __init__(self, sandbox: Sandbox, *, ready: Callable[[], object], signals: bool) -> None:
        self._closing = asyncio.Event()
        self._ready = ready
        self._signals = signals

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"][EXTENSION]["closing"] = self._closing
            await sandbox(scope, receive, send)

        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        cutting = asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._cut)
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if not self._signals:  # they belong to whoever runs the event loop
            yield
            return
        with super().capture_signals():
            yield

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # asyncio turns Nagle's delay off only where the socket says that it is TCP; it is 40 ms a call.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, listener.detach())


def _url(host: str, listener: socket.socket) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
