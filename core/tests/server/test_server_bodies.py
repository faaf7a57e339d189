"""Bodies: how long, of what kind, how slow, and never more of them than agreed."""

import asyncio
import gc
import tracemalloc

import pytest
import pytest_asyncio
from acme import Raw, Refusing, body_of, error_of, multi_order, serving_world, signed
from acme.calls import request

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 4096


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running_world():
    limits = {"max_body_bytes": LIMIT, "body_timeout_seconds": 60, "max_in_flight": 3}
    async with serving_world(**limits) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hasty_world():
    """One that waits only briefly for a body."""
    async with serving_world(body_timeout_seconds=0.3) as world:
        yield world


def padded(length):
    """Return an order's body of so many bytes."""
    body = body_of(multi_order(comment="#"))
    return body.replace(b"#", b"x" * (length - len(body) + 1))


def chunked(body, size=1000):
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def head(space, *lines, body=b""):
    fields = [f"{name}: {value}" for name, value in signed(body).items()]
    return "\r\n".join(
        [f"POST /spaces/{space}/sync/consume HTTP/1.1", "host: h", *fields, *lines, "", ""]
    ).encode()


async def test_a_body_of_just_the_limit_is_taken(world):
    body = padded(LIMIT)
    assert len(body) == LIMIT
    assert (await world.post(world.space(), body)).status_code == 200


async def test_a_longer_body_is_refused_by_its_declared_length(world):
    body = padded(LIMIT + 1)
    answer = await world.post(world.space(), body)
    error = error_of(answer, 413, "content_too_large")
    assert "4096" in error["error"]
    assert answer.headers["connection"] == "close"
    assert world.oms.calls == []


async def test_a_declared_length_is_refused_before_any_of_it_comes(world):
    async with await Raw.connect(world.url) as connection:
        await connection.send(head(world.space(), "content-length: 999999999999"))
        answer = await connection.answer()
    assert (answer.status, answer.details["code"]) == (413, "content_too_large")


@pytest.mark.parametrize("size", [1, 100, LIMIT])
async def test_a_body_may_come_in_chunks(world, size):
    space, body = world.space(), padded(LIMIT)
    async with await Raw.connect(world.url) as connection:
        lines = head(space, "transfer-encoding: chunked", body=body)
        await connection.send(lines, chunked(body, size))
        assert (await connection.answer()).status == 200


async def test_a_longer_body_in_chunks_is_refused(world):
    space, body = world.space(), padded(LIMIT + 1)
    async with await Raw.connect(world.url) as connection:
        lines = head(space, "transfer-encoding: chunked", body=body)
        await connection.send(lines, chunked(body))
        answer = await connection.answer()
    assert (answer.status, answer.details["code"]) == (413, "content_too_large")
    assert world.oms.calls == []


async def test_an_endless_body_is_refused_early_and_not_kept(world):
    chunk = b"%x\r\n%s\r\n" % (65536, b"x" * 65536)
    async with await Raw.connect(world.url) as connection:
        await connection.send(head(world.space(), "transfer-encoding: chunked"), chunk)
        gc.collect()
        tracemalloc.start()
        try:
            for _ in range(300):  # 20 MB, as fast as they are taken
                connection.writer.write(chunk)
                await connection.writer.drain()
        except ConnectionError:
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        answer = await connection.answer()
    assert (answer.status, answer.details["code"]) == (413, "content_too_large")
    assert answer.headers["connection"] == "close"
    assert peak < 5_000_000


async def test_a_caller_that_sends_all_before_it_listens_still_hears_the_refusal(world):
    body = b"x" * 3_000_000
    for space in (world.space(), "nowhere/"):
        answer = await world.http.post(
            f"/spaces/{space}/sync/consume", content=body, headers=signed(body)
        )
        assert answer.status_code in (404, 413)
        error_of(answer)


@pytest.mark.parametrize(
    "fields",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonx"},
        {"content-type": "application/json, text/plain"},
        {"content-type": ""},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/json", "content-encoding": ""},
    ],
    ids=str,
)
async def test_other_media_types_and_codings(world, fields):
    answer = await world.post(world.space(), multi_order(), headers=fields)
    error_of(answer, 415, "unsupported_media_type")
    assert world.oms.calls == []


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=utf-8", "application/json ;x"]
)
async def test_ways_to_say_json(world, media_type):
    answer = await world.post(world.space(), multi_order(), headers={"content-type": media_type})
    assert answer.status_code == 200


async def test_two_media_types_are_none(world):
    space, body = world.space(), body_of(multi_order())
    async with await Raw.connect(world.url) as connection:
        more = "content-type: application/json\r\n"
        await connection.send(world.request(space, body, more=more))
        assert (await connection.answer()).status == 415


@pytest.mark.parametrize("sent", [0, 20])
@pytest.mark.parametrize("length", ["content-length: 50", "transfer-encoding: chunked"])
async def test_a_body_that_does_not_arrive_in_time(hasty_world, sent, length):
    async with await Raw.connect(hasty_world.url) as connection:
        await connection.send(head(hasty_world.space(), length))
        if sent:
            await connection.send(b"14\r\n" if "chunked" in length else b"", b"x" * sent)
        answer = await connection.answer()
        assert (answer.status, answer.details["code"]) == (408, "request_timeout")
        assert answer.details["retryable"]
        assert answer.headers["connection"] == "close"
    assert hasty_world.oms.calls == []


