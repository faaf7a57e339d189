"""What a plugin package can tell core, as pluggy hooks.

A package registers a module or object with these hooks through the entry-point group
`multiorder_sync`. Hooks are called when the configuration is loaded, never for an order.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pluggy

from multiorder_sync.oms.connector import Connector

PROJECT: Final = "multiorder_sync"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class HookSpecs:
    """The hooks, with what each is given and what it returns."""

    @hookspec
    def multiorder_connectors(self) -> Sequence[type[Connector[Any, Any]]]:  # type: ignore[empty-body]  # a specification has no body
        """Return the connector classes that this package brings."""

    @hookspec
    def multiorder_sandboxes(self) -> Mapping[str, str]:  # type: ignore[empty-body]  # a specification has no body
        """Return, for each connector with a local stand-in of its OMS, where that is.

        Returns:
            Connector name to `"module:attribute"`; the attribute is called without arguments and
            returns a `multiorder_sync.sandbox.Sandbox`. It is imported only when it is run, so
            that what it needs can be an extra of the package.
        """
