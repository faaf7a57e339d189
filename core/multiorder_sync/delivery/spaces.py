"""The spaces that are served: each with its settings, its connector and its HTTP client."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import structlog

from multiorder_sync.config import Config, Space
from multiorder_sync.errors import ConnectorUnavailable
from multiorder_sync.oms.connector import Connector
from multiorder_sync.oms.outbound import OutboundClient
from multiorder_sync.oms.plugins import Registry
from multiorder_sync.secret import Secret

_CLOSING_SECONDS: Final = 5.0


class ServedSpace:
    """A space with the connector that serves it.

    Args:
        settings: The space as configured.
        connector_type: The class of its connector; None if the connector is broken.
    """

    def __init__(self, settings: Space, connector_type: type[Connector[Any, Any]] | None) -> None:
        self.settings = settings
        self._http: OutboundClient | None = None
        self._connector: Connector[Any, Any] | None = None
        self._broken = settings.broken.reason if settings.broken else "it was not set up"
        if connector_type is not None and settings.oms is not None:
            self._build(connector_type)

    def _build(self, connector_type: type[Connector[Any, Any]]) -> None:
        http = OutboundClient(secrets=secrets_in(self.settings.oms))
        try:
            self._connector = connector_type(self.settings.oms, http)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
            self._broken = f"it could not be set up: {error}"
            structlog.get_logger().error(
                "connector broken",
                space=self.settings.id,
                connector=self.settings.connector,
                reason=self._broken,
                exc_info=error,
            )
        self._http = http

    @property
    def id(self) -> str:
        """Nacelle's space id."""
        return self.settings.id

    @property
    def broken(self) -> str | None:
        """Why the space's connector can't be used; None if it can."""
        return None if self._connector else self._broken

    @property
    def connector(self) -> Connector[Any, Any]:
        """The space's connector.

        Raises:
            ConnectorUnavailable: If it is broken.
        """
        if self._connector is None:
            raise ConnectorUnavailable(
                f"The connector {self.settings.connector} of this space is not working; the order "
                "was not sent. `multiorder plugins` says what is wrong with it."
            )
        return self._connector

    async def aclose(self) -> None:
        """Close the connector and its connections."""
        if self._connector is not None:
            try:
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await self._connector.aclose()
            except (Exception, SystemExit):  # noqa: BLE001 - a plugin may raise anything
                structlog.get_logger().exception("connector did not close", space=self.id)
        if self._http is not None:
            await self._http.aclose()


def serve_spaces(config: Config, registry: Registry) -> Mapping[str, ServedSpace]:
    """Set up every configured space; one whose connector is broken is served as such."""
    spaces = {}
    for settings in config.spaces.values():
        installed = registry.connectors.get(settings.connector)
        spaces[settings.id] = ServedSpace(settings, installed.connector if installed else None)
    return spaces


def secrets_in(settings: Any) -> tuple[Secret, ...]:
    """Return every secret in a connector's settings, so that its client can redact them."""
    if isinstance(settings, Secret):
        return (settings,)
    if isinstance(settings, Mapping):
        settings = tuple(settings.values())
    elif hasattr(settings, "__struct_fields__"):
        settings = tuple(getattr(settings, name) for name in settings.__struct_fields__)
    if isinstance(settings, list | tuple):
        return tuple(secret for value in settings for secret in secrets_in(value))
    return ()
