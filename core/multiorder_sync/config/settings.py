"""What `config.toml` comes to, as values. `tables` has what it looks like as a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from multiorder_sync.config.markers import Check, check_is_file, check_network, check_root_path
from multiorder_sync.errors import Problem
from multiorder_sync.nacelle.readings import PricePolicy
from multiorder_sync.nacelle.signature import SignatureScheme
from multiorder_sync.observe import LogFormat, LogLevel
from multiorder_sync.oms.mapping import Mappings
from multiorder_sync.oms.registry import BrokenPlugin
from multiorder_sync.secret import Secret

OnOutage = Literal["fail"]
RequiredFields = Literal["lenient", "strict"]

_File = Annotated[Path, Check(check_is_file)]
_Network = Annotated[str, Check(check_network)]


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

    def __post_init__(self) -> None:
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("tls_key is set, but no tls_certificate for it")


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
    oms: Any = None
    mapping: Mappings = Mappings()
    broken: BrokenPlugin | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that can be used.

    Attributes:
        source: The file that it was read from.
        server: How the endpoint is reached.
        spaces: The spaces, by their ids.
        warnings: What can be used and yet is likely not meant.
    """

    source: str
    server: ServerSettings
    spaces: Mapping[str, Space]
    warnings: tuple[Problem, ...] = ()
