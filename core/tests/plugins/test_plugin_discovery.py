"""What is installed is found, and what is broken is reported without taking down the rest."""

import pytest

from multiorder_sync.oms.plugins import BrokenPlugin, InstalledConnector, Registry, discover


def broken_of(registry: Registry, name: str) -> BrokenPlugin:
    found = registry.look_up(name)
    assert isinstance(found, BrokenPlugin), found
    return found


def test_an_installed_connector_is_found_with_its_package(packages):
    packages.install_connector("acme-oms", version="2.5", entry_point="acme-entry")
    found = discover().look_up("acme")
    assert isinstance(found, InstalledConnector)
    assert found.connector.name == "acme"
    assert (found.distribution, found.version, found.entry_point) == (
        "acme-oms",
        "2.5",
        "acme-entry",
    )


def test_a_name_that_nothing_claims_is_not_found(packages):
    packages.install_connector("acme-oms")
    assert discover().look_up("acmee") is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        (
            "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
            "<exception str() failed>",
        ),
    ],
)
def test_a_plugin_that_fails_to_import_is_broken_under_its_entry_point(packages, code, reason):
    packages.install("acme-oms", code, entry_point="acme")
    packages.install_connector("other-oms", "other", entry_point="other")
    registry = discover()
    plugin = broken_of(registry, "acme")
    assert reason in plugin.reason
    assert plugin.remedy
    assert (plugin.distribution, plugin.version, plugin.entry_point) == ("acme-oms", "1.0", "acme")
    assert isinstance(registry.look_up("other"), InstalledConnector)


def test_an_interrupt_while_loading_is_not_swallowed(packages):
    packages.install("acme-oms", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        discover()


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ("def multiorder_connectors(surprise): return []", "surprise"),
        ("def multiorder_connector(): return []", "multiorder_connector"),
        ("def multiorder_connectors(): pass", "returns nothing, not a list"),
        ("def multiorder_connectors(): return 'acme'", "returns a str, not a list"),
        ("def multiorder_connectors(): return {'acme': 1}", "returns a dict, not a list"),
        ("def multiorder_connectors(): raise KeyError('acme')", "KeyError: 'acme'"),
        ("def multiorder_connectors(): raise SystemExit", "SystemExit"),
    ],
)
def test_a_hook_that_does_not_fit_is_a_broken_plugin(packages, hook, reason):
    packages.install("acme-oms", f"from multiorder_sync import hookimpl\n@hookimpl\n{hook}\n")
    assert reason in broken_of(discover(), "acme").reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("Acme = 'Acme'", "'Acme' is not a subclass of multiorder_sync.Connector"),
        ("class Acme: name = 'acme'", "is not a subclass of multiorder_sync.Connector"),
        ("Acme.name = 'Acme OMS'", "its name is not a lower-case name"),
        ("Acme.name = 5", "its name is not a lower-case name"),
        ("del Acme.name", "its name is not a lower-case name"),
        ("del Acme.api_version", "its api_version is not a number"),
        ("Acme.Settings = dict", "its Settings is not a msgspec Struct type"),
        ("Acme.Payload = None", "its Payload is not a msgspec Struct type"),
        ("Acme.duplicate_guard = 'refuses'", "its duplicate_guard is not a DuplicateGuard"),
        ("Acme.not_carried = ['email']", "its not_carried is not a mapping"),
        (
            "class Settings(msgspec.Struct):\n    a: 'Nowhere'\nAcme.Settings = Settings",
            "its Settings can't be used",
        ),
        (
            (
                "class Half(Acme):\n    from abc import abstractmethod\n"
                "    @abstractmethod\n    def find(self, submission): ...\nAcme = Half"
            ),
            "it does not have find",
        ),
    ],
)
def test_a_class_that_does_not_keep_the_contract_is_broken(packages, change, reason):
    packages.install_connector("acme-oms", extra=f"\n{change}\n")
    plugin = broken_of(discover(), "acme")
    assert reason in plugin.reason
    assert plugin.remedy


def test_all_that_is_wrong_with_a_class_is_said_at_once(packages):
    packages.install_connector(
        "acme-oms", extra="\nAcme.Payload = Acme.Settings = None\nAcme.duplicate_guard = None\n"
    )
    reason = broken_of(discover(), "acme").reason
    assert "Settings" in reason
    assert "Payload" in reason
    assert "duplicate_guard" in reason


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        (2, "upgrade multiorder-sync, or install an earlier release of acme-oms"),
        (0, "upgrade acme-oms, or install an earlier release of multiorder-sync"),
    ],
)
def test_another_contract_version_names_both_sides_and_the_remedy(packages, version, remedy):
    packages.install_connector("acme-oms", extra=f"\nAcme.api_version = {version}\n")
    plugin = broken_of(discover(), "acme")
    assert f"version {version} of the connector contract" in plugin.reason
    assert "multiorder-sync " in plugin.reason
    assert "has version 1" in plugin.reason
    assert plugin.remedy == remedy


