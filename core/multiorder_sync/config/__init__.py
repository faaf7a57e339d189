"""`config.toml` as typed settings, every problem named at once; and the schema of the file."""

from multiorder_sync.config.loading import load
from multiorder_sync.config.schema import schema
from multiorder_sync.config.settings import (
    AlarmSettings,
    CircuitBreakerSettings,
    Config,
    JournalSettings,
    LimitSettings,
    RedeliverySettings,
    ServerSettings,
    Space,
)

__all__ = [
    "AlarmSettings",
    "CircuitBreakerSettings",
    "Config",
    "JournalSettings",
    "LimitSettings",
    "RedeliverySettings",
    "ServerSettings",
    "Space",
    "load",
    "schema",
]
