"""The circuit breaker: when a host is not called, and how it comes to be called again."""

import asyncio
import contextlib
import socket
from time import monotonic

import msgspec
import pytest
import structlog

from multiorder_sync.errors import CircuitOpen, OmsError, OutcomeUnknown, Unavailable
from multiorder_sync.oms.outbound import (
    Attempt,
    Circuits,
    Limiter,
    OutboundClient,
    PasswordGrant,
    TokenSource,
)

FAILURES = 3


@pytest.fixture
def logged_lines():
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def logged(logged_lines):
    """What the circuits logged: event, level, and what was said."""
    return lambda: [line for line in logged_lines if line["event"] != "outbound call"]


@pytest.fixture
def exchanges(logged_lines):
    """What each exchange was answered with, once the client has the answer."""
    return lambda: [line["status"] for line in logged_lines if line["event"] == "outbound call"]


@pytest.fixture
def opened():
    """The hosts that `when_opened` was called with."""
    return []


@pytest.fixture
def circuits(opened):
    circuits = Circuits(FAILURES, probe_seconds=5.0)
    circuits.when_opened = opened.append
    return circuits


@pytest.fixture
async def build(circuits, kit):
    """Builds clients that share the circuits, and closes them."""
    async with contextlib.AsyncExitStack() as stack:

        async def client(*, limiter=None, limits=kit.limits, circuits=circuits):
            built = OutboundClient(limits=limits, limiter=limiter, circuits=circuits)
            return await stack.enter_async_context(contextlib.aclosing(built))

        yield client


@pytest.fixture
async def client(build):
    return await build()


@pytest.fixture
def host(server):
    return server.base_url.removeprefix("http://")


async def lose(_request, writer):
    writer.close()


async def never(request, _writer):
    await request.reader.read()  # until the client is gone


async def trip(client, server, create, *, times=FAILURES):
    """Let calls go unanswered until the circuit opens, and leave the server well again."""
    behave, server.behave = server.behave, lose
    for _ in range(times):
        with pytest.raises(OutcomeUnknown):
            await client.send(create())
    server.behave = behave


async def probe(client, call):
    with Attempt(monotonic() + 30, probe=True).active():
        return await client.send(call)


async def barred(client, call):
    with pytest.raises(CircuitOpen, match=f"{call.operation} was not sent: .* has not answered"):
        await client.send(call)


GATEWAY = {status: f"HTTP {status}" for status in (502, 503, 504)}


@pytest.mark.parametrize("fault", ["lost", "refused", *GATEWAY])
async def test_a_host_that_does_not_answer_is_called_no_more(
    server, client, create, kit, host, logged, opened, unused_port, fault
):
    call = create()
    if fault == "lost":
        server.behave, reason = lose, "ServerDisconnectedError"
    elif fault == "refused":
        host, reason = f"127.0.0.1:{unused_port}", "ClientConnectorError"
        call = create(url=f"http://{host}/orders")
    else:
        server.behave, reason = kit.always(fault), GATEWAY[fault]
    for _ in range(FAILURES):
        assert client.open_circuits == ()
        with contextlib.suppress(OutcomeUnknown, Unavailable):
            assert (await client.send(call)).status == fault
    arrived, connections = len(server.requests), server.connections
    attempt = Attempt(monotonic() + 30)
    for _ in range(5):
        with attempt.active(), pytest.raises(CircuitOpen) as caught:
            await client.send(call)
        assert (caught.value.code, caught.value.retryable) == ("oms_unavailable", True)
        assert caught.value.retry_after is None
    assert not attempt.may_have_created
    assert (len(server.requests), server.connections) == (arrived, connections)
    assert client.open_circuits == (host,)
    assert opened == [host]
    assert logged() == [
        {"event": "oms out of reach", "log_level": "warning", "host": host, "reason": reason}
    ]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 422, 429, 500])
async def test_a_host_that_answers_is_called_whatever_it_says(
    server, client, create, kit, logged, status
):
    server.behave = kit.always(status)
    for _ in range(FAILURES + 2):
        with contextlib.suppress(OutcomeUnknown):  # of a redirect
            assert (await client.send(create())).status == status
    assert len(server.requests) == FAILURES + 2
    assert client.open_circuits == ()
    assert logged() == []


