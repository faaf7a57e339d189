"""One space's table, its connector's settings and its mappings, checked together."""

import re
from typing import Any, Final, NamedTuple

import msgspec

from multiorder_sync.config.leaves import SettingLeaves
from multiorder_sync.config.markers import check_header_name
from multiorder_sync.config.reports import key, placed, read_table
from multiorder_sync.config.settings import Space
from multiorder_sync.config.sources import quoted
from multiorder_sync.config.tables import SpaceTable
from multiorder_sync.errors import Problem
from multiorder_sync.nacelle.readings import PricePolicy
from multiorder_sync.oms.connector import Connector
from multiorder_sync.oms.mapping import Mappings, compile_mappings
from multiorder_sync.oms.plugins import BrokenPlugin, InstalledConnector, Registry
from multiorder_sync.reading import StructReader, nearest

SPACE_ID: Final = r"^[^/\x00-\x1f\x7f-\x9f]+$"
"""What can be a space id: it is a part of a path, and a header's value."""


class _Connected(NamedTuple):
    """What a space's connector makes of its settings."""

    oms: Any = None
    mapping: Mappings = Mappings()
    broken: BrokenPlugin | None = None


class SpaceReader:
    """Reads the tables of spaces.

    Args:
        registry: What is installed.
        leaves: The readers of single settings.
    """

    def __init__(self, registry: Registry, leaves: SettingLeaves) -> None:
        self._registry = registry
        self._leaves = leaves
        self._tables = StructReader(SpaceTable, leaves, refuse_unknown=True)

    def read(
        self, space_id: str, table: Any, problems: list[Problem], warnings: list[Problem]
    ) -> Space | None:
        """Read one space; None if anything about it is added to `problems`."""
        at = f"spaces.{key(space_id)}"
        before = len(problems)
        if not re.fullmatch(SPACE_ID, space_id):
            reason = 'a space id must not be empty, nor hold "/" or control characters'
            problems.append(Problem(at, reason))
        settings = read_table(self._tables, table, at, problems)
        connected = self._connect(table, at, problems) if isinstance(table, dict) else _Connected()
        if settings is not None:
            problems += placed(at, _contradictions(settings))
        if settings is None or len(problems) > before:
            return None
        if connected.broken is not None:
            reason = f"is broken, so this space takes no orders: {connected.broken.reason}"
            warnings.append(Problem(f"{at}.connector", reason, connected.broken.remedy))
        return Space(
            id=space_id,
            connector=settings.connector,
            secrets=settings.secrets,
            headers=settings.headers,
            signature=settings.signature,
            deadline_seconds=settings.deadline_seconds,
            on_outage=settings.on_outage,
            enabled=settings.enabled,
            required_fields=settings.required_fields,
            prices=PricePolicy(item_price=settings.item_price, tax_behavior=settings.tax_behavior),
            limits=settings.limits,
            oms=connected.oms,
            mapping=connected.mapping,
            broken=connected.broken,
        )

    def _connect(self, table: dict[str, Any], at: str, problems: list[Problem]) -> _Connected:
        """Read what is the connector's, even where something else of the space is wrong."""
        try:
            name = self._leaves(str, ())(table.get("connector"))
        except ValueError:
            return _Connected()  # the space's own table has been found wrong in this already
        found = self._registry.look_up(name)
        match found:
            case None:
                problems.append(self._not_installed(name, f"{at}.connector"))
                return _Connected()
            case BrokenPlugin():
                return _Connected(broken=found)
            case InstalledConnector():
                return self._read_for(found, name, table, at, problems)

    def _read_for(
        self,
        installed: InstalledConnector,
        name: str,
        table: dict[str, Any],
        at: str,
        problems: list[Problem],
    ) -> _Connected:
        connector = installed.connector
        own: list[Problem] = []
        try:
            reader = StructReader(connector.Settings, self._leaves, refuse_unknown=True)
            oms = read_table(reader, table.get("oms", {}), f"{at}.oms", own)
            own += placed(f"{at}.oms", _beyond_reading(oms))
            mapping = self._mapping(table.get("mapping", {}), connector, at, own)
        except Exception as error:  # noqa: BLE001 - a plugin's own types and checks run in there
            return _Connected(broken=_broken_by(error, installed, name))
        problems += own
        return _Connected(oms=oms, mapping=mapping)

    def _mapping(
        self, table: Any, connector: type[Connector[Any, Any]], at: str, problems: list[Problem]
    ) -> Mappings:
        if not isinstance(table, dict):
            return Mappings()  # the space's own table has been found wrong in this already
        texts = {}
        read_text = self._leaves(str, ())
        for place, value in table.items():
            try:
                texts[place] = read_text(value)
            except ValueError as error:
                reason, _, remedy = str(error).partition("\n")
                problems.append(Problem(f"{at}.mapping.{key(place)}", reason, remedy or None))
        mappings, found = compile_mappings(texts, connector.Payload, connector.reserved)
        problems += placed(f"{at}.mapping", found)
        return mappings

    def _not_installed(self, name: str, at: str) -> Problem:
        names = self._registry.names
        if not names:
            remedy = "no connector is installed at all: pip install multiorder-NAME, with your OMS for NAME"
        else:
            near = nearest(name, names)
            meant = f"did you mean {quoted(near)}? " if near else ""
            remedy = f"{meant}installed: {', '.join(names)}"
        return Problem(at, f"no installed package has a connector {quoted(name)}", remedy)


def _contradictions(settings: SpaceTable) -> list[Problem]:
    problems = []
    if settings.enabled and not settings.secrets:
        remedy = 'add for instance secrets = [{ env = "NACELLE_SECRET" }], or enabled = false'
        problems.append(Problem("secrets", "an enabled space needs at least one secret", remedy))
    names = [("signature.header", settings.signature.header)]
    names += [(f"headers.{key(name)}", name) for name in settings.headers]
    for path, name in names:
        try:
            check_header_name(name)
        except ValueError as error:
            problems.append(Problem(path, str(error)))
    lowered = [name.lower() for _, name in names[1:]]
    for path, name in names[1:]:
        if lowered.count(name.lower()) > 1:
            problems.append(Problem(path, "is there twice: case makes no difference to a header"))
    return problems


def _beyond_reading(settings: msgspec.Struct | None) -> list[Problem]:
    """Find what annotations ask for beyond single settings, such as the length of a list."""
    problems = []
    for field in msgspec.structs.fields(settings) if settings is not None else ():
        try:
            msgspec.convert(getattr(settings, field.name), field.type)
        except msgspec.ValidationError as error:
            problems.append(Problem(field.encode_name, str(error)))
    return problems


def _broken_by(error: Exception, installed: InstalledConnector, name: str) -> BrokenPlugin:
    return BrokenPlugin(
        names=(name,),
        distribution=installed.distribution,
        version=installed.version,
        entry_point=installed.entry_point,
        reason=f"its settings can't be read: {type(error).__name__}: {error}",
        remedy=f"upgrade {installed.distribution}, or tell its authors",
    )
