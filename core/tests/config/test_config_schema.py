"""The schema of the file says what the loader says."""

import json
import tomllib
from datetime import date, datetime, time

import jsonschema
import pytest

from multiorder_sync.config import schema
from multiorder_sync.errors import ConfigurationError


@pytest.fixture
def made(configurations):
    configurations.install_sick()
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
    'on_outage = "queue"',
    "limits = {}",
    "limits = { max_concurrent = 1, per_second = 0.1 }",
    "limits = { max_concurrent = 10_000, per_second = 100_000 }",
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
    'on_outage = "queu"',
    "limits = 1",
    "limits = { max_concurrent = 0 }",
    "limits = { max_concurrent = 10_001 }",
    "limits = { max_concurrent = 2.5 }",
    "limits = { per_second = 0 }",
    "limits = { per_second = 100_001 }",
    "limits = { per_minute = 1 }",
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
    "metrics = true",
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
    "metrics = 9090",
]
KEY = "A" * 43 + "="
SECRET = 'webhook_secret = "s"'
TABLES_GOOD = [
    ("journal", ""),
    ("journal", 'url = "sqlite:///orders.db"'),
    ("journal", 'url = "sqlite:////dev/shm/orders.db"'),
    ("journal", 'url = "sqlite:///:memory:s"'),
    ("journal", 'url = "postgresql://orders:x@db.example.com:5432/orders?sslmode=require"'),
    ("journal", 'url = "postgresql+psycopg:///orders"'),
    ("journal", 'url = { env = "DATABASE_URL" }'),
    ("journal", "retention_days = 1"),
    ("journal", "retention_days = 36_500"),
    ("journal", "migrate = false"),
    ("journal", "encryption_keys = []"),
    ("journal", f'encryption_keys = ["{KEY}", {{ env = "KEY" }}]'),
    ("redelivery", ""),
    ("redelivery", "delays_seconds = [1]"),
    ("redelivery", "delays_seconds = [9, 0.5, 2_592_000]"),
    ("redelivery", "late_commit_seconds = 0"),
    ("redelivery", "late_commit_seconds = 86_400"),
    ("redelivery", "max_concurrent = 1_000"),
    ("alarms", ""),
    ("alarms", f'webhook_url = "https://shop.example"\n{SECRET}'),
    ("alarms", f'webhook_url = "http://[::1]:80/a?b=c@d#e"\n{SECRET}'),
    ("alarms", f'webhook_url = {{ env = "WEBHOOK_URL" }}\n{SECRET}'),
    ("circuit_breaker", ""),
    ("circuit_breaker", "failures = 1_000"),
    ("circuit_breaker", "probe_seconds = 0.5"),
    ("circuit_breaker", "probe_seconds = 3600"),
]
TABLES_BAD = [
    ("journal", 'url = ""'),
    ("journal", 'url = "orders.db"'),
    ("journal", 'url = "sqlite:///"'),
    ("journal", 'url = "sqlite:///:memory:"'),
    ("journal", 'url = "sqlite://"'),
    ("journal", 'url = "sqlite:///orders.db?mode=memory"'),
    ("journal", 'url = "mysql://db.example.com/orders"'),
    ("journal", 'url = "postgresql+asyncpg://db.example.com/orders"'),
    ("journal", "url = 1"),
    ("journal", "retention_days = 0"),
    ("journal", "retention_days = 36_501"),
    ("journal", "retention_days = 1.5"),
    ("journal", 'migrate = "no"'),
    ("journal", f'encryption_keys = "{KEY}"'),
    ("journal", f'encryption_keys = ["{KEY}A"]'),
    ("journal", 'encryption_keys = ["+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]'),
    ("journal", "retention = 1"),
    ("redelivery", "delays_seconds = []"),
    ("redelivery", "delays_seconds = 5"),
    ("redelivery", "delays_seconds = [1, 0]"),
    ("redelivery", "delays_seconds = [2_592_001]"),
    ("redelivery", 'delays_seconds = ["1"]'),
    ("redelivery", "late_commit_seconds = -1"),
    ("redelivery", "late_commit_seconds = 86_401"),
    ("redelivery", "max_concurrent = 0"),
    ("redelivery", "max_concurrent = 1_001"),
    ("redelivery", "delays = [1]"),
    ("alarms", f'webhook_url = ""\n{SECRET}'),
    ("alarms", f'webhook_url = "shop.example"\n{SECRET}'),
    ("alarms", f'webhook_url = "ftp://shop.example"\n{SECRET}'),
    ("alarms", f'webhook_url = "https://"\n{SECRET}'),
    ("alarms", f'webhook_url = "https://:80"\n{SECRET}'),
    ("alarms", f'webhook_url = "https://shop.example/a b"\n{SECRET}'),
    ("alarms", f'webhook_url = "https://u:p@shop.example/"\n{SECRET}'),
    ("alarms", 'webhook_secret = ""'),
    ("alarms", "webhook = 1"),
    ("circuit_breaker", "failures = 0"),
    ("circuit_breaker", "failures = 1_001"),
    ("circuit_breaker", "probe_seconds = 0"),
    ("circuit_breaker", "probe_seconds = 3_601"),
    ("circuit_breaker", "failure = 1"),
]


