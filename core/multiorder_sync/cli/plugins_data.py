"""What `multiorder plugins` says of installed packages to a script."""

from collections.abc import Iterator, Sequence
from typing import Any

from multiorder_sync.config.targets import Target, mapping_targets, setting_targets
from multiorder_sync.oms.connector import Connector
from multiorder_sync.oms.registry import (
    BrokenPlugin,
    InstalledConnector,
    InstalledHooks,
    Registry,
)

Plugin = InstalledConnector | BrokenPlugin | InstalledHooks


def list_data(registry: Registry) -> dict[str, Any]:
    """Return everything that is installed."""
    connectors: list[InstalledConnector | BrokenPlugin] = [
        *registry.connectors.values(),
        *registry.broken,
    ]
    return {
        "connectors": [
            each | {"sandbox": each["name"] in registry.sandboxes}
            for each in plugin_data(connectors, registry)
        ],
        "hooks": [_hooks(each) for each in registry.hooks],
        "deprecated": registry.deprecated,
    }


def plugin_data(plugins: Sequence[Plugin], registry: Registry) -> list[dict[str, Any]]:
    """Return what is said of plugins under each name that they claim."""
    return [each for plugin in plugins for each in _named(plugin, registry)]


def shown_data(found: Plugin, registry: Registry) -> list[dict[str, Any]]:
    """Return all that is said of a plugin; of a broken one once, whatever names it claims."""
    named = list(_named(found, registry))[:1]
    if not isinstance(found, InstalledConnector):
        return named
    connector = found.connector
    return [
        named[0]
        | {
            "api_version": connector.api_version,
            "duplicate_guard": connector.duplicate_guard.value,
            "sandbox": connector.name in registry.sandboxes,
            "settings": setting_targets(connector.Settings),
            "mapping_targets": mappable(connector),
            "reserved": dict(connector.reserved),
            "not_carried": dict(connector.not_carried),
        }
    ]


def missing_data(registry: Registry, name: str) -> dict[str, Any]:
    """Return what is said of a name that nothing installed goes by."""
    hooks = (each.entry_point for each in registry.hooks)
    installed = ", ".join(dict.fromkeys((*registry.names, *hooks))) or "none"
    return {
        "name": name,
        "status": "missing",
        "reason": f"no installed package has a connector or hooks named {name}; installed: {installed}",
        "remedy": f"install the package that brings it, usually multiorder-{name}",
    }


def mappable(connector: type[Connector[Any, Any]]) -> tuple[Target, ...]:
    """Return what of a connector's payload a merchant can map."""
    return mapping_targets(connector.Payload, connector.reserved)


def _named(plugin: Plugin, registry: Registry) -> Iterator[dict[str, Any]]:
    if isinstance(plugin, InstalledHooks):
        yield _hooks(plugin)
    elif isinstance(plugin, BrokenPlugin):
        # One that brings no connector goes by its entry point.
        for name in plugin.names or (plugin.entry_point,):
            yield {"name": name, **_broken(plugin, registry)}
    else:
        yield {
            "name": plugin.connector.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "status": "ok",
        }


def _hooks(package: InstalledHooks) -> dict[str, Any]:
    return {
        "name": package.entry_point,
        "distribution": package.distribution,
        "version": package.version,
        "hooks": list(package.hooks),
        "status": "broken" if package.broken else "ok",
    }


def _broken(broken: BrokenPlugin, registry: Registry) -> dict[str, Any]:
    hooks = registry.unusable_hooks(broken)
    return {
        "distribution": broken.distribution,
        "version": broken.version,
        "status": "broken",
        "reason": broken.reason,
        "remedy": broken.remedy,
        **({"hooks": list(hooks)} if hooks else {}),
    }
