"""The tables beside `[server]` and the spaces: their defaults, their bounds, what they refuse."""

import os
import sys

import msgspec
import pytest
from sqlalchemy import create_engine, make_url, text

from multiorder_sync import Secret
from multiorder_sync.config import (
    AlarmSettings,
    CircuitBreakerSettings,
    JournalSettings,
    RedeliverySettings,
)

KEY = "0123456789-_" + "A" * 31 + "="
OTHER_KEY = "B" * 43 + "="


@pytest.fixture
def journal(configurations, good):
    """Give a function that loads a journal's address and returns it as it came out."""

    def load(url):
        return configurations.load(f'[journal]\nurl = "{url}"\n{good}').journal.url.reveal()

    return load


def test_without_the_tables_there_is_every_default(configurations, good):
    config = configurations.load(good)
    assert config.journal == JournalSettings(
        url=Secret(f"sqlite:///{configurations.folder}/multiorder.db"),
        retention_days=90,
        migrate=True,
        encryption_keys=(),
    )
    assert config.redelivery == RedeliverySettings(
        delays_seconds=(5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200),
        late_commit_seconds=300,
        max_concurrent=4,
    )
    assert config.alarms == AlarmSettings(webhook_url=None, webhook_secret=None)
    assert config.circuit_breaker == CircuitBreakerSettings(failures=5, probe_seconds=5)
    assert config.warnings == ()
    empty = "[journal]\n[redelivery]\n[alarms]\n[circuit_breaker]\n"
    assert configurations.load(empty + good) == config


def test_every_setting_of_the_tables_is_read(configurations, good, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://orders:hunter2@db.example.com:5433/orders")
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("WEBHOOK_SECRET", "secret-of-alarms")
    (configurations.folder / "key").write_text(f"{OTHER_KEY}\n")
    config = configurations.load(f"""
        [journal]
        url = {{ env = "DATABASE_URL" }}
        retention_days = 1
        migrate = false
        encryption_keys = [{{ env = "KEY" }}, {{ file = "key" }}]

        [redelivery]
        delays_seconds = [60, 0.5, 60]
        late_commit_seconds = 0
        max_concurrent = 1

        [alarms]
        webhook_url = "https://[2001:db8::1]:8443/hooks?shop=1#orders"
        webhook_secret = {{ env = "WEBHOOK_SECRET" }}

        [circuit_breaker]
        failures = 1
        probe_seconds = 0.1
        {good}""")
    assert config.journal == JournalSettings(
        url=Secret("postgresql://orders:hunter2@db.example.com:5433/orders"),
        retention_days=1,
        migrate=False,
        encryption_keys=(Secret(KEY), Secret(OTHER_KEY)),
    )
    assert config.redelivery == RedeliverySettings(
        delays_seconds=(60, 0.5, 60), late_commit_seconds=0, max_concurrent=1
    )
    assert config.alarms == AlarmSettings(
        webhook_url="https://[2001:db8::1]:8443/hooks?shop=1#orders",
        webhook_secret=Secret("secret-of-alarms"),
    )
    assert config.circuit_breaker == CircuitBreakerSettings(failures=1, probe_seconds=0.1)
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("table", "setting", "least", "most", "beyond"),
    [
        ("journal", "retention_days", "1", "36500", ["0", "36501"]),
        ("redelivery", "late_commit_seconds", "0", "86400", ["-1", "86401"]),
        ("redelivery", "max_concurrent", "1", "1000", ["0", "1001"]),
        ("redelivery", "delays_seconds", "[0.001]", "[2592000]", ["[0]", "[-1]", "[2592001]"]),
        ("circuit_breaker", "failures", "1", "1000", ["0", "1001"]),
        ("circuit_breaker", "probe_seconds", "0.001", "3600", ["0", "3601"]),
    ],
)
def test_a_number_is_taken_up_to_its_bounds_and_no_further(
    configurations, good, table, setting, least, most, beyond
):
    for value in (least, most):
        config = configurations.load(f"[{table}]\n{setting} = {value}\n{good}")
        read = getattr(getattr(config, table), setting)
        assert (list(read) if isinstance(read, tuple) else read) == msgspec.json.decode(value)
    for value in beyond:
        problem = configurations.problem(f"[{table}]\n{setting} = {value}\n{good}")
        assert problem.path.partition("[")[0] == f"{table}.{setting}"
        assert problem.reason.startswith("must be ")
        assert f"at most {most.strip('[]')}" in problem.reason


