"""Complete answers: what is returned, what is repeated, what is not taken for an answer."""

import asyncio
import contextlib
import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import msgspec
import pytest

from multiorder_sync.errors import OmsMessage, OutcomeUnknown, Unavailable
from multiorder_sync.oms.outbound import Attempt, Call, OutboundClient
from multiorder_sync.secret import Secret


@pytest.mark.parametrize("status", [200, 201, 204, 400, 401, 403, 404, 409, 422, 429, 500, 503])
async def test_a_create_is_answered_with_any_status_and_sent_once(
    server, client, create, kit, status
):
    body = b"" if status == 204 else b'{"a": 1}'
    server.behave = kit.always(status, body, [("Retry-After", "0.01")])
    attempt = Attempt(monotonic() + 30)
    with attempt.active():
        answer = await client.send(create())
    assert (answer.status, answer.body) == (status, body)
    assert attempt.may_have_created
    assert server.count("/orders") == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_look_up_is_repeated_until_it_is_answered(server, client, lookup, kit, status):
    server.behave = kit.in_turn(kit.http(status), kit.http(status), kit.http(200, b'{"id": "1"}'))
    attempt = Attempt(monotonic() + 30)
    with attempt.active():
        assert (await client.send(lookup())).json() == {"id": "1"}
    assert not attempt.may_have_created
    assert len(server.requests) == 3


async def test_a_look_up_is_repeated_no_more_than_that(server, client, lookup, kit):
    server.behave = kit.always(503, b"down")
    answer = await client.send(lookup())
    assert (answer.status, answer.excerpt()) == (503, "down")
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422])
async def test_a_look_up_with_a_clear_answer_is_not_repeated(server, client, lookup, kit, status):
    server.behave = kit.always(status)
    assert (await client.send(lookup())).status == status
    assert len(server.requests) == 1


def in_seconds(seconds):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


async def test_a_wait_that_was_asked_for_is_kept(server, client, lookup, kit):
    server.behave = kit.in_turn(kit.http(503, headers=[("Retry-After", "0.2")]), kit.http())
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert (await client.send(lookup())).status == 200
    assert loop.time() - started >= 0.19


async def test_a_wait_is_read_where_the_call_says_that_the_oms_tells_it(
    server, client, lookup, create, kit
):
    quota = [("X-Rate-Limit-Reset", "0.2")]
    server.behave = kit.in_turn(kit.http(429, headers=quota), kit.http())
    loop = asyncio.get_running_loop()
    started = loop.time()
    call = msgspec.structs.replace(lookup(), retry_after_header="X-Rate-Limit-Reset")
    assert (await client.send(call)).status == 200
    assert loop.time() - started >= 0.19
    # A gateway in front of the OMS has HTTP's own header.
    server.behave = kit.always(429, headers=[("Retry-After", "7")])
    call = msgspec.structs.replace(create(), retry_after_header="X-Rate-Limit-Reset")
    assert (await client.send(call)).retry_after == 7


@pytest.mark.parametrize("value", [lambda: "120", lambda: in_seconds(120)])
async def test_a_wait_that_does_not_fit_is_reported_at_once(server, client, lookup, kit, value):
    server.behave = kit.always(429, headers=[("Retry-After", value())])
    answer = await client.send(lookup())
    assert len(server.requests) == 1
    assert 60 < answer.retry_after <= 120
    assert answer.unexpected("is busy").retry_after == answer.retry_after


async def test_a_date_is_read_by_the_server_s_own_clock(server, client, create, kit):
    headers = [
        ("Date", "Mon, 01 Jan 2001 00:00:00 GMT"),
        ("Retry-After", "Mon, 01 Jan 2001 00:00:30 GMT"),
    ]
    server.behave = kit.always(503, headers=headers)
    assert (await client.send(create())).retry_after == 30


NOT_AN_OBJECT = {
    "html": b"<html><body>Please log in</body></html>",
    "empty": b"",
    "cut off": b'{"id": "1", "na',
    "a list": b'[{"id": 1}]',
    "a text": b'"created"',
    "a number": b"17",
    "null": b"null",
    "two": b'{"id": 1}{"id": 2}',
    "latin-1": '{"name": "J\u00f6rg"}'.encode("latin-1"),
    "utf-16": '{"name": "J\u00f6rg"}'.encode("utf-16"),
    "deep": b'{"a":' * 100_000,
    "NaN": b'{"a": NaN}',
}


