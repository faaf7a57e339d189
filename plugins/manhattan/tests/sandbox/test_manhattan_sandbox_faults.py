"""Faults on the API's operations, over real connections."""

import asyncio

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAVE = "/order/api/order/order/save"
BRIEF = httpx.Timeout(60, read=0.1)
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", ["W-1"])])
@pytest.mark.parametrize("kind", ["status", "html", "garbage", "drop", "hang"])
async def test_a_save_fails_before_or_after_it_took_effect(manhattan, kind, when, stored):
    own = {"status": {"status": 500}}.get(kind, {})
    await manhattan.fault(kind=kind, operation="save", when=when, **own)
    order = manhattan.order()
    timeout = BRIEF if kind == "hang" else 60

    if kind in {"drop", "hang"}:
        with pytest.raises(BROKEN if kind == "drop" else httpx.ReadTimeout):
            await manhattan.save(order, timeout=timeout)
        await manhattan.met_all_faults()
    else:
        answer = await manhattan.save(order, timeout=timeout)
        assert answer.status_code == (500 if kind == "status" else 200)
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()

    assert await manhattan.ids() == stored
    await manhattan.saved(order)
    held = await manhattan.held()
    assert [len(one["sent"]) for one in held] == [len(stored) + 1]
    assert held[0]["totals"]["OrderTotal"] == 29.01


async def test_a_broken_off_answer_is_the_real_one_cut(manhattan):
    await manhattan.fault(kind="garbage", operation="save", when="after")

    answer = await manhattan.save(manhattan.order())

    assert answer.text.startswith('{"success":true,"header":null,"data":{')


async def test_a_save_is_late(manhattan):
    await manhattan.fault(kind="latency", operation="save", seconds=3)

    with pytest.raises(httpx.ReadTimeout):
        await manhattan.save(manhattan.order(), timeout=BRIEF)
    await manhattan.met_all_faults()

    assert (await manhattan.search("OrderId = 'W-1'")).json()["data"] == []
    async with asyncio.timeout(30):
        while await manhattan.ids() != ["W-1"]:
            await asyncio.sleep(0.05)


async def test_a_save_meets_the_rate_limit(manhattan):
    await manhattan.fault(kind="rate_limit", operation="save", retry_after=3)

    answer = await manhattan.save(manhattan.order())

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert await manhattan.held() == []


@pytest.mark.parametrize("code", ["ord::10002", "10208", "CustomerEmail"])
async def test_a_save_is_refused_in_manhattans_words(manhattan, code):
    await manhattan.fault(kind="refuse", operation="save", code=code, message="No.")

    assert await manhattan.refused(manhattan.order()) == [(code, "No.")]
    assert await manhattan.held() == []


@pytest.mark.parametrize("operation", ["token", "save", "search", "get", "*"])
async def test_a_fault_meets_its_operation_and_no_other(manhattan, operation):
    others = {"token", "save", "search", "get"} - {operation}
    calls = {
        "token": manhattan.token,
        "save": lambda: manhattan.save(manhattan.order()),
        "search": lambda: manhattan.search("OrderId = 'W-1'"),
        "get": lambda: manhattan.get("W-1"),
    }
    await manhattan.saved(manhattan.order())
    await manhattan.fault(kind="status", operation=operation, status=503, times=4)

    statuses = {name: (await call()).status_code for name, call in calls.items()}

    expected = {name: 200 if name in others and operation != "*" else 503 for name in calls}
    assert statuses == expected


async def test_a_token_is_refused_as_oauth_has_it(manhattan):
    await manhattan.fault(kind="refuse", operation="token", code="invalid_grant", message="Locked.")

    answer = await manhattan.token()

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "Locked."}


async def test_a_fault_comes_before_the_token_is_looked_at(manhattan):
    del manhattan.http.headers["Authorization"]
    await manhattan.fault(kind="status", operation="get", status=502)

    assert (await manhattan.get("W-1")).status_code == 502
    assert (await manhattan.get("W-1")).status_code == 401


async def test_an_operation_that_manhattan_has_not_is_told(manhattan):
    answer = await manhattan.http.post(
        "/_sandbox/faults", json={"kind": "drop", "operation": "create"}
    )

    assert answer.status_code == 400
    assert "save, " in answer.json()["error"]


async def test_saves_are_on_record_whatever_comes_of_them(manhattan):
    await manhattan.fault(kind="drop", operation="save")
    with pytest.raises(BROKEN):
        await manhattan.save(manhattan.order())
    await manhattan.fault(kind="status", status=500, operation="save", when="after")
    await manhattan.save(manhattan.order())
    await manhattan.saved(manhattan.order())
    await manhattan.save(manhattan.order("WEB", "Quantity", 1))
    await manhattan.http.post(SAVE, content=b"{", headers={"content-type": "application/json"})

    calls = (await manhattan.http.get("/_sandbox/calls")).json()["calls"]

    assert [(call["ref"], call["took_effect_at"] is not None) for call in calls] == [
        ("W-1", False),
        ("W-1", True),
        ("W-1", True),
        ("W-1", False),
        (None, False),
    ]


async def test_every_save_makes_an_order_where_that_is_set(manhattan):
    await manhattan.saved(manhattan.order())
    set_to = {"accept_duplicates": True}
    assert (await manhattan.http.post("/_sandbox/settings", json=set_to)).status_code == 200
    try:
        await manhattan.saved(manhattan.order())
        await manhattan.saved(manhattan.order("WEB", "OrderId", "W-2"))
    finally:
        await manhattan.http.post("/_sandbox/settings", json={"accept_duplicates": False})

    assert await manhattan.ids() == ["W-1", "W-1", "W-2"]
    assert [len(one["sent"]) for one in await manhattan.held()] == [1, 1, 1]
    found = (await manhattan.search("OrderId = 'W-1'")).json()["data"]
    assert [one["OrderId"] for one in found] == ["W-1", "W-1"]
    everything = (await manhattan.search("OrderId IN ('W-2', 'W-1', 'W-2')")).json()["data"]
    assert [one["OrderId"] for one in everything] == ["W-1", "W-1", "W-2"]
    await manhattan.saved(manhattan.order())
    assert [len(one["sent"]) for one in await manhattan.held()] == [2, 1, 1]
