"""OAuth tokens, over real connections."""

import asyncio
import base64
import contextlib
from time import monotonic
from urllib.parse import parse_qs

import msgspec
import pytest
import structlog

from multiorder_sync.errors import CredentialsRefused, OmsMessage, OutcomeUnknown, Unavailable
from multiorder_sync.oms.outbound import Attempt, OutboundClient, PasswordGrant, TokenSource
from multiorder_sync.oms.outbound.tokens import parse_lifetime
from multiorder_sync.secret import Secret

patient = pytest.mark.asyncio(loop_factories=["patient"])

PASSWORD = Secret("pa&ss wörd")


class Oms:
    """Gives out tokens at /token; takes only those that it holds valid."""

    def __init__(self, server, kit):
        self.server, self.kit = server, kit
        self.token_answers = []
        self.valid = None  # every token, until this is set
        self.issued = 0
        self.expires_in = 3600
        self.opened = asyncio.Event()  # no token is given out while it is not set
        self.opened.set()
        server.behave = self.behave

    async def behave(self, request, writer):
        if request.path == "/token":
            await self.opened.wait()
            self.issued += 1
            answer = self.kit.http(
                200, self.kit.token(f"tok-{self.issued}", expires_in=self.expires_in)
            )
            writer.write(self.token_answers.pop(0) if self.token_answers else answer)
            return
        token = request.headers["authorization"].removeprefix("Bearer ")
        good = self.valid is None or token in self.valid
        writer.write(self.kit.http(200 if good else 401, b'{"id": "1"}' if good else b"bad token"))

    @property
    def fetches(self):
        return self.server.count("/token")

    @property
    def orders(self):
        return [r.headers["authorization"] for r in self.server.requests if r.path == "/orders"]


@pytest.fixture
def oms(server, kit):
    return Oms(server, kit)


@pytest.fixture
def answered():
    """Tells how many answers the client has got when it asked for a token."""
    with structlog.testing.capture_logs() as lines:
        yield lambda: sum(line.get("operation") == "token" for line in lines)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def grant(server):
    return PasswordGrant(
        url=server.base_url + "/token",
        form={"username": "me", "password": PASSWORD, "scope": "api"},
        headers={"fluent.account": "ACME"},
    )


@pytest.fixture
def tokens(grant, client):
    return TokenSource(grant, client, fetch_seconds=30)


async def test_the_grant_is_sent_as_a_form(oms, server, client, create, grant):
    basic = msgspec.structs.replace(grant, basic=("id", Secret("client:secret")))
    await client.send(create(tokens=TokenSource(basic, client)))
    asked = server.requests[0]
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["fluent.account"] == "ACME"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["password"],
        "username": ["me"],
        "password": [PASSWORD.reveal()],
        "scope": ["api"],
    }
    user = base64.b64decode(asked.headers["authorization"].removeprefix("Basic "))
    assert user == b"id:client:secret"
    assert oms.orders == ["Bearer tok-1"]


async def test_another_grant_type(oms, server, client, create, grant):
    other = msgspec.structs.replace(grant, form={"grant_type": "client_credentials"})
    await client.send(create(tokens=TokenSource(other, client)))
    assert server.requests[0].body == b"grant_type=client_credentials"
    assert "authorization" not in server.requests[0].headers


async def test_one_token_serves_many_calls(oms, client, create, tokens):
    oms.opened.clear()
    calls = [asyncio.create_task(client.send(create(tokens=tokens))) for _ in range(50)]
    await until(lambda: oms.fetches)
    oms.opened.set()
    answers = await asyncio.gather(*calls)
    await client.send(create(tokens=tokens))
    assert {answer.status for answer in answers} == {200}
    assert oms.fetches == 1
    assert len(oms.orders) == 51


@patient
async def test_a_waiter_that_leaves_takes_nothing_from_the_others(oms, client, create, tokens):
    oms.opened.clear()
    attempt = Attempt(monotonic() + 10)
    with attempt.active():
        first = asyncio.create_task(client.send(create(tokens=tokens)))
    await until(lambda: oms.fetches)
    cancelled = asyncio.create_task(client.send(create(tokens=tokens)))
    other = asyncio.create_task(client.send(create(tokens=tokens)))
    await asyncio.sleep(0)  # they wait for the same fetch
    cancelled.cancel()
    with pytest.raises(Unavailable, match="was not sent"):  # its time was up, not the fetch's
        await first
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    oms.opened.set()
    assert (await other).status == 200
    assert not attempt.may_have_created
    assert oms.fetches == 1
    assert len(oms.orders) == 1


async def test_a_401_is_answered_with_a_new_token_and_the_call_once_more(
    oms, client, create, tokens
):
    await client.send(create(tokens=tokens))
    oms.valid = {"tok-2"}
    attempt = Attempt(monotonic() + 30)
    with attempt.active():
        assert (await client.send(create(tokens=tokens))).status == 200
    assert attempt.may_have_created
    assert oms.fetches == 2
    assert oms.orders == ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]


