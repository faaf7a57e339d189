"""What is installed: the connectors that can be used, and what is broken and why."""

import re
from collections.abc import Callable, Mapping
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


class InstalledHooks(msgspec.Struct, frozen=True, kw_only=True):
    """A package that has a say in orders.

    Attributes:
        hooks: Hook name to the function, which takes what its specification names, by keyword.
        distribution: The name of the package.
        version: That package's version.
        entry_point: The entry point through which it was found.
        broken: Why it can't be asked, so that no order is sent; None if it can.
    """

    hooks: Mapping[str, Callable[..., Any]]
    distribution: str
    version: str
    entry_point: str
    broken: str | None = None


class DeprecatedUse(msgspec.Struct, frozen=True, kw_only=True):
    """What an installed package takes of a hook's arguments although it is to go.

    Attributes:
        hook: The hook.
        argument: Its argument.
        advice: What to do instead, in the words of the hook's specification.
        distribution: The name of the package.
        version: That package's version.
        entry_point: The entry point through which it was found.
    """

    hook: str
    argument: str
    advice: str
    distribution: str
    version: str
    entry_point: str

    def __str__(self) -> str:
        return (
            f"{self.distribution} {self.version} takes the deprecated argument {self.argument} of "
            f"{self.hook}: {self.advice}"
        )


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed.

    Attributes:
        connectors: The connectors that can be used, by name.
        broken: What is installed and can't be used.
        hooks: The packages that have a say in orders, in the order in which they are asked.
        deprecated: What of it works still, and will not with a later version of the contract.
        sandboxes: Connector name to the `"module:attribute"` of the local stand-in of its OMS.
    """

    connectors: Mapping[str, InstalledConnector] = {}
    broken: tuple[BrokenPlugin, ...] = ()
    hooks: tuple[InstalledHooks, ...] = ()
    deprecated: tuple[DeprecatedUse, ...] = ()
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

    def look_up_all(
        self, name: str
    ) -> tuple[InstalledConnector | BrokenPlugin | InstalledHooks, ...]:
        """Return the connector of a name, else what brings hooks or is broken under that name.

        Args:
            name: Of a connector, of an entry point, or of a distribution.
        """
        connector = self.look_up(name)
        if isinstance(connector, InstalledConnector):
            return (connector,)
        hooks = [each for each in self.usable_hooks if _goes_by(each, name)]
        broken = (
            [connector] if connector else [each for each in self.broken if _goes_by(each, name)]
        )
        return (*hooks, *broken)

    @property
    def usable_hooks(self) -> tuple[InstalledHooks, ...]:
        """The packages that have a say in orders and can be asked."""
        return tuple(each for each in self.hooks if not each.broken)

    def unusable_hooks(self, broken: BrokenPlugin) -> tuple[str, ...]:
        """Return the hooks for whose sake no order is sent, since the package is broken."""
        origin = (broken.distribution, broken.entry_point)
        return tuple(
            name
            for each in self.hooks
            if each.broken and (each.distribution, each.entry_point) == origin
            for name in each.hooks
        )


def canonical(distribution: str) -> str:
    """Return the name by which an index knows a distribution, however it is written."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _goes_by(package: BrokenPlugin | InstalledHooks, name: str) -> bool:
    return package.entry_point == name or canonical(package.distribution) == canonical(name)