@pytest.mark.parametrize("body", NOT_AN_OBJECT.values(), ids=NOT_AN_OBJECT)
async def test_a_200_that_is_no_json_object(server, client, create, lookup, kit, body):
    server.behave = kit.always(200, body, [("Content-Type", "application/json")])
    answer = await client.send(create())
    with pytest.raises(OutcomeUnknown, match=r"not a JSON object.*HTTP 200 to createOrder"):
        answer.json()
    answer = await client.send(lookup())
    with pytest.raises(Unavailable, match=r"not a JSON object.*HTTP 200 to getOrder"):
        answer.json()
    assert "\n" not in answer.excerpt()
    assert len(answer.excerpt()) <= 200


async def test_an_object_is_read_whatever_it_is_called(server, client, create, kit):
    server.behave = kit.always(
        200, b'\xef\xbb\xbf {"id": "\xc3\xb6"}\n', [("Content-Type", "text/html")]
    )
    assert (await client.send(create())).json() == {"id": "ö"}


class Store(msgspec.Struct):
    name: str


async def test_a_body_is_read_as_a_type(server, client, lookup, kit):
    body = b'\xef\xbb\xbf[{"name": "Hamburg", "more": 1}]'
    server.behave = kit.always(200, body)
    assert (await client.send(lookup())).decode(list[Store]) == [Store("Hamburg")]


@pytest.mark.parametrize(
    "body", [*NOT_AN_OBJECT.values(), b'[{"name": 1}]'], ids=[*NOT_AN_OBJECT, "another type"]
)
async def test_a_200_that_is_not_of_the_type(server, client, create, lookup, kit, body):
    server.behave = kit.always(200, body)
    for call, error in ((create(), OutcomeUnknown), (lookup(), Unavailable)):
        answer = await client.send(call)
        with pytest.raises(error, match=r"not what it should be: .*HTTP 200") as raised:
            answer.decode(list[Store])
        # What the decoder quotes of the body is not chained to the error.
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None


async def test_a_compressed_body(server, client, create, kit):
    server.behave = kit.always(200, gzip.compress(b'{"id": "1"}'), [("Content-Encoding", "gzip")])
    assert (await client.send(create())).json() == {"id": "1"}


async def test_headers_are_read_by_any_case(server, client, create, kit):
    headers = [("X-Request-ID", "r1"), ("Vary", "a"), ("vary", "b"), ("Set-Cookie", "sid=hidden")]
    server.behave = kit.always(200, headers=headers)
    answer = await client.send(create())
    assert answer.headers["x-request-id"] == answer.headers["X-REQUEST-ID"] == "r1"
    assert answer.headers["VARY"] == "a, b"
    assert "missing" not in answer.headers
    assert set(answer.headers) == {"content-length", "x-request-id", "vary", "set-cookie"}
    assert len(answer.headers) == 4
    assert "hidden" not in repr(answer.headers)


async def test_cookies_are_not_kept(server, client, create, lookup, kit):
    server.behave = kit.always(200, headers=[("Set-Cookie", "JSESSIONID=1; Path=/")])
    by_name = server.base_url.replace("127.0.0.1", "localhost")  # only names get cookies at all
    await client.send(lookup(url=by_name))
    await client.send(create(url=by_name))
    assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(server, client, create, lookup, kit, status):
    server.behave = kit.always(status, headers=[("Location", server.base_url + "/elsewhere")])
    with pytest.raises(OutcomeUnknown, match=r"redirects to 127\.0\.0\.1; check base_url"):
        await client.send(create())
    with pytest.raises(Unavailable, match="redirects"):
        await client.send(lookup())
    assert [request.path for request in server.requests] == ["/orders", "/orders/1"]


@pytest.mark.parametrize("location", ["/login", "http://[nonsense", ""])
async def test_redirects_to_nowhere_in_particular(server, client, create, kit, location):
    server.behave = kit.always(302, headers=[("Location", location)])
    with pytest.raises(OutcomeUnknown, match="redirects to another place"):
        await client.send(create())


@pytest.mark.parametrize("compress", [False, True])
async def test_a_huge_body_is_not_read_to_its_end(server, create, lookup, kit, compress):
    sent = 0

    async def pour(_request, writer):
        nonlocal sent
        if compress:
            body = gzip.compress(b" " * 50_000_000)
            head = f"Content-Encoding: gzip\r\nContent-Length: {len(body)}"
            writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n")
        for _ in range(500):
            writer.write(b" " * 1_000_000)
            await writer.drain()
            sent += 1

    server.behave = pour
    limits = msgspec.structs.replace(kit.limits, max_answer_bytes=10_000)
    async with contextlib.aclosing(OutboundClient(limits=limits)) as client:
        with pytest.raises(OutcomeUnknown, match="more than 10000 bytes"):
            await client.send(create())
        with pytest.raises(Unavailable, match="more than 10000 bytes"):
            await client.send(lookup())
    assert sent < 250
    assert len(server.requests) == 2