def written(good: str, where: str, line: str) -> str:
    match where:
        case "space":
            return good.replace('connector = "acme"', f'connector = "acme"\n{line}')
        case "oms":
            return f"{good}{line}\n"
        case table:
            return f"[{table}]\n{line}\n{good}"


CASES = [
    *[("space", line, True) for line in GOOD],
    *[("oms", line, True) for line in GOOD_OMS],
    *[("server", line, True) for line in SERVER_GOOD],
    *[(table, line, True) for table, line in TABLES_GOOD],
    *[("space", line, False) for line in BAD],
    *[("oms", line, False) for line in BAD_OMS],
    *[("server", line, False) for line in SERVER_BAD],
    *[(table, line, False) for table, line in TABLES_BAD],
]


@pytest.mark.parametrize(("where", "line", "fine"), CASES)
def test_schema_and_loader_agree(configurations, good, made, monkeypatch, where, line, fine):
    monkeypatch.setenv("CODE", "ABC")
    monkeypatch.setenv("EXPRESSION", "order.id")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///orders.db")
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("WEBHOOK_URL", "https://shop.example")
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
    ('journal = 1\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
    ('redelivery = []\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
    ('alarms = "a"\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
    ('circuit_breaker = true\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
    ('[circuit]\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
    ('[sever]\n[spaces.s]\nconnector="sick"\nsecrets=["x"]\n', False),
]


@pytest.mark.parametrize(("text", "fine"), WHOLE)
def test_schema_and_loader_agree_about_whole_files(configurations, made, text, fine):
    assert accepts(made, text) is fine
    assert loads(configurations, text) is fine


def test_every_table_and_setting_of_ours_is_described(made):
    tables = [
        *(table for name, table in made["properties"].items() if name != "spaces"),
        made["$defs"]["space"],
        made["$defs"]["multiorder_sync.config.settings.LimitSettings"],
        made["$defs"]["multiorder_sync.nacelle.signature.SignatureScheme"],
    ]
    assert len(tables) == 8
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
    assert settings["address"]["default"] == {"city": "Ulm"}
    (address,) = (table for name, table in made["$defs"].items() if name.endswith(".Address"))
    assert address["properties"]["city"]["description"] == "The city that parcels leave from."


def test_every_setting_of_ours_has_its_default_unless_it_has_none(made):
    tables = {name: table for name, table in made["properties"].items() if name != "spaces"}
    tables["space"] = made["$defs"]["space"]
    tables["limits"] = made["$defs"]["multiorder_sync.config.settings.LimitSettings"]
    without = {
        f"{name}.{setting}"
        for name, table in tables.items()
        for setting, said in table["properties"].items()
        if "default" not in said
    }
    assert without == {
        *("server.tls_certificate", "server.tls_key", "space.connector", "limits.per_second"),
        *("alarms.webhook_url", "alarms.webhook_secret"),
    }
    assert tables["server"]["properties"]["port"]["default"] == 8080
    assert tables["journal"]["properties"]["url"]["default"] == "sqlite:///multiorder.db"
    assert tables["space"]["properties"]["limits"]["default"] == {"max_concurrent": 64}


def test_the_defaults_that_are_said_change_nothing_when_they_are_written(
    configurations, good, made
):
    def defaults(table):
        properties = made["properties"][table]["properties"].items()
        return {name: said["default"] for name, said in properties if "default" in said}

    tables = [name for name in made["properties"] if name != "spaces"]
    written = "".join(f"{name} = {_inline(defaults(name))}\n" for name in tables)
    space = made["$defs"]["space"]["properties"]
    settings = "".join(
        f"{name} = {_inline(space[name]['default'])}\n"
        for name in space
        if name not in {"connector", "secrets", "oms"}
    )
    assert "limits" in settings
    text = written + good.replace("[spaces.s1.oms]", f"{settings}[spaces.s1.oms]")
    assert accepts(made, text)
    assert configurations.load(text) == configurations.load(good)


def _inline(value):
    """Data as TOML writes it on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {_inline(inner)}' for name, inner in value.items())}}}"
    return json.dumps(value)


def test_the_schema_is_json(made):
    assert json.loads(json.dumps(made)) == made
