"""The JSON Schema of `config.toml`, with the settings of every connector that is installed."""

from typing import Any, Final

from multiorder_sync.config.settings import (
    AlarmSettings,
    CircuitBreakerSettings,
    JournalSettings,
    RedeliverySettings,
    ServerSettings,
)
from multiorder_sync.config.spaces import SPACE_ID
from multiorder_sync.config.tables import SpaceTable
from multiorder_sync.config.type_schema import Schema, TypeSchemas, text_schema
from multiorder_sync.oms.plugins import InstalledConnector, Registry

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_HEADER_NAME: Final = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"


def schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of the configuration, so that an editor completes and checks it.

    It says of single settings what `load` says. What takes more than one setting to see, and what
    is in the environment or in other files, only `load` finds.

    Args:
        registry: What is installed.
    """
    schemas = TypeSchemas()
    schemas.definitions["space"] = _space(schemas, registry)
    return {
        "$schema": DIALECT,
        "title": "multiorder-sync configuration",
        "type": "object",
        "properties": {
            "server": schemas.table(ServerSettings),
            "journal": _journal(schemas),
            "redelivery": schemas.table(RedeliverySettings),
            "alarms": schemas.table(AlarmSettings),
            "circuit_breaker": schemas.table(CircuitBreakerSettings),
            "spaces": {
                "type": "object",
                "description": "The Nacelle spaces that are served, by their space ids.",
                "minProperties": 1,
                "propertyNames": {"pattern": SPACE_ID},
                "additionalProperties": {"$ref": "#/$defs/space"},
            },
        },
        "required": ["spaces"],
        "additionalProperties": False,
        "$defs": schemas.definitions,
    }


def _journal(schemas: TypeSchemas) -> Schema:
    table = schemas.table(JournalSettings)
    # A secret's default is not shown by itself, and this one is none.
    table["properties"]["url"]["default"] = JournalSettings().url.reveal()
    return table


def _space(schemas: TypeSchemas, registry: Registry) -> Schema:
    table = schemas.table(SpaceTable)
    properties = table["properties"]
    named = text_schema({"enum": list(registry.names)})
    properties["connector"] = named | {"description": properties["connector"]["description"]}
    properties["headers"]["propertyNames"] = {"pattern": _HEADER_NAME}
    properties["mapping"]["additionalProperties"] = text_schema({"minLength": 1})
    disabled = {"properties": {"enabled": {"const": False}}, "required": ["enabled"]}
    signed = {"properties": {"secrets": {"minItems": 1}}, "required": ["secrets"]}
    rules: list[Schema] = [{"if": disabled, "else": signed}]
    rules += [_oms(schemas, name, installed) for name, installed in registry.connectors.items()]
    return table | {"allOf": rules}


def _oms(schemas: TypeSchemas, name: str, installed: InstalledConnector) -> Schema:
    reference = schemas.reference(installed.connector.Settings)
    then: Schema = {"properties": {"oms": reference}}
    definition = schemas.definitions[reference["$ref"].removeprefix("#/$defs/")]
    if "required" in definition:
        then["required"] = ["oms"]
    chosen = {"properties": {"connector": {"const": name}}, "required": ["connector"]}
    return {"if": chosen, "then": then}
