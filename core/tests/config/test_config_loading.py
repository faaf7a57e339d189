"""A configuration to settings, and everything that is wrong with one at once."""

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from multiorder_sync import Expression, PricePolicy, Secret
from multiorder_sync.config import ServerSettings, load
from multiorder_sync.errors import ConfigurationError
from multiorder_sync.nacelle.signature import SignatureScheme
from multiorder_sync.oms.mapping import Mappings


def test_the_least_configuration_has_every_default(configurations, good):
    config = configurations.load(good)
    assert config.source == str(configurations.path)
    assert config.server == ServerSettings(
        host="127.0.0.1",
        port=8080,
        max_body_bytes=2_000_000,
        body_timeout_seconds=10,
        max_in_flight=200,
        root_path="",
        trusted_proxies=(),
        tls_certificate=None,
        tls_key=None,
        shutdown_grace_seconds=30,
        log_format="auto",
        log_level="info",
        metrics=False,
    )
    space = config.spaces["s1"]
    assert (space.id, space.connector, space.enabled) == ("s1", "acme", True)
    assert space.secrets == (Secret("signing-secret-of-s1"),)
    assert space.headers == {}
    assert space.signature == SignatureScheme()
    assert (space.deadline_seconds, space.on_outage) == (20, "fail")
    assert space.required_fields == "lenient"
    assert space.prices == PricePolicy()
    assert (space.limits.max_concurrent, space.limits.per_second) == (64, None)
    assert space.mapping == Mappings()
    assert space.broken is None
    assert space.oms.base_url == "https://acme.example.com"
    assert space.oms.password == Secret("password-of-s1")
    assert config.warnings == ()


def test_every_setting_is_read(configurations):
    (configurations.folder / "chain.pem").write_text("chain")
    (configurations.folder / "key.pem").write_text("key")
    config = configurations.load("""
        [server]
        host = "::1"
        port = 0
        max_body_bytes = 1024
        body_timeout_seconds = 0.5
        max_in_flight = 1
        root_path = "/orders"
        trusted_proxies = ["10.0.0.0/8", "::1", "*"]
        tls_certificate = "chain.pem"
        tls_key = "key.pem"
        shutdown_grace_seconds = 0
        log_format = "json"
        log_level = "debug"
        metrics = true

        [spaces."space one"]
        connector = "acme"
        secrets = [{ env = "S1_SECRET" }, { env = "S1_PASSWORD" }]
        headers = { x-api-key = { env = "S1_PASSWORD" } }
        signature = { header = "x-signature", prefix = "", encoding = "base64" }
        deadline_seconds = 300
        on_outage = "queue"
        enabled = false
        required_fields = "strict"
        item_price = "unit"
        tax_behavior = "inclusive"
        limits = { max_concurrent = 2, per_second = 0.5 }

        [spaces."space one".oms]
        base_url = "https://acme.example.com"
        password = { env = "S1_PASSWORD" }
        retries = 9
        rate = 0.10
        level = "slow"
        mode = "two"
        code = "ABCD"
        tags = ["a", { env = "S1_PASSWORD" }]
        kinds = ["a", "b", "a"]
        codes = { a = "x", b = { env = "S1_PASSWORD" } }
        keys = { k = { env = "S1_SECRET" } }
        places = [{ city = "Bonn" }, {}]
        address = { city = "Köln" }
        ref = "upper(order.id)"
        folder = "orders"
        either = 5
        free = { a = [1, { b = true }] }
        share = 0.25
        step = 10
        word = "abc"
        day = 2026-11-24
        at = 2026-11-24T09:30:00Z
        pair = ["b", 2]
        one_or_more = ["a", { env = "S1_PASSWORD" }]

        [spaces."space one".mapping]
        "attributes.channel" = "multi_order.metadata.channel"
        """)
    server = config.server
    assert (server.host, server.port, server.root_path) == ("::1", 0, "/orders")
    assert server.trusted_proxies == ("10.0.0.0/8", "::1", "*")
    assert server.tls_certificate == configurations.folder / "chain.pem"
    assert server.tls_key == configurations.folder / "key.pem"
    assert server.body_timeout_seconds == 0.5
    assert server.metrics is True
    space = config.spaces["space one"]
    assert space.secrets == (Secret("signing-secret-of-s1"), Secret("password-of-s1"))
    assert space.headers == {"x-api-key": Secret("password-of-s1")}
    assert space.signature == SignatureScheme(header="x-signature", prefix="", encoding="base64")
    assert (space.enabled, space.required_fields) == (False, "strict")
    assert space.on_outage == "queue"
    assert (space.limits.max_concurrent, space.limits.per_second) == (2, 0.5)
    assert space.prices == PricePolicy(item_price="unit", tax_behavior="inclusive")
    oms = space.oms
    assert (oms.retries, oms.level, oms.mode, oms.code) == (9, "slow", "two", "ABCD")
    assert str(oms.rate) == "0.10"
    assert isinstance(oms.rate, Decimal)
    assert oms.tags == ("a", "password-of-s1")
    assert oms.kinds == frozenset({"a", "b"})
    assert oms.codes == {"a": "x", "b": "password-of-s1"}
    assert oms.keys == {"k": Secret("signing-secret-of-s1")}
    assert [place.city for place in oms.places] == ["Bonn", "Ulm"]
    assert oms.address.city == "Köln"
    assert oms.ref == Expression("upper(order.id)")
    assert oms.folder == configurations.folder / "orders"
    assert (oms.either, oms.free) == (5, {"a": [1, {"b": True}]})
    assert (oms.share, oms.step, oms.word, oms.pair) == (0.25, 10, "abc", ("b", 2))
    assert oms.day == date(2026, 11, 24)
    assert oms.at == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert oms.one_or_more == ["a", "password-of-s1"]
    order = {"id": "o", "metadata": {"channel": "app"}}
    made = space.mapping.apply(oms_payload(space), {"metadata": {"channel": "app"}}, order)
    assert made.attributes == {"channel": "app"}