async def test_a_second_401_is_a_refusal(oms, client, create, tokens):
    oms.valid = set()
    with pytest.raises(CredentialsRefused, match=r"just issued \(HTTP 401.*bad token"):
        await client.send(create(tokens=tokens))
    assert oms.orders == ["Bearer tok-1", "Bearer tok-2"]


async def test_a_401_without_tokens_is_an_answer(server, client, create, kit):
    server.behave = kit.always(401)
    assert (await client.send(create())).status == 401
    assert len(server.requests) == 1


async def test_fifty_401s_cost_one_token(oms, client, create, tokens):
    await client.send(create(tokens=tokens))
    oms.valid = {"tok-2"}
    oms.opened.clear()
    calls = [asyncio.create_task(client.send(create(tokens=tokens))) for _ in range(50)]
    await until(lambda: oms.fetches == 2)
    oms.opened.set()
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} == {200}
    assert oms.fetches == 2
    assert oms.orders.count("Bearer tok-1") <= 51
    assert oms.orders.count("Bearer tok-2") == 50


async def test_a_token_that_comes_again_unchanged_is_not_dropped_by_latecomers(
    oms, client, tokens, kit
):
    oms.token_answers = [kit.http(200, kit.token("same")) for _ in range(9)]
    old = await tokens.token()
    tokens.drop(old)
    new = await tokens.token()
    assert (old, new is old) == (new, False)
    tokens.drop(old)
    assert await tokens.token() is new
    assert oms.fetches == 2


@patient
async def test_a_create_in_flight_when_its_renewed_token_does_not_come(
    oms, client, create, tokens, kit
):
    """The 401 settled it, so it is certain that nothing was created."""
    await client.send(create(tokens=tokens))
    oms.valid = set()
    oms.opened.clear()
    attempt = Attempt(monotonic() + 10)
    with attempt.active(), pytest.raises(Unavailable, match="was not sent"):
        await client.send(create(tokens=tokens))


async def test_a_create_that_is_lost_after_its_401_is_unknown(oms, client, create, tokens, server):
    await client.send(create(tokens=tokens))
    oms.valid = set()
    plain = oms.behave

    async def lose_the_second(request, writer):
        if request.headers.get("authorization") == "Bearer tok-2":
            writer.close()
        else:
            await plain(request, writer)

    server.behave = lose_the_second
    with pytest.raises(OutcomeUnknown):
        await client.send(create(tokens=tokens))
    assert oms.orders[1:] == ["Bearer tok-1", "Bearer tok-2"]


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


BAD_CREDENTIALS = b'{"error": "invalid_grant", "error_description": "Bad credentials"}'


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_credentials_are_said_and_remembered(oms, client, create, grant, kit, status):
    clock = Clock()
    tokens = TokenSource(grant, client, pause_seconds=15, clock=clock)
    oms.token_answers = [kit.http(status, BAD_CREDENTIALS)]
    for _ in range(3):
        with pytest.raises(CredentialsRefused, match="invalid_grant: Bad credentials") as caught:
            await client.send(create(tokens=tokens))
        assert caught.value.oms_errors == (OmsMessage("Bad credentials", "invalid_grant"),)
    assert (oms.fetches, len(oms.orders)) == (1, 0)
    clock.now += 15
    assert (await client.send(create(tokens=tokens))).status == 200
    assert oms.fetches == 2


async def test_a_storm_of_orders_asks_once_with_wrong_credentials(oms, client, create, tokens, kit):
    oms.token_answers = [kit.http(401, b"") for _ in range(60)]
    results = await asyncio.gather(
        *(client.send(create(tokens=tokens)) for _ in range(50)), return_exceptions=True
    )
    assert {type(result) for result in results} == {CredentialsRefused}
    assert len({id(result) for result in results}) == 50
    assert oms.fetches == 1


NO_TOKEN = {
    "html": (200, b"<html>sesame"),
    "cut off": (200, b'{"access_token": "sesame'),
    "a list": (200, b'["sesame"]'),
    "no token": (200, b'{"token": "sesame"}'),
    "null": (200, b'{"access_token": null, "x": "sesame"}'),
    "empty": (200, b'{"access_token": "", "x": "sesame"}'),
    "a number": (200, b'{"access_token": 1, "x": "sesame"}'),
    "a line break": (200, b'{"access_token": "sesame\\r\\nX-Evil: 1"}'),
    "a space": (200, b'{"access_token": "sesame open"}'),
    "not ASCII": (200, '{"access_token": "sesamé sesame"}'.encode()),
    "too long": (200, b'{"access_token": "' + b"sesame" * 5000 + b'"}'),
    "another kind": (200, b'{"access_token": "sesame", "token_type": "mac"}'),
    "a strange kind": (200, b'{"access_token": "sesame", "token_type": 1}'),
    "not found": (404, b"sesame"),
    "a firewall": (403, b"<html>sesame"),
    "not OAuth's": (400, b'{"error": {"x": "sesame"}}'),
    "not now": (400, b'{"error": "temporarily_unavailable", "x": "sesame"}'),
    "down": (503, b"sesame"),
    "elsewhere": (302, b"sesame"),
}


