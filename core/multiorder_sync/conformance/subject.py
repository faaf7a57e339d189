"""The connector under test, with its settings and the sandbox of its OMS."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

from multiorder_sync.config import Space, load
from multiorder_sync.errors import ConfigurationError
from multiorder_sync.nacelle.readings import PricePolicy
from multiorder_sync.oms.connector import Connector
from multiorder_sync.oms.contract import claimed_name, flaw_of
from multiorder_sync.oms.plugins import discover
from multiorder_sync.oms.registry import BrokenPlugin, InstalledConnector, Registry
from multiorder_sync.sandbox import Sandbox
from multiorder_sync.secret import Secret

AnyConnector = Connector[Any, Any]
SandboxFactory = Callable[[], Sandbox]

_ORIGIN: Final = re.compile(r"^https?://[^/?#\s]+", re.IGNORECASE)
_NOT_INSTALLED: Final = "not installed"


class Unusable(Exception):
    """The connector can't be put to the test at all.

    Args:
        reason: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is put to the test.

    Attributes:
        connector: The connector's class.
        distribution: The package that brings it.
        version: That package's version.
        settings: What the space's `oms` table comes to.
        space: Nacelle's space id.
        prices: How the space's prices are read.
        sandbox: Builds a sandbox of its OMS.
        config: The file that the settings are from.
    """

    connector: type[AnyConnector]
    distribution: str
    version: str
    settings: msgspec.Struct
    space: str
    prices: PricePolicy
    sandbox: SandboxFactory
    config: Path

    @property
    def name(self) -> str:
        """The connector's name."""
        return self.connector.name


def find_subject(
    connector: str | type[AnyConnector] | None,
    config: str | Path | None,
    *,
    space: str | None = None,
    sandbox: SandboxFactory | None = None,
) -> Subject:
    """Find the connector, read its settings and find its sandbox.

    Args:
        connector: Its name, if its package is installed, or its class.
        config: A `config.toml` with a space that uses it, whose settings the sandbox takes.
        space: Which space; by default the first one that uses it.
        sandbox: Builds the sandbox; by default the one that its package registers.

    Raises:
        Unusable: If any of it can't be had.
    """
    if connector is None or config is None:
        raise Unusable(
            "it is not said which connector to test, or with which settings",
            "call pytest with --connector NAME --config FILE, or set connector and config in the "
            "subclass of ConformanceSuite",
        )
    registry, name = _registry(connector)
    installed = _installed(registry, name)
    served = _space(Path(config), registry, name, space)
    return Subject(
        connector=installed.connector,
        distribution=installed.distribution,
        version=installed.version,
        settings=served.oms,
        space=served.id,
        prices=served.prices,
        sandbox=sandbox or _sandbox(registry, installed, name),
        config=Path(config).absolute(),
    )


def _registry(connector: str | type[AnyConnector]) -> tuple[Registry, str]:
    """Return what is installed, with the class beside it if it is given as one."""
    registry = discover()
    if isinstance(connector, str):
        return registry, connector
    flaw = flaw_of(connector, connector.__module__)
    if flaw is not None:
        raise Unusable(flaw.reason, "keep the contract that multiorder_sync.Connector describes")
    name = claimed_name(connector) or ""
    known = registry.connectors.get(name)
    if known is not None and known.connector is connector:
        return registry, name
    given = InstalledConnector(
        connector=connector,
        distribution=_NOT_INSTALLED,
        version="",
        entry_point=f"{connector.__module__}:{connector.__qualname__}",
    )
    connectors = {**registry.connectors, name: given}
    broken = tuple(plugin for plugin in registry.broken if name not in plugin.names)
    return msgspec.structs.replace(registry, connectors=connectors, broken=broken), name


def _installed(registry: Registry, name: str) -> InstalledConnector:
    found = registry.look_up(name)
    if isinstance(found, BrokenPlugin):
        raise Unusable(
            f"the connector {name} of {found.distribution} {found.version} can't be used: "
            f"{found.reason}",
            found.remedy,
        )
    if found is None:
        known = ", ".join(registry.names) or "none"
        raise Unusable(
            f'no installed package has a connector "{name}"; installed: {known}',
            "install its package in this environment, with an entry point in the group "
            "multiorder_sync; `multiorder plugins` lists what is found",
        )
    return found


def _space(config: Path, registry: Registry, name: str, space: str | None) -> Space:
    try:
        spaces = load(config, registry).spaces
    except ConfigurationError as error:
        raise Unusable(str(error), "mend the file, or give another one") from error
    ours = [each for each in spaces.values() if each.connector == name]
    chosen = next((each for each in ours if space in (None, each.id)), None)
    if chosen is None:
        which = "no space" if space is None else f"no space {space}"
        raise Unusable(
            f"{config} has {which} that uses the connector {name}",
            f'add one with connector = "{name}", and with the settings that its sandbox takes',
        )
    if chosen.broken is not None:
        raise Unusable(chosen.broken.reason, chosen.broken.remedy)
    return chosen


def _sandbox(registry: Registry, installed: InstalledConnector, name: str) -> SandboxFactory:
    place = registry.sandboxes.get(name)
    if place is None:
        raise Unusable(
            f"{installed.distribution} brings no sandbox of the OMS of {name}",
            "write one on multiorder_sync.sandbox and name it with the hook multiorder_sandboxes",
        )
    module, _, attribute = place.partition(":")
    try:
        factory: SandboxFactory = getattr(import_module(module), attribute)
    except Exception as error:
        raise Unusable(
            f"the sandbox {place} can't be imported: {type(error).__name__}: {error}",
            f"install what it needs: pip install '{installed.distribution}[sandbox]'",
        ) from error
    return factory


def at(settings: Any, base_url: str) -> Any:
    """Return settings with every URL in them leading to another host.

    Args:
        settings: A connector's settings, or a part of them.
        base_url: Scheme, host and port that take the place of those of each URL.
    """
    if isinstance(settings, str):
        return _ORIGIN.sub(lambda _: base_url, settings, count=1)
    return _rebuilt(settings, lambda inner: at(inner, base_url))


def with_other_secrets(settings: Any) -> Any:
    """Return settings in which every secret is a wrong one."""
    if isinstance(settings, Secret):
        return Secret(f"wrong-{settings.reveal()[::-1]}")
    return _rebuilt(settings, with_other_secrets)


def secrets_in(settings: Any) -> tuple[Secret, ...]:
    """Return every secret in settings."""
    found: list[Secret] = []

    def gather(inner: Any) -> Any:
        if isinstance(inner, Secret):
            found.append(inner)
            return inner
        return _rebuilt(inner, gather)

    gather(settings)
    return tuple(found)


def _rebuilt(settings: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy with everything directly inside changed; what holds nothing is returned."""
    if isinstance(settings, msgspec.Struct):
        inner = {name: getattr(settings, name) for name in settings.__struct_fields__}
        changed = {name: change(value) for name, value in inner.items()}
        differing = {name: changed[name] for name in inner if changed[name] is not inner[name]}
        return msgspec.structs.replace(settings, **differing) if differing else settings
    if isinstance(settings, dict):
        return {name: change(value) for name, value in settings.items()}
    if isinstance(settings, list | tuple):
        return type(settings)(change(value) for value in settings)
    return settings
