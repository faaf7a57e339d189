"""What can be used and is likely not meant is warned about, and nothing else is."""

import pytest

SECOND = """
[spaces.s2]
connector = "acme"
secrets = [{ env = "S2_SECRET" }]
[spaces.s2.oms]
base_url = "https://acme.example.com"
password = { env = "S1_PASSWORD" }
"""


@pytest.fixture(autouse=True)
def second_secret(monkeypatch):
    monkeypatch.setenv("S2_SECRET", "signing-secret-of-s2")


def only_warning(config):
    assert len(config.warnings) == 1, config.warnings
    return config.warnings[0]


def test_two_spaces_with_secrets_of_their_own_are_fine(configurations, good):
    assert configurations.load(good + SECOND).warnings == ()


def test_a_shared_signing_secret_is_warned_about(configurations, good, monkeypatch):
    monkeypatch.setenv("S2_SECRET", "signing-secret-of-s1")
    warning = only_warning(configurations.load(good + SECOND))
    assert warning.path == "spaces.s2.secrets"
    assert "shares a signing secret with spaces.s1" in warning.reason
    assert warning.remedy


def test_one_space_may_list_a_secret_twice(configurations, good):
    text = good.replace('{ env = "S1_SECRET" }', '{ env = "S1_SECRET" }, { env = "S1_SECRET" }')
    assert configurations.load(text).warnings == ()


def test_a_static_secret_is_warned_about(configurations, good):
    text = good.replace(
        'connector = "acme"', 'connector = "acme"\nsignature = { scheme = "static" }'
    )
    warning = only_warning(configurations.load(text))
    assert warning.path == "spaces.s1.signature.scheme"
    assert "proves nothing about an order" in warning.reason


@pytest.mark.parametrize(
    ("host", "warned"),
    [
        ("acme.example.com", True),
        ("acme.sandbox.example.com", True),
        ("localhost.example.com", True),
        ("localhost", False),
        ("acme.localhost:8443", False),
        ("127.0.0.1:9000", False),
        ("127.8.8.8", False),
        ("[::1]:9000", False),
        ("[::1", True),
    ],
)
def test_secrets_in_the_file_are_warned_about_unless_the_oms_is_local(
    configurations, good, host, warned
):
    text = good.replace("acme.example.com", host)
    text = text.replace('[{ env = "S1_SECRET" }]', '["written", { env = "S1_SECRET" }, "too"]')
    text = text.replace("[spaces.s1.oms]", '[spaces.s1.headers]\nx-key = "w"\n[spaces.s1.oms]')
    text += 'keys = { k = "w", "l m" = "w" }\nplaces = [{}, { password = "w" }]\n'
    warnings = configurations.load(text).warnings
    if not warned:
        assert warnings == ()
        return
    (warning,) = warnings
    assert warning.path == "spaces.s1"
    assert warning.reason == (
        "secrets stand in the file itself: secrets[0], secrets[2], headers.x-key, "
        'oms.keys.k, oms.keys."l m", oms.places[1].password'
    )
    assert "env" in (warning.remedy or "")


@pytest.mark.parametrize(
    "sandbox",
    ["https://acme.sandbox.example.com", "https://acme-sandbox.example.com", "http://127.0.0.1:9"],
)
def test_production_beside_a_sandbox_is_warned_about(configurations, good, sandbox):
    text = good + SECOND.replace("https://acme.example.com", sandbox)
    warning = only_warning(configurations.load(text))
    assert warning.path == "spaces.s1.oms.base_url"
    assert "acme.example.com looks like production" in warning.reason
    assert "spaces.s2" in warning.reason


def test_sandboxes_alone_are_fine(configurations, good):
    text = (good + SECOND).replace("acme.example.com", "acme.sandbox.example.com")
    assert configurations.load(text).warnings == ()


