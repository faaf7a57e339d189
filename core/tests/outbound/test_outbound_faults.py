"""What a fault of the transport tells about a create, and how often the create arrived."""

import asyncio
import contextlib
import gzip
import socket
import struct
from time import monotonic

import msgspec
import pytest

from multiorder_sync.errors import OutcomeUnknown, Unavailable
from multiorder_sync.oms.outbound import Attempt, OutboundClient

patient = pytest.mark.asyncio(loop_factories=["patient"])


async def close_after_reading(_request, writer):
    writer.close()


async def reset_after_reading(_request, writer):
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.close()


async def half_a_head(_request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await writer.drain()
    writer.close()


async def half_a_body(_request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b'{"id": "1"')
    await writer.drain()
    writer.close()


async def chunked_garbage(_request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n")
    await writer.drain()
    writer.close()


async def chunked_cut(_request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
    await writer.drain()
    writer.close()


async def not_http(_request, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


async def two_lengths(_request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")


async def broken_gzip(_request, writer):
    body = gzip.compress(b"{}")[:-9] + b"nonsense!"
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)


async def no_answer(request, _writer):
    await request.reader.read()  # until the client is gone


async def slow_drip(_request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n")
    for _ in range(300):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def drip_of_headers(_request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(300):
        writer.write(f"X-{number}: 1\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.1)


AFTER_SENDING = [
    close_after_reading,
    reset_after_reading,
    half_a_head,
    half_a_body,
    chunked_garbage,
    chunked_cut,
    not_http,
    two_lengths,
    broken_gzip,
]
NEVER_ENDING = [no_answer, slow_drip, drip_of_headers]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("fault", AFTER_SENDING)
async def test_a_create_that_was_sent_is_unknown_and_arrived_once(
    server, client, create, fault, method
):
    server.behave = fault
    attempt = Attempt(monotonic() + 30)
    with attempt.active(), pytest.raises(OutcomeUnknown, match="createOrder"):
        await client.send(create(method=method))
    assert attempt.may_have_created
    assert server.count("/orders") == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("fault", [close_after_reading, reset_after_reading, half_a_body])
async def test_nor_is_it_sent_again_on_a_connection_that_had_been_kept(
    server, client, create, lookup, kit, fault, method
):
    await client.send(lookup())
    server.behave = fault
    with pytest.raises(OutcomeUnknown):
        await client.send(create(method=method))
    assert server.requests[0].connection == server.requests[1].connection
    assert server.count("/orders") == 1


@patient
@pytest.mark.parametrize("fault", NEVER_ENDING)
async def test_a_create_is_given_up_at_the_deadline_however_the_answer_drips(
    server, client, create, fault
):
    server.behave = fault
    attempt = Attempt(monotonic() + 10)
    async with asyncio.timeout(20):
        with attempt.active(), pytest.raises(OutcomeUnknown, match="in time"):
            await client.send(create())
    assert server.count("/orders") == 1
    await until(lambda: server.open_connections == 0)


@patient
async def test_the_client_s_word_comes_before_the_attempt_is_over(server, client, create):
    server.behave = no_answer
    attempt = Attempt(monotonic() + 10)
    now = asyncio.get_running_loop().time
    async with asyncio.timeout(attempt.remaining()) as limit:
        with attempt.active(), pytest.raises(OutcomeUnknown, match="createOrder was sent"):
            await client.send(create())
        assert limit.when() - now() > 0.01


@pytest.mark.parametrize("fault", AFTER_SENDING)
async def test_a_look_up_is_repeated_three_times_and_then_unavailable(
    server, client, lookup, fault
):
    server.behave = fault
    attempt = Attempt(monotonic() + 30)
    with attempt.active(), pytest.raises(Unavailable, match="getOrder"):
        await client.send(lookup())
    assert not attempt.may_have_created
    assert server.count("/orders/1") == 3


async def test_a_look_up_succeeds_once_the_fault_is_over(server, client, lookup, kit):
    async def first_fails(request, writer):
        if len(server.requests) == 1:
            writer.close()
        else:
            writer.write(kit.http(200, b'{"id": "7"}'))

    server.behave = first_fails
    answer = await client.send(lookup())
    assert answer.json() == {"id": "7"}
    assert len(server.requests) == 2


async def test_nothing_listens(client, create, unused_port):
    attempt = Attempt(monotonic() + 30)
    call = create(url=f"http://127.0.0.1:{unused_port}/orders")
    with attempt.active(), pytest.raises(Unavailable, match=r"can't be reached.*was not sent"):
        await client.send(call)
    assert not attempt.may_have_created


@pytest.mark.parametrize("host", ["oms.invalid", "xn--", "a" * 70 + ".invalid", "a..b"])
async def test_a_name_that_does_not_exist(client, create, host):
    with pytest.raises(Unavailable, match="was not sent"):
        await client.send(create(url=f"http://{host}/orders"))


async def test_a_server_that_speaks_no_tls(server, client, create):
    async def greet(_reader, writer):
        writer.write(b"220 mail ready\r\n")

    server.greet = greet
    attempt = Attempt(monotonic() + 30)
    call = create(url=server.base_url.replace("http", "https") + "/orders")
    with attempt.active(), pytest.raises(Unavailable, match="was not sent"):
        await client.send(call)
    assert not attempt.may_have_created


async def test_a_connection_that_takes_too_long(create, kit):
    """A listener whose queue is full leaves a connecting client without an answer."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        call = create(url=f"http://127.0.0.1:{listener.getsockname()[1]}/orders")
        limits = msgspec.structs.replace(kit.limits, connect_seconds=0.1)
        async with contextlib.aclosing(OutboundClient(limits=limits)) as client:
            with pytest.raises(Unavailable, match=r"no connection in time; createOrder was not"):
                await client.send(call)


@patient
async def test_a_full_pool_sends_nothing(server, create, lookup, kit):
    server.behave = no_answer
    limits = msgspec.structs.replace(kit.limits, max_connections=1)
    async with contextlib.aclosing(OutboundClient(limits=limits)) as client:
        blocking = asyncio.create_task(client.send(lookup()))
        await until(lambda: server.requests)
        attempt = Attempt(monotonic() + 5)
        with attempt.active(), pytest.raises(Unavailable, match="was not sent"):
            await client.send(create())
        assert not attempt.may_have_created
        blocking.cancel()
        await asyncio.gather(blocking, return_exceptions=True)
    assert server.count("/orders") == 0


async def test_no_time_left_sends_nothing(server, client, create):
    attempt = Attempt(monotonic() - 1)
    with attempt.active(), pytest.raises(Unavailable, match="no time left"):
        await client.send(create())
    assert attempt.remaining() == 0.0
    assert server.connections == 0


@patient
async def test_a_call_outside_of_any_attempt_has_a_limit_too(server, create, kit):
    server.behave = no_answer
    limits = msgspec.structs.replace(kit.limits, default_seconds=5.0)
    async with contextlib.aclosing(OutboundClient(limits=limits)) as client:
        with pytest.raises(OutcomeUnknown):
            await client.send(create())


async def test_a_cancelled_call_gives_its_connection_back(server, create, kit):
    server.behave = no_answer
    limits = msgspec.structs.replace(kit.limits, max_connections=1)
    async with contextlib.aclosing(OutboundClient(limits=limits)) as client:
        attempt = Attempt(monotonic() + 30)
        with attempt.active():
            task = asyncio.create_task(client.send(create()))
        await until(lambda: server.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert attempt.may_have_created
        await until(lambda: server.open_connections == 0)
        server.behave = kit.always()
        assert (await client.send(create())).status == 200


@patient
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_large_create_that_the_server_does_not_read_ends_with_the_deadline(
    server, client, create
):
    async def greet(_reader, writer):
        writer.transport.pause_reading()
        await asyncio.sleep(30)

    server.greet = greet
    attempt = Attempt(monotonic() + 10)
    async with asyncio.timeout(20):
        with attempt.active(), pytest.raises(OutcomeUnknown):
            await client.send(create(content=b"x" * 30_000_000))


async def test_a_connection_that_the_server_closed_while_idle_is_not_used(
    server, client, create, lookup, kit
):
    async def answer_and_close(_request, writer):
        writer.write(kit.http())
        await writer.drain()
        writer.close()

    server.behave = answer_and_close
    await client.send(lookup())
    await until(lambda: server.open_connections == 0)
    await asyncio.sleep(0.05)
    server.behave = kit.always(body=b'{"id": "1"}')
    assert (await client.send(create())).json() == {"id": "1"}
    assert server.connections == 2
    assert server.count("/orders") == 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_create_that_meets_a_connection_being_closed_is_unknown(
    server, client, create, lookup, kit, method
):
    """It did not arrive, but there is no way to tell that from one that arrived."""
    writers = []

    async def answer(_request, writer):
        writers.append(writer)
        writer.write(kit.http())

    server.behave = answer
    await client.send(lookup())
    writers[0].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    with pytest.raises(OutcomeUnknown):
        await client.send(create(method=method))
    assert server.connections == 1
    assert server.count("/orders") == 0


async def test_what_a_server_says_unasked_is_not_the_answer_to_the_next_call(
    server, client, create, lookup, kit
):
    said = asyncio.Event()

    async def answer_and_go_on(request, writer):
        writer.write(kit.http())
        await writer.drain()
        if request.path == "/orders/1":
            await asyncio.sleep(0.05)
            writer.write(kit.http(body=b'{"id": "of another order"}'))
            await writer.drain()
            said.set()

    server.behave = answer_and_go_on
    await client.send(lookup())
    await said.wait()
    await asyncio.sleep(0.02)
    server.behave = kit.always(body=b'{"id": "1"}')
    assert (await client.send(create())).json() == {"id": "1"}
    assert server.count("/orders") == 1


async def test_more_body_than_was_announced_does_not_reach_the_next_call(
    server, client, create, lookup, kit
):
    evil = kit.http(body=b'{"id": "of another order"}')
    server.behave = kit.always(body=b"{}" + evil, length=2)
    assert (await client.send(lookup())).json() == {}
    server.behave = kit.always(body=b'{"id": "1"}')
    assert (await client.send(create())).json() == {"id": "1"}


async def test_closing_ends_the_calls_under_way(server, client, create):
    server.behave = no_answer
    task = asyncio.create_task(client.send(create()))
    await until(lambda: server.requests)
    await client.aclose()
    async with asyncio.timeout(10):
        with pytest.raises(OutcomeUnknown):
            await task
    with pytest.raises(Unavailable, match="closed"):
        await client.send(create())
    await client.aclose()
    assert server.count("/orders") == 1


async def test_a_repeat_does_not_outlive_the_client(server, client, lookup, kit):
    server.behave = kit.always(503, headers=[("Retry-After", "0.05")])
    task = asyncio.create_task(client.send(lookup()))
    await until(lambda: server.requests)
    await client.aclose()
    with pytest.raises(Unavailable):
        await task
    assert len(server.requests) == 1


def test_a_client_needs_no_event_loop():
    client = OutboundClient()
    asyncio.run(client.aclose())


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
