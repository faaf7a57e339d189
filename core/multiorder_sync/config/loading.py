"""A `config.toml` to a `Config`, or every problem that keeps it from being one."""

from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from multiorder_sync.config.cautions import (
    alarm_cautions,
    cautions,
    journal_cautions,
    plugin_cautions,
)
from multiorder_sync.config.database import located
from multiorder_sync.config.document import read_document
from multiorder_sync.config.leaves import SettingLeaves
from multiorder_sync.config.reports import key, read_table
from multiorder_sync.config.settings import (
    AlarmSettings,
    CircuitBreakerSettings,
    Config,
    JournalSettings,
    RedeliverySettings,
    ServerSettings,
    Space,
)
from multiorder_sync.config.sources import TextSources
from multiorder_sync.config.spaces import SpaceReader
from multiorder_sync.errors import ConfigurationError, Problem
from multiorder_sync.oms.plugins import Registry
from multiorder_sync.reading import StructReader, kind_of, nearest

StructT = TypeVar("StructT", bound=msgspec.Struct)

TABLES: Final = ("server", "journal", "redelivery", "alarms", "circuit_breaker", "spaces")

_NO_SPACES: Final = Problem(
    "spaces",
    "no space is configured, so there is nobody to take orders from",
    "add a table [spaces.ID], where ID is Nacelle's space id",
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
    folder = path.absolute().parent
    leaves = SettingLeaves(TextSources(folder))
    problems = _unknown_tables(document)

    def table(kind: type[StructT], name: str) -> StructT | None:
        reader = StructReader(kind, leaves, refuse_unknown=True)
        return read_table(reader, document.get(name, {}), name, problems)

    server = table(ServerSettings, "server")
    journal = _placed(table(JournalSettings, "journal"), folder, problems)
    redelivery = table(RedeliverySettings, "redelivery")
    alarms = table(AlarmSettings, "alarms")
    circuit_breaker = table(CircuitBreakerSettings, "circuit_breaker")
    spaces, warnings = _spaces(document.get("spaces", {}), SpaceReader(registry, leaves), problems)
    if problems or not (server and journal and redelivery and alarms and circuit_breaker):
        raise ConfigurationError(source, problems)
    warnings += cautions(spaces, document["spaces"])
    warnings += journal_cautions(document.get("journal", {}))
    warnings += alarm_cautions(alarms, document.get("alarms", {}))
    warnings += plugin_cautions(registry, spaces)
    return Config(
        source=source,
        server=server,
        spaces=spaces,
        journal=journal,
        redelivery=redelivery,
        alarms=alarms,
        circuit_breaker=circuit_breaker,
        warnings=tuple(warnings),
    )


def _placed(
    journal: JournalSettings | None, folder: Path, problems: list[Problem]
) -> JournalSettings | None:
    """Let a SQLite file start at the configuration's folder, as every path in it does."""
    if journal is None:
        return None
    try:
        url = located(journal.url, folder)
    except ValueError as error:
        reason, _, remedy = str(error).partition("\n")
        problems.append(Problem("journal.url", reason, remedy))
        return None
    return msgspec.structs.replace(journal, url=url)


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
