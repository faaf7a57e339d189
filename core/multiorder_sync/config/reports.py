"""Reading one table of the file and putting what is wrong where it stands."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec

from multiorder_sync.errors import Problem
from multiorder_sync.reading import StructReader, kind_of

TableT = TypeVar("TableT", bound=msgspec.Struct)

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """Return a key as TOML writes it: bare where that can be, else in quotation marks."""
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def placed(at: str, problems: Iterable[Problem]) -> list[Problem]:
    """Return problems of a table as those of the file, given the table's own path."""
    return [
        Problem(_joined(at, problem.path), problem.reason, problem.remedy) for problem in problems
    ]


def read_table(
    reader: StructReader[TableT], table: Any, at: str, problems: list[Problem]
) -> TableT | None:
    """Read one table; what is wrong is added to `problems`, and then it comes to None."""
    if not isinstance(table, dict):
        problems.append(Problem(at, f"must be a table, not {kind_of(table)}"))
        return None
    read, found = reader.read(table)
    problems += placed(at, found)
    return read


def _joined(at: str, path: str) -> str:
    return f"{at}{'' if not path or path.startswith('[') else '.'}{path}"
