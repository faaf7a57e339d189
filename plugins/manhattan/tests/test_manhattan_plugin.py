"""The package as an installation finds it: by its entry point."""

from importlib.metadata import entry_points

from multiorder_manhattan.connector import ManhattanConnector
from multiorder_sync import API_VERSION, DuplicateGuard


def test_the_entry_point_registers_the_connector_and_names_its_sandbox():
    (found,) = entry_points(group="multiorder_sync", name="manhattan")
    plugin = found.load()
    assert plugin.multiorder_connectors() == [ManhattanConnector]
    assert plugin.multiorder_sandboxes() == {
        "manhattan": "multiorder_manhattan.sandbox:create_sandbox"
    }


def test_what_the_connector_says_of_itself():
    assert ManhattanConnector.name == "manhattan"
    assert ManhattanConnector.api_version == API_VERSION
    assert ManhattanConnector.duplicate_guard is DuplicateGuard.MERGES
    assert set(ManhattanConnector.reserved) == {
        "OrderId",
        "OrderActions",
        "OrderAttribute.nacelle_fingerprint",
    }
