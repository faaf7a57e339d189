"""The spaces that are served: each with its settings, its connector and its HTTP client."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import structlog

from multiorder_sync.config import Config, Space
from multiorder_sync.errors import ConnectorUnavailable
from multiorder_sync.observe import discreet
from multiorder_sync.oms.connector import Connector
from multiorder_sync.oms.order_hooks import OrderHooks
from multiorder_sync.oms.outbound import Circuits, Limiter, OutboundClient, Redactor
from multiorder_sync.oms.plugins import Registry
from multiorder_sync.secret import Secret

_CLOSING_SECONDS: Final = 5.0


class ServedSpace:
    """A space with the connector that serves it.

    Args:
        settings: The space as configured.
        connector_type: The class of its connector; None if the connector is broken.
        circuits: Know which hosts are out of reach; None to call each in any case.
        hooks: What merchants' own packages have to say of orders.
    """

    def __init__(
        self,
        settings: Space,
        connector_type: type[Connector[Any, Any]] | None,
        circuits: Circuits | None = None,
        hooks: OrderHooks | None = None,
    ) -> None:
        self.settings = settings
        self.hooks = hooks or OrderHooks()
        self._circuits = circuits
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._http: OutboundClient | None = None
        self._connector: Connector[Any, Any] | None = None
        self._destination: str | None = None
        self._broken = settings.broken.reason if settings.broken else "it was not set up"
        if connector_type is not None and settings.oms is not None:
            self._build(connector_type)

    def _build(self, connector_type: type[Connector[Any, Any]]) -> None:
        self._destination = destination_of(connector_type, self.settings.oms)
        limits = self.settings.limits
        http = OutboundClient(
            secrets=secrets_in(self.settings.oms),
            limiter=Limiter(limits.max_concurrent, limits.per_second),
            circuits=self._circuits,
        )
        try:
            self._connector = connector_type(self.settings.oms, http)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
            self._broken = http.redactor.redact(f"it could not be set up: {error}")
            with discreet(http.redactor.redact):
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

    @property
    def destination(self) -> str | None:
        """What tells the OMS that orders go to from any other; None if the connector is broken."""
        return self._destination

    @property
    def redactor(self) -> Redactor:
        """Takes the secrets of its OMS out of text, the tokens that were issued included."""
        return self._http.redactor if self._http else Redactor()

    @property
    def open_circuits(self) -> tuple[str, ...]:
        """The hosts of its OMS that are out of reach."""
        return self._http.open_circuits if self._http else ()

    def close_circuits(self) -> None:
        """Let the next call try each host again."""
        if self._http is not None:
            self._http.close_circuits()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the space from being closed while the block lasts."""
        self._users += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def retire(self) -> None:
        """Close the connector and its connections once no one uses them any more."""
        await self._unused.wait()
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connector and its connections."""
        if self._connector is not None:
            try:
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await self._connector.aclose()
            except (Exception, SystemExit):  # noqa: BLE001 - a plugin may raise anything
                with discreet(self.redactor.redact):
                    structlog.get_logger().exception("connector did not close", space=self.id)
        if self._http is not None:
            await self._http.aclose()


def serve_spaces(
    config: Config,
    registry: Registry,
    circuits: Circuits | None = None,
    hooks: OrderHooks | None = None,
) -> dict[str, ServedSpace]:
    """Set up every configured space; one whose connector is broken is served as such."""
    spaces = {}
    for settings in config.spaces.values():
        installed = registry.connectors.get(settings.connector)
        connector = installed.connector if installed else None
        spaces[settings.id] = ServedSpace(settings, connector, circuits, hooks)
    return spaces


def destination_of(connector_type: type[Connector[Any, Any]], settings: Any) -> str:
    """Return what tells the OMS that these settings lead to from any other."""
    names = connector_type.destination
    values = [[name, str(getattr(settings, name, None)).rstrip("/")] for name in names]
    said = msgspec.json.encode([connector_type.name, values])
    return hashlib.sha256(said).hexdigest()[:32]


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