@pytest.mark.parametrize("status", [200, 404, 429, 500])
async def test_only_failures_in_a_row_count(server, client, create, kit, status):
    server.behave = kit.always(status)
    for _ in range(3):
        await trip(client, server, create, times=FAILURES - 1)
        assert (await client.send(create())).status == status
    assert client.open_circuits == ()


async def test_the_tries_of_one_call_count_each(server, client, lookup, create, kit):
    server.behave = kit.always(503, b"down")
    answer = await client.send(lookup())
    assert (answer.status, answer.excerpt()) == (503, "down")
    assert len(server.requests) == FAILURES
    await barred(client, create())


async def test_a_call_is_not_repeated_once_its_own_failure_opened_the_circuit(
    server, client, lookup, create, kit
):
    await trip(client, server, create, times=FAILURES - 1)
    server.behave = kit.always(503, b"down", [("Retry-After", "25")])
    async with asyncio.timeout(10):  # nor is the repeat waited for
        assert (await client.send(lookup())).excerpt() == "down"
    assert server.count("/orders/1") == 1


def open_at_once(circuit):
    """Open a circuit by what others found, with nothing between the first failure and the last."""
    for _ in range(FAILURES):
        circuit.failed("lost", period=circuit.period)
    assert circuit.is_open


async def waits_for_its_repeat(client, lookup, exchanges):
    """Start a call that has been answered with a 503, and waits before it is sent again."""
    looking = asyncio.create_task(client.send(lookup()))
    await until(lambda: exchanges() == [503])
    return looking


async def test_a_call_is_not_repeated_once_others_failures_opened_the_circuit(
    server, client, circuits, lookup, kit, host, exchanges
):
    server.behave = kit.always(503, b"down", [("Retry-After", "0.2")])
    looking = await waits_for_its_repeat(client, lookup, exchanges)
    open_at_once(circuits.of(host))
    assert (await looking).excerpt() == "down"
    assert server.count("/orders/1") == 1


async def test_a_repeat_counts_as_of_when_it_was_sent(
    server, client, circuits, lookup, kit, host, exchanges
):
    server.behave = kit.in_turn(kit.http(503, headers=[("Retry-After", "0.2")]), kit.http(503))
    looking = await waits_for_its_repeat(client, lookup, exchanges)
    open_at_once(circuits.of(host))
    client.close_circuits()
    assert (await looking).status == 503
    assert client.open_circuits == (host,)


async def test_a_host_that_does_not_answer_in_a_fair_time_counts(server, client, create, logged):
    server.behave = never

    async def wait():
        # Three times what is fair: some of it may pass before the host is reached.
        with Attempt(monotonic() + 3).active(), pytest.raises(OutcomeUnknown):
            await client.send(create())

    await asyncio.gather(*(wait() for _ in range(FAILURES)))
    await barred(client, create())
    assert [line["reason"] for line in logged()] == ["TimeoutError"]


async def test_a_host_that_had_hardly_any_time_does_not(server, client, create):
    server.behave = never
    while len(server.requests) <= FAILURES:  # some may not get there in that time
        with Attempt(monotonic() + 0.1).active(), pytest.raises((OutcomeUnknown, Unavailable)):
            await client.send(create())
    assert client.open_circuits == ()


async def test_nor_does_one_that_had_hardly_any_time_for_a_connection(build, create, kit):
    client = await build(limits=msgspec.structs.replace(kit.limits, connect_seconds=0.05))
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):  # which fill its queue
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        call = create(url=f"http://127.0.0.1:{listener.getsockname()[1]}/orders")
        for _ in range(FAILURES + 1):
            with pytest.raises(Unavailable, match="no connection in time"):
                await client.send(call)
    assert client.open_circuits == ()


