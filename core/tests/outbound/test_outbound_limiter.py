"""The limits on one space's calls: how many at once, how many within a second."""

import asyncio
import contextlib
import time
from time import monotonic

import msgspec
import pytest

from multiorder_sync.errors import OmsBusy, OutcomeUnknown, Unavailable
from multiorder_sync.oms.outbound import (
    Attempt,
    Limiter,
    OutboundClient,
    PasswordGrant,
    TokenSource,
)

patient = pytest.mark.asyncio(loop_factories=["patient"])


class Gate:
    """Answers once it is opened, and counts how many wait for that at once."""

    def __init__(self, server, answer):
        self.server, self.answer = server, answer
        self.opened = asyncio.Event()
        self.waiting = 0
        self.most = 0
        server.behave = self.behave

    async def behave(self, _request, writer):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.opened.wait()
        self.waiting -= 1
        writer.write(self.answer)


@pytest.fixture
def gate(server, kit):
    return Gate(server, kit.http())


@pytest.fixture
async def limited(kit):
    """Builds clients with a limiter, and closes them."""
    async with contextlib.AsyncExitStack() as stack:

        async def build(*limits, **changes):
            more = msgspec.structs.replace(kit.limits, **changes)
            client = OutboundClient(limits=more, limiter=Limiter(*limits))
            return await stack.enter_async_context(contextlib.aclosing(client))

        yield build


async def test_no_more_calls_are_under_way_than_the_limit(gate, limited, create):
    client = await limited(4)
    calls = [asyncio.create_task(client.send(create())) for _ in range(50)]
    await until(lambda: gate.waiting == 4)
    await asyncio.sleep(0.05)  # for one more, if it were let through
    gate.opened.set()
    answers = await asyncio.gather(*calls)
    assert [answer.status for answer in answers] == [200] * 50
    assert gate.most == 4


async def test_a_call_that_has_its_turn_waits_for_no_connection(gate, limited, create):
    client = await limited(10, max_connections=2)
    calls = [asyncio.create_task(client.send(create())) for _ in range(10)]
    await until(lambda: gate.waiting == 10)
    gate.opened.set()
    await asyncio.gather(*calls)


@patient
@pytest.mark.parametrize("per_second", [8.0, 30.0, 60.0])
async def test_no_more_calls_are_begun_within_a_second_than_the_limit(per_second):
    limiter = Limiter(64, per_second)
    now = asyncio.get_running_loop().time
    begun = []

    async def call():
        async with limiter.turn():
            begun.append(now())

    await asyncio.gather(*(call() for _ in range(round(per_second * 1.2))))
    most = max(sum(first <= each < first + 1.0 for each in begun) for first in begun)
    assert per_second / 2 < most <= per_second


async def test_a_client_keeps_to_the_calls_of_a_second(server, limited, create, kit):
    arrivals = []

    async def behave(_request, writer):
        arrivals.append(monotonic())
        writer.write(kit.http())

    server.behave = behave
    client = await limited(64, 50.0)
    await asyncio.gather(*(client.send(create()) for _ in range(40)))
    # At 50 a second with the first 2 at once they take 0.8 s; without a limit, hardly any time.
    assert arrivals[-1] - arrivals[0] > 0.35
    assert len(arrivals) == 40