def test_unencrypted_addresses_are_warned_about_unless_they_are_local(configurations, good):
    text = good.replace("https:", "http:") + 'token_url = "HTTP://tokens.example.com"\n'
    warnings = configurations.load(text).warnings
    assert [warning.path for warning in warnings] == [
        "spaces.s1.oms.base_url",
        "spaces.s1.oms.token_url",
    ]
    assert all("unencrypted" in warning.reason for warning in warnings)
    local = text.replace("acme.example.com", "localhost").replace("tokens.example.com", "[::1]")
    assert configurations.load(local).warnings == ()


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("postgresql://orders:hunter2@db.example.com/orders", True),
        ("postgresql://orders:h%40nter2@/orders", True),
        ("postgresql://orders:hunter[2@db.example.com/orders", True),
        ("postgresql://orders:hunter#2@db.example.com/orders", True),
        ("postgresql://db.example.com/orders?user=orders&password=hunter2", True),
        ("postgresql://orders@db.example.com/orders", False),
        ("postgresql://orders:@db.example.com/orders", False),
        ("postgresql:///orders?host=/run/postgresql", False),
        ("sqlite:///orders:hunter2@db", False),
    ],
)
def test_a_databases_password_in_the_file_is_warned_about(
    configurations, good, monkeypatch, url, warned
):
    warnings = configurations.load(f'[journal]\nurl = "{url}"\n{good}').warnings
    assert [warning.path for warning in warnings] == ["journal.url"] * warned
    assert all("password stands in the file itself" in warning.reason for warning in warnings)
    assert all("env" in (warning.remedy or "") for warning in warnings)
    monkeypatch.setenv("DATABASE_URL", url)
    elsewhere = f'[journal]\nurl = {{ env = "DATABASE_URL" }}\n{good}'
    assert configurations.load(elsewhere).warnings == ()


def test_an_encryption_key_in_the_file_is_warned_about(configurations, good, monkeypatch):
    key = "A" * 43 + "="
    monkeypatch.setenv("KEY", key)
    for keys in (f'"{key}"', f'{{ env = "KEY" }}, "{key}", "{key}"'):
        text = f"[journal]\nencryption_keys = [{keys}]\n{good}"
        warning = only_warning(configurations.load(text))
        assert warning.path == "journal.encryption_keys"
        assert "stands in the file itself" in warning.reason
        assert "env" in (warning.remedy or "")
    elsewhere = f'[journal]\nencryption_keys = [{{ env = "KEY" }}]\n{good}'
    assert configurations.load(elsewhere).warnings == ()


@pytest.mark.parametrize(
    ("alarms", "paths"),
    [
        ('webhook_url = "https://a.example"\nwebhook_secret = { env = "S2_SECRET" }', []),
        ('webhook_url = "http://127.0.0.1:9"\nwebhook_secret = "written"', []),
        (
            'webhook_url = "https://a.example"\nwebhook_secret = "written"',
            ["alarms.webhook_secret"],
        ),
        (
            'webhook_url = "http://a.example"\nwebhook_secret = { env = "S2_SECRET" }',
            ["alarms.webhook_url"],
        ),
        (
            'webhook_url = { env = "WEBHOOK_URL" }\nwebhook_secret = { env = "S2_SECRET" }',
            ["alarms.webhook_url"],
        ),
        ('webhook_secret = { env = "S2_SECRET" }', ["alarms.webhook_secret"]),
    ],
)
def test_alarms_that_are_shown_or_reach_nobody_are_warned_about(
    configurations, good, monkeypatch, alarms, paths
):
    monkeypatch.setenv("WEBHOOK_URL", "http://a.example")
    warnings = configurations.load(f"[alarms]\n{alarms}\n{good}").warnings
    assert [warning.path for warning in warnings] == paths
    assert all(warning.remedy for warning in warnings)


def test_a_secret_for_alarms_that_reach_nobody_is_said_to_be_that(configurations, good):
    text = f'[alarms]\nwebhook_secret = {{ env = "S2_SECRET" }}\n{good}'
    warning = only_warning(configurations.load(text))
    assert warning.reason == "is set, but no webhook_url to call, so nobody is told"
