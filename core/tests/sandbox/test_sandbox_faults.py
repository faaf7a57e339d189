"""What a sandbox holds, and the faults that can be set on it."""

import asyncio
import time

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def save(http, **options):
    return await http.post("/orders", json={"ref": "A"}, **options)


async def held(http):
    return len((await http.get("/_sandbox/orders")).json()["orders"])


async def fault(http, **fields):
    answer = await http.post("/_sandbox/faults", json=fields)
    assert answer.status_code == 201, answer.text


async def test_orders_are_listed_and_forgotten(client):
    assert (await save(client)).json() == {"saved": 1}
    assert (await client.get("/_sandbox/orders")).json() == {"orders": [{"ref": "A"}]}

    assert (await client.delete("/_sandbox/orders")).status_code == 204

    assert await held(client) == 0


async def test_unknown_paths_and_methods_are_what_http_has_for_them(client):
    assert (await client.get("/nothing")).status_code == 404
    assert (await client.get("/orders")).status_code == 405


async def test_a_body_over_the_limit_is_not_kept(client):
    assert (await client.post("/orders", content=b" " * 1001)).status_code == 413
    assert (await client.post("/orders", content=b"1" + b" " * 999)).status_code == 200


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("kind", ["status", "html", "garbage"])
async def test_an_answer_can_be_another_before_or_after_it_took_effect(client, kind, when, stored):
    await fault(client, kind=kind, when=when, **({"status": 503} if kind == "status" else {}))

    answer = await save(client)

    assert await held(client) == stored
    if kind == "status":
        assert answer.status_code == 503
        assert "Retry-After" not in answer.headers
    else:
        assert answer.status_code == 200
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()
        assert answer.headers["content-type"].startswith(
            "text/html" if kind == "html" else "application/json"
        )
    assert (await save(client)).json() == {"saved": stored + 1}


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
async def test_a_dropped_connection_gives_no_answer(client, when, stored):
    await fault(client, kind="drop", when=when)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await save(client)

    assert await held(client) == stored
    assert (await save(client)).json() == {"saved": stored + 1}


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
async def test_a_hanging_call_gives_no_answer(client, given_up, when, stored):
    await fault(client, kind="hang", when=when)

    await given_up()

    assert await held(client) == stored
    assert (await save(client)).json() == {"saved": stored + 1}


async def test_a_hanging_call_is_cut_in_the_end(client):
    await fault(client, kind="hang", seconds=0.05)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await save(client)


async def test_latency_delays_and_changes_nothing_else(client):
    await fault(client, kind="latency", seconds=0.1)
    before = time.monotonic()

    answer = await save(client)

    assert time.monotonic() - before >= 0.1
    assert answer.json() == {"saved": 1}


async def test_a_late_call_takes_effect_although_its_client_has_gone(client, given_up):
    await fault(client, kind="latency", seconds=3)

    await given_up()

    assert await held(client) == 0
    async with asyncio.timeout(30):
        while not await held(client):
            await asyncio.sleep(0.05)
    assert await held(client) == 1


async def test_the_rate_limit_says_when_to_come_back(client):
    await fault(client, kind="rate_limit", retry_after=7)

    answer = await save(client)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert await held(client) == 0


async def test_a_status_can_say_when_to_come_back(client):
    await fault(client, kind="status", status=503, retry_after=2)

    assert (await save(client)).headers["Retry-After"] == "2"


async def test_revoked_tokens_are_refused_from_this_call_on(client):
    await fault(client, kind="revoke_tokens")

    assert (await save(client)).status_code == 401
    assert (await save(client)).status_code == 401
    assert (await client.get("/_sandbox/tokens")).json()["live"] == 0
    assert await held(client) == 0


async def test_a_refusal_is_in_the_words_of_the_oms(client):
    await fault(client, kind="refuse", code="NO", message="Not today.")

    answer = await save(client)

    assert (answer.status_code, answer.json()) == (422, {"code": "NO", "message": "Not today."})
    assert await held(client) == 0


async def test_a_fault_meets_its_operation_only(client):
    await fault(client, kind="status", status=500, operation="token")

    assert (await save(client)).status_code == 200
    assert (await client.post("/token")).status_code == 500


async def test_a_fault_skips_then_meets_as_often_as_it_says(client):
    await fault(client, kind="status", status=500, skip=1, times=2, operation="save")
    listed = (await client.get("/_sandbox/faults")).json()["faults"]
    assert [(entry["kind"], entry["skip"], entry["times"]) for entry in listed] == [
        ("status", 1, 2)
    ]

    assert [(await save(client)).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert (await client.get("/_sandbox/faults")).json() == {"faults": []}


async def test_a_fault_without_times_meets_until_it_is_deleted(client):
    await fault(client, kind="status", status=500, times=None)

    assert [(await save(client)).status_code for _ in range(3)] == [500, 500, 500]
    assert (await client.delete("/_sandbox/faults")).status_code == 204
    assert (await save(client)).status_code == 200


async def test_faults_meet_one_call_after_the_other_and_latency_beside_them(client):
    await fault(client, kind="status", status=500)
    await fault(client, kind="status", status=502)
    await fault(client, kind="latency", seconds=0.05)
    before = time.monotonic()

    assert (await save(client)).status_code == 500
    assert time.monotonic() - before >= 0.05
    assert (await save(client)).status_code == 502
    assert (await save(client)).status_code == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "object"),
        (b"{}", "kind"),
        (b'{"kind": 1}', "kind"),
        (b'{"kind": "flood"}', "latency, revoke_tokens, status"),
        (b'{"kind": "latency"}', "seconds"),
        (b'{"kind": "latency", "seconds": "1"}', "seconds"),
        (b'{"kind": "latency", "seconds": -1}', "seconds"),
        (b'{"kind": "drop", "when": "during"}', "when"),
        (b'{"kind": "drop", "status": 500}', "status"),
        (b'{"kind": "status", "status": 1000}', "status"),
        (b'{"kind": "status", "status": true}', "status"),
        (b'{"kind": "refuse", "code": "X"}', "message"),
        (b'{"kind": "drop", "times": 0}', "times"),
        (b'{"kind": "drop", "times": 1.5}', "times"),
        (b'{"kind": "drop", "skip": -1}', "skip"),
        (b'{"kind": "drop", "operation": "sav"}', "*, save, token"),
    ],
)
async def test_what_is_no_fault_is_told_in_a_sentence(client, body, named):
    answer = await client.post("/_sandbox/faults", content=body)

    assert answer.status_code == 400
    text = answer.json()["error"]
    assert named in text
    assert text.endswith(".")
    assert "\n" not in text
    assert (await client.get("/_sandbox/faults")).json() == {"faults": []}


async def test_faults_that_touch_the_connection_need_the_own_server(toy):
    transport = httpx.ASGITransport(toy)
    async with httpx.AsyncClient(transport=transport, base_url="http://toy") as http:
        await fault(http, kind="drop")
        with pytest.raises(RuntimeError, match="serving"):
            await save(http)
