"""Faults on the API's operations, over real connections."""

import asyncio

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", ["W-1"])])
@pytest.mark.parametrize("kind", ["status", "html", "garbage", "drop", "hang"])
async def test_a_save_fails_before_or_after_it_took_effect(manhattan, kind, when, stored):
    own = {"status": {"status": 500}}.get(kind, {})
    await manhattan.fault(kind=kind, operation="save", when=when, **own)
    order = manhattan.order()
    timeout = 0.15 if kind == "hang" else 5

    if kind in {"drop", "hang"}:
        with pytest.raises(BROKEN if kind == "drop" else httpx.ReadTimeout):
            await manhattan.save(order, timeout=timeout)
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
    await manhattan.fault(kind="latency", operation="save", seconds=0.1)

    with pytest.raises(httpx.ReadTimeout):
        await manhattan.save(manhattan.order(), timeout=0.03)

    assert (await manhattan.search("OrderId = 'W-1'")).json()["data"] == []
    await asyncio.sleep(0.15)
    assert await manhattan.ids() == ["W-1"]


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
