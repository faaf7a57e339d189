"""The record of the calls that were to create an order, and duplicates on request."""

import asyncio
from datetime import datetime

import httpx
import pytest
import pytest_asyncio
from starlette.routing import Route

from multiorder_sync.sandbox import Faults, Sandbox, Tokens, json_answer, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def strict(client):
    await client.post("/_sandbox/settings", json={"accept_duplicates": False})


async def save(http, ref="A", **options):
    return await http.post("/orders", json={"ref": ref}, **options)


async def calls(http):
    """Return the refs of the calls on record, and whether each took effect."""
    listed = (await http.get("/_sandbox/calls")).json()["calls"]
    return [(call["ref"], call["took_effect_at"] is not None) for call in listed]


async def fault(http, **fields):
    assert (await http.post("/_sandbox/faults", json=fields)).status_code == 201


async def test_a_call_is_on_record_with_its_times(client):
    await save(client)

    [call] = (await client.get("/_sandbox/calls")).json()["calls"]

    assert call["ref"] == "A"
    arrived, took_effect = (
        datetime.fromisoformat(call[name]) for name in ("arrived_at", "took_effect_at")
    )
    assert arrived.tzinfo is not None
    assert arrived <= took_effect


async def test_a_call_that_failed_is_on_record_and_took_no_effect(client):
    await fault(client, kind="status", status=503)
    await fault(client, kind="refuse", code="NO", message="No.")
    await save(client)
    await save(client)

    del client.headers["Authorization"]
    await save(client)

    assert await calls(client) == [("A", False)] * 3


async def test_a_call_whose_answer_was_lost_took_effect(client):
    await fault(client, kind="status", status=500, when="after")

    assert (await save(client)).status_code == 500

    assert await calls(client) == [("A", True)]


async def test_a_late_call_is_on_record_when_it_arrives_and_again_when_it_takes_effect(
    client, given_up
):
    await fault(client, kind="latency", seconds=3)
    await given_up()

    assert await calls(client) == [("A", False)]
    async with asyncio.timeout(30):
        while await calls(client) == [("A", False)]:
            await asyncio.sleep(0.05)
    assert await calls(client) == [("A", True)]


async def test_a_call_without_a_ref_is_on_record(client):
    await client.post("/orders", content=b" " * 1001)

    assert await calls(client) == [(None, False)]


async def test_calls_are_forgotten_with_the_orders(client):
    await save(client)

    await client.delete("/_sandbox/orders")

    assert await calls(client) == []


async def test_duplicates_are_taken_only_where_that_is_set(client):
    await save(client)
    assert (await client.get("/_sandbox/settings")).json() == {"accept_duplicates": False}
    assert (await save(client)).status_code == 422

    answer = await client.post("/_sandbox/settings", json={"accept_duplicates": True})

    assert answer.json() == {"accept_duplicates": True}
    assert (await client.get("/_sandbox/settings")).json() == {"accept_duplicates": True}
    assert (await save(client)).status_code == 200
    assert await calls(client) == [("A", True), ("A", False), ("A", True)]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "Input data"),
        (b"[]", "object"),
        (b"{}", "accept_duplicates"),
        (b'{"accept_duplicates": 1}', "bool"),
        (b'{"accept_duplicates": true, "more": 1}', "more"),
    ],
)
async def test_settings_that_are_none_are_told_and_change_nothing(client, body, named):
    answer = await client.post("/_sandbox/settings", content=body)

    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert (await client.get("/_sandbox/settings")).json() == {"accept_duplicates": False}


async def test_a_sandbox_that_keeps_no_record_and_takes_no_duplicates_says_so():
    class Nothing:
        def orders(self):
            return []

        def forget(self):
            pass

    tokens = Tokens(60)
    faults = Faults([], revoke_tokens=tokens.revoke_all)
    routes = [Route("/", lambda _: json_answer({}))]
    plain = Sandbox("plain", routes, faults=faults, tokens=tokens, holdings=Nothing())
    async with (
        serving(plain) as url,
        httpx.AsyncClient(base_url=url, verify=False, timeout=60) as http,
    ):
        assert (await http.get("/_sandbox/orders")).json() == {"orders": []}
        assert (await http.get("/_sandbox/calls")).status_code == 404
        assert (await http.get("/_sandbox/settings")).status_code == 404
        assert (await http.delete("/_sandbox/orders")).status_code == 204