@patient
@pytest.mark.parametrize(("per_second", "burst"), [(0.2, 1), (1.0, 1), (19.0, 1), (60.0, 3)])
async def test_what_may_be_begun_in_one_go_is_a_twentieth_of_a_second_s(per_second, burst):
    limiter = Limiter(64, per_second)
    taken = 0

    async def take():
        nonlocal taken
        async with limiter.turn():
            taken += 1

    waiting = [asyncio.create_task(take()) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert taken == burst
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("limits", [(1,), (3, 50.0), (64, 50.0)])
async def test_who_comes_first_has_the_first_turn(limits):
    limiter = Limiter(*limits)
    turns = []

    async def take(number):
        async with limiter.turn():
            turns.append(number)
            await asyncio.sleep(0)

    first = [asyncio.create_task(take(number)) for number in range(8)]
    await asyncio.sleep(0.01)
    time.sleep(0.1)  # there is room again, and those who wait for it have not been told yet
    late = [asyncio.create_task(take(number)) for number in range(8, 12)]
    await asyncio.gather(*first, *late)
    assert turns == list(range(12))


@patient
@pytest.mark.parametrize("limits", [(1,), (64, 0.1)])
async def test_a_create_without_a_turn_in_time_was_certainly_not_sent(
    server, gate, limited, create, limits
):
    client = await limited(*limits)
    first = asyncio.create_task(client.send(create()))
    await until(lambda: gate.waiting)
    attempt = Attempt(monotonic() + 5)
    with attempt.active(), pytest.raises(OmsBusy, match=r"createOrder was not sent: the space's"):
        await client.send(create())
    assert not attempt.may_have_created
    assert (OmsBusy.code, OmsBusy.retryable) == ("overloaded", True)
    gate.opened.set()
    assert (await first).status == 200
    assert len(server.requests) == 1


@pytest.mark.parametrize("has_waited", [True, False])
async def test_a_create_whose_turn_comes_late_is_not_left_in_doubt(
    server, gate, limited, create, has_waited
):
    client = await limited(1)
    known = {"least_seconds": 9.0, "has_waited": has_waited}
    if not has_waited:  # it waits now
        first = asyncio.create_task(client.send(create()))
        await until(lambda: gate.waiting)
    attempt = Attempt(monotonic() + 5, **known)
    with attempt.active():
        late = asyncio.create_task(client.send(create()))
    await asyncio.sleep(0.1)
    gate.opened.set()
    with pytest.raises(OmsBusy, match=r"createOrder was not sent: the space's"):
        await late
    assert not attempt.may_have_created
    if not has_waited:
        assert (await first).status == 200
    assert len(server.requests) == (0 if has_waited else 1)


async def test_a_create_that_did_not_wait_has_what_time_there_is(gate, limited, create):
    client = await limited(1)
    gate.opened.set()
    with Attempt(monotonic() + 5, least_seconds=9.0).active():
        assert (await client.send(create())).status == 200


@patient
async def test_the_exchange_itself_is_timed_out_as_ever(gate, limited, create):
    client = await limited(1)
    attempt = Attempt(monotonic() + 5)
    with attempt.active(), pytest.raises(OutcomeUnknown):
        await client.send(create())
    assert attempt.may_have_created


async def test_a_cancelled_call_gives_its_turn_back(gate, limited, create):
    client = await limited(1)
    for _ in range(3):
        holding = asyncio.create_task(client.send(create()))
        await until(lambda: gate.waiting)
        waiting = asyncio.create_task(client.send(create()))
        await asyncio.sleep(0.01)
        for task in (waiting, holding):
            task.cancel()
        await asyncio.gather(holding, waiting, return_exceptions=True)
        gate.waiting = 0
    gate.opened.set()
    assert (await client.send(create())).status == 200


@pytest.mark.parametrize("limits", [(1,), (1, 100.0)])
async def test_one_who_leaves_in_the_very_instant_of_their_turn_takes_it_from_no_one(limits):
    limiter = Limiter(*limits)
    held = asyncio.Event()

    async def hold():
        async with limiter.turn():
            await held.wait()
        leaving.cancel()  # whose turn it is now, and who has not run since

    async def take():
        async with limiter.turn():
            pass

    holding = asyncio.create_task(hold())
    await asyncio.sleep(0)
    leaving, staying = asyncio.create_task(take()), asyncio.create_task(take())
    await asyncio.sleep(0)
    held.set()
    await holding
    async with asyncio.timeout(10):
        await staying
    assert leaving.cancelled()


async def test_a_turn_is_not_held_between_repeats(server, limited, create, lookup, kit):
    client = await limited(1)
    server.behave = kit.in_turn(kit.http(503), kit.http())
    looking = asyncio.create_task(client.send(lookup()))
    await asyncio.sleep(0)  # it has its turn
    assert (await client.send(create())).status == 200
    assert (await looking).status == 200
    assert [request.path for request in server.requests] == ["/orders/1", "/orders", "/orders/1"]


@pytest.fixture
def grant(server):
    return PasswordGrant(url=server.base_url + "/token", form={})


async def test_a_call_and_its_token_need_one_turn_after_the_other(
    server, limited, create, grant, kit
):
    async def behave(request, writer):
        writer.write(kit.http(200, kit.token() if request.path == "/token" else b"{}"))

    server.behave = behave
    client = await limited(1)
    tokens = TokenSource(grant, client)
    answers = await asyncio.gather(*(client.send(create(tokens=tokens)) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}


@patient
async def test_a_token_is_asked_for_when_its_turn_comes(server, gate, limited, create, grant):
    client = await limited(1)
    holding = asyncio.create_task(client.send(create()))
    await until(lambda: gate.waiting)
    tokens = TokenSource(grant, client, fetch_seconds=5)
    with pytest.raises(OmsBusy, match="token was not sent"):
        await client.send(create(tokens=tokens))
    assert server.count("/token") == 0
    gate.opened.set()
    await holding


@patient
async def test_a_create_whose_second_try_after_a_401_has_no_turn_is_certainly_not_there(
    server, limited, create, grant, kit
):
    client = await limited(1)
    tokens = TokenSource(grant, client)
    never = asyncio.Event()

    async def behave(request, writer):
        if request.path == "/token":
            if server.count("/token") == 2:
                others.append(asyncio.create_task(client.send(create("/slow"))))
                await asyncio.sleep(0.02)  # it now waits for the turn that the token call has
            writer.write(kit.http(200, kit.token(f"tok-{len(server.requests)}")))
        elif request.path == "/slow":
            await never.wait()
        else:
            writer.write(kit.http(401))

    others = []
    server.behave = behave
    attempt = Attempt(monotonic() + 10)
    with attempt.active(), pytest.raises(OmsBusy):
        await client.send(create(tokens=tokens))
    assert server.count("/orders") == 1
    others[0].cancel()
    await asyncio.gather(*others, return_exceptions=True)


@patient
@pytest.mark.parametrize("first_try", ["answered", "lost"])
async def test_a_repeat_without_a_turn_leaves_it_at_what_became_of_the_last_try(
    server, limited, lookup, create, kit, first_try
):
    client = await limited(1)
    never = asyncio.Event()

    async def behave(request, writer):
        if request.path == "/slow":
            await never.wait()
        elif first_try == "lost":
            writer.close()
        else:
            writer.write(kit.http(503, b"down"))

    server.behave = behave
    attempt = Attempt(monotonic() + 10)
    with attempt.active():
        looking = asyncio.create_task(client.send(lookup()))
    holding = asyncio.create_task(client.send(create("/slow")))
    if first_try == "lost":
        with pytest.raises(Unavailable, match="after getOrder was sent") as caught:
            await looking
        assert not isinstance(caught.value, OmsBusy)
    else:
        answer = await looking
        assert (answer.status, answer.excerpt()) == (503, "down")
    assert server.count("/orders/1") == 1
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)


def test_a_limiter_is_built_without_an_event_loop_and_used_in_one():
    limiter = Limiter(2, 1000.0)

    async def use():
        async def take(number):
            async with limiter.turn():
                await asyncio.sleep(0)
                return number

        return await asyncio.gather(*(take(number) for number in range(110)))

    assert asyncio.run(use()) == list(range(110))


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
