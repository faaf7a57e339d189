"""`multiorder plugins show`: what of a connector a merchant can set and map, also inside of tables."""

import json

import pytest
from desk import VETO, Commands, installed

PLUGIN = '''
from typing import Annotated, Any
from msgspec import Meta, Struct, field
from multiorder_sync import Connector, DuplicateGuard, hookimpl

class Method(Struct, frozen=True):
    """How a carrier is called.

    Attributes:
        carrier: The carrier's code.
    """

    carrier: str
    signed: bool = False

class Settings(Struct, frozen=True):
    base_url: Annotated[str, Meta(description="the address")]
    channel: str = "web"
    methods: Annotated[dict[str, Method], Meta(description="by Nacelle's rate")] = {}
    stores: tuple[Method, ...] = ()

class Extra(Struct, frozen=True):
    gift: Annotated[str, Meta(description="what the card says")] = ""

class Payload(Struct, frozen=True, rename="camel"):
    order_key: str
    attributes: Annotated[
        dict[str, Annotated[str, Meta(description="the attribute of that name")]],
        Meta(description="all attributes"),
    ] = {}
    extras: dict[str, Extra] = {}
    lines: list[Extra] = []

class Acme(Connector):
    name, api_version = "acme", 1
    Settings, Payload = Settings, Payload
    duplicate_guard = DuplicateGuard.NONE
    reserved = {"orderKey": "is what the order is found by"}

    def __init__(self, settings, http): pass
    def transform(self, order, context): return []
    async def submit(self, submission): pass
    async def find(self, submission): pass
    async def check(self): pass

@hookimpl
def multiorder_connectors():
    return [Acme]
'''


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with Commands(PYTHONPATH=installed(folder, "acme_oms", PLUGIN)) as commands:
        yield commands


def test_what_is_inside_of_tables_is_shown_with_its_type_and_description(acme):
    shown = json.loads(acme.run("plugins", "show", "acme", "--json").stdout)
    settings = {each["path"]: each for each in shown["settings"]}
    assert list(settings) == [
        "base_url", "channel", "methods", "methods.*.carrier", "methods.*.signed",
        "stores", "stores[].carrier", "stores[].signed",
    ]  # fmt: skip
    assert settings["methods"]["type"] == "table of tables"
    assert settings["methods"]["description"] == "by Nacelle's rate"
    carrier = settings["methods.*.carrier"]
    assert (carrier["type"], carrier["required"]) == ("text", True)
    assert carrier["description"] == "The carrier's code."
    assert settings["methods.*.signed"]["default"] == "false"


def test_required_settings_are_told_from_optional_ones_in_the_text(acme):
    lines = acme.run("plugins", "show", "acme").stdout.splitlines()
    (base_url,) = [line for line in lines if line.startswith("base_url")]
    (channel,) = [line for line in lines if line.startswith("channel")]
    assert base_url.split()[2] == "required"
    assert channel.split()[2] == "web"


def test_mapping_targets_have_the_names_and_descriptions_of_the_payload(acme):
    shown = json.loads(acme.run("plugins", "show", "acme", "--json").stdout)
    targets = {each["path"]: each for each in shown["mapping_targets"]}
    # What is reserved can't be mapped; what is in a list has no name.
    assert list(targets) == ["attributes.NAME", "extras.NAME.gift", "lines"]
    assert targets["attributes.NAME"]["description"] == "the attribute of that name"
    assert targets["extras.NAME.gift"]["description"] == "what the card says"
    assert targets["lines"]["type"] == "list of tables"


@pytest.mark.parametrize("connector", ["fluentcommerce", "manhattan"])
def test_no_shipped_connector_shows_a_class_of_its_own_as_a_type(acme, connector):
    shown = json.loads(acme.run("plugins", "show", connector, "--json").stdout)
    known = {"text", "number", "whole number", "true or false", "secret", "anything", "datetime"}
    known |= {"table", "table of text", "table of secret", "list of text", "list of tables"}
    for each in (*shown["settings"], *shown["mapping_targets"]):
        assert each["type"] in known or each["type"].startswith('"'), each
    named = [each for each in shown["mapping_targets"] if each["path"].endswith(".NAME")]
    assert named
    assert all(each["description"] for each in named)