def oms_payload(space):
    owner = space.mapping.rules[0].place.steps[0].owner
    return owner(ref="r")


def test_five_mistakes_are_all_shown_with_file_key_reason_and_nearest_name(configurations):
    problems = configurations.problems("""
        [server]
        prot = 8080

        [spaces.s1]
        connector = "acmee"
        secrets = [{ env = "S1_SECRET" }]
        required_fields = "stict"

        [spaces.s2]
        connector = "acme"
        secrets = [{ env = "S1_SECRET" }]

        [spaces.s2.oms]
        base_urll = "https://acme.example.com"
        base_url = "https://acme.example.com"
        password = { env = "S1_PASSWORD" }

        [spaces.s2.mapping]
        "attribute.channel" = "order.id"
        """)
    found = {problem.path: problem for problem in problems}
    assert list(found) == [
        "server.prot",
        "spaces.s1.required_fields",
        "spaces.s1.connector",
        "spaces.s2.oms.base_urll",
        'spaces.s2.mapping."attribute.channel"',
    ]
    assert found["server.prot"].remedy == "did you mean port?"
    choice = found["spaces.s1.required_fields"]
    assert choice.reason == '"stict" is not one of "lenient", "strict"'
    assert choice.remedy == 'did you mean "strict"?'
    connector = found["spaces.s1.connector"]
    assert connector.reason == 'no installed package has a connector "acmee"'
    assert connector.remedy == 'did you mean "acme"? installed: acme'
    assert found["spaces.s2.oms.base_urll"].remedy == "did you mean base_url?"
    mapping = found['spaces.s2.mapping."attribute.channel"']
    assert mapping.remedy == "did you mean attributes?"


