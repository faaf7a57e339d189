"""`config.toml` as typed settings, every problem named at once; and the schema of the file."""

from multiorder_sync.config.loading import load
from multiorder_sync.config.schema import schema
from multiorder_sync.config.settings import Config, ServerSettings, Space

__all__ = ["Config", "ServerSettings", "Space", "load", "schema"]
