"""`multiorder transform` and `multiorder plugins`, as a merchant and a script call them."""

import json

import pytest
from desk import VETO, Commands, installed
from test_command_line import run
from whole import CONFIG, ROOT

ORDER = ROOT / "examples" / "orders" / "guest.json"


@pytest.fixture
def config(tmp_path):
    def written(name="config.toml", *, space="", oms=""):
        file = tmp_path / name
        text = CONFIG.format(
            journal="journal", base_url="http://127.0.0.1:1", space=space, oms=oms, deadline=5
        )
        file.write_text(text)
        return file

    return written


def preview(config, *more, order=ORDER):
    result = run("transform", order, "--config", config, "--json", *more)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_each_value_is_shown_with_where_it_comes_from(config):
    said = preview(config(space='[spaces.acme.mapping]\n"attributes.channel" = "multi_order.id"'))
    (submission,) = said["submissions"]
    order = json.loads(ORDER.read_bytes())
    values, sources = submission["values"], submission["sources"]
    assert values["billingAddress.city"] == order["billing_address"]["city"]
    assert sources["billingAddress.city"] == ["billing_address.city"]
    assert values["items[0].quantity"] == 1
    assert sources["items[0].quantity"] == ["orders[0].order_items[0].quantity"]
    assert sources["attributes.channel"] == ["mapping: multi_order.id"]
    assert sources["type"] == ["the connector or its settings"]
    assert set(values) == set(sources)


def test_what_is_not_carried_is_said_with_the_reason(config, tmp_path):
    order = json.loads(ORDER.read_bytes())
    order["orders"][0]["canceled_reason"] = "none"
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order))
    said = preview(config(), order=file)
    assert "before it can be canceled" in said["not_carried"]["orders[0].canceled_reason"]


def test_it_reads_well_in_a_terminal(config):
    result = run("transform", ORDER, "--config", config())
    assert result.returncode == 0
    assert "billing_address.city" in result.stdout
    assert "item_price: auto read item prices" in result.stdout


def test_another_configuration_is_compared(config):
    mapping = '[spaces.acme.mapping]\n"attributes.channel" = "multi_order.id"'
    one, other = config(), config("other.toml", space=mapping)
    result = run("transform", ORDER, "--config", one, "--diff", other, "--json")
    assert result.returncode == 1
    (row,) = json.loads(result.stdout)
    assert (row["place"], row["here"]) == ("attributes.channel", None)
    result = run("transform", ORDER, "--config", one, "--diff", one)
    assert (result.returncode, result.stdout.strip()) == (0, "Nothing differs.")
    result = run("transform", ORDER, "--config", one, "--diff", "nowhere")
    assert result.returncode == 1
    assert "neither a space" in result.stderr


def with_spaces(file, **spaces):
    """Write spaces into a configuration in place of its own, each with more settings of its own."""
    head, table = file.read_text().split("[spaces.acme]")
    table = f"[spaces.acme]{table}"
    tables = (
        table.replace("spaces.acme", f"spaces.{name}") + more for name, more in spaces.items()
    )
    file.write_text(head + "\n".join(tables))
    return file


MAPPING = '[spaces.{}.mapping]\n"attributes.channel" = "{}"\n'
FAILING = MAPPING.format("three", "sum(multi_order.id)")


def diff(run, config, other, *more, space="two"):
    return run("transform", ORDER, "--config", config, "-s", space, "--diff", other, *more)


def test_a_veto_of_both_sides_is_no_order_that_can_be_sent(config, tmp_path):
    file = with_spaces(config(), two="", three="")
    with Commands(PYTHONPATH=installed(tmp_path, "rules", VETO)) as commands:
        result = diff(commands.run, file, "three")
        as_json = diff(commands.run, file, "three", "--json")
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "two does not send it, as it is vetoed: Not on a Tuesday. (rules)",
        "three does not send it, as it is vetoed: Not on a Tuesday. (rules)",
        "Nothing else differs.",
    ]
    assert as_json.returncode == 1
    veto = "Not on a Tuesday. (rules)"
    assert json.loads(as_json.stdout) == [{"place": "vetoed", "here": veto, "there": veto}]


def test_a_veto_of_one_side_is_shown_beside_what_differs(config, tmp_path):
    code = VETO.replace("return", "return None if context.space == 'two' else")
    file = with_spaces(config(), two="", three=MAPPING.format("three", "multi_order.id"))
    with Commands(PYTHONPATH=installed(tmp_path, "rules", code)) as commands:
        result = diff(commands.run, file, "three")
    assert result.returncode == 1
    assert "three does not send it, as it is vetoed: Not on a Tuesday." in result.stdout
    assert "two does not send" not in result.stdout
    assert "attributes.channel" in result.stdout


@pytest.mark.parametrize("side", ["here", "there"])
def test_the_side_that_can_not_send_an_order_is_named_with_why(config, side):
    file = with_spaces(config(), two="", three=FAILING)
    here, there = ("three", "two") if side == "here" else ("two", "three")
    result = diff(run, file, there, space=here)
    assert (result.returncode, "Error" in result.stderr) == (1, False)
    (line,) = result.stdout.splitlines()
    assert line.startswith("three can't send it: The mapping of attributes.channel failed.")
    assert line.endswith("(untransformable)")
    (row,) = json.loads(diff(run, file, there, "--json", space=here).stdout)
    assert row["place"] == "refused"
    assert row.pop(side).startswith("The mapping of attributes.channel failed.")
    assert row == {"place": "refused", "there" if side == "here" else "here": None}


