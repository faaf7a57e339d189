"""What is installed: the connectors that can be used, and what is broken and why."""

from collections.abc import Mapping
from typing import Any

import msgspec

from multiorder_sync.oms.connector import Connector


class InstalledConnector(msgspec.Struct, frozen=True, kw_only=True):
    """A connector that keeps the contract.

    Attributes:
        connector: The class.
        distribution: The name of the package that brings it.
        version: That package's version.
        entry_point: The entry point through which it was found.
    """

    connector: type[Connector[Any, Any]]
    distribution: str
    version: str
    entry_point: str


class BrokenPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """Something installed that can't be used.

    Attributes:
        names: The connectors that it is, or probably is.
        distribution: The name of the package that brings it.
        version: That package's version.
        entry_point: The entry point through which it was found.
        reason: What is wrong.
        remedy: What to do about it.
    """

    names: tuple[str, ...]
    distribution: str
    version: str
    entry_point: str
    reason: str
    remedy: str


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed.

    Attributes:
        connectors: The connectors that can be used, by name.
        broken: What is installed and can't be used.
        sandboxes: Connector name to the `"module:attribute"` of the local stand-in of its OMS.
    """

    connectors: Mapping[str, InstalledConnector] = {}
    broken: tuple[BrokenPlugin, ...] = ()
    sandboxes: Mapping[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that something installed claims, sorted."""
        broken = {name for plugin in self.broken for name in plugin.names}
        return tuple(sorted(broken | set(self.connectors)))

    def look_up(self, name: str) -> InstalledConnector | BrokenPlugin | None:
        """Return the connector of a name, else the broken plugin that claims it, else None."""
        installed = self.connectors.get(name)
        if installed is not None:
            return installed
        return next((plugin for plugin in self.broken if name in plugin.names), None)
