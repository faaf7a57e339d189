"""Whatever is in the file, it is a configuration or an error that says what is wrong."""

import json
from datetime import date, datetime, time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multiorder_sync.config import load
from multiorder_sync.errors import ConfigurationError

NAMES = [
    *("server", "journal", "spaces", "s1", "connector", "secrets", "headers", "signature"),
    *("deadline_seconds", "on_outage", "enabled", "oms", "mapping", "env", "file", "port", "host"),
    *("trusted_proxies", "tls_certificate", "base_url", "password", "root_path", "header"),
    *("retention_days", "attributes.a", "url", "encryption_keys", "migrate", "metrics", "limits"),
    *("redelivery", "alarms", "circuit_breaker", "delays_seconds", "late_commit_seconds"),
    *("webhook_url", "webhook_secret", "failures", "probe_seconds", "max_concurrent"),
    *("per_second",),
]
SETTINGS = [
    *("retries", "rate", "level", "tags", "kinds", "steps", "codes", "keys", "places", "address"),
    *("ref", "free", "either", "folder", "mode", "code", "token_url"),
]
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        *("acme", "sick", "S1_SECRET", "fail", "https://acme.example.com", "order.id", "a/b", "."),
        *("A" * 43 + "=", "queue", "http://[::1", "http://a:b@c"),
    ]
)
scalars = (
    texts
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.datetimes()
    | st.dates()
    | st.times()
    | st.sampled_from([10**40, 1e300, 0, 7])
)
urls = st.builds(
    "{}{}".format,
    st.sampled_from(["sqlite:///", "sqlite:", "postgresql://", "postgresql://u:"]),
    st.text(st.characters(codec="utf-8") | st.sampled_from("@:/?#[]%.0"), max_size=12),
)
keys = st.sampled_from(NAMES + SETTINGS) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)
tables = st.dictionaries(keys, values, max_size=6)
likely = st.fixed_dictionaries(
    {},
    optional={
        "server": tables | values,
        "journal": tables | values | st.fixed_dictionaries({"url": urls}),
        "redelivery": tables
        | values
        | st.fixed_dictionaries({"delays_seconds": st.lists(scalars, max_size=3)}),
        "alarms": tables
        | values
        | st.fixed_dictionaries(
            {"webhook_url": urls.map(lambda url: url.replace("sqlite", "http"))},
            optional={"webhook_secret": texts},
        ),
        "circuit_breaker": tables | values,
        "spaces": st.dictionaries(
            st.just("s1") | texts,
            st.fixed_dictionaries(
                {},
                optional={
                    "connector": st.sampled_from(["acme", "sick"]) | values,
                    "secrets": st.lists(values, max_size=2) | values,
                    "headers": tables | values,
                    "signature": tables | values,
                    "oms": tables
                    | st.fixed_dictionaries(
                        {"base_url": st.just("http://x"), "password": st.just("p")},
                        optional=dict.fromkeys(SETTINGS, values),
                    ),
                    "mapping": st.dictionaries(texts, texts | values, max_size=3) | values,
                    "deadline_seconds": values,
                    "limits": tables | values,
                },
            )
            | values,
            max_size=2,
        )
        | values,
    },
)


def toml(value) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case bool():
            return "true" if value else "false"
        case dict():
            return (
                "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return repr(value)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=likely | tables)
def test_any_data_is_a_configuration_or_a_configuration_error(configurations, document):
    text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in document.items())
    _configuration_or_error(configurations, text.encode())


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=60) | texts.map(str.encode))
def test_any_bytes_are_a_configuration_or_a_configuration_error(configurations, content):
    _configuration_or_error(configurations, content)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=texts, expression=texts | st.text("order.multi_[]()?*@&|'`\"<=>!{}:,0 1", max_size=20))
def test_any_mapping_is_a_mapping_or_a_configuration_error(configurations, place, expression):
    line = f"mapping = {{ {toml(place)} = {toml(expression)} }}"
    text = f"""
[spaces.s1]
connector = "acme"
secrets = ["x"]
oms = {{ base_url = "http://localhost", password = "x" }}
{line}
"""
    _configuration_or_error(configurations, text.encode())


def _configuration_or_error(configurations, content: bytes) -> None:
    configurations.path.write_bytes(content)
    problems = ()
    config = None
    try:
        config = load(configurations.path, configurations.registry)
    except ConfigurationError as error:
        problems = error.problems
    if config is None:
        assert problems
        assert all(problem.reason for problem in problems)
    else:
        assert config.spaces
