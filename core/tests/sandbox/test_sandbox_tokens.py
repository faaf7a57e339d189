"""Tokens by the password grant."""

import pytest

from multiorder_sync.sandbox import Tokens

pytestmark = pytest.mark.asyncio(loop_scope="module")


FORM = {"grant_type": "password", "username": "ada", "password": "pass word"}


async def test_tokens_are_counted(client):
    before = (await client.get("/_sandbox/tokens")).json()

    await client.post("/token", data=FORM, auth=("app", "s:3cret"))

    after = (await client.get("/_sandbox/tokens")).json()
    assert after == {"issued": before["issued"] + 1, "live": before["live"] + 1}


async def test_the_client_may_be_named_in_the_form(client):
    form = {**FORM, "client_id": "app", "client_secret": "s:3cret"}
    del client.headers["Authorization"]

    assert (await client.post("/token", data=form)).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"username": None}, "invalid_request"),
        ({"password": None}, "invalid_request"),
        ({"username": "bob"}, "invalid_grant"),
        ({"password": "password"}, "invalid_grant"),
    ],
)
async def test_a_wrong_form_gets_no_token(client, change, error):
    form = {name: text for name, text in {**FORM, **change}.items() if text is not None}

    answer = await client.post("/token", data=form, auth=("app", "s:3cret"))

    assert (answer.status_code, answer.json()["error"]) == (401, error)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer x",
        "Basic !!!",
        "Basic /////w==",  # no UTF-8
        "Basic YXBw",  # app, without a secret
        "Basic YXBwOm90aGVy",  # app:other
        "Basic b3RoZXI6czozY3JldA==",  # other:s:3cret
    ],
)
async def test_a_wrong_client_gets_no_token(client, header):
    del client.headers["Authorization"]
    headers = {} if header is None else {"Authorization": header}

    answer = await client.post("/token", data=FORM, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"grant_type": "password"}', "application/json"),
        (b"grant_type", "application/x-www-form-urlencoded"),
        (b"a=%ff", "application/x-www-form-urlencoded"),
        (b"a=1&a=1", "application/x-www-form-urlencoded"),
        ("a=\u00e9".encode(), "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_no_form_gets_no_token(client, content, kind):
    answer = await client.post("/token", content=content, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_request")


async def test_a_token_lives_as_long_as_it_is_said():
    now = [100.0]
    tokens = Tokens(60, clock=lambda: now[0])
    token = tokens.issue()

    now[0] = 159.9
    assert tokens.accepts(token)
    assert tokens.live == 1
    now[0] = 160.0
    assert not tokens.accepts(token)
    assert (tokens.issued, tokens.live) == (1, 0)


async def test_a_sandbox_whose_oms_issues_no_tokens_has_no_calls_and_no_fault_for_them(keyed):
    assert (await keyed.get("/_sandbox/tokens")).status_code == 404
    answer = await keyed.post("/_sandbox/faults", json={"kind": "revoke_tokens"})
    assert answer.status_code == 400
    assert "revoke_tokens" not in answer.json()["error"]


async def test_a_rate_limit_says_how_long_to_wait_where_the_oms_does(keyed):
    fault = {"kind": "rate_limit", "retry_after": 7}
    assert (await keyed.post("/_sandbox/faults", json=fault)).status_code == 201
    answer = await keyed.post("/orders", json={"ref": "A"})
    assert answer.status_code == 429
    assert answer.headers["X-Rate-Limit-Reset"] == "7"
    assert "Retry-After" not in answer.headers
