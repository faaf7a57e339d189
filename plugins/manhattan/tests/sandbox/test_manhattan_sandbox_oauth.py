"""Tokens: who gets one, and how long it is good for."""

import contextlib

import pytest

from multiorder_manhattan.sandbox import DEMO_TENANT, Tenant, create_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def status_of(manhattan, **headers):
    answer = await manhattan.http.post(
        f"{manhattan.BASE}/search", json={"Query": "OrderId = 'X'"}, headers=headers
    )
    return answer.status_code


async def test_the_right_credentials_get_a_token(manhattan):
    answer = await manhattan.token()

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body.pop("access_token")
    assert body == {"token_type": "bearer", "expires_in": 3600, "scope": "omni"}


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"username": "other"}, 400, "invalid_grant"),
        ({"username": "integration"}, 400, "invalid_grant"),
        ({"password": "other"}, 400, "invalid_grant"),
        ({"username": None}, 400, "invalid_request"),
        ({"password": None}, 400, "invalid_request"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"client_id": "sandbox-client"}, 400, "invalid_request"),
        ({"client_secret": "sandbox-client-secret"}, 400, "invalid_request"),
        ({"client": None}, 401, "invalid_client"),
        ({"client": ("other", "sandbox-client-secret")}, 401, "invalid_client"),
        ({"client": ("sandbox-client", "other")}, 401, "invalid_client"),
    ],
    ids=str,
)
async def test_a_wrong_request_gets_no_token(manhattan, form, status, error):
    answer = await manhattan.token(**form)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


async def test_credentials_elsewhere_than_in_a_form_get_no_token(manhattan):
    client = {"auth": ("sandbox-client", "sandbox-client-secret")}
    url = "/oauth/token"

    in_url = await manhattan.http.post(url, params=manhattan.FORM, data=manhattan.FORM, **client)
    as_json = await manhattan.http.post(url, json=manhattan.FORM, **client)
    large = await manhattan.token(padding="x" * 64_000)

    for answer in (in_url, as_json, large):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "{token}"])
@pytest.mark.parametrize("operation", ["save", "search", "get"])
async def test_without_a_good_token_there_is_a_401(manhattan, header, operation):
    token = (await manhattan.token()).json()["access_token"]
    manhattan.http.headers["Authorization"] = header.format(token=token)
    calls = {
        "save": lambda: manhattan.save(manhattan.order()),
        "search": lambda: manhattan.search("OrderId = 'W-1'"),
        "get": lambda: manhattan.get("W-1"),
    }

    answer = await calls[operation]()

    body = answer.json()
    assert (answer.status_code, body["success"], body["data"]) == (401, False, None)
    assert (body["messageKey"], body["message"]) == ("error.401", "error.401")
    assert body["messages"]["Size"] == 1
    assert body["messages"]["Message"][0]["Code"] == "invalid_token"
    assert await manhattan.held() == []


async def test_a_token_expires(connect):
    now = [0.0]
    async with contextlib.AsyncExitStack() as stack:
        sandbox = create_sandbox(token_lifetime=60, clock=lambda: now[0])
        manhattan = await connect(stack, sandbox)
        assert (await manhattan.token()).json()["expires_in"] == 60

        now[0] = 59.9
        assert await status_of(manhattan) == 200
        now[0] = 60.0
        assert await status_of(manhattan) == 401
        await manhattan.log_in()
        assert await status_of(manhattan) == 200
        assert (await manhattan.http.get("/_sandbox/tokens")).json() == {"issued": 3, "live": 1}


async def test_revoked_tokens_are_refused_until_a_new_one_is_asked_for(manhattan):
    await manhattan.fault(kind="revoke_tokens", operation="save")

    assert await status_of(manhattan) == 200
    assert (await manhattan.save(manhattan.order())).status_code == 401
    assert await status_of(manhattan) == 401
    assert await manhattan.held() == []

    await manhattan.log_in()
    await manhattan.saved(manhattan.order())


async def test_tokens_may_be_had_elsewhere(connect):
    path = "/auth/realms/maactive/protocol/openid-connect/token"
    tenant = Tenant(credentials=DEMO_TENANT.credentials, token_path=path)
    async with contextlib.AsyncExitStack() as stack:
        manhattan = await connect(stack, create_sandbox(tenant=tenant), log_in=False)

        assert (await manhattan.token()).status_code == 404
        assert (await manhattan.token(path=path)).status_code == 200


async def test_a_user_acts_for_its_organization_alone(connect):
    tenant = Tenant(credentials=DEMO_TENANT.credentials, organization="ACME")
    async with contextlib.AsyncExitStack() as stack:
        manhattan = await connect(stack, create_sandbox(tenant=tenant))

        assert await status_of(manhattan) == 200
        for name in ("Organization", "SelectedOrganization"):
            assert await status_of(manhattan, **{name: "ACME"}) == 200
            assert await status_of(manhattan, **{name: "OTHER"}) == 403
        await manhattan.saved(manhattan.order("WEB", "OrgId", "ACME"))
        words = "OrgId OTHER is not the organization of the user."
        assert await manhattan.refused(manhattan.order("VAT", "OrgId", "OTHER")) == [
            ("OrgId", words)
        ]


async def test_without_an_organization_any_is_taken(manhattan):
    assert await status_of(manhattan, Organization="ACME") == 200
    await manhattan.saved(manhattan.order("WEB", "OrgId", "ACME"))
