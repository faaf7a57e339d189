"""Faults on the API's operations, over real connections."""

import asyncio

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIND = '{ order(ref: "W-1") { id } }'
BRIEF = httpx.Timeout(60, read=0.1)
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


async def refs(fluent):
    return [order["ref"] for order in await fluent.held()]


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", ["W-1"])])
@pytest.mark.parametrize("kind", ["status", "html", "garbage", "drop", "hang"])
async def test_a_create_fails_before_or_after_it_took_effect(fluent, kind, when, stored):
    own = {"status": {"status": 500}}.get(kind, {})
    await fluent.fault(kind=kind, operation="createOrder", when=when, **own)
    order = {"input": fluent.order()}
    timeout = BRIEF if kind == "hang" else 60

    if kind in {"drop", "hang"}:
        with pytest.raises(BROKEN if kind == "drop" else httpx.ReadTimeout):
            await fluent.post(fluent.CREATE_ORDER, order, timeout=timeout)
        await fluent.met_all_faults()
    else:
        answer = await fluent.post(fluent.CREATE_ORDER, order)
        assert answer.status_code == (500 if kind == "status" else 200)
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()

    assert await refs(fluent) == stored
    again = await fluent.create_order(fluent.order())
    assert [error["code"] for error in again.get("errors", [])] == ["C0121E"] * len(stored)
    assert await refs(fluent) == ["W-1"]


async def test_a_broken_off_answer_is_the_real_one_cut(fluent):
    await fluent.fault(kind="garbage", operation="createOrder", when="after")

    answer = await fluent.post(fluent.CREATE_ORDER, {"input": fluent.order()})

    assert answer.text.startswith('{"data":{"createOrder":{"id":"')
    assert answer.headers["content-type"] == "application/json"


async def test_a_create_is_late(fluent):
    await fluent.fault(kind="latency", operation="createOrder", seconds=3)

    with pytest.raises(httpx.ReadTimeout):
        await fluent.post(fluent.CREATE_ORDER, {"input": fluent.order()}, timeout=BRIEF)
    await fluent.met_all_faults()

    assert (await fluent.call(FIND))["data"] == {"order": None}
    async with asyncio.timeout(30):
        while await refs(fluent) != ["W-1"]:
            await asyncio.sleep(0.05)


async def test_a_create_meets_the_rate_limit(fluent):
    await fluent.fault(kind="rate_limit", operation="createOrder", retry_after=3)

    answer = await fluent.post(fluent.CREATE_ORDER, {"input": fluent.order()})

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert await refs(fluent) == []


async def test_a_create_is_refused_in_fluents_words(fluent):
    await fluent.fault(kind="refuse", operation="createOrder", code="C0011E", message="Slower.")

    answer = await fluent.create_order(fluent.order())

    error = {"message": "Slower.", "code": "C0011E", "path": ["createOrder"]}
    assert answer == {"errors": [error], "data": {"createOrder": None}}
    assert await refs(fluent) == []


@pytest.mark.parametrize(
    ("operation", "query"),
    [
        ("order", FIND),
        (
            "order",
            "query { ...F } fragment F on Query { ...G ...F } fragment G on Query { me { id } order { id } }",
        ),
        ("order", "query { ... on Query { order { id } } }"),
        ("order", 'query { again: order(ref: "W-1") { id } }'),
        ("orders", "{ orders { edges { cursor } } }"),
        ("customer", '{ customer(ref: "x") { id } }'),
        ("customers", "{ customers { edges { cursor } } }"),
        ("me", "{ me { id } }"),
        ("createCustomer", "mutation { createCustomer { id } }"),
        ("createOrder", "mutation { createOrder { id } }"),
        ("*", "{ me { id } }"),
        ("*", "no document at all"),
    ],
)
async def test_a_fault_meets_its_root_field_and_no_other(fluent, operation, query):
    others = {"order", "orders", "customer", "customers", "createCustomer", "createOrder", "token"}
    for other in sorted(others - {operation}):
        await fluent.fault(kind="status", operation=other, status=599)
    await fluent.fault(kind="status", operation=operation, status=503)

    assert (await fluent.post(query)).status_code == 503
    assert (await fluent.post(query)).status_code == 200


async def test_a_fault_on_tokens_leaves_graphql_alone(fluent):
    await fluent.fault(kind="status", operation="token", status=503)
    await fluent.fault(kind="refuse", operation="token", code="invalid_grant", message="Locked.")

    assert (await fluent.call(FIND))["data"] == {"order": None}
    assert (await fluent.token()).status_code == 503
    refused = await fluent.token()
    assert refused.status_code == 400
    assert refused.json() == {"error": "invalid_grant", "error_description": "Locked."}
    assert (await fluent.token()).status_code == 200


async def test_a_token_is_issued_although_its_answer_is_lost(fluent):
    before = (await fluent.http.get("/_sandbox/tokens")).json()["issued"]
    await fluent.fault(kind="drop", operation="token", when="after")

    with pytest.raises(BROKEN):
        await fluent.token()

    assert (await fluent.http.get("/_sandbox/tokens")).json()["issued"] == before + 1


async def test_a_refusal_without_an_operation_has_no_path(fluent):
    await fluent.fault(kind="refuse", code="S0002E", message="Broken.")

    answer = await fluent.call("no document at all")

    assert answer == {"errors": [{"message": "Broken.", "code": "S0002E"}]}


async def test_an_operation_that_fluent_has_not_is_told(fluent):
    answer = await fluent.http.post(
        "/_sandbox/faults", json={"kind": "drop", "operation": "createOrders"}
    )

    assert answer.status_code == 400
    assert "createOrder, " in answer.json()["error"]


async def test_creates_are_on_record_whatever_comes_of_them(fluent):
    order = {"input": fluent.order()}
    await fluent.fault(kind="drop", operation="createOrder")
    with pytest.raises(BROKEN):
        await fluent.post(fluent.CREATE_ORDER, order)
    await fluent.fault(kind="status", status=500, operation="createOrder", when="after")
    await fluent.post(fluent.CREATE_ORDER, order)
    await fluent.create_order(fluent.order())
    await fluent.post("mutation { createOrder { id } }")
    await fluent.call(FIND)

    calls = (await fluent.http.get("/_sandbox/calls")).json()["calls"]

    assert [(call["ref"], call["took_effect_at"] is not None) for call in calls] == [
        ("W-1", False),
        ("W-1", True),
        ("W-1", False),
        (None, False),
    ]


async def test_every_create_makes_an_order_where_that_is_set(fluent):
    await fluent.create_order(fluent.order())
    set_to = {"accept_duplicates": True}
    assert (await fluent.http.post("/_sandbox/settings", json=set_to)).status_code == 200
    try:
        assert "errors" not in await fluent.create_order(fluent.order())
    finally:
        await fluent.http.post("/_sandbox/settings", json={"accept_duplicates": False})

    assert await refs(fluent) == ["W-1", "W-1"]
    assert "errors" in await fluent.create_order(fluent.order())