@pytest.mark.parametrize(
    ("line", "reason", "remedy"),
    [
        ("journal = 5", "must be a table, not a number", None),
        ("redelivery = []", "must be a table, not an array", None),
        ('alarms = "me"', "must be a table, not a string", None),
        ("circuit_breaker = true", "must be a table, not true or false", None),
        ("journal.retention = 90", "is not a setting", "did you mean retention_days?"),
        ("redelivery.delay_seconds = [1]", "is not a setting", "did you mean delays_seconds?"),
        ("alarms.webhook = 1", "is not a setting", "did you mean webhook_url?"),
        ("circuit_breaker.failure = 1", "is not a setting", "did you mean failures?"),
        ("journal.retention_days = 1.5", "must be a whole number, not a fraction", None),
        ('journal.migrate = "no"', "must be true or false, not a string", None),
        ("journal.url = 5", "must be a text, not a number", None),
        ('journal.url = { env = "UNSET" }', '"UNSET" is not set', "set it where this is started"),
        ('journal.url = ""', "is empty", None),
        ('journal.encryption_keys = "k"', "must be an array, not a string", None),
        ("redelivery.delays_seconds = 5", "must be an array, not a number", None),
        ("redelivery.delays_seconds = []", "must hold at least 1 delay", None),
        ('redelivery.late_commit_seconds = "5m"', "must be a number, not a string", None),
        ("circuit_breaker.probe_seconds = inf", "must be a number of ordinary size", None),
        ('alarms.webhook_secret = ""', "is empty", None),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_the_reason(
    configurations, good, line, reason, remedy
):
    problem = configurations.problem(f"{line}\n{good}")
    assert problem.path == line.partition(" ")[0]
    assert reason in problem.reason
    assert problem.remedy == remedy


def test_each_delay_that_is_wrong_is_named_and_they_need_not_grow(configurations, good):
    assert configurations.load(
        f"[redelivery]\ndelays_seconds = [9, 1, 9]\n{good}"
    ).redelivery.delays_seconds == (9, 1, 9)
    problems = configurations.problems(f'[redelivery]\ndelays_seconds = [1, 0, "x"]\n{good}')
    assert [(problem.path, problem.reason) for problem in problems] == [
        ("redelivery.delays_seconds[1]", "must be more than 0 and at most 2592000"),
        ("redelivery.delays_seconds[2]", "must be a number, not a string"),
    ]


def test_what_is_wrong_in_several_tables_is_said_at_once(configurations, good):
    problems = configurations.problems(f"""
        [journal]
        url = "mysql://db.example.com/orders"
        retention_days = 0
        encryption_keys = ["short"]
        [redelivery]
        delays_seconds = []
        [alarms]
        webhook_url = "shop.example"
        [circuit_breaker]
        failures = 0
        {good}
        retries = 10
        """)
    assert [problem.path for problem in problems] == [
        "journal.url",
        "journal.retention_days",
        "journal.encryption_keys[0]",
        "redelivery.delays_seconds",
        "alarms.webhook_url",
        "circuit_breaker.failures",
        "spaces.s1.oms.retries",
    ]


def test_a_relative_sqlite_file_starts_at_the_configurations_folder(
    configurations, journal, monkeypatch, tmp_path_factory
):
    (configurations.folder / "data").mkdir()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert journal("sqlite:///orders.db") == f"sqlite:///{configurations.folder}/orders.db"
    assert journal("sqlite:///data/o.db") == f"sqlite:///{configurations.folder}/data/o.db"
    assert journal("sqlite:///./o.db") == f"sqlite:///{configurations.folder}/o.db"


def test_an_absolute_sqlite_file_stays_where_it_is(journal, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert journal(f"sqlite:///{elsewhere}/orders.db") == f"sqlite:///{elsewhere}/orders.db"


def test_a_relative_sqlite_file_from_the_environment_starts_there_as_well(
    configurations, good, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///orders.db")
    config = configurations.load(f'[journal]\nurl = {{ env = "DATABASE_URL" }}\n{good}')
    assert config.journal.url == Secret(f"sqlite:///{configurations.folder}/orders.db")


@pytest.mark.parametrize("name", ["100%20off", "a?b", "a#b", "a b", "ä", "a:b@c", "%"])
def test_a_folder_of_any_name_can_hold_the_sqlite_file(configurations, good, tmp_path, name):
    configurations.folder = tmp_path / name
    configurations.folder.mkdir()
    configurations.path = configurations.folder / "config.toml"
    config = configurations.load(f'[journal]\nurl = "sqlite:///or%20ders.db"\n{good}')
    url = config.journal.url.reveal()
    assert make_url(url).database == str(configurations.folder / "or ders.db")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (c)"))
    engine.dispose()
    assert (configurations.folder / "or ders.db").is_file()


def test_a_sqlite_file_may_be_there_or_not_and_loading_makes_none(configurations, journal):
    file = configurations.folder / "orders.db"
    journal("sqlite:///orders.db")
    assert not file.exists()
    file.write_bytes(b"")
    assert journal("sqlite:///orders.db") == f"sqlite:///{file}"


@pytest.mark.parametrize("url", ["sqlite:///nowhere/orders.db", "sqlite:////nowhere/at/all.db"])
def test_the_folder_of_a_sqlite_file_must_be_there(configurations, good, url):
    problem = configurations.problem(f'[journal]\nurl = "{url}"\n{good}')
    assert problem.path == "journal.url"
    assert problem.reason == "the folder of the SQLite file is not there"
    assert problem.remedy == "make it; the path counts from the configuration's folder"


@pytest.mark.parametrize("url", ["sqlite:///data", "sqlite:///.", "sqlite:///..", "sqlite:///pipe"])
def test_a_sqlite_file_must_not_be_something_else(configurations, good, url):
    (configurations.folder / "data").mkdir()
    os.mkfifo(configurations.folder / "pipe")
    problem = configurations.problem(f'[journal]\nurl = "{url}"\n{good}')
    assert (problem.path, problem.remedy) == ("journal.url", "name the file itself")
    assert problem.reason == "leads to something that is not a file"


@pytest.mark.parametrize(
    ("url", "reason", "remedy"),
    [
        ("sqlite:///:memory:", "must name a file, for a journal in memory", "sqlite:///FILE"),
        ("sqlite:///%3Amemory:", "must name a file", "sqlite:///FILE"),
        ("sqlite:///", "must name a file", "sqlite:///FILE"),
        ("sqlite://", "must name a file", "sqlite:///FILE"),
        ("sqlite:orders.db", "must name a file", "sqlite:///FILE"),
        ("sqlite:///a%00b", "must name a file", "sqlite:///FILE"),
        ("sqlite:///orders.db?nolock=1", "a SQLite file takes no options", 'leave out "?"'),
        ("sqlite:///?orders.db", "a SQLite file takes no options", 'leave out "?"'),
        ("orders.db", "is not the address of a SQLite or PostgreSQL database", "sqlite:///FILE"),
        ("mysql://u:hunter2@h/n", "is not the address of a SQLite or", "postgresql://USER"),
        ("postgres://u:hunter2@h/n", "is not the address of a SQLite or", "postgresql://USER"),
        ("postgresql+asyncpg://u:hunter2@h/n", "is not the address of a", "postgresql://USER"),
        ("postgresql://u:hunter2@h:port/n", "can't be read as the address of", "%40"),
        ("postgresql://u:hunter2@h:0/n", "can't be read as the address of", "%40"),
        ("postgresql://u:hunter2@h:65536/n", "can't be read as the address of", "%40"),
        ("postgresql://u:x@hunter2@h/n", "can't be read as the address of", "%40"),
        ("postgresql://u:x@y/hunter2@h/n", "can't be read as the address of", "%40"),
        ("postgresql://u:hunter2@[::1/n", "can't be read as the address of", "%40"),
    ],
)
def test_a_database_that_no_journal_can_be_kept_in_is_refused(
    configurations, good, url, reason, remedy
):
    problem = configurations.problem(f'[journal]\nurl = "{url}"\n{good}')
    assert problem.path == "journal.url"
    assert problem.reason.startswith(reason)
    assert remedy in (problem.remedy or "")
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://orders:h%40nter2@db.example.com/orders",
        "postgresql+psycopg://orders:hunter2@[2001:db8::1]:5432/orders?sslmode=verify-full",
        "postgresql://orders@tenant:hunter2@db.example.com:65535/orders",
        "postgresql:///orders?host=/run/postgresql",
    ],
)
def test_the_address_of_a_postgresql_database_is_left_as_it_is(journal, url):
    assert journal(url) == url


def test_postgresql_without_its_driver_is_refused_with_what_to_install(
    configurations, good, monkeypatch
):
    url = 'url = "postgresql://orders@db.example.com/orders"'
    assert configurations.load(f"[journal]\n{url}\n{good}").warnings == ()
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed
    problem = configurations.problem(f"[journal]\n{url}\n{good}")
    assert problem.path == "journal.url"
    assert problem.reason == "the driver for PostgreSQL is not installed"
    assert problem.remedy == "pip install 'multiorder-sync[postgres]'"
    assert configurations.load(good).journal.migrate


@pytest.mark.parametrize(
    "key",
    [
        "short",
        KEY[:-1],
        f"{KEY}=",
        f" {KEY}",
        f"{KEY}\\n",
        KEY.replace("-", "+"),
        KEY.replace("_", "/"),
        KEY.replace("A", "ä", 1),
        "A" * 64,
    ],
)
def test_what_is_no_fernet_key_is_refused_with_how_to_make_one(configurations, good, key):
    text = f'[journal]\nencryption_keys = ["{KEY}", "{key}"]\n{good}'
    problem = configurations.problem(text)
    assert problem.path == "journal.encryption_keys[1]"
    assert problem.reason == "is not a Fernet key, which is 32 bytes in URL-safe base64"
    assert problem.remedy == "make one with: openssl rand -base64 32 | tr '+/' '-_'"
    assert key not in str(problem)


def test_an_alarm_that_could_not_be_signed_is_refused(configurations, good):
    problem = configurations.problem(f'[alarms]\nwebhook_url = "https://shop.example"\n{good}')
    assert (problem.path, problem.reason) == (
        "alarms",
        "webhook_url is set, but no webhook_secret to sign the calls with",
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/hooks",
        "ftp://shop.example",
        "//shop.example",
        "https://",
        "https:///hooks",
        "https://:8443/hooks",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:port",
        "https://[::1",
        "https://shop example",
        "https://shop.example/a b",
        "https://shop.example/\\u0000",
        "https://shop.example\\n",
    ],
)
def test_what_alarms_can_not_be_sent_to_is_refused(configurations, good, url):
    problem = configurations.problem(
        f'[alarms]\nwebhook_url = "{url}"\nwebhook_secret = {{ env = "S1_SECRET" }}\n{good}'
    )
    assert problem.path == "alarms.webhook_url"
    assert problem.reason == "must be a whole URL, with http:// or https://"


def test_the_address_for_alarms_holds_no_password_since_it_is_shown(configurations, good):
    problem = configurations.problem(
        '[alarms]\nwebhook_url = "https://u:hunter2@shop.example"\n'
        f'webhook_secret = {{ env = "S1_SECRET" }}\n{good}'
    )
    assert (problem.path, problem.remedy) == ("alarms.webhook_url", "leave them out")
    assert "no user and no password" in problem.reason
    assert "hunter2" not in str(problem)


def test_no_secret_of_the_tables_is_shown(configurations, good):
    config = configurations.load(f"""
        [journal]
        url = "postgresql://orders:hunter2@db.example.com/orders"
        encryption_keys = ["{KEY}"]
        [alarms]
        webhook_url = "https://shop.example"
        webhook_secret = "secret-of-alarms"
        {good}""")
    shown = repr(config) + str(config) + str(config.warnings)
    for secret in ("hunter2", KEY, "secret-of-alarms"):
        assert secret not in shown
    for settings in (config.journal, config.alarms):
        with pytest.raises(TypeError):
            msgspec.json.encode(settings)
