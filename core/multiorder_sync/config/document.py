"""A TOML file as plain data; what keeps it from being that is one clear problem."""

import re
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from multiorder_sync.errors import ConfigurationError, Problem

_POSITION: Final = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")


def read_document(path: Path) -> dict[str, Any]:
    """Read a TOML file; numbers with a fraction are `Decimal`.

    Raises:
        ConfigurationError: If there is no such file, it can't be read, or is not TOML in UTF-8.
    """
    source = str(path)
    content = _read(path)
    try:
        # Editors on Windows put a byte order mark first, which is no part of the text.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(f"line {line}", "is not UTF-8", "save the file in UTF-8")
        raise ConfigurationError(source, [problem]) from None
    try:
        return tomllib.loads(text, parse_float=_number)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(source, [_syntax_problem(error, text)]) from None
    except RecursionError:
        raise ConfigurationError(source, [Problem("", "is nested too deeply")]) from None
    except ValueError as error:
        raise ConfigurationError(source, [Problem("", f"is not TOML: {error}")]) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        reason, remedy = "there is no such file", "name the configuration with --config FILE"
    except IsADirectoryError:
        reason, remedy = "is a folder, not a file", "name the file in it"
    except PermissionError:
        reason, remedy = "can't be read", "let the user that runs this read it"
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        reason, remedy = f"can't be read: {words}", "name another file with --config FILE"
    raise ConfigurationError(str(path), [Problem("", reason, remedy)])


def _number(literal: str) -> Decimal:
    try:
        return Decimal(literal)
    except InvalidOperation:
        raise ValueError(f"the number {literal[:30]} is too large") from None


def _syntax_problem(error: tomllib.TOMLDecodeError, text: str) -> Problem:
    reason = str(error)
    found = _POSITION.search(reason)
    if found is None:
        return Problem("", f"is not TOML: {reason}")
    lines = text.split("\n")
    line, column = found[1] or len(lines), found[2] or len(lines[-1]) + 1
    reason = reason[: found.start()]
    return Problem(
        f"line {line}, column {column}", f"is not TOML: {reason[:1].lower()}{reason[1:]}"
    )