def test_the_error_reads_as_a_list_under_the_file(configurations):
    with pytest.raises(ConfigurationError) as caught:
        configurations.load("[server]\nprot = 1\n")
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{configurations.path} has 2 problems:"
    assert lines[1] == "  server.prot: is not a setting (did you mean port?)"
    assert lines[2].startswith("  spaces: no space is configured")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("port = 65536", "must be at least 0 and at most 65535"),
        ("port = -1", "must be at least 0 and at most 65535"),
        ("port = 80.5", "must be a whole number, not a fraction"),
        ('port = "8080"', "must be a number, not a string"),
        ("port = true", "must be a number, not true or false"),
        ("port = nan", "must be a number of ordinary size"),
        ("port = 1e999", "must be a number of ordinary size"),
        ("port = 2026-11-24", "must be a number, not a date or time"),
        ("max_body_bytes = 1023", "must be at least 1024 and at most 1000000000"),
        ("body_timeout_seconds = 0", "must be more than 0 and at most 300"),
        ("body_timeout_seconds = inf", "must be a number of ordinary size"),
        ("max_in_flight = 0", "must be at least 1 and at most 1000000"),
        ("shutdown_grace_seconds = -1", "must be at least 0 and at most 3600"),
        ('host = ""', "must not be empty"),
        ("host = 5", "must be a text, not a number"),
        ('root_path = "orders"', 'must start with "/" and not end with one'),
        ('root_path = "/orders/"', 'must start with "/" and not end with one'),
        ('trusted_proxies = ["proxy"]', "must be an IP address or a network"),
        ('trusted_proxies = "10.0.0.1"', "must be an array, not a string"),
        ('tls_certificate = "nowhere.pem"', "there is no file"),
        ('log_format = "xml"', '"xml" is not one of "auto", "json", "console"'),
        ("log_level = 5", "must be one of"),
        ("metrics = 9090", "must be true or false, not a number"),
    ],
)
def test_a_server_setting_that_is_wrong_is_named_with_the_reason(
    configurations, good, line, reason
):
    problem = configurations.problem(f"[server]\n{line}\n{good}")
    assert problem.path.partition("[")[0] == f"server.{line.split(' ')[0]}"
    assert reason in problem.reason


def test_a_key_without_a_certificate_is_a_problem(configurations, good):
    (configurations.folder / "key.pem").write_text("key")
    problem = configurations.problem(f'[server]\ntls_key = "key.pem"\n{good}')
    assert (problem.path, problem.reason) == (
        "server",
        "tls_key is set, but no tls_certificate for it",
    )


@pytest.mark.parametrize(
    ("line", "path", "reason"),
    [
        ("deadline_seconds = 0", "deadline_seconds", "must be more than 0 and at most 300"),
        ("deadline_seconds = 300.5", "deadline_seconds", "must be more than 0 and at most 300"),
        ("enabled = 1", "enabled", "must be true or false, not a number"),
        ("item_price = 'each'", "item_price", '"each" is not one of'),
        ("headers = { 'x y' = 'v' }", 'headers."x y"', "must be the name of an HTTP header"),
        ("headers = { x = '' }", "headers.x", "is empty"),
        ("headers = { x = 'a', X = 'b' }", "headers.x", "is there twice"),
        ("signature = { header = 'x:y' }", "signature.header", "the name of an HTTP header"),
        ("signature = { encoding = 'hax' }", "signature.encoding", '"hax" is not one of'),
        ("signature = { heder = 'x' }", "signature.heder", "is not a setting"),
        ("signature = 'x'", "signature", "must be an object, not a string"),
        ("mapping = 5", "mapping", "must be a table, not a number"),
        ("mapping = { ref = 5 }", "mapping.ref", "must be a text, not a number"),
        ("mapping = { ref = 'order.' }", "mapping.ref", "ends too early (at character 7)"),
        ("sekrets = []", "sekrets", "is not a setting"),
        ("limits = 5", "limits", "must be an object, not a number"),
        ("limits = { per_minute = 5 }", "limits.per_minute", "is not a setting"),
        (
            "limits = { max_concurrent = 0 }",
            "limits.max_concurrent",
            "must be at least 1 and at most 10000",
        ),
        (
            "limits = { max_concurrent = 10_001 }",
            "limits.max_concurrent",
            "must be at least 1 and at most 10000",
        ),
        (
            "limits = { max_concurrent = 1.5 }",
            "limits.max_concurrent",
            "must be a whole number, not a fraction",
        ),
        (
            "limits = { per_second = 0 }",
            "limits.per_second",
            "must be more than 0 and at most 100000",
        ),
        (
            "limits = { per_second = 100_001 }",
            "limits.per_second",
            "must be more than 0 and at most 100000",
        ),
    ],
)
def test_a_space_setting_that_is_wrong_is_named_with_the_reason(
    configurations, good, line, path, reason
):
    text = good.replace('connector = "acme"', f'connector = "acme"\n{line}')
    problem = configurations.problems(text)[0]
    assert problem.path == f"spaces.s1.{path}"
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("line", "path", "reason"),
    [
        ("retries = 10", "retries", "must be at least 0 and at most 9"),
        ("rate = 'x'", "rate", "must be a number, not a string"),
        ("level = 'fats'", "level", '"fats" is not one of "fast", "slow"'),
        ("mode = 'three'", "mode", '"three" is not one of "one", "two"'),
        ("code = 'A'", "code", "must have at least 2 characters"),
        ("code = 'ABCDE'", "code", "must have at most 4 characters"),
        ("tags = 'a'", "tags", "must be an array, not a string"),
        ("tags = ['a', 5]", "tags[1]", "must be a text, not a number"),
        ("kinds = ['a', 5]", "kinds", "[1]: must be a text, not a number"),
        ("steps = ['a', 'b', 'c']", "steps", "length <= 2"),
        ("codes = { a = 1 }", "codes.a", "must be a text, not a number"),
        ("keys = { k = '' }", "keys.k", "is empty"),
        ("places = [{}, { city = 1 }]", "places[1].city", "must be a text, not a number"),
        ("address = { cty = 'x' }", "address.cty", "is not a setting"),
        ("ref = 'order.'", "ref", "ends too early (at character 7)"),
        ("ref = 'ordr.id'", "ref", "there is no ordr here"),
        ("either = [1]", "either", "must be a text, not an array or must be a number"),
        ("free = 1", "free", "must be a table, not a number"),
        ("share = 1", "share", "must be more than 0 and less than 1"),
        ("step = 7", "step", "must be a multiple of 5"),
        ("word = 'A'", "word", "must match ^[a-z]+$"),
        ("day = 2026-11-24T09:30:00Z", "day", "must be like 2026-11-24, not a date or time"),
        ("at = '2026'", "at", "must be like 2026-11-24T09:30:00Z, not a string"),
        ("pair = ['a']", "pair", "length 2"),
        ("one_or_more = 5", "one_or_more", "must be a text, not a number or must be an array"),
        ("one_or_more = ['a', 5]", "one_or_more", "[1]: must be a text, not a number"),
    ],
)
def test_a_connectors_setting_that_is_wrong_is_named_with_the_reason(
    configurations, good, line, path, reason
):
    problem = configurations.problem(f"{good}{line}\n")
    assert problem.path == f"spaces.s1.oms.{path}"
    assert reason in problem.reason


