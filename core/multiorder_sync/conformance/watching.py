"""Running a connector's code under watch: for how long, and what it reaches for meanwhile."""

import ctypes
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import msgspec

T = TypeVar("T")

CALLING: Final = ("connects to the network", "looks up a host's name")
"""What comes first in what is said of a call to another host."""

_REACHING_OUT: Final = {
    "socket.connect": CALLING[0],
    "socket.getaddrinfo": CALLING[1],
    "socket.gethostbyname": CALLING[1],
    "socket.bind": "opens a socket",
    "socket.sendto": "sends to the network",
    "socket.sendmsg": "sends to the network",
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.posix_spawn": "starts a process",
    "sqlite3.connect": "opens a database",
    "open": "opens a file",
}
_OF_A_SOCKET: Final = frozenset(
    {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
)
_CODE: Final = (".py", ".pyc", ".so", ".pyd")
_DATA: Final = (".toml", ".graphql", ".json", ".zip")
_OWN_FOLDER: Final = str(Path(__file__).parent)
_ENDING_SECONDS: Final = 1.0


Work = tuple[Callable[[], Any], str | None]


class Hung(Exception):
    """Code did not end in time; the text says where it was."""


class Watch:
    """Sees what threads under watch do to the world outside of the process.

    Python's audit hooks can't be taken off again, so that there is one watch for a test run.
    """

    def __init__(self) -> None:
        self._sights: dict[int, _Sight] = {}
        self._theirs: WeakKeyDictionary[threading.Thread, _Sight] = WeakKeyDictionary()
        sys.addaudithook(self._audit)

    def begin(self, own: str | None = None) -> list[str]:
        """Put the running thread under watch; what it does is added to the list.

        What threads do that are started meanwhile is added too, by then or later.

        Args:
            own: The folder whose data is read as code is.
        """
        known = frozenset(set(threading.enumerate()) - set(self._theirs))
        sight = _Sight([], own, known, frozenset(sys._current_frames()))  # noqa: SLF001 - documented
        return self._sights.setdefault(threading.get_ident(), sight).seen

    def end(self) -> None:
        """Take the running thread off watch."""
        sight = self._sights.pop(threading.get_ident(), None)
        if sight is not None:
            for thread in set(threading.enumerate()) - sight.known:
                self._theirs[thread] = sight

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _REACHING_OUT:
            return
        sight = self._sight()
        if sight is None:
            return
        # Of most events of sockets, the address comes after the socket.
        subject = arguments[1] if event in _OF_A_SOCKET else arguments[0]
        if event == "open" and _is_import(subject, arguments, sight.own):
            return
        sight.seen.append(f"{_REACHING_OUT[event]}: {subject!r:.80}")

    def _sight(self) -> "_Sight | None":
        """Return what sees the running thread: it is under watch, or was started by one that is."""
        identity = threading.get_ident()
        if identity in self._sights:
            return self._sights[identity]
        # `current_thread` would make a thread of one that is no Thread.
        thread = threading._active.get(identity)  # type: ignore[attr-defined]  # noqa: SLF001
        for sight in list(self._sights.values()):
            if thread not in sight.known if thread is not None else identity not in sight.running:
                return sight
        return None if thread is None else self._theirs.get(thread)


class _Sight(msgspec.Struct, frozen=True):
    """What is seen of one piece of work.

    Attributes:
        seen: What it did.
        own: Where its own data is.
        known: The threads that were there before.
        running: Their identities, with those of threads that Python's `threading` does not know.
    """

    seen: list[str]
    own: str | None
    known: frozenset[threading.Thread]
    running: frozenset[int]


def _is_import(subject: Any, arguments: tuple[Any, ...], own: str | None) -> bool:
    """Tell whether a file is opened to import code late, or to show a line of it."""
    mode = arguments[1] if len(arguments) > 1 else None
    if not isinstance(subject, str) or (isinstance(mode, str) and set(mode) & set("wax+")):
        return False
    if subject.endswith(_CODE):
        return True
    if not subject.endswith(_DATA):
        return False
    return (own is not None and Path(subject).is_relative_to(own)) or _by_importing()


def _by_importing() -> bool:
    """Tell whether the running code is that of an import."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented, and the only way
    while frame is not None:
        if "importlib" in frame.f_code.co_filename or "zipimport" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


class Done(msgspec.Struct, frozen=True):
    """What came of a piece of work that was watched.

    Attributes:
        value: What it returned.
        error: What it raised.
        reached_out: What it did to the world outside of the process.
    """

    value: Any = None
    error: BaseException | None = None
    reached_out: tuple[str, ...] = ()


class Worker:
    """A thread on which a connector's code is run, one piece after the other.

    Args:
        watch: Sees what the code reaches for.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self._thread: threading.Thread | None = None
        self._given: SimpleQueue[Work | None] = SimpleQueue()
        self._done: SimpleQueue[Done] = SimpleQueue()

    def result(self, work: Callable[[], T], seconds: float) -> T:
        """Return what the work comes to, or raise what it raises; see `run`."""
        done = self.run(work, seconds)
        if done.error is not None:
            raise done.error
        value: T = done.value
        return value

    def run(self, work: Callable[[], Any], seconds: float, *, own: str | None = None) -> Done:
        """Run a piece of work and return what came of it.

        Args:
            work: The work.
            seconds: How long it may take.
            own: The folder whose data it may read.

        Raises:
            Hung: It takes longer than that; it is then broken off, as far as Python can.
        """
        thread = self._running()
        self._given.put((work, own))
        try:
            return self._done.get(timeout=seconds)
        except Empty:
            where = _position(thread)
        self._thread = None
        self._break_off(thread)
        raise Hung(f"did not end within {seconds:g} seconds; it was {where}")

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._given.put(None)
            self._thread.join(_ENDING_SECONDS)
            self._thread = None

    def _running(self) -> threading.Thread:
        if self._thread is None:
            # New ones: a piece that was broken off may still come to an end, for nobody.
            self._given, self._done = SimpleQueue(), SimpleQueue()
            self._thread = threading.Thread(
                target=self._run, args=(self._given, self._done), name="under-watch", daemon=True
            )
            self._thread.start()
        return self._thread

    def _run(self, given: "SimpleQueue[Work | None]", done: "SimpleQueue[Done]") -> None:
        while (taken := given.get()) is not None:
            work, own = taken
            seen = self._watch.begin(own) if self._watch is not None else []
            try:
                found = Done(work())
            except BaseException as error:  # noqa: BLE001 - a plugin may raise anything; it is told
                found = Done(error=error)
            finally:
                if self._watch is not None:
                    self._watch.end()
            done.put(msgspec.structs.replace(found, reached_out=tuple(seen)))

    def _break_off(self, thread: threading.Thread) -> None:
        """Raise in the thread: what loops for ever would take the time of all that follows."""
        self._given.put(None)
        identity = ctypes.c_ulong(thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(SystemExit))
        thread.join(_ENDING_SECONDS)


def _position(thread: threading.Thread) -> str:
    """Say where a thread is, by the innermost line that is neither Python's own nor the kit's."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - documented, and the only way
    found = [summary for summary in traceback.extract_stack(frame) if is_theirs(summary.filename)]
    if not found:
        return "in code of its own" if frame is None else f"in {_named(frame)}"
    last = found[-1]
    return f"in {last.name} ({last.filename}:{last.lineno}: {last.line})"


def is_theirs(filename: str) -> bool:
    """Tell whether a file is neither Python's own nor the kit's."""
    return not filename.startswith(("<frozen", sys.base_prefix, _OWN_FOLDER))


def _named(frame: FrameType) -> str:
    return f"{frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})"
