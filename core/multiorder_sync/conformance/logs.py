"""What is logged while a connector is put to the test."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

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


class _Gathering(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(logging.Formatter().format(record))
