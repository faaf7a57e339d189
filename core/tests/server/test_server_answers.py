"""The contract's answers, as a caller gets them."""

import json
import re

import pytest
from acme import Refusing, error_of, multi_order, signed
from acme.calls import SECRET

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = b'"orders":[{"id":"%d","order_items":[{"sku":"S","quantity":1}]}]'
BODIES = {
    "plain": b'{"id":"m",%s}',
    "white space": b' \r\n\t{ "id" :\n "m" ,%s\t}\r\n ',
    "escapes": b'{"id":"m","comment":"\\u00e9\\/\\"\\ud83d\\ude00\\n",%s}',
    "characters": '{"id":"m","comment":"é 日本 😀 \u2028",%s}'.encode(),
    "numbers": b'{"id":"m","metadata":{"a":1.0,"b":1E+2,"c":-0,"d":0.10,"e":1e-7},%s}',
    "unknown fields": b'{"id":"m","x_new":{"orders":[null,true,{}]},%s}',
    "empty key": b'{"":"","id":"m",%s}',
    "looks like an answer": b'{"id":"m","order":{"error":{}},"error":{"details":{}},%s}',
    "an error of its own": b'{"id":"m","error":null,%s}',
    "big": b'{"id":"m","comment":"' + b"x" * 1_500_000 + b'",%s}',
}


@pytest.mark.parametrize("name", BODIES)
async def test_success_gives_the_received_object_back_byte_for_byte(world, name):
    body = BODIES[name].replace(b"%s", ORDER % len(name))
    answer = await world.post(world.space(), body)
    assert answer.status_code == 200, answer.text
    assert answer.content == b'{"order":' + body.strip(b" \r\n\t") + b"}"
    assert answer.headers["content-type"] == "application/json"
    assert list(json.loads(answer.content)) == ["order"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"[{}]",
        b'"order"',
        b"1",
        b"{",
        b"{}",
        b"{'id': 1}",
        b'{"id":"m"} {"id":"n"}',
        b'\xef\xbb\xbf{"id":"m","orders":[{"order_items":[{"sku":"S","quantity":1}]}]}',
        b'{"id":"\xff","orders":[{"order_items":[{"sku":"S","quantity":1}]}]}',
        b'{"id":"\\ud800","orders":[{"order_items":[{"sku":"S","quantity":1}]}]}',
        b'{"id":"m","orders":[{"order_items":[{"sku":"S","quantity":1}]}],"price":NaN}',
        b'{"id":"m","orders":[{"order_items":[{"sku":"S","quantity":1}]}],"price":1e400}',
        b'{"id":"m","id":"n","orders":[{"order_items":[{"sku":"S","quantity":1}]}]}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id":"m","orders":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\x00" * 1000,
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_what_is_no_order_is_told_with_its_problems(world, body):
    error = error_of(await world.post(world.space(), body), 400, "invalid_order")
    assert not error["details"]["retryable"]
    assert error["details"]["problems"]
    assert world.oms.calls == []


async def test_every_problem_is_named_at_once(world):
    order = multi_order(orders=2)
    order["orders"][0]["order_items"][0]["quantity"] = "many"
    del order["orders"][1]["order_items"]
    order["price"] = "12,00"
    details = error_of(await world.post(world.space(), order), 400, "invalid_order")["details"]
    assert {problem["path"] for problem in details["problems"]} == {
        "orders[0].order_items[0].quantity",
        "orders[1].order_items",
        "price",
    }


async def test_a_space_can_ask_for_all_that_is_marked_required(world):
    space = world.space(required_fields="strict")
    error = error_of(await world.post(space, multi_order()), 400, "invalid_order")
    assert "billing_address" in {each["path"] for each in error["details"]["problems"]}


async def test_a_failure_does_not_give_the_order_back(world):
    world.oms.fail("refuse", code="E", message="No.")
    answer = await world.post(world.space(), multi_order())
    assert "erika" not in answer.text
    error_of(answer, 422, "oms_refused")


async def test_a_request_id_is_made_for_each_call(world):
    space = world.space()
    ids = {(await world.post(space, multi_order())).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("status", [200, 401, 404, 405, 415])
async def test_a_trace_id_is_the_request_id_of_every_answer(world, status):
    space, body = world.space(), json.dumps(multi_order()).encode()
    headers = {**signed(body), "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    path, method = f"/spaces/{space}/sync/consume", "POST"
    match status:
        case 401:
            headers["x-nacelle-signature-sha256"] = "no"
        case 404:
            path = "/nowhere"
        case 405:
            method = "PUT"
        case 415:
            headers["content-type"] = "text/xml"
    answer = await world.http.request(method, path, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["x-request-id"] == TRACE
    if status != 200:
        assert error_of(answer)["details"]["request_id"] == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "x",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"ff-{TRACE}-b7ad6b7169203331-01",
        f"00-{TRACE.upper()}-b7ad6b7169203331-01",
        f"00-{TRACE}-b7ad6b7169203331-01\tx",
        f"00-{TRACE[:-1]}-b7ad6b7169203331-01",
    ],
)
async def test_a_traceparent_that_is_none_is_not_used(world, traceparent):
    answer = await world.post(world.space(), multi_order(), headers={"traceparent": traceparent})
    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] not in traceparent.lower()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sync",
        "/sync/consume/",
        "/SYNC/consume",
        "/sync/consume/x",
        "/spaces//sync/consume",
        "/spaces/s/t/sync/consume",
        "/spaces/s%2Ft/sync/consume",
        "/spaces/s/sync/consume/",
        "/sync%2Fconsume%00",
        "/_sandbox/orders",
        "/docs",
        "/openapi.json",
    ],
)
async def test_other_paths_are_not_found(world, path):
    world.space()
    body = json.dumps(multi_order()).encode()
    answer = await world.http.post(path, content=body, headers=signed(body))
    error_of(answer, 404, "not_found")
    assert world.oms.calls == []


@pytest.mark.parametrize("path", ["/sync/consume", "/spaces/any/sync/consume"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_not_allowed(world, method, path):
    answer = await world.http.request(method, path)
    error_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_head_is_not_allowed_and_has_no_body(world):
    answer = await world.http.head("/sync/consume")
    assert (answer.status_code, answer.content) == (405, b"")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_read_only(world, path):
    world.space()
    assert (await world.http.get(path)).status_code == 200
    assert (await world.http.head(path)).status_code == 200
    answer = await world.http.post(path)
    error_of(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_readiness_is_that_of_the_spaces(world):
    class Broken(Refusing):
        def __init__(self, settings, http):
            raise ValueError(SECRET)

    assert (await world.http.get("/readyz")).status_code == 503
    world.space(Broken)
    answer = await world.http.get("/readyz")
    assert answer.status_code == 503
    said = answer.json()
    assert (said["status"], said["journal"]) == ("not ready", "working")
    assert said["spaces"] == {"configured": 1, "working": 0}
    world.space()
    answer = await world.http.get("/readyz")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["journal"]) == ("ready", "working")
    assert answer.json()["spaces"] == {"configured": 2, "working": 1}
    assert (await world.http.get("/healthz")).json() == {"status": "ok"}
