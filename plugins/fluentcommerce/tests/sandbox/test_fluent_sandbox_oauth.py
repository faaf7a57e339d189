"""Tokens: who gets one, and how long it is good for."""

import contextlib

import pytest

from multiorder_fluentcommerce.sandbox import create_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

ME = "{ me { username primaryRetailer { id } } }"


async def test_the_right_credentials_get_a_token(fluent):
    answer = await fluent.token()

    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("access_token")
    assert body == {"token_type": "bearer", "expires_in": 3600, "scope": "api", "Retailer_id": 1}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"username": "other"}, "invalid_grant"),
        ({"password": "other"}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_grant"),
        ({"client_secret": "other"}, "invalid_grant"),
        ({"client_id": None}, "invalid_grant"),
        ({"client_secret": None}, "invalid_grant"),
        ({"username": None}, "invalid_request"),
        ({"password": None}, "invalid_request"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "all"}, "invalid_scope"),
    ],
    ids=str,
)
async def test_a_wrong_form_gets_no_token(fluent, form, error):
    answer = await fluent.token(**form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    if error == "invalid_grant":
        assert answer.json()["error_description"] == "Bad credentials"


@pytest.mark.parametrize(
    ("headers", "error"), [({}, "invalid_request"), ({"fluent.account": "X"}, "invalid_grant")]
)
async def test_the_account_must_be_named(fluent, headers, error):
    answer = await fluent.token(headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_credentials_in_the_url_get_no_token(fluent):
    headers = {"fluent.account": "SANDBOX"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    in_url = await fluent.http.post("/oauth/token", params=fluent.FORM, headers={**headers, **form})
    partly = await fluent.http.post(
        "/oauth/token", params={"scope": "api"}, data=fluent.FORM, headers=headers
    )

    for answer in (in_url, partly):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert "URL" in answer.json()["error_description"]


async def test_credentials_as_json_or_in_too_large_a_body_get_no_token(fluent):
    headers = {"fluent.account": "SANDBOX"}

    as_json = await fluent.http.post("/oauth/token", json=fluent.FORM, headers=headers)
    large = await fluent.token(padding="x" * 2_000_000)

    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    assert (large.status_code, large.json()["error"]) == (400, "invalid_request")


async def test_a_token_is_asked_for_by_post(fluent):
    assert (await fluent.http.get("/oauth/token", params=fluent.FORM)).status_code == 405


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_a_token_opens_the_api(fluent, scheme):
    token = (await fluent.token()).json()["access_token"]

    answer = await fluent.post(ME, headers={"Authorization": f"{scheme} {token}"})

    me = {"username": "integration", "primaryRetailer": {"id": "1"}}
    assert (answer.status_code, answer.json()) == (200, {"data": {"me": me}})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "{token}"])
async def test_without_a_good_token_there_is_a_401(fluent, header):
    token = (await fluent.token()).json()["access_token"]
    order = {"input": fluent.order()}

    answer = await fluent.post(
        fluent.CREATE_ORDER, order, headers={"Authorization": header.format(token=token)}
    )

    assert answer.status_code == 401
    assert [error["code"] for error in answer.json()["errors"]] == ["401"]
    assert await fluent.held() == []


async def test_without_an_authorization_header_there_is_a_401(fluent):
    del fluent.http.headers["Authorization"]

    assert (await fluent.post(ME)).status_code == 401


async def test_a_token_expires(connect):
    now = [0.0]
    async with contextlib.AsyncExitStack() as stack:
        sandbox = create_sandbox(token_lifetime=60, clock=lambda: now[0])
        fluent = await connect(stack, sandbox)
        assert (await fluent.token()).json()["expires_in"] == 60

        now[0] = 59.9
        assert (await fluent.post(ME)).status_code == 200
        now[0] = 60.0
        assert (await fluent.post(ME)).status_code == 401
        await fluent.log_in()
        assert (await fluent.post(ME)).status_code == 200
        assert (await fluent.http.get("/_sandbox/tokens")).json() == {"issued": 3, "live": 1}


async def test_revoked_tokens_are_refused_until_a_new_one_is_asked_for(fluent):
    await fluent.fault(kind="revoke_tokens", operation="createOrder")
    order = {"input": fluent.order()}

    assert (await fluent.post(ME)).status_code == 200
    assert (await fluent.post(fluent.CREATE_ORDER, order)).status_code == 401
    assert (await fluent.post(ME)).status_code == 401
    assert await fluent.held() == []

    await fluent.log_in()
    assert "errors" not in await fluent.create_order(fluent.order())