async def test_a_probe_is_let_through_and_its_success_closes_the_circuit(
    server, client, create, lookup, host, logged, opened, kit
):
    await trip(client, server, create)
    server.behave = kit.always(503)
    before = len(server.requests)
    assert (await probe(client, lookup())).status == 503
    assert len(server.requests) == before + 3  # it is repeated as ever
    await barred(client, create())
    assert opened == [host]
    server.behave = kit.always()
    assert (await probe(client, lookup())).status == 200
    assert client.open_circuits == ()
    assert (await client.send(create())).status == 200
    out, back = logged()
    assert out["event"] == "oms out of reach"
    assert back.pop("seconds") >= 0
    assert back == {"event": "oms within reach again", "log_level": "info", "host": host}


async def test_each_time_that_it_opens_is_told_once(server, client, create, host, opened, logged):
    for _ in range(2):
        await trip(client, server, create)
        await probe(client, create())
    assert opened == [host, host]
    events = ["oms out of reach", "oms within reach again"] * 2
    assert [line["event"] for line in logged()] == events


async def test_no_one_need_be_told(server, circuits, client, create):
    circuits.when_opened = None
    await trip(client, server, create)
    await barred(client, create())


async def test_failures_within_too_short_a_time_do_not_open_it(server, build, create):
    client = await build(circuits=Circuits(FAILURES, 5.0, least_seconds=60.0))
    await trip(client, server, create, times=FAILURES * 3)
    assert client.open_circuits == ()


async def test_failures_that_go_on_for_long_enough_do(server, build, create, host):
    now = 1000.0
    client = await build(circuits=Circuits(2, 5.0, least_seconds=30.0, clock=lambda: now))
    await trip(client, server, create, times=1)
    now += 31
    await client.send(create())  # from here on the time counts anew
    await trip(client, server, create, times=2)
    assert client.open_circuits == ()
    now += 31
    await trip(client, server, create, times=1)
    assert client.open_circuits == (host,)


@pytest.mark.parametrize("failures", [1, 2])
async def test_one_that_was_closed_on_trial_opens_however_soon_it_fails(
    server, build, create, host, failures
):
    now = 1000.0
    client = await build(circuits=Circuits(failures, 5.0, least_seconds=30.0, clock=lambda: now))
    await trip(client, server, create, times=1)
    now += 31
    await trip(client, server, create, times=1)
    assert client.open_circuits == (host,)
    client.close_circuits()
    await trip(client, server, create, times=1)
    assert client.open_circuits == (host,)


async def test_clients_share_the_circuits(server, build, create, host, opened, logged):
    one, other, idle = await build(), await build(), await build()
    await trip(one, server, create, times=FAILURES - 1)
    await trip(other, server, create, times=1)
    await barred(one, create())
    await barred(other, create())
    assert (one.open_circuits, other.open_circuits) == ((host,), (host,))
    assert idle.open_circuits == ()  # it does not call this host
    await barred(idle, create())
    assert idle.open_circuits == (host,)  # it does
    await probe(idle, create())
    assert (await one.send(create())).status == 200
    assert opened == [host]
    assert len(logged()) == 2


async def test_clients_without_circuits_in_common_have_nothing_to_do_with_each_other(
    server, build, create, logged
):
    one, other, without = await build(), await build(circuits=Circuits(1, 5.0)), OutboundClient()
    async with contextlib.aclosing(without):
        await trip(one, server, create)
        await trip(without, server, create, times=FAILURES + 3)
        assert (await other.send(create())).status == 200
        assert (await without.send(create())).status == 200
        assert without.open_circuits == ()
    assert len(logged()) == 1


async def test_each_host_has_a_circuit_of_its_own(server, client, create, host):
    await trip(client, server, create)
    by_name = create(url=server.base_url.replace("127.0.0.1", "localhost") + "/orders")
    assert (await client.send(by_name)).status == 200
    assert client.open_circuits == (host,)


class Held:
    """Answers each path when it is let go; until then the calls are under way."""

    def __init__(self, server, kit):
        self.server, self.kit = server, kit
        self.gone = {}
        server.behave = self.behave

    async def behave(self, request, writer):
        gone = self.gone.setdefault(request.path, asyncio.get_running_loop().create_future())
        answer = await gone
        if answer is None:
            writer.close()
        else:
            writer.write(answer)

    def let_go(self, path, answer=None):
        self.gone.pop(path).set_result(answer)