def test_required_settings_of_a_connector_are_asked_for_without_its_table(configurations, space):
    problems = configurations.problems(space)
    assert [(problem.path, problem.reason) for problem in problems] == [
        ("spaces.s1.oms.base_url", "is missing"),
        ("spaces.s1.oms.password", "is missing"),
    ]


def test_what_a_connectors_settings_refuse_is_a_problem_at_their_table(configurations, good):
    problem = configurations.problem(good.replace("https://", ""))
    assert (problem.path, problem.reason) == ("spaces.s1.oms", "base_url must be a URL")


def test_settings_that_break_in_the_connectors_own_code_break_only_the_space(configurations, good):
    config = configurations.load(f"{good}retries = 7\n")
    broken = config.spaces["s1"].broken
    assert broken is not None
    assert "RuntimeError: seven" in broken.reason
    assert config.spaces["s1"].oms is None
    assert config.warnings[0].path == "spaces.s1.connector"


def test_an_outage_that_is_met_in_no_known_way_is_named_with_the_ways_there_are(
    configurations, good
):
    text = good.replace('connector = "acme"', 'connector = "acme"\non_outage = "queu"')
    problem = configurations.problem(text)
    assert problem.path == "spaces.s1.on_outage"
    assert problem.reason == '"queu" is not one of "fail", "queue"'
    assert problem.remedy == 'did you mean "queue"?'


def test_a_broken_connector_marks_the_space_and_warns(configurations, good):
    configurations.install_sick()
    config = configurations.load(
        good + '[spaces.s2]\nconnector = "sick"\nsecrets = ["x"]\n[spaces.s2.oms]\nanything = 1\n'
    )
    space = config.spaces["s2"]
    assert space.broken is not None
    assert space.broken.distribution == "sick-oms"
    assert space.oms is None
    assert config.spaces["s1"].broken is None
    (warning,) = [each for each in config.warnings if "ImportError: no" in each.reason]
    assert warning.path == "spaces.s2.connector"
    assert warning.remedy == "install what it needs"


def test_without_any_connector_the_remedy_is_to_install_one(configurations, good):
    from multiorder_sync.oms.plugins import Registry

    configurations.registry = Registry()
    assert "pip install" in (configurations.problem(good).remedy or "")


@pytest.mark.parametrize("text", ["", "[server]\n", "[spaces]\n"])
def test_no_space_is_a_problem(configurations, text):
    problem = configurations.problem(text)
    assert (problem.path, problem.reason.partition(",")[0]) == ("spaces", "no space is configured")
    assert "[spaces.ID]" in (problem.remedy or "")