def test_an_order_that_neither_side_can_send_is_said_of_both(config, tmp_path):
    file = with_spaces(config(), two="", three="")
    order = tmp_path / "order.json"
    order.write_text('{"orders": [{"order_items": [{}]}]}')
    result = run("transform", order, "--config", file, "-s", "two", "--diff", "three")
    assert result.returncode == 1
    assert result.stdout.count("(invalid_order)") == 2
    assert "two can't send it: " in result.stdout
    assert "three can't send it: " in result.stdout


def test_a_space_of_another_id_in_another_file_is_compared(config):
    mapped = MAPPING.format("{0}", "multi_order.id")
    one = config()
    several = with_spaces(config("several.toml"), two="", three=mapped.format("three"))
    single = with_spaces(config("single.toml"), three=mapped.format("three"))
    for other in (single, f"{single}:three", f"{several}:three"):
        (row,) = json.loads(diff(run, one, other, "--json", space="acme").stdout)
        assert row["place"] == "attributes.channel"
    # What it was taken for is said; a path that is short is in one line.
    options = ["--config", one, "--diff", single.name]
    assert "single.toml:three" in run("transform", ORDER, *options, cwd=single.parent).stdout
    assert diff(run, one, f"{several}:two", space="acme").stdout == "Nothing differs.\n"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("{}", "There is no space acme in {0}; --diff {0}:SPACE takes one of: two, three."),
        ("{}:four", "There is no space four in {0}; --diff {0}:SPACE takes one of: two, three."),
        ("{}.nowhere:two", "nor a file; --diff takes SPACE, FILE or FILE:SPACE."),
    ],
)
def test_a_space_that_is_not_there_comes_with_how_to_name_one(config, other, words):
    several = with_spaces(config("several.toml"), two="", three="")
    result = diff(run, config(), other.format(several), space="acme")
    assert (result.returncode, result.stdout) == (1, "")
    assert words.format(several) in result.stderr


def test_a_space_that_is_not_configured_comes_with_those_that_are(config):
    result = run("transform", ORDER, "--config", config(), "--space", "acne")
    assert result.returncode == 1
    assert "--space takes one of: acme." in result.stderr


def test_an_order_that_can_not_be_sent_says_why(config, tmp_path):
    file = tmp_path / "order.json"
    file.write_text('{"orders": [{"order_items": [{}]}]}')
    result = run("transform", file, "--config", config())
    assert result.returncode == 1
    assert "(invalid_order)" in result.stderr
    assert "Traceback" not in result.stderr


def test_plugins_are_listed_shown_and_checked():
    listed = json.loads(run("plugins", "list", "--json").stdout)["connectors"]
    assert {(each["name"], each["status"]) for each in listed} == {
        ("fluentcommerce", "ok"),
        ("manhattan", "ok"),
    }
    shown = json.loads(run("plugins", "show", "manhattan", "--json").stdout)
    settings = {each["path"]: each for each in shown["settings"]}
    assert settings["base_url"]["required"]
    assert settings["uom"]["default"] == "EACHES"
    assert "OrderAttribute.NAME" in {each["path"] for each in shown["mapping_targets"]}
    assert shown["not_carried"]
    assert shown["duplicate_guard"] == "merges"
    checked = run("plugins", "check")
    assert checked.returncode == 0
    assert "fluentcommerce" in checked.stdout
    (only,) = json.loads(run("plugins", "check", "manhattan", "--json").stdout)
    assert (only["name"], only["status"]) == ("manhattan", "ok")
    missing = run("plugins", "show", "acme")
    assert missing.returncode == 1
    assert "installed: fluentcommerce, manhattan" in missing.stderr
    assert "manhattan" in run("plugins").stdout


BROKEN = """
from multiorder_sync import Connector, hookimpl

class Acme(Connector):
    name = "acme"
    api_version = 99

@hookimpl
def multiorder_connectors():
    return [Acme]
"""


def test_a_broken_plugin_is_listed_and_checked_with_reason_and_remedy(tmp_path):
    with Commands(PYTHONPATH=installed(tmp_path, "acme_oms", BROKEN)) as commands:
        for command in ("list", "check"):
            result = commands.run("plugins", command)
            assert "acme_oms 1.0" in result.stdout
            assert "version 99 of the connector contract" in result.stdout
            assert result.returncode == (1 if command == "check" else 0)
        listed = json.loads(commands.run("plugins", "list", "--json").stdout)["connectors"]
        checked = json.loads(commands.run("plugins", "check", "--json").stdout)
        shown = commands.run("plugins", "show", "acme", "--json")
    assert shown.returncode == 1
    (broken,) = [each for each in listed if each["name"] == "acme"]
    assert (broken["distribution"], broken["version"]) == ("acme_oms", "1.0")
    assert broken["status"] == "broken"
    assert "multiorder-sync" in broken["remedy"]
    expected = {name: broken[name] for name in broken if name != "sandbox"}
    assert expected in checked
    assert {each["status"] for each in checked} == {"ok", "broken"}
    assert json.loads(shown.stdout) == expected


VETOING = """
import nope_at_all
from multiorder_sync import hookimpl

@hookimpl
def multiorder_veto(submission): ...
"""


def test_check_fails_for_a_package_that_is_to_be_asked_and_can_not_be(config, tmp_path):
    with Commands(PYTHONPATH=installed(tmp_path, "rules", VETOING)) as commands:
        result = commands.run("check", "--config", config())
    assert result.returncode == 1
    assert "hooks of rules 1.0: failed: rules_module can't be imported" in result.stdout
    assert "is to be asked before an order is sent" in result.stderr