@pytest.fixture
def held(server, kit):
    return Held(server, kit)


async def start(client, held, call, path):
    task = asyncio.create_task(client.send(call))
    await until(lambda: path in held.gone)
    return task


async def test_a_late_failure_is_no_news(server, client, create, held, host, logged, opened):
    late = await start(client, held, create("/late"), "/late")
    await trip(client, server, create)
    held.let_go("/late")
    with pytest.raises(OutcomeUnknown):
        await late
    assert client.open_circuits == (host,)
    assert (len(logged()), len(opened)) == (1, 1)


async def test_a_late_success_closes_the_circuit(server, client, create, held, logged, kit):
    late = await start(client, held, create("/late"), "/late")
    await trip(client, server, create)
    held.let_go("/late", kit.http())
    assert (await late).status == 200
    assert client.open_circuits == ()
    assert [line["event"] for line in logged()] == ["oms out of reach", "oms within reach again"]


async def test_a_failure_of_a_call_from_before_does_not_open_a_closed_circuit(
    server, client, create, held, kit, opened
):
    old = [await start(client, held, create(f"/{n}"), f"/{n}") for n in range(FAILURES)]
    await trip(client, server, create)
    client.close_circuits()
    for number in range(FAILURES):
        held.let_go(f"/{number}")
    assert len(await asyncio.gather(*old, return_exceptions=True)) == FAILURES
    assert client.open_circuits == ()
    assert len(opened) == 1


async def test_a_circuit_that_was_closed_on_trial_opens_with_the_next_failure(
    server, client, create, host, opened, logged
):
    await trip(client, server, create)
    for openings in (2, 3):
        client.close_circuits()
        assert client.open_circuits == ()
        await trip(client, server, create, times=1)
        assert client.open_circuits == (host,)
        await barred(client, create())
        assert opened == [host] * openings
    assert len(logged()) == 1  # it was not within reach meanwhile
    client.close_circuits()
    assert (await client.send(create())).status == 200
    assert [line["event"] for line in logged()] == ["oms out of reach", "oms within reach again"]
    await trip(client, server, create, times=FAILURES - 1)
    assert client.open_circuits == ()


async def test_closing_closes_what_the_client_calls_and_is_open(server, build, create, host):
    one, idle = await build(), await build()
    await trip(one, server, create)
    idle.close_circuits()
    assert one.open_circuits == (host,)
    one.close_circuits()
    assert (await idle.send(create())).status == 200
    one.close_circuits()  # which has nothing to close
    await trip(one, server, create, times=FAILURES - 1)
    assert one.open_circuits == ()
    await trip(one, server, create, times=1)
    assert one.open_circuits == (host,)


async def test_those_who_wait_for_their_turn_are_told_at_once(
    server, build, create, held, host, kit
):
    crowded, other = await build(limiter=Limiter(1)), await build()
    holding = await start(crowded, held, create("/held"), "/held")
    waiting = [asyncio.create_task(crowded.send(create())) for _ in range(10)]
    probing = asyncio.create_task(probe(crowded, create("/probe")))
    await asyncio.sleep(0.01)
    await trip(other, server, create)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {CircuitOpen}
    assert not holding.done()
    assert not probing.done()
    held.let_go("/held", kit.http(503))
    await holding
    await until(lambda: "/probe" in held.gone)
    held.let_go("/probe", kit.http())
    assert (await probing).status == 200


async def test_a_turn_that_comes_as_the_circuit_opens_is_not_used(server, build, create, held):
    crowded = await build(limiter=Limiter(1), circuits=Circuits(1, 5.0))
    holding = await start(crowded, held, create("/held"), "/held")
    waiting = [asyncio.create_task(crowded.send(create())) for _ in range(10)]
    await asyncio.sleep(0.01)
    held.let_go("/held")
    results = await asyncio.gather(holding, *waiting, return_exceptions=True)
    assert [type(result) for result in results] == [OutcomeUnknown] + [CircuitOpen] * 10
    assert len(server.requests) == 1