@pytest.mark.parametrize("text", ["spaces = 5", "spaces = [{}]", "[spaces]\ns1 = 5"])
def test_what_is_no_table_is_said_to_be_none(configurations, text):
    assert "must be a table, not" in configurations.problem(text).reason


@pytest.mark.parametrize("space_id", ["", "a/b", "a\\u0000b", "a\\nb", "ab\\n", "\\u0085"])
def test_a_space_id_that_no_path_can_hold_is_a_problem(configurations, good, space_id):
    problem = configurations.problem(good.replace("spaces.s1", f'spaces."{space_id}"'))
    assert problem.path.startswith('spaces."')
    assert "space id" in problem.reason


def test_an_enabled_space_needs_a_secret_and_a_disabled_one_does_not(configurations, good):
    for secrets in ("", "secrets = []"):
        text = good.replace('secrets = [{ env = "S1_SECRET" }]', secrets)
        problem = configurations.problem(text)
        assert problem.path == "spaces.s1.secrets"
        assert "at least one secret" in problem.reason
        off = text.replace('connector = "acme"', 'connector = "acme"\nenabled = false')
        assert configurations.load(off).spaces["s1"].secrets == ()


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("sever", "server"),
        ("jurnal", "journal"),
        ("redelivry", "redelivery"),
        ("alarm", "alarms"),
        ("circuit-breaker", "circuit_breaker"),
    ],
)
def test_a_top_level_slip_comes_with_the_nearest_name(configurations, good, slip, meant):
    problem = configurations.problem(f"[{slip}]\nport = 1\n{good}")
    assert (problem.path, problem.remedy) == (slip, f"did you mean {meant}?")


def test_a_whole_number_with_a_point_is_one(configurations, good):
    assert configurations.load(f"[server]\nport = 8080.0\n{good}").server.port == 8080


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("[server]\nport = = 1\n", "line 2, column 8", "is not TOML: invalid value"),
        ("[server", "line 1, column 8", "is not TOML"),
        ("[server]\nport = 1\nport = 2\n", "line 3", "is not TOML: cannot overwrite a value"),
        (b"[server]\n# caf\xe9\n", "line 2", "is not UTF-8"),
        ("a = " + "[" * 20_000, "", "nested"),
        ("a = 1" + "0" * 5_000, "", "is not TOML"),
        ("a = 1e99999999999999999999", "", "is too large"),
    ],
)
def test_what_is_not_toml_is_named_with_line_and_column(configurations, text, path, reason):
    problem = configurations.problem(text)
    assert problem.path.startswith(path)
    assert reason in problem.reason


def test_a_byte_order_mark_and_windows_line_ends_are_taken(configurations, good):
    text = b"\xef\xbb\xbf" + good.replace("\n", "\r\n").encode()
    assert list(configurations.load(text).spaces) == ["s1"]


@pytest.mark.parametrize(
    ("name", "reason", "remedy"),
    [
        ("nowhere.toml", "there is no such file", "--config"),
        (".", "is a folder, not a file", "name the file"),
        ("a\0b", "can't be read", "--config"),
        ("x" * 5000, "can't be read", "--config"),
    ],
)
def test_a_file_that_can_not_be_read_is_one_clear_sentence(tmp_path, name, reason, remedy):
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / name, _no_connectors())
    (problem,) = caught.value.problems
    assert reason in problem.reason
    assert remedy in (problem.remedy or "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_one_clear_sentence(configurations, good):
    configurations.load(good)
    configurations.path.chmod(0)
    with pytest.raises(ConfigurationError) as caught:
        load(configurations.path, configurations.registry)
    assert "can't be read" in caught.value.problems[0].reason


def test_a_relative_path_is_taken_from_where_it_is_started(configurations, good, monkeypatch):
    (configurations.folder / "sub").mkdir()
    (configurations.folder / "secret.txt").write_text("from-file")
    configurations.path.write_text(good.replace('{ env = "S1_SECRET" }', '{ file = "secret.txt" }'))
    monkeypatch.chdir(configurations.folder / "sub")
    config = load(Path("../config.toml"), configurations.registry)
    assert config.source == "../config.toml"
    assert config.spaces["s1"].secrets == (Secret("from-file"),)


def _no_connectors():
    from multiorder_sync.oms.plugins import Registry

    return Registry()
