"""HTTP itself: malformed, oversized, unfinished, pipelined; always answered in the envelope."""

import asyncio
import json
import re

import pytest
from acme import Raw, body_of, multi_order
from acme.calls import request

from multiorder_sync.server import protocol

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def brief(monkeypatch):
    """Give a function from whose call on headers are waited for only briefly."""
    return lambda: monkeypatch.setattr(protocol, "HEADERS_TIMEOUT_SECONDS", 0.25)


async def used(connection):
    """Use a connection, which then waits for its next request without a limit.

    A new one has a limit for its first headers, and may meet it before it has sent them.
    """
    await connection.send(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n")
    assert (await connection.answer()).status == 200


def assert_refused(answer, status, code):
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    data = json.loads(answer.body)
    assert data == {"order": {}, "error": data["error"]}
    assert set(data["error"]) == {"error", "category", "details"}
    assert data["error"]["category"] == "sync_service"
    assert answer.details["code"] == code
    assert answer.headers["x-request-id"] == answer.details["request_id"]
    assert answer.headers["content-type"] == "application/json"


MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"hello\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET\r\n\r\n",
    b"BREW /sync/consume HTTP/1.1\r\n\r\n",
    b"post /sync/consume HTTP/1.1\r\n\r\n",
    b"POST sync/consume HTTP/1.1\r\nhost: h\r\n\r\n",
    b"POST /sync/consume HTTP/9.9\r\nhost: h\r\n\r\n",
    b"POST /sync/cons\xc3\xa9me HTTP/1.1\r\nhost: h\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\nno colon\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\nx: a\x00b\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\nbad name: x\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\ncontent-length: 1x\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
    b"POST /sync/consume HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
    b"POST /sync/consume HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
    b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n",
    b"GET http://example.com HTTP/1.1\r\nhost: h\r\n\r\n",
]


@pytest.mark.parametrize("data", MALFORMED, ids=lambda data: repr(data[:40]))
async def test_malformed_http(world, data):
    async with await Raw.connect(world.url) as connection:
        await connection.send(data)
        assert_refused(await connection.answer(), 400, "bad_request")
        assert await connection.is_closed()


async def test_a_body_that_turns_malformed_is_refused_and_nothing_is_sent(world):
    space, body = world.space(), body_of(multi_order())
    head = world.request(space, b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    async with await Raw.connect(world.url) as connection:
        await connection.send(head, b"%x\r\n%s\r\n" % (len(body), body))
        await asyncio.sleep(0.03)
        await connection.send(b"nonsense\r\n")
        assert_refused(await connection.answer(), 400, "bad_request")
        assert await connection.is_closed()
    assert world.oms.calls == []


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://elsewhere.example/sync/consume", 200),
        ("https://elsewhere.example:8080/sync/consume?x=y", 200),
        ("/sync/consume?space=other&x", 200),
        ("/%73ync/consume", 200),
        ("//sync/consume", 404),
        ("/sync//consume", 404),
        ("/./sync/consume", 404),
        ("/x/../sync/consume", 404),
        ("/sync/consume;x", 404),
        ("/sync/consume%20", 404),
        ("/%E2%82%28/%FF", 404),
        ("*", 404),
    ],
)
async def test_forms_of_the_target(world, target, status):
    world.space()
    async with await Raw.connect(world.url) as connection:
        await connection.send(request(body_of(multi_order()), path=target))
        answer = await connection.answer()
    assert answer.status == status
    assert len(world.oms.held) == (status == 200)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PROPFIND", "QUERY", "M-SEARCH", "HEAD"])