async def test_a_repeat_that_waits_for_its_turn_is_left_at_the_last_answer(
    server, build, create, lookup, held, kit
):
    crowded, other = await build(limiter=Limiter(1)), await build()
    looking = await start(crowded, held, lookup(), "/orders/1")
    holding = asyncio.create_task(crowded.send(create("/held")))
    held.let_go("/orders/1", kit.http(503, b"down"))
    await until(lambda: "/held" in held.gone)
    await asyncio.sleep(0.05)  # the repeat waits behind it
    await trip(other, server, create, times=FAILURES - 1)
    assert (await looking).excerpt() == "down"
    assert not holding.done()
    held.let_go("/held", kit.http())
    await holding


async def test_one_who_is_just_being_told_is_not_told_twice(circuits):
    circuit = circuits.of("oms.test")

    async def wait():
        async with asyncio.timeout(5) as limit:
            with circuit.cutting_short(limit):
                await asyncio.sleep(5)

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    open_at_once(circuit)
    await asyncio.sleep(0)
    circuit.half_close()
    open_at_once(circuit)
    with pytest.raises(TimeoutError):
        await waiting


class Auth:
    """Gives out tokens at /token, of a host of its own: by name, the OMS by number."""

    def __init__(self, server, kit):
        self.server, self.kit = server, kit
        self.well = True
        self.slow = None  # an event that a token waits for
        server.behave = self.behave

    async def behave(self, request, writer):
        if request.path != "/token":
            writer.write(self.kit.http())
            return
        if self.slow is not None:
            await self.slow.wait()
        if self.well:
            number = self.server.count("/token")
            writer.write(self.kit.http(200, self.kit.token(f"tok-{number}", expires_in=3600)))
        else:
            writer.close()


@pytest.fixture
def auth(server, kit):
    return Auth(server, kit)


@pytest.fixture
def tokens(server, client):
    url = server.base_url.replace("127.0.0.1", "localhost") + "/token"
    return TokenSource(PasswordGrant(url=url, form={}), client, fetch_seconds=30)


async def test_a_probe_s_token_is_asked_for_although_its_host_s_circuit_is_open(
    server, auth, client, tokens, create, lookup
):
    auth.well = False
    with pytest.raises(OmsError):
        await client.send(create(tokens=tokens))
    assert server.count("/token") == FAILURES
    with pytest.raises(CircuitOpen, match="token was not sent: localhost"):
        await client.send(create(tokens=tokens))
    assert server.count("/token") == FAILURES
    with pytest.raises(Unavailable, match="after token was sent"):
        await probe(client, lookup(tokens=tokens))
    assert server.count("/token") == FAILURES * 2
    auth.well = True
    assert (await probe(client, lookup(tokens=tokens))).status == 200
    assert client.open_circuits == ()
    assert (await client.send(create(tokens=tokens))).status == 200
    assert server.count("/token") == FAILURES * 2 + 1


async def test_an_order_does_not_wait_for_a_probe_s_token(
    server, auth, client, tokens, create, lookup
):
    auth.well = False
    with pytest.raises(OmsError):
        await client.send(create(tokens=tokens))
    auth.well, auth.slow = True, asyncio.Event()
    probing = [asyncio.create_task(probe(client, lookup(tokens=tokens))) for _ in range(2)]
    await until(lambda: server.count("/token") > FAILURES)
    with pytest.raises(CircuitOpen):
        await client.send(create(tokens=tokens))
    assert not any(task.done() for task in probing)
    auth.slow.set()
    assert {answer.status for answer in await asyncio.gather(*probing)} == {200}
    assert server.count("/token") == FAILURES + 1


async def test_a_probe_does_not_wait_for_an_order_s_token(
    server, auth, client, tokens, create, lookup
):
    auth.slow = asyncio.Event()
    ordering = asyncio.create_task(client.send(create(tokens=tokens)))
    await until(lambda: server.requests)
    probing = asyncio.create_task(probe(client, lookup(tokens=tokens)))
    await until(lambda: server.count("/token") == 2)
    auth.slow.set()
    assert ((await ordering).status, (await probing).status) == (200, 200)


