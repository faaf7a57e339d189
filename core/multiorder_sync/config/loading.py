"""A `config.toml` to a `Config`, or every problem that keeps it from being one."""

from pathlib import Path
from typing import Any, Final

from multiorder_sync.config.cautions import cautions
from multiorder_sync.config.document import read_document
from multiorder_sync.config.leaves import SettingLeaves
from multiorder_sync.config.reports import key, read_table
from multiorder_sync.config.settings import Config, ServerSettings, Space
from multiorder_sync.config.sources import TextSources
from multiorder_sync.config.spaces import SpaceReader
from multiorder_sync.config.tables import JournalTable
from multiorder_sync.errors import ConfigurationError, Problem
from multiorder_sync.oms.plugins import Registry
from multiorder_sync.reading import StructReader, kind_of, nearest

TABLES: Final = ("server", "journal", "spaces")

_NO_SPACES: Final = Problem(
    "spaces",
    "no space is configured, so there is nobody to take orders from",
    "add a table [spaces.ID], where ID is Nacelle's space id",
)
_JOURNAL: Final = Problem(
    "journal",
    "the journal is not in this version of multiorder-sync, so this table has no effect",
    "keep it for a later version, or take it out",
)


def load(path: str | Path, registry: Registry) -> Config:
    """Read a configuration and check all of it against what is installed.

    Args:
        path: The TOML file. Relative paths in it start at its folder.
        registry: What is installed. A space whose connector is broken is served as such.

    Raises:
        ConfigurationError: If it can't be used, with every problem.
    """
    path = Path(path)
    source = str(path)
    document = read_document(path)
    leaves = SettingLeaves(TextSources(path.absolute().parent))
    problems = _unknown_tables(document)
    server = read_table(
        StructReader(ServerSettings, leaves, refuse_unknown=True),
        document.get("server", {}),
        "server",
        problems,
    )
    if "journal" in document:
        reader = StructReader(JournalTable, leaves, refuse_unknown=True)
        read_table(reader, document["journal"], "journal", problems)
    spaces, warnings = _spaces(document.get("spaces", {}), SpaceReader(registry, leaves), problems)
    if problems or server is None:
        raise ConfigurationError(source, problems)
    warnings += cautions(spaces, document["spaces"])
    if "journal" in document:
        warnings.append(_JOURNAL)
    return Config(source=source, server=server, spaces=spaces, warnings=tuple(warnings))


def _unknown_tables(document: dict[str, Any]) -> list[Problem]:
    problems = []
    for name in document:
        if name not in TABLES:
            near = nearest(name, TABLES)
            remedy = f"did you mean {near}?" if near else f"known here: {', '.join(TABLES)}"
            problems.append(Problem(key(name), "is not a setting", remedy))
    return problems


def _spaces(
    tables: Any, reader: SpaceReader, problems: list[Problem]
) -> tuple[dict[str, Space], list[Problem]]:
    spaces: dict[str, Space] = {}
    warnings: list[Problem] = []
    if not isinstance(tables, dict):
        problems.append(Problem("spaces", f"must be a table, not {kind_of(tables)}"))
    elif not tables:
        problems.append(_NO_SPACES)
    else:
        for space_id, table in tables.items():
            space = reader.read(space_id, table, problems, warnings)
            if space is not None:
                spaces[space_id] = space
    return spaces, warnings
