"""Logs: the thin layer that everything may call.

Each part takes its logger from `structlog.get_logger()`; how lines look is set here, once, by
the command that runs. Nothing secret reaches a log: secrets are `Secret`, and what an OMS says
is redacted where it comes in.

A line that can't be written is lost and counted, and nothing else: the disk behind a log must not
decide what an order is answered.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, TextIO

import structlog

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["critical", "error", "warning", "info", "debug"]


Keep = Callable[[str], str]
"""Returns a text with `***` in place of what is not for the log."""

Lost = Callable[[], None]
"""Is told that a line was lost."""


def _nobody() -> None:
    pass


_keep: Final[ContextVar[Keep | None]] = ContextVar("keep", default=None)


@contextmanager
def discreet(keep: Keep) -> Iterator[None]:
    """Pass every traceback that is logged during the block through this.

    Who writes a plugin quotes in an error what they had in hand: that may be anything.
    """
    before = _keep.set(keep)
    try:
        yield
    finally:
        _keep.reset(before)


def configure_logging(
    log_format: LogFormat = "auto",
    level: LogLevel = "info",
    stream: TextIO | None = None,
    *,
    lost: Lost = _nobody,
) -> None:
    """Write log lines to `stream` (standard error by default).

    Args:
        log_format: One JSON object a line, or for a person's eyes; "auto" takes the latter where
            the stream is a terminal.
        level: The lowest level that is written.
        stream: Where to.
        lost: Is told of every line that could not be written.
    """
    stream = stream or sys.stderr
    for_a_person = log_format == "console" or (log_format == "auto" and stream.isatty())
    renderer: list[structlog.typing.Processor] = (
        [
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if for_a_person
        else [structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # A traceback without the values of variables: those can be the shopper's, or a secret.
            structlog.processors.format_exc_info,
            _kept,
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: _Lines(stream, lost),
        cache_logger_on_first_use=False,
    )
    # What the libraries below us have to say, for instance uvicorn's errors.
    logging.basicConfig(
        handlers=[_LinesOfLibraries(stream, lost)],
        level=max(_LEVELS[level], logging.WARNING),
        force=True,
    )


def _kept(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    keep = _keep.get()
    if keep is not None and isinstance(line.get("exception"), str):
        line["exception"] = keep(line["exception"])
    return line


class _Lines(structlog.WriteLogger):
    """Writes lines, and raises nothing into whoever has something to say."""

    def __init__(self, stream: TextIO, lost: Lost) -> None:
        super().__init__(stream)
        self._lost = lost

    def msg(self, message: str) -> None:
        """Write a line."""
        try:
            super().msg(message)
        except (OSError, ValueError):  # the latter from a stream that is closed
            self._lost()

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


class _LinesOfLibraries(logging.StreamHandler[TextIO]):
    def __init__(self, stream: TextIO, lost: Lost) -> None:
        super().__init__(stream)
        self._lost = lost

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's own
        """Take note; by default it would be told on the stream that failed."""
        self._lost()


_LEVELS = {
    "critical": logging.CRITICAL,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
