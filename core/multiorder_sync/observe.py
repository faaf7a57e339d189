"""Logs: the thin layer that everything may call.

Each part takes its logger from `structlog.get_logger()`; how lines look is set here, once, by
the command that runs. Nothing secret reaches a log: secrets are `Secret`, and what an OMS says
is redacted where it comes in.
"""

import logging
import sys
from typing import Literal, TextIO

import structlog

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["critical", "error", "warning", "info", "debug"]


def configure_logging(
    log_format: LogFormat = "auto", level: LogLevel = "info", stream: TextIO | None = None
) -> None:
    """Write log lines to `stream` (standard error by default).

    Args:
        log_format: One JSON object a line, or for a person's eyes; "auto" takes the latter where
            the stream is a terminal.
        level: The lowest level that is written.
        stream: Where to.
    """
    stream = stream or sys.stderr
    for_a_person = log_format == "console" or (log_format == "auto" and stream.isatty())
    renderer: list[structlog.typing.Processor] = (
        # A traceback without the values of variables: those can be the shopper's, or a secret.
        [
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if for_a_person
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    # What the libraries below us have to say, for instance uvicorn's errors.
    logging.basicConfig(stream=stream, level=max(_LEVELS[level], logging.WARNING), force=True)


_LEVELS = {
    "critical": logging.CRITICAL,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
