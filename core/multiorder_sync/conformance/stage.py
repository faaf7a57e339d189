"""Where a connector is put to the test: its sandbox, running, with a door before it."""

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from functools import cached_property
from typing import Any, Final, TypeVar

import msgspec

from multiorder_sync.conformance.door import Door
from multiorder_sync.conformance.logs import logged, printed
from multiorder_sync.conformance.passage import Fault
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.standards import Nonconforming, NotRun
from multiorder_sync.conformance.subject import Subject, at
from multiorder_sync.conformance.watching import CALLING, Hung, Watch, Worker
from multiorder_sync.errors import CredentialsRefused
from multiorder_sync.sandbox import serving

T = TypeVar("T")

_SCENE_SECONDS: Final = 60.0
_LEAKS: Final = (ResourceWarning,)
_HOST: Final = "127.0.0.1"
_NEVER_AWAITED: Final = "was never awaited"


class Play(msgspec.Struct):
    """What was seen while scenes were played.

    Attributes:
        leaks: What was left open, or never awaited.
        logged: Every log line.
        printed: All that was printed.
        receipts: What every receipt said.
        errors: What every error said.
        elsewhere: Which hosts were called that are none of the sandbox's.
    """

    leaks: list[str] = []
    logged: list[str] = []
    printed: list[str] = []
    receipts: list[str] = []
    errors: list[str] = []
    elsewhere: list[str] = []

    def hear(self, value: Any, error: BaseException | None) -> None:
        """Take note of how a call of the connector's ended."""
        if error is not None:
            self.errors.append(f"{error!r} {getattr(error, 'oms_errors', '')}")
        elif value is not None:
            self.receipts.append(repr(value))


class Stage:
    """A sandbox that is served, in an event loop and a thread of its own.

    The connector gets another event loop in each scene, so that whatever is left in there is its
    own.

    Args:
        subject: What is put to the test.
        watch: Sees what the connector's code reaches for.
        rehosted: Gives the settings that lead to a base URL.
        find_lag_seconds: For how long the OMS may not show an order that it holds.

    Attributes:
        subject: As given.
        play: What was seen so far.
    """

    def __init__(
        self,
        subject: Subject,
        watch: Watch | None = None,
        rehosted: Callable[[msgspec.Struct, str], Any] = at,
        find_lag_seconds: float = 0.0,
    ) -> None:
        self._find_lag_seconds = find_lag_seconds
        self.subject = subject
        self._watch = watch
        self.play = Play()
        self.url = ""
        self.door: Door
        self._rehosted = rehosted
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._stack = AsyncExitStack()

    def open(self) -> None:
        """Start the sandbox.

        Raises:
            Nonconforming: It can't be built.
        """
        try:
            sandbox = self.subject.sandbox()
        except Exception as error:
            raise Nonconforming(
                f"the sandbox can't be built: {type(error).__name__}: {error}",
                mend="let the sandbox's factory work without arguments",
            ) from error
        self.door = Door(sandbox)
        self._thread.start()
        self.url = self._in_house(self._stack.enter_async_context(serving(self.door)))

    def close(self) -> None:
        """Stop the sandbox."""
        if self._thread.is_alive():
            self._in_house(self._stack.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def settings_at(self, url: str) -> Any:
        """Return the subject's settings, with the OMS at another address."""
        return self._rehosted(self.subject.settings, url)

    def run(
        self,
        scene: Callable[[Scene], Awaitable[T]],
        *faults: Fault,
        settings: Any = None,
        counting: bool = True,
        tries: int = 1,
    ) -> T:
        """Play a scene with a sandbox that holds nothing, and return what it comes to.

        Args:
            scene: What is to be done with the connector.
            *faults: What becomes of its calls.
            settings: The connector's, if not those of the subject.
            counting: Whether the door counts what each call makes.
            tries: How often the client sends a call that creates nothing.

        Raises:
            Nonconforming: The connector does not come to an end, or can't be set up.
            NotRun: The sandbox does not let it in.
        """
        if self.refused_credentials is not None:
            raise NotRun(
                "the sandbox refuses the credentials of the configuration; see "
                "test_the_connector_loads"
            )
        return self._run(scene, *faults, settings=settings, counting=counting, tries=tries)

    @cached_property
    def refused_credentials(self) -> str | None:
        """What `check` says if the sandbox does not take the credentials that the settings hold."""

        async def scene(opened: Scene) -> Ended:
            return await opened.check()

        try:
            ended = self._run(scene)
        except Nonconforming:  # the checks say so
            return None
        return str(ended.error) if isinstance(ended.error, CredentialsRefused) else None

    def _run(
        self,
        scene: Callable[[Scene], Awaitable[T]],
        *faults: Fault,
        settings: Any = None,
        counting: bool = True,
        tries: int = 1,
    ) -> T:
        self._in_house(self.door.reset())
        self.door.faults = list(faults)
        self.door.counting = counting
        used = self.settings_at(self.url) if settings is None else settings

        async def played() -> T:
            asyncio.get_running_loop().set_exception_handler(self._unretrieved)
            async with Scene(
                self.subject,
                used,
                self.door,
                self._in_house_later,
                hear=self.play.hear,
                tries=tries,
                find_lag_seconds=self._find_lag_seconds,
            ) as opened:
                return await scene(opened)

        with (
            warnings.catch_warnings(record=True) as caught,
            logged(self.play.logged),
            printed(self.play.printed, besides=self._thread),
        ):
            warnings.simplefilter("always")
            # All that is there before is left out when what the scene has left is collected.
            gc.freeze()
            worker = Worker(self._watch)
            try:
                done = worker.run(lambda: asyncio.run(played()), _SCENE_SECONDS)
            except Hung as hung:
                raise Nonconforming(
                    f"the connector {hung}, and blocks the event loop or ignores the deadline",
                    mend="call the OMS through the OutboundClient only, whose calls end with the "
                    "deadline, and do nothing that blocks in a coroutine",
                ) from None
            finally:
                worker.close()
                gc.collect()
                gc.unfreeze()
                self.play.leaks += [each for each in map(_leak, caught) if each]
        self.play.elsewhere += [each for each in done.reached_out if _is_elsewhere(each)]
        if done.error is not None:
            raise done.error
        value: T = done.value
        return value

    def closed_url(self) -> str:
        """Return the URL of a port at which nobody listens."""
        with socket.create_server((_HOST, 0)) as listener:
            port = listener.getsockname()[1]
        return f"http://{_HOST}:{port}"

    def _in_house(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _in_house_later(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something in the sandbox's event loop from a scene."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _unretrieved(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        words = f"{context.get('message')}" + (f": {error!r}" if error else "")
        self.play.leaks.append(words)


def _is_elsewhere(reached_out: str) -> bool:
    return reached_out.startswith(CALLING) and _HOST not in reached_out


def _leak(warning: warnings.WarningMessage) -> str | None:
    text = str(warning.message)
    if issubclass(warning.category, _LEAKS) or _NEVER_AWAITED in text:
        return f"{warning.category.__name__}: {text} ({warning.filename}:{warning.lineno})"
    return None