async def test_methods_that_are_not_post(world, method):
    async with await Raw.connect(world.url) as connection:
        await connection.send(f"{method} /sync/consume HTTP/1.1\r\nhost: h\r\n\r\n".encode())
        answer = await connection.answer(to_head=method == "HEAD")
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
        # Nothing was wrong on the wire: the connection can go on.
        await connection.send(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n")
        assert (await connection.answer()).status == 200


async def test_http_1_0_is_answered_and_closed(world):
    world.space()
    async with await Raw.connect(world.url) as connection:
        await connection.send(request(body_of(multi_order())).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert (await connection.answer()).status == 200
        assert await connection.is_closed()


UPGRADE = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"


async def test_an_upgrade_is_ignored(world):
    async with await Raw.connect(world.url) as connection:
        await connection.send(f"GET /healthz HTTP/1.1\r\nhost: h\r\n{UPGRADE}\r\n".encode())
        assert (await connection.answer()).status == 200


async def test_an_upgrade_with_a_body_is_refused_and_the_body_not_lost_in_silence(world):
    world.space()
    async with await Raw.connect(world.url) as connection:
        await connection.send(request(body_of(multi_order()), more=UPGRADE))
        assert_refused(await connection.answer(), 400, "bad_request")
        assert await connection.is_closed()
    assert world.oms.calls == []


MANY = {f"x-{number}": "v" * 100 for number in range(400)}


@pytest.mark.parametrize(
    "data",
    [
        b"POST /sync/consume HTTP/1.1\r\nx: " + b"a" * 40_000 + b"\r\n\r\n",
        b"POST /sync/consume HTTP/1.1\r\n" + b"a" * 40_000 + b": x\r\n\r\n",
        b"POST /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        request(b"", headers=MANY),
        b"POST /sync/consume HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: "
        + b"a" * 40_000
        + b"\r\n\r\n",
    ],
    ids=["value", "name", "target", "many", "trailer"],
)
async def test_headers_that_are_too_large(world, data):
    async with await Raw.connect(world.url) as connection:
        await connection.send(data)
        assert_refused(await connection.answer(), 431, "headers_too_large")
        assert await connection.is_closed()


@pytest.mark.parametrize("start", [b"x: ", b"", b"x: y\r\n"])
async def test_one_header_without_an_end_is_not_kept(world, start):
    async with await Raw.connect(world.url) as connection:
        await connection.send(b"POST /sync/consume HTTP/1.1\r\n", start)
        for _ in range(100):
            connection.writer.write(b"a" * 1000)
            await asyncio.sleep(0.001)
            if connection.reader.at_eof() or connection.reader._buffer:
                break
        assert_refused(await connection.answer(), 431, "headers_too_large")


async def test_headers_of_an_allowed_size_in_many_pieces(world):
    world.space()
    data = request(body_of(multi_order()), more=f"x-filler: {'a' * 25_000}\r\n")
    async with await Raw.connect(world.url) as connection:
        for at in range(0, len(data), 500):
            await connection.send(data[at : at + 500])
            await asyncio.sleep(0)
        assert (await connection.answer()).status == 200


async def test_a_caller_that_goes_on_sending_hears_why_it_is_refused(world):
    async with await Raw.connect(world.url) as connection:
        await connection.send(b"nonsense\r\n\r\n" * 200_000)
        assert_refused(await connection.answer(), 400, "bad_request")


@pytest.mark.parametrize("data", [b"P", b"POST /sync/consume HTTP/1.1\r\nhost: h\r\nx: "])
async def test_headers_that_never_end(world, brief, data):
    async with await Raw.connect(world.url) as connection:
        await used(connection)
        brief()
        await connection.send(data)
        answer = await connection.answer()
        assert_refused(answer, 408, "request_timeout")
        assert answer.details["retryable"]
        assert await connection.is_closed()


async def test_headers_that_trickle_are_not_waited_for(world, brief):
    async with await Raw.connect(world.url) as connection:
        await used(connection)
        brief()
        await connection.send(b"POST /sync/consume HTTP/1.1\r\n")
        for number in range(25):
            connection.writer.write(f"x-{number}: y\r\n".encode())
            await asyncio.sleep(0.02)
            if connection.reader._buffer:
                break
        assert_refused(await connection.answer(), 408, "request_timeout")


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n"])
async def test_a_connection_without_a_request_is_closed_in_silence(world, brief, data):
    brief()
    async with await Raw.connect(world.url) as connection:
        await connection.send(data)
        assert await connection.answer() is None


async def test_stray_bytes_do_not_keep_an_idle_connection(world, brief):
    async with await Raw.connect(world.url) as connection:
        await used(connection)
        brief()
        await connection.send(b"\r\n")
        assert await connection.answer() is None


async def test_a_slow_answer_is_not_cut_by_the_time_for_headers(world, brief):
    space = world.space()
    world.oms.fail("latency", seconds=0.4)
    async with await Raw.connect(world.url) as connection:
        await used(connection)
        brief()
        await connection.send(world.request(space, multi_order()))
        assert (await connection.answer()).status == 200


@pytest.mark.parametrize(
    ("next_bytes", "status"),
    [(b"POST /sync", 408), (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nx: y", 408)],
)
async def test_a_bad_request_behind_a_good_one_does_not_cut_its_answer(
    world, brief, next_bytes, status
):
    space = world.space()
    world.oms.fail("latency", seconds=0.4)
    async with await Raw.connect(world.url) as connection:
        await used(connection)
        brief()
        await connection.send(world.request(space, multi_order()), next_bytes)
        assert (await connection.answer()).status == 200
        assert (await connection.answer()).status == status
        assert await connection.is_closed()
    assert len(world.oms.held) == 1


async def test_too_large_headers_behind_a_good_request_do_not_cut_its_answer(world):
    space = world.space()
    world.oms.fail("latency", seconds=0.1)
    async with await Raw.connect(world.url) as connection:
        await connection.send(
            world.request(space, multi_order()),
            b"GET / HTTP/1.1\r\nx: ",
            b"a" * 50_000,
            b"\r\n\r\n",
        )
        assert (await connection.answer()).status == 200
        assert (await connection.answer()).status == 431
        assert await connection.is_closed()


async def test_a_malformed_body_behind_a_good_request_does_not_cut_its_answer(world):
    space = world.space()
    world.oms.fail("latency", seconds=0.1)
    broken = b"POST /sync/consume HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n"
    async with await Raw.connect(world.url) as connection:
        await connection.send(world.request(space, multi_order()), broken)
        assert (await connection.answer()).status == 200
        assert (await connection.answer()).status == 400
        assert await connection.is_closed()
    assert world.oms.calls == ["create"]


async def test_pipelined_requests_are_answered_in_their_order(world):
    space = world.space()
    orders = [multi_order() for _ in range(5)]
    world.oms.fail("latency", seconds=0.05)
    async with await Raw.connect(world.url) as connection:
        await connection.send(
            *(world.request(space, order) for order in orders),
            b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n",
        )
        for order in orders:
            answer = await connection.answer()
            assert answer.status == 200
            assert json.loads(answer.body)["order"]["id"] == order["id"]
        assert json.loads((await connection.answer()).body) == {"status": "ok"}
    assert len(world.oms.held) == 5


async def test_a_connection_is_used_for_many_calls(world, brief):
    space = world.space()
    async with await Raw.connect(world.url) as connection:
        await used(connection)
        brief()
        for _ in range(4):
            await connection.send(world.request(space, multi_order()))
            assert (await connection.answer()).status == 200
            await asyncio.sleep(0.1)
    assert len(world.oms.held) == 4


async def test_a_request_after_connection_close_is_not_served(world):
    space = world.space()
    async with await Raw.connect(world.url) as connection:
        first = world.request(space, multi_order(), more="connection: close\r\n")
        await connection.send(first, world.request(space, multi_order()))
        assert (await connection.answer()).status == 200
        assert await connection.is_closed()
    assert len(world.oms.held) == 1


async def test_the_server_does_not_say_what_it_is(world):
    for data in (b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n", b"nonsense\r\n\r\n"):
        async with await Raw.connect(world.url) as connection:
            await connection.send(data)
            answer = await connection.answer()
        assert "server" not in answer.headers
        assert not re.search("uvicorn|starlette|python", str(answer), re.IGNORECASE)