async def test_a_renewal_that_a_probe_happens_to_start_is_let_through(
    server, auth, client, create, lookup
):
    url = server.base_url.replace("127.0.0.1", "localhost") + "/token"
    now = 1000.0
    tokens = TokenSource(PasswordGrant(url=url, form={}), client, clock=lambda: now)
    await client.send(create(tokens=tokens))
    auth_lost = create(url=url, operation="other", creates=True)
    auth.well = False
    for _ in range(FAILURES):
        with pytest.raises(OutcomeUnknown):
            await client.send(auth_lost)
    assert len(client.open_circuits) == 1
    auth.well = True
    now += 3500
    before = server.count("/token")
    await probe(client, lookup(tokens=tokens))
    await until(lambda: client.open_circuits == ())
    assert server.count("/token") == before + 1


async def test_no_token_is_asked_for_while_the_host_is_not_called(
    server, auth, client, tokens, create
):
    await trip(client, server, create)
    await barred(client, create(tokens=tokens))
    assert server.count("/token") == 0


@pytest.mark.parametrize("before", [[], [503]])
async def test_what_is_not_sent_again_after_a_401_was_certainly_not_carried_out(
    server, auth, build, client, tokens, create, lookup, kit, before
):
    other = await build()
    statuses = [*before, 401]
    plain, asked, fetched = auth.behave, asyncio.Event(), asyncio.Event()

    async def behave(request, writer):
        if request.path == "/token" and server.count("/token") == 2:
            asked.set()
            await fetched.wait()
        if request.path == "/call":
            writer.write(kit.http(statuses.pop(0)))
        else:
            await plain(request, writer)

    server.behave = behave
    call = lookup("/call", tokens=tokens) if before else create("/call", tokens=tokens)
    sending = asyncio.create_task(client.send(call))
    await asked.wait()
    await trip(other, server, create)
    fetched.set()
    with pytest.raises(CircuitOpen, match=f"{call.operation} was not sent"):
        await sending
    assert statuses == []


async def test_time_that_a_token_takes_is_not_laid_to_the_host_that_needs_it(
    server, auth, build, create, kit
):
    client = await build(circuits=Circuits(1, 5.0))
    tokens = TokenSource(PasswordGrant(url=server.base_url + "/token", form={}), client)
    plain = auth.behave

    async def behave(request, writer):
        if request.path == "/orders":
            writer.write(kit.http(401))
            auth.slow = asyncio.Event()
        else:
            await plain(request, writer)

    server.behave = behave
    # Long enough that it would count, if it were: a second would do, were all else done at once.
    with Attempt(monotonic() + 3).active(), pytest.raises(Unavailable, match="was not sent"):
        await client.send(create(tokens=tokens))
    assert server.count("/token") == 2
    assert client.open_circuits == ()


async def test_calls_that_closing_the_client_breaks_off_are_not_laid_to_the_host(
    server, build, create, circuits, host, logged
):
    server.behave = never
    client = await build()
    calls = [asyncio.create_task(client.send(create())) for _ in range(FAILURES + 1)]
    await until(lambda: len(server.requests) == FAILURES + 1)
    await client.aclose()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results} == {OutcomeUnknown}
    assert not circuits.of(host).is_open
    assert logged() == []


async def test_calls_that_are_cancelled_are_not_laid_to_the_host(server, client, create, logged):
    server.behave = never
    calls = [asyncio.create_task(client.send(create())) for _ in range(FAILURES + 1)]
    await until(lambda: len(server.requests) == FAILURES + 1)
    for task in calls:
        task.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert client.open_circuits == ()
    assert logged() == []


async def test_the_log_shows_nothing_that_was_received(server, client, create, logged):
    async def speak(_request, writer):
        writer.write(b"HTTP/1.1 Jane Doe, 1 High Street\r\n\r\n")

    server.behave = speak
    for _ in range(FAILURES):
        with pytest.raises(OutcomeUnknown):
            await client.send(create())
    assert len(logged()) == 1
    assert "Jane" not in repr(logged())


def test_circuits_need_no_event_loop():
    circuits = Circuits(failures=1, probe_seconds=2.5)
    assert circuits.probe_seconds == 2.5
    assert circuits.of("a") is circuits.of("a")
    assert circuits.of("a") is not circuits.of("b")


@pytest.fixture
def unused_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