def test_a_broken_class_leaves_its_neighbours_alone(packages):
    packages.install(
        "acme-oms",
        CONNECTOR_PAIR,
    )
    registry = discover()
    assert isinstance(registry.look_up("good"), InstalledConnector)
    assert "api_version" in broken_of(registry, "bad").reason


CONNECTOR_PAIR = """
import msgspec
from multiorder_sync import Connector, DuplicateGuard, hookimpl

class Table(msgspec.Struct): ...

class Good(Connector):
    name = "good"
    api_version = 1
    Settings = Payload = Table
    duplicate_guard = DuplicateGuard.NONE
    def __init__(self, settings, http): ...
    def transform(self, order, context): ...
    async def submit(self, submission): ...
    async def find(self, submission): ...
    async def check(self): ...

class Bad(Good):
    name = "bad"
    api_version = None

@hookimpl
def multiorder_connectors():
    return [Good, Bad]
"""


def test_a_name_claimed_by_two_packages_breaks_both_and_names_both(packages):
    packages.install_connector("acme-oms", version="1.2")
    packages.install_connector("acme-fork", version="3.4", entry_point="fork")
    packages.install_connector("other-oms", "other", entry_point="other")
    registry = discover()
    assert "acme" not in registry.connectors
    claiming = [plugin for plugin in registry.broken if "acme" in plugin.names]
    assert {plugin.distribution for plugin in claiming} == {"acme-oms", "acme-fork"}
    for plugin in claiming:
        assert "acme-oms 1.2" in plugin.reason
        assert "acme-fork 3.4" in plugin.reason
        assert "uninstall" in plugin.remedy
    assert isinstance(registry.look_up("other"), InstalledConnector)


def test_two_classes_of_one_name_in_one_package_break_the_name(packages):
    packages.install("acme-oms", CONNECTOR_PAIR.replace('"bad"', '"good"'))
    plugin = broken_of(discover(), "good")
    assert 'acme-oms 1.0 brings two connectors named "good"' in plugin.reason


def test_one_class_under_two_entry_points_is_one_connector(packages):
    packages.install_connector("acme-oms")
    points = packages.site / "acme_oms-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "alias = acme_oms_module\n")
    assert isinstance(discover().look_up("acme"), InstalledConnector)


def test_the_first_package_of_a_name_on_the_path_counts(packages, tmp_path, monkeypatch):
    packages.install_connector("acme-oms", version="1.0")
    nearer = tmp_path / "nearer"
    nearer.mkdir()
    monkeypatch.syspath_prepend(str(nearer))
    type(packages)(nearer).install_connector("acme-oms", version="2.0")
    found = discover().look_up("acme")
    assert isinstance(found, InstalledConnector)
    assert found.version == "2.0"


def test_a_package_that_can_not_be_read_hides_no_other(packages):
    packages.install_connector("acme-oms")
    bad = packages.site / "unreadable-1.0.dist-info"
    bad.mkdir()
    (bad / "entry_points.txt").write_bytes(b"[multiorder_sync]\nx = \xff\xfe\n")
    (packages.site / "nameless-1.0.dist-info").mkdir()
    assert isinstance(discover().look_up("acme"), InstalledConnector)


def test_sandboxes_are_listed_by_connector(packages):
    packages.install_connector(
        "acme-oms",
        extra="\n@hookimpl\ndef multiorder_sandboxes(): return {'acme': 'acme.sandbox:create'}\n",
    )
    assert discover().sandboxes["acme"] == "acme.sandbox:create"


def test_a_broken_sandbox_hook_leaves_the_connector_usable(packages):
    packages.install_connector(
        "acme-oms", extra="\n@hookimpl\ndef multiorder_sandboxes(): return {'acme': 5}\n"
    )
    registry = discover()
    assert isinstance(registry.look_up("acme"), InstalledConnector)
    assert "acme" not in registry.sandboxes
    reasons = [each.reason for each in registry.broken if each.distribution == "acme-oms"]
    assert reasons == [
        'multiorder_sandboxes returns a dict, not a dict of connector names and "module:attribute"'
    ]


def test_another_package_can_not_replace_a_connectors_sandbox(packages):
    packages.install_connector(
        "acme-oms",
        extra="\n@hookimpl\ndef multiorder_sandboxes(): return {'acme': 'acme:create'}\n",
    )
    packages.install(
        "zz-other",
        "from multiorder_sync import hookimpl\n@hookimpl\n"
        "def multiorder_sandboxes(): return {'acme': 'zz:create'}\n",
        entry_point="zz",
    )
    assert discover().sandboxes["acme"] == "acme:create"


def test_names_are_all_that_something_claims(packages):
    packages.install("acme-oms", "raise OSError", entry_point="acme")
    packages.install_connector("other-oms", "other", entry_point="other")
    assert {"acme", "other"} <= set(discover().names)
