"""What is logged and printed while a connector is put to the test."""

import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, Final, TextIO, cast

import structlog

_OF_THE_SANDBOX: Final = "uvicorn.access"


@contextmanager
def logged(into: list[str]) -> Iterator[None]:
    """Gather every line that is logged in the block, by structlog and by the standard library.

    pytest gets none of them: it would show hundreds with each failure.
    """
    root, sandbox = logging.getLogger(), logging.getLogger(_OF_THE_SANDBOX)
    before = (root.level, root.handlers, sandbox.level)
    root.handlers = [_Gathering(into)]
    root.setLevel(logging.DEBUG)
    sandbox.setLevel(logging.CRITICAL)
    with structlog.testing.capture_logs() as lines:
        try:
            yield
        finally:
            root.setLevel(before[0])
            root.handlers = before[1]
            sandbox.setLevel(before[2])
            into += [repr(line) for line in lines]


@contextmanager
def printed(into: list[str], besides: threading.Thread | None = None) -> Iterator[None]:
    """Gather all that is printed in the block, on any thread of the process.

    It goes on to where it would have gone, so that pytest, and whoever debugs, gets it too.

    Args:
        into: Where it is added, as one text.
        besides: A thread whose words do not count.
    """
    texts: list[str] = []
    out, err = (cast("TextIO", _Tee(each, texts, besides)) for each in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            yield
        finally:
            into.append("".join(texts))


class _Tee:
    """A stream that is another one in all but that it keeps what is written."""

    def __init__(self, on: TextIO, into: list[str], besides: threading.Thread | None) -> None:
        self._on = on
        self._into = into
        self._besides = besides

    def write(self, text: str) -> int:
        if threading.current_thread() is not self._besides:
            self._into.append(text)
        return self._on.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._on, name)


class _Gathering(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(logging.Formatter().format(record))
