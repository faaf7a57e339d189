"""The schema of the file says what the loader says."""

import tomllib
from datetime import date, datetime, time

import jsonschema
import pytest

from multiorder_sync.config import schema
from multiorder_sync.errors import ConfigurationError


@pytest.fixture
def made(configurations):
    made = schema(configurations.registry)
    jsonschema.Draft202012Validator.check_schema(made)
    return made


def accepts(made: dict, text: str) -> bool:
    return jsonschema.Draft202012Validator(made).is_valid(_json(tomllib.loads(text)))


def loads(configurations, text: str) -> bool:
    try:
        configurations.load(text)
    except ConfigurationError:
        return False
    return True


def _json(value):
    """Data as an editor's schema check sees TOML: times are texts."""
    if isinstance(value, dict):
        return {key: _json(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_json(entry) for entry in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value


GOOD = [
    "",
    "deadline_seconds = 12.5",
    "enabled = false",
    'on_outage = "fail"',
    'required_fields = "strict"',
    'item_price = "line"',
    'headers = { x-key = { env = "S1_SECRET" } }',
    'headers = { x-key = "value" }',
    'signature = { scheme = "static", encoding = "base64", prefix = "" }',
    'mapping = { "attributes.a" = "order.id", ref = { env = "EXPRESSION" } }',
]
GOOD_OMS = [
    "retries = 0",
    "rate = 1",
    "rate = 2.5",
    'level = "slow"',
    'mode = "two"',
    'code = "ABC"',
    'code = { env = "CODE" }',
    'tags = ["a", { env = "CODE" }]',
    'kinds = ["a"]',
    'steps = ["a", "b"]',
    'codes = { a = "b", c = { env = "CODE" } }',
    'keys = { a = "b" }',
    'places = [{ city = "Ulm", password = "x" }, {}]',
    'address = { city = "Ulm" }',
    'ref = "order.id"',
    'folder = "here"',
    "either = 5",
    'either = "five"',
    'either = { env = "CODE" }',
    "free = { a = [1, { b = 2026-11-24 }] }",
    "share = 0.5",
    "step = 15",
    'word = "abc"',
    "day = 2026-11-24",
    "at = 2026-11-24T09:30:00Z",
    'pair = ["a", 2]',
    'one_or_more = "a"',
    'one_or_more = ["a", { env = "CODE" }]',
]
BAD = [
    "deadline_seconds = 0",
    "deadline_seconds = 301",
    'deadline_seconds = "20"',
    'enabled = "yes"',
    'on_outage = "queue"',
    'required_fields = "loose"',
    'item_price = "each"',
    "headers = { x-key = '' }",
    "headers = { 'x key' = 'value' }",
    "headers = { x-key = { evn = 'S1_SECRET' } }",
    "headers = { x-key = {} }",
    "headers = { x-key = { env = 'S1_SECRET', file = 'x' } }",
    "headers = []",
    'signature = { scheme = "none" }',
    'signature = { prefx = "" }',
    "mapping = { ref = 1 }",
    'mapping = { ref = "" }',
    "unknown = 1",
]
BAD_OMS = [
    "retries = 10",
    "retries = 1.5",
    "retries = true",
    'rate = "x"',
    'level = "fats"',
    "mode = 2",
    'code = "A"',
    "code = 55",
    'tags = "a"',
    "tags = [1]",
    "tags = [{ env = 1 }]",
    "kinds = [1]",
    'steps = ["a", "b", "c"]',
    "codes = { a = 1 }",
    'keys = { a = "" }',
    "places = [{ town = 1 }]",
    "address = { city = 1 }",
    'ref = ""',
    "folder = 1",
    "either = [1]",
    "either = 1.5",
    "free = 1",
    "share = 1",
    "step = 7",
    'word = "A"',
    "day = 1",
    "at = true",
    'pair = ["a"]',
    "one_or_more = 1",
    'one_or_more = ""',
    "one_or_more = [1]",
    "unknown = 1",
]
SERVER_GOOD = [
    "port = 0",
    'root_path = "/a"',
    "trusted_proxies = ['*']",
    "body_timeout_seconds = 1",
]
SERVER_BAD = [
    "port = 70000",
    "port = 1.5",
    "port = false",
    'root_path = "a"',
    'root_path = "/"',
    "max_body_bytes = 1",
    "trusted_proxies = [1]",
    'log_level = "loud"',
    'host = ""',
    "hots = 1",
]


def written(good: str, where: str, line: str) -> str:
    match where:
        case "space":
            return good.replace('connector = "acme"', f'connector = "acme"\n{line}')
        case "oms":
            return f"{good}{line}\n"
        case _:
            return f"[server]\n{line}\n{good}"


CASES = [
    *[("space", line, True) for line in GOOD],
    *[("oms", line, True) for line in GOOD_OMS],
    *[("server", line, True) for line in SERVER_GOOD],
    *[("space", line, False) for line in BAD],
    *[("oms", line, False) for line in BAD_OMS],
    *[("server", line, False) for line in SERVER_BAD],
]


@pytest.mark.parametrize(("where", "line", "fine"), CASES)
def test_schema_and_loader_agree(configurations, good, made, monkeypatch, where, line, fine):
    monkeypatch.setenv("CODE", "ABC")
    monkeypatch.setenv("EXPRESSION", "order.id")
    text = written(good, where, line)
    assert accepts(made, text) is fine
    assert loads(configurations, text) is fine


WHOLE = [
    ("", False),
    ("[spaces]\n", False),
    ("spaces = 1\n", False),
    ('[spaces."a/b"]\nconnector = "sick"\nsecrets = ["x"]\n', False),
    ('[spaces.""]\nconnector = "sick"\nsecrets = ["x"]\n', False),
    ('[spaces.s]\nconnector = "sick"\nsecrets = ["x"]\n[spaces.s.oms]\nanything = 1\n', True),
    ('[spaces.s]\nconnector = "nobody"\nsecrets = ["x"]\n', False),
    ('[spaces.s]\nconnector = "acme"\nsecrets = ["x"]\n', False),
    ('[spaces.s]\nsecrets = ["x"]\n', False),
    ('[spaces.s]\nconnector = "sick"\n', False),
    ('[spaces.s]\nconnector = "sick"\nsecrets = []\n', False),
    ('[spaces.s]\nconnector = "sick"\nenabled = true\n', False),
    ('[spaces.s]\nconnector = "sick"\nenabled = false\n', True),
    ('[journal]\nretention_days = 0\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
    ('[journal]\nurl = "x"\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', True),
    ('[sever]\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
]


@pytest.mark.parametrize(("text", "fine"), WHOLE)
def test_schema_and_loader_agree_about_whole_files(configurations, made, text, fine):
    assert accepts(made, text) is fine
    assert loads(configurations, text) is fine


def test_every_table_and_setting_of_ours_is_described(made):
    tables = [
        made["properties"]["server"],
        made["properties"]["journal"],
        made["$defs"]["space"],
        made["$defs"]["multiorder_sync.nacelle.signature.SignatureScheme"],
    ]
    for table in tables:
        assert table["description"]
        for name, setting in table["properties"].items():
            assert setting.get("description"), name


def test_a_connectors_own_descriptions_and_defaults_are_there(made):
    (acme,) = (table for name, table in made["$defs"].items() if name.endswith(".AcmeSettings"))
    settings = acme["properties"]
    assert acme["description"] == "How an Acme OMS is reached."
    assert acme["required"] == ["base_url", "password"]
    assert settings["base_url"]["description"] == "Where Acme is."
    assert settings["rate"]["description"] == "A rate."
    assert settings["retries"]["default"] == 3
    assert settings["rate"]["default"] == 1.5
    assert settings["level"]["default"] == "fast"
    assert settings["tags"]["default"] == []
    assert settings["ref"]["default"] == "order.id"
    assert settings["level"]["enum"] == ["fast", "slow"]
    assert "default" not in settings["password"]
    (address,) = (table for name, table in made["$defs"].items() if name.endswith(".Address"))
    assert address["properties"]["city"]["description"] == "The city that parcels leave from."


def test_the_servers_defaults_are_there(made):
    defaults = {
        name: setting.get("default")
        for name, setting in made["properties"]["server"]["properties"].items()
    }
    assert (defaults["host"], defaults["port"], defaults["log_format"]) == (
        "127.0.0.1",
        8080,
        "auto",
    )
    assert defaults["tls_key"] is None


def test_the_schema_is_json(made):
    import json

    assert json.loads(json.dumps(made)) == made
