"""What `config.toml` comes to, as values. `tables` has what it looks like as a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from multiorder_sync.config.database import DATABASE_URL, check_database_url
from multiorder_sync.config.markers import (
    FERNET_KEY,
    HTTP_URL,
    Check,
    check_fernet_key,
    check_http_url,
    check_is_file,
    check_network,
    check_root_path,
)
from multiorder_sync.errors import Problem
from multiorder_sync.nacelle.readings import PricePolicy
from multiorder_sync.nacelle.signature import SignatureScheme
from multiorder_sync.observe import LogFormat, LogLevel
from multiorder_sync.oms.mapping import Mappings
from multiorder_sync.oms.registry import BrokenPlugin
from multiorder_sync.reading import Length
from multiorder_sync.secret import Secret

OnOutage = Literal["fail", "queue"]
RequiredFields = Literal["lenient", "strict"]

_File = Annotated[Path, Check(check_is_file)]
_Network = Annotated[str, Check(check_network)]
_DatabaseUrl = Annotated[Secret, msgspec.Meta(pattern=DATABASE_URL), Check(check_database_url)]
_FernetKey = Annotated[Secret, msgspec.Meta(pattern=FERNET_KEY), Check(check_fernet_key)]
_HttpUrl = Annotated[str, msgspec.Meta(pattern=HTTP_URL), Check(check_http_url)]
_Delay = Annotated[float, msgspec.Meta(gt=0, le=2_592_000)]
# The one is what the schema says, the other what the reader asks for.
_Delays = Annotated[tuple[_Delay, ...], msgspec.Meta(min_length=1), Length(1, None, "delay")]
_LADDER: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0)


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the endpoint is reached: the table `[server]`.

    Attributes:
        host: The address to listen on; "0.0.0.0" or "::" for all of them.
        port: The port to listen on; 0 takes a free one.
        max_body_bytes: A larger body is answered with 413.
        body_timeout_seconds: How long a caller may take to send its body.
        max_in_flight: How many calls may be under way; one more is told to come again.
        root_path: The path under which a proxy shows the endpoint, if it is not "/".
        trusted_proxies: Addresses and networks of the proxies whose forwarded headers count.
        tls_certificate: A PEM file with the certificate chain; the endpoint then speaks HTTPS.
        tls_key: A PEM file with its key, if the certificate's file does not hold it.
        shutdown_grace_seconds: How long calls under way may take when the server is stopped.
        log_format: How log lines are written; "auto" is "console" in a terminal, else "json".
        log_level: The least severe lines that are written.
        metrics: Whether GET /metrics shows Prometheus metrics, to whoever can reach the port.
    """

    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1024, le=1_000_000_000)] = 2_000_000
    body_timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    max_in_flight: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 200
    root_path: Annotated[str, msgspec.Meta(pattern="^(/.*[^/])?$"), Check(check_root_path)] = ""
    trusted_proxies: tuple[_Network, ...] = ()
    tls_certificate: _File | None = None
    tls_key: _File | None = None
    shutdown_grace_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 30.0
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"
    metrics: bool = False

    def __post_init__(self) -> None:
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("tls_key is set, but no tls_certificate for it")


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The durable record of orders: the table `[journal]`.

    Attributes:
        url: The database: "sqlite:///FILE", or "postgresql://USER:PASSWORD@HOST/NAME".
        retention_days: How long the payloads of a settled order are kept; the bare facts stay.
        migrate: Whether the schema is brought up to date at the start; else the operator does it
            with `multiorder journal migrate`.
        encryption_keys: Fernet keys. What could hold a shopper's data is encrypted with the first
            and can be read with any of them; without one it is not encrypted.
    """

    url: _DatabaseUrl = Secret("sqlite:///multiorder.db")
    retention_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 90
    migrate: bool = True
    encryption_keys: tuple[_FernetKey, ...] = ()


class RedeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to an order that is not settled when its call ends: the table `[redelivery]`.

    Attributes:
        delays_seconds: How long to wait before each try; after the last one the order is given up.
        late_commit_seconds: How long after a create an OMS may still bring the order in: until
            then, not finding it proves nothing.
        max_concurrent: How many orders are under way again at once.
    """

    delays_seconds: _Delays = _LADDER
    late_commit_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 300.0
    max_concurrent: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 4


class AlarmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told when a person must look at an order: the table `[alarms]`.

    Attributes:
        webhook_url: Where to POST each alarm; every alarm is in the log in any case.
        webhook_secret: What each of those calls is signed with, as Nacelle signs its own.
    """

    webhook_url: _HttpUrl | None = None
    webhook_secret: Secret | None = None

    def __post_init__(self) -> None:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("webhook_url is set, but no webhook_secret to sign the calls with")


class CircuitBreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When an OMS counts as out of reach: the table `[circuit_breaker]`.

    Attributes:
        failures: After so many calls in a row that a host did not answer, it is called no more,
            and orders are answered at once.
        failing_seconds: How long that must have gone on: the tries of one order alone prove little.
        probe_seconds: How long to wait before each probe that finds out whether that is over.
    """

    failures: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5
    failing_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 5.0
    probe_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 5.0


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much a space may ask of its OMS, for each process: the table `[spaces.ID.limits]`.

    Attributes:
        max_concurrent: How many calls of the OMS may be under way at once.
        per_second: How many may be begun within a second; without it, as many as there are.
    """

    max_concurrent: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 64
    per_second: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """One Nacelle space: who may call, and where its orders go.

    Attributes:
        id: Nacelle's space id.
        connector: The name of its connector.
        secrets: Any of them may have signed a call.
        headers: Further headers that every call must carry, and their values.
        signature: How a call proves that it comes from Nacelle.
        deadline_seconds: How long a call may take until it is answered.
        on_outage: What is answered when the OMS is out of reach.
        enabled: Whether it takes orders.
        required_fields: How much of an order must be there.
        prices: How item prices and taxes are to be read.
        limits: How much it may ask of its OMS.
        oms: The connector's `Settings`; None if the connector is broken.
        mapping: What is laid over the connector's payloads.
        broken: What is wrong with the connector, if it is broken.
    """

    id: str
    connector: str
    secrets: tuple[Secret, ...] = ()
    headers: Mapping[str, Secret] = {}
    signature: SignatureScheme = SignatureScheme()
    deadline_seconds: float = 20.0
    on_outage: OnOutage = "fail"
    enabled: bool = True
    required_fields: RequiredFields = "lenient"
    prices: PricePolicy = PricePolicy()
    limits: LimitSettings = LimitSettings()
    oms: Any = None
    mapping: Mappings = Mappings()
    broken: BrokenPlugin | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that can be used.

    Attributes:
        source: The file that it was read from.
        server: How the endpoint is reached.
        spaces: The spaces, by their ids.
        journal: Where orders are recorded; a relative SQLite file starts at the file's folder.
        redelivery: What happens to an order that is not settled when its call ends.
        alarms: Who is told when a person must look at an order.
        circuit_breaker: When an OMS counts as out of reach.
        warnings: What can be used and yet is likely not meant.
    """

    source: str
    server: ServerSettings
    spaces: Mapping[str, Space]
    journal: JournalSettings = JournalSettings()
    redelivery: RedeliverySettings = RedeliverySettings()
    alarms: AlarmSettings = AlarmSettings()
    circuit_breaker: CircuitBreakerSettings = CircuitBreakerSettings()
    warnings: tuple[Problem, ...] = ()