async def test_a_body_that_trickles_is_not_waited_for(hasty_world):
    async with await Raw.connect(hasty_world.url) as connection:
        await connection.send(head(hasty_world.space(), "content-length: 1000"))
        for _ in range(30):
            await connection.send(b"x")
            await asyncio.sleep(0.02)
            if connection.reader._buffer:
                break
        assert (await connection.answer()).status == 408


@pytest.mark.parametrize("length", ["content-length: 1000", "transfer-encoding: chunked"])
async def test_a_caller_that_hangs_up_in_its_body_sends_nothing_on(world, length, logged):
    space = world.space()
    async with await Raw.connect(world.url) as connection:
        await connection.send(head(space, length), b"5\r\n{    \r\n")
        connection.writer.close()
    async with asyncio.timeout(10):
        while not any("hung up" in line["event"] for line in logged):
            await asyncio.sleep(0.01)
    assert world.oms.calls == []
    assert (await world.post(space, multi_order())).status_code == 200


async def ended(logged):
    """Wait until an order's call has ended: the next test has all of the places for calls."""
    async with asyncio.timeout(10):
        while not any(line["event"] == "order" for line in logged):
            await asyncio.sleep(0.01)


async def test_a_caller_that_hangs_up_after_its_body_stops_nothing(world, logged):
    space = world.space()
    world.oms.fail("latency", seconds=0.2)
    async with await Raw.connect(world.url) as connection:
        await connection.send(world.request(space, multi_order()))
        async with asyncio.timeout(10):
            while not world.oms.calls:
                await asyncio.sleep(0.005)
        connection.writer.transport.abort()
    await ended(logged)
    assert world.oms.held
    assert world.oms.calls == ["create"]


async def test_a_caller_that_hangs_up_does_not_stop_the_retries(world, logged):
    space = world.space()
    world.oms.fail("status", status=503)
    world.oms.fail("latency", seconds=0.1)
    async with await Raw.connect(world.url) as connection:
        await connection.send(world.request(space, multi_order()))
        async with asyncio.timeout(10):
            while not world.oms.calls:
                await asyncio.sleep(0.005)
    await ended(logged)
    assert world.oms.held
    assert world.oms.count("create") == 2


async def test_one_call_too_many_is_told_to_come_again(world, logged):
    arrived, opened = [], asyncio.Event()

    class Held(Refusing):
        async def submit(self, submission):
            arrived.append(submission.ref)
            await opened.wait()
            return await super().submit(submission)

    space = world.space(Held, deadline_seconds=120)
    calls = [asyncio.create_task(world.post(space, multi_order())) for _ in range(3)]
    async with asyncio.timeout(10):
        while len(arrived) < 3:
            await asyncio.sleep(0.005)
    answer = await world.post(space, multi_order())
    error = error_of(answer, 500, "overloaded")
    assert error["details"]["retryable"]
    assert len(arrived) == 3
    opened.set()
    assert [(await call).status_code for call in calls] == [200] * 3
    assert (await world.post(space, multi_order())).status_code == 200
    refused = [line for line in logged if line.get("code") == "overloaded"]
    assert [line["request_id"] for line in refused] == [error["details"]["request_id"]]


async def test_calls_that_end_badly_are_not_counted_for_ever(world, logged):
    space = world.space()
    for _ in range(5):
        async with await Raw.connect(world.url) as connection:
            await connection.send(head(space, "content-length: 100"), b"x")
        async with await Raw.connect(world.url) as connection:
            await connection.send(head(space, "content-length: 99999"))
            assert (await connection.answer()).status == 413
    async with asyncio.timeout(10):
        while sum("hung up" in line["event"] for line in logged) < 5:
            await asyncio.sleep(0.01)
    answers = await asyncio.gather(*(world.post(space, multi_order()) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        (["content-length: 99999"], 413, "content_too_large"),
        (["content-length: 50", "content-encoding: br"], 415, "unsupported_media_type"),
    ],
)
async def test_a_body_that_will_be_refused_is_not_invited(world, lines, status, code):
    async with await Raw.connect(world.url) as connection:
        await connection.send(head(world.space(), *lines, "expect: 100-continue"))
        first = await connection.reader.readline()
        assert first.startswith(f"HTTP/1.1 {status}".encode())


async def test_a_body_is_invited_where_the_caller_waits_for_that(world):
    space, body = world.space(), body_of(multi_order())
    async with await Raw.connect(world.url) as connection:
        lines = head(space, f"content-length: {len(body)}", "expect: 100-continue", body=body)
        await connection.send(lines)
        assert await connection.reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert await connection.reader.readline() == b"\r\n"
        await connection.send(body)
        assert (await connection.answer()).status == 200


async def test_every_refusal_of_a_body_is_logged_with_its_request_id(world, logged):
    space = world.space()
    for headers, length in (({}, LIMIT + 1), ({"content-type": "text/plain"}, 300)):
        answer = await world.post(space, padded(length), headers=headers)
        code = error_of(answer)["details"]["code"]
        lines = [line for line in logged if line.get("code") == code]
        assert len(lines) == 1
        assert lines[0]["request_id"] == answer.headers["x-request-id"]
        assert (lines[0]["space"], lines[0]["status"]) == (space, answer.status_code)
        assert lines[0]["log_level"] == "warning"


async def test_a_body_after_an_early_answer_does_not_become_the_next_request(world):
    space = world.space()
    async with await Raw.connect(world.url) as connection:
        smuggled = world.request(space, multi_order())
        await connection.send(
            request(smuggled, path="/nowhere", headers={"content-length": len(smuggled)})
        )
        assert (await connection.answer()).status == 404
        assert await connection.is_closed()
    assert world.oms.calls == []
