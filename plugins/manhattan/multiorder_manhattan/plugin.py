"""What this package registers with multiorder-sync."""

from collections.abc import Mapping, Sequence
from typing import Any

from multiorder_manhattan.connector import ManhattanConnector
from multiorder_sync import Connector, hookimpl


@hookimpl
def multiorder_connectors() -> Sequence[type[Connector[Any, Any]]]:
    """Register the connector."""
    return [ManhattanConnector]


@hookimpl
def multiorder_sandboxes() -> Mapping[str, str]:
    """Name the sandbox."""
    return {"manhattan": "multiorder_manhattan.sandbox:create_sandbox"}