def test_a_connector_that_is_not_there_is_said_to_be_missing_in_json_too(acme):
    shown = acme.run("plugins", "show", "nope", "--json")
    assert shown.returncode == 1
    said = json.loads(shown.stdout)
    assert set(said) == {"name", "status", "reason", "remedy"}
    assert (said["name"], said["status"]) == ("nope", "missing")
    checked = acme.run("plugins", "check", "nope", "--json")
    assert checked.returncode == 1
    assert json.loads(checked.stdout) == [said]
    in_words = acme.run("plugins", "show", "nope")
    assert (in_words.returncode, in_words.stdout) == (1, "")
    assert said["remedy"] in in_words.stderr


ASYNC = VETO.replace("def multiorder_veto", "async def multiorder_veto")


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """Two packages that bring hooks alone: one of them can be asked, the other one not."""
    folder = tmp_path_factory.mktemp("rules")
    installed(folder, "bad_rules", ASYNC)
    path = installed(folder, "good_rules", VETO)
    points = folder / "good_rules-1.0.dist-info" / "entry_points.txt"
    points.write_text("[multiorder_sync]\nembargo = good_rules_module\n")
    with Commands(PYTHONPATH=path) as commands:
        yield commands


@pytest.mark.parametrize("name", ["embargo", "good_rules", "Good-Rules"])
def test_a_package_of_hooks_is_shown_and_checked_by_its_own_name_and_its_entry_points(rules, name):
    expected = {
        "name": "embargo",
        "distribution": "good_rules",
        "version": "1.0",
        "status": "ok",
        "hooks": ["multiorder_veto"],
    }
    shown = rules.run("plugins", "show", name)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        "embargo from good_rules 1.0",
        "  hooks, which can be called: multiorder_veto",
    ]
    assert json.loads(rules.run("plugins", "show", name, "--json").stdout) == expected
    checked = rules.run("plugins", "check", name)
    assert checked.returncode == 0
    assert checked.stdout == "embargo (good_rules 1.0): ok; hooks: multiorder_veto\n"
    assert json.loads(rules.run("plugins", "check", name, "--json").stdout) == [expected]


@pytest.mark.parametrize("command", ["show", "check"])
def test_a_package_of_hooks_that_can_not_be_asked_says_what_follows_from_it(rules, command):
    result = rules.run("plugins", command, "bad-rules")
    assert (result.returncode, result.stderr) == (1, "")
    assert "bad_rules (bad_rules 1.0)" in result.stdout
    assert "multiorder_veto of bad_rules_module is an async function" in result.stdout
    assert "  no order is sent meanwhile, as it has multiorder_veto\n" in result.stdout
    said = json.loads(rules.run("plugins", command, "bad-rules", "--json").stdout)
    (said,) = [said] if command == "show" else said
    assert (said["name"], said["status"], said["hooks"]) == (
        "bad_rules", "broken", ["multiorder_veto"],
    )  # fmt: skip
    assert said["remedy"].startswith("write def")


def test_all_packages_of_hooks_are_checked_with_the_connectors(rules):
    checked = rules.run("plugins", "check")
    assert checked.returncode == 1
    lines = checked.stdout.splitlines()
    assert "embargo (good_rules 1.0): ok; hooks: multiorder_veto" in lines
    assert "bad_rules (bad_rules 1.0)" in lines
    said = json.loads(rules.run("plugins", "check", "--json").stdout)
    assert [(each["name"], each["status"]) for each in said] == [
        ("fluentcommerce", "ok"), ("manhattan", "ok"), ("embargo", "ok"), ("bad_rules", "broken"),
    ]  # fmt: skip
    listed = json.loads(rules.run("plugins", "list", "--json").stdout)["hooks"]
    assert [(each["name"], each["status"]) for each in listed] == [
        ("bad_rules", "broken"), ("embargo", "ok"),
    ]  # fmt: skip
    assert "bad_rules 1.0 has hooks: multiorder_veto, and is broken" in rules.run("plugins").stdout


def test_what_is_missing_names_the_packages_of_hooks_too(rules):
    missing = rules.run("plugins", "show", "nope")
    assert missing.returncode == 1
    assert "No installed package has a connector or hooks named nope" in missing.stderr
    assert "embargo" in missing.stderr
