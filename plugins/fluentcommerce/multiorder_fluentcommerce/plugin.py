"""What this package registers with multiorder-sync."""

from collections.abc import Mapping, Sequence
from typing import Any

from multiorder_fluentcommerce.connector import FluentConnector
from multiorder_sync import Connector, hookimpl


@hookimpl
def multiorder_connectors() -> Sequence[type[Connector[Any, Any]]]:
    """Register the connector."""
    return [FluentConnector]


@hookimpl
def multiorder_sandboxes() -> Mapping[str, str]:
    """Name the sandbox; it needs the extra `sandbox` of this package."""
    return {"fluentcommerce": "multiorder_fluentcommerce.sandbox:create_sandbox"}