@pytest.mark.parametrize(("status", "body"), NO_TOKEN.values(), ids=NO_TOKEN)
async def test_an_answer_without_a_usable_token(oms, client, create, tokens, kit, status, body):
    oms.token_answers = [kit.http(status, body) for _ in range(3)]
    attempt = Attempt(monotonic() + 30)
    with attempt.active(), pytest.raises(Unavailable) as caught:
        await client.send(create(tokens=tokens))
    assert not isinstance(caught.value, CredentialsRefused)
    assert "sesame" not in str(caught.value) + repr(caught.value)
    assert not attempt.may_have_created
    assert oms.orders == []


@pytest.mark.parametrize("more", [{}, {"token_type": "Bearer"}, {"token_type": None}])
async def test_how_a_bearer_token_may_be_called(oms, client, create, tokens, kit, more):
    content = {"access_token": "tok", "expires_in": 60} | more
    oms.token_answers = [kit.http(200, msgspec.json.encode(content))]
    await client.send(create(tokens=tokens))
    assert oms.orders == ["Bearer tok"]


async def test_a_token_call_is_repeated_as_any_look_up(oms, client, create, tokens, kit):
    oms.token_answers = [kit.http(503), kit.http(500)]
    assert (await client.send(create(tokens=tokens))).status == 200
    assert oms.fetches == 3


@pytest.mark.parametrize(("expires_in", "margin"), [(1000, 100), (3000, 300), (86_000, 300)])
async def test_a_token_is_renewed_before_it_expires(
    oms, client, create, grant, answered, expires_in, margin
):
    clock = Clock()
    tokens = TokenSource(grant, client, clock=clock)
    oms.expires_in = expires_in
    await client.send(create(tokens=tokens))
    clock.now += expires_in - margin - 1
    await client.send(create(tokens=tokens))
    assert oms.fetches == 1
    clock.now += 2
    oms.opened.clear()
    await client.send(create(tokens=tokens))  # goes on with the old one meanwhile
    assert oms.orders == ["Bearer tok-1"] * 3
    oms.opened.set()
    await until(lambda: answered() == 2)
    await client.send(create(tokens=tokens))
    assert oms.orders[-1] == "Bearer tok-2"
    assert oms.fetches == 2


async def test_calls_go_on_with_a_valid_token_that_can_not_be_renewed(
    oms, client, create, grant, kit, answered
):
    clock = Clock()
    tokens = TokenSource(grant, client, clock=clock)
    await client.send(create(tokens=tokens))
    clock.now += 3400
    oms.token_answers = [kit.http(401, BAD_CREDENTIALS), kit.http(401, BAD_CREDENTIALS)]
    for _ in range(3):  # the renewal is in the background, and rests after it failed
        assert (await client.send(create(tokens=tokens))).status == 200
        await until(lambda: answered() == 2)
        assert oms.fetches == 2
    clock.now += 16
    assert (await client.send(create(tokens=tokens))).status == 200
    await until(lambda: answered() == 3)
    assert oms.fetches == 3
    clock.now += 10
    tokens.drop(await tokens.token())
    with pytest.raises(CredentialsRefused):
        await client.send(create(tokens=tokens))
    assert oms.fetches == 3
    clock.now += 6
    assert (await client.send(create(tokens=tokens))).status == 200
    assert oms.fetches == 4


async def test_an_expired_token_is_not_used(oms, client, create, grant):
    clock = Clock()
    tokens = TokenSource(grant, client, clock=clock)
    await client.send(create(tokens=tokens))
    clock.now += 3600
    await client.send(create(tokens=tokens))
    assert oms.orders == ["Bearer tok-1", "Bearer tok-2"]


async def test_closing_ends_a_fetch_and_its_waiters(oms, grant, create, kit):
    oms.opened.clear()
    async with contextlib.aclosing(OutboundClient(limits=kit.limits)) as client:
        task = asyncio.create_task(client.send(create(tokens=TokenSource(grant, client))))
        await until(lambda: oms.fetches)
    with pytest.raises(Unavailable, match="closed"):
        await task


async def test_waiters_of_a_fetch_that_never_began_are_told(grant, create, kit):
    client = OutboundClient(limits=kit.limits)
    tokens = TokenSource(grant, client)
    task = asyncio.create_task(tokens.token())
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(Unavailable, match="closed"):
        await task


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (1800.5, 1800.5),
        (None, 300),
        (0, 300),
        (-1, 300),
        (True, 300),
        ("soon", 300),
        ("nan", 300),
        ([], 300),
        ({}, 300),
        (10**400, 300),
        (float("inf"), 86_400),
        (10**9, 86_400),
    ],
)
def test_lifetimes(expires_in, seconds):
    assert parse_lifetime(expires_in) == seconds
