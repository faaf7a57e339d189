"""What this package tells multiorder-sync."""

from collections.abc import Mapping, Sequence
from typing import Any

from multiorder_sync import Connector, hookimpl

from multiorder_shipstation.connector import ShipStationConnector


@hookimpl
def multiorder_connectors() -> Sequence[type[Connector[Any, Any]]]:
    """Name the connectors."""
    return [ShipStationConnector]


@hookimpl
def multiorder_sandboxes() -> Mapping[str, str]:
    """Name the local stand-in of the OMS."""
    return {"shipstation": "multiorder_shipstation.sandbox:create_sandbox"}
