"""What strangers wrote, shown so that it can do nothing to a terminal; tables, and JSON."""

import re
import sys
from datetime import datetime
from typing import Any, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

# Control characters, and those that turn the direction of writing or hide in it.
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_WIDE: Final = 1_000


def plain(text: str) -> str:
    """Return a text with every control character as its escape."""
    return _CONTROL.sub(_escaped, text)


def lines(text: str) -> str:
    """Return a text of several lines, with every other control character as its escape."""
    return "\n".join(plain(line.expandtabs(4)) for line in text.replace("\r\n", "\n").split("\n"))


def wide() -> Console:
    """Return a console for tables: in a file or a pipe, nothing of them is cut or broken."""
    width = None if sys.stdout.isatty() else _WIDE
    return Console(highlight=False, width=width)


def table(*columns: str) -> Table:
    """Return an empty table whose cells are never cut off."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def cell(value: Any, style: str = "") -> Text:
    """Return a cell of a table, or a text anywhere, in which nothing is markup."""
    return Text("-" if value in (None, "", ()) else plain(str(value)), style=style)


def time(at: datetime | None) -> str:
    """Return a time, in UTC, to the second."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def print_json(value: Any) -> None:
    """Print one JSON document for a script; as text it is harmless for a terminal, too."""
    typer.echo(as_json(value, indent=2))


def as_json(value: Any, *, indent: int = 0) -> str:
    """Return JSON, with every character that could do something to a terminal escaped."""
    encoded = msgspec.json.encode(value)
    if indent:
        encoded = msgspec.json.format(encoded, indent=indent)
    # A line break can only be one between the values; within a text it is escaped already.
    return "\n".join(_CONTROL.sub(_json_escaped, line) for line in encoded.decode().split("\n"))


def progress(console: Console) -> Progress:
    """Return a progress bar, which shows in a terminal alone."""
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _json_escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