async def test_a_body_of_just_the_allowed_size(server, create, kit):
    server.behave = kit.always(200, b'{"a": "' + b"x" * 991 + b'"}')
    limits = msgspec.structs.replace(kit.limits, max_answer_bytes=1000)
    async with contextlib.aclosing(OutboundClient(limits=limits)) as client:
        assert len((await client.send(create())).body) == 1000


async def test_an_upgrade_is_no_answer(server, client, create):
    async def switch(_request, writer):
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
        )

    server.behave = switch
    with pytest.raises(OutcomeUnknown):
        await client.send(create())


async def test_what_is_sent_is_what_the_call_says(server, kit, create):
    headers = {"X-Gateway": Secret("gate"), "Accept": "text/plain", "X-Tenant": "all"}
    async with contextlib.aclosing(OutboundClient(headers=headers, limits=kit.limits)) as client:
        await client.send(
            create("/orders?x=a%20b", headers={"content-type": "application/json", "x-tenant": "t"})
        )
    received = server.requests[0]
    assert (received.method, received.path) == ("POST", "/orders?x=a%20b")
    assert received.body == b'{"ref": "1"}'
    assert received.headers["content-type"] == "application/json"
    assert received.headers["x-gateway"] == "gate"
    assert received.headers["x-tenant"] == "t"
    assert received.headers["accept"] == "text/plain"
    assert received.headers["user-agent"].startswith("multiorder-sync/")
    assert "authorization" not in received.headers


async def test_connections_are_kept_and_bounded(server, lookup, kit):
    limits = msgspec.structs.replace(kit.limits, max_connections=4)
    async with contextlib.aclosing(OutboundClient(limits=limits)) as client:
        await asyncio.gather(*(client.send(lookup()) for _ in range(40)))
    assert len(server.requests) == 40
    assert server.connections <= 4


async def test_an_error_holds_what_the_oms_said(server, client, create, lookup, kit):
    server.behave = kit.always(400, json.dumps({"code": "E1"}).encode())
    said = [OmsMessage("out of stock", "E1"), OmsMessage("and so on")]
    error = (await client.send(create())).unexpected("gave no id", oms_errors=said)
    host = server.base_url.removeprefix("http://")
    assert isinstance(error, OutcomeUnknown)
    assert str(error) == f"{host} gave no id (HTTP 400 to createOrder)."
    assert error.oms_errors == tuple(said)
    error = (await client.send(lookup())).unexpected("gave no id", oms_errors=said)
    assert isinstance(error, Unavailable)
    assert error.oms_errors == tuple(said)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "/orders"},
        {"url": "ftp://oms.example/orders"},
        {"url": "https:///orders"},
        {"url": "https://user:sesame@oms.example/orders"},
        {"url": "https://sesame@oms.example/orders"},
        {"url": "https://sesame@[oms.example/orders"},
        {"url": "https://oms.example:99999/orders"},
        {"url": "https://oms.example:sesame/orders"},
        {"url": "https://oms.example/sesame orders"},
        {"url": "https://oms.example/sesame\r\norders"},
        {"method": "PO ST"},
        {"headers": {"x y": "1"}},
        {"headers": {"x": "sesame\r\nx: 1"}},
        {"headers": {"x": Secret("sesame\n")}},
        {"headers": {"x": "sésame"}},
    ],
)
def test_a_call_that_can_not_be_sent_is_not_built(wrong):
    fields = {"operation": "op", "method": "POST", "url": "https://oms.example/orders"}
    with pytest.raises(ValueError, match="op: ") as caught:
        Call(**(fields | {"creates": True} | wrong))
    assert "sesame" not in str(caught.value)


def test_a_client_with_a_header_that_can_not_be_sent_is_not_built():
    with pytest.raises(ValueError, match="X-Key"):
        OutboundClient(headers={"X-Key": Secret("a\nb")})


def test_a_client_without_its_ca_file_is_not_built(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        OutboundClient(ca_file=tmp_path / "missing.pem")
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(OSError, match="NO_CERTIFICATE"):
        OutboundClient(ca_file=tmp_path / "empty.pem")
