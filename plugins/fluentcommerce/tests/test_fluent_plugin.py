"""The package as an installation finds it: by its entry point."""

from importlib.metadata import entry_points

from multiorder_fluentcommerce.connector import FluentConnector
from multiorder_sync import API_VERSION, DuplicateGuard


def test_the_entry_point_registers_the_connector_and_names_its_sandbox():
    (found,) = entry_points(group="multiorder_sync", name="fluentcommerce")
    plugin = found.load()
    assert plugin.multiorder_connectors() == [FluentConnector]
    assert plugin.multiorder_sandboxes() == {
        "fluentcommerce": "multiorder_fluentcommerce.sandbox:create_sandbox"
    }


def test_what_the_connector_says_of_itself():
    assert FluentConnector.name == "fluentcommerce"
    assert FluentConnector.api_version == API_VERSION
    assert FluentConnector.duplicate_guard is DuplicateGuard.REFUSES
