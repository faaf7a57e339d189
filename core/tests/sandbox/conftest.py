"""A toy OMS on the frame: REST, and a password grant with its client in a header or the form."""

import asyncio

import httpx
import msgspec
import pytest
import pytest_asyncio
from starlette.responses import Response
from starlette.routing import Route

from multiorder_sync.sandbox import (
    Client,
    CreateCalls,
    Credentials,
    Faults,
    GrantRefused,
    Sandbox,
    Tokens,
    check_password_grant,
    client_from_basic,
    client_from_form,
    json_answer,
    read_body,
    read_form,
    serving,
)

CREDENTIALS = Credentials(client=Client("app", "s:3cret"), username="ada", password="pass word")
FORM = {"grant_type": "password", "username": "ada", "password": "pass word"}


class ToyOms:
    def __init__(self):
        self._orders = []
        self.accept_duplicates = True
        self.creates = CreateCalls()
        self.tokens = Tokens(60)
        self.faults = Faults(["save", "token"], revoke_tokens=self.tokens.revoke_all)

    def orders(self):
        return self._orders

    def forget(self):
        self._orders.clear()

    def sandbox(self):
        routes = [
            Route("/token", self._token, methods=["POST"]),
            Route("/orders", self._save, methods=["POST"]),
        ]
        return Sandbox(
            "toy",
            routes,
            faults=self.faults,
            tokens=self.tokens,
            holdings=self,
            creates=self.creates,
        )

    async def _token(self, request):
        body = await read_body(request, 1000)

        def grant():
            try:
                form = read_form(request, body)
                client = client_from_basic(request) or client_from_form(form)
                check_password_grant(form, client=client, credentials=CREDENTIALS)
            except GrantRefused as refusal:
                return json_answer({"error": refusal.error, "text": refusal.description}, 401)
            return json_answer({"access_token": self.tokens.issue()})

        return await self.faults.around(request, ["token"], grant, refuse=self._refuse)

    async def _save(self, request):
        body = await read_body(request, 1000)
        order = msgspec.json.decode(body) if body and body.startswith(b"{") else None
        call = self.creates.arrived(order and order["ref"])

        def save():
            if body is None:
                return Response(status_code=413)
            if not self.tokens.accepts_bearer(request):
                return Response(status_code=401)
            sent = msgspec.json.decode(body)
            if sent in self._orders and not self.accept_duplicates:
                return self._refuse("TWICE", "There is such an order.")
            self._orders.append(sent)
            call.take_effect()
            return json_answer({"saved": len(self._orders)})

        return await self.faults.around(request, ["save"], save, refuse=self._refuse)

    def _refuse(self, code, message):
        return json_answer({"code": code, "message": message}, 422)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def base_url():
    async with serving(ToyOms().sandbox()) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def client(base_url):
    async with httpx.AsyncClient(verify=False, base_url=base_url, timeout=60) as http:
        await http.delete("/_sandbox/faults")
        await http.delete("/_sandbox/orders")
        answer = await http.post("/token", data=FORM, auth=("app", "s:3cret"))
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http


BRIEF = httpx.Timeout(60, read=0.05)


@pytest.fixture
def given_up(client):
    """Send an order, wait for the answer only briefly, and give up once the call has arrived."""

    async def send():
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/orders", json={"ref": "A"}, timeout=BRIEF)
        async with asyncio.timeout(30):  # its fault is used up when it meets it
            while (await client.get("/_sandbox/faults")).json()["faults"]:
                await asyncio.sleep(0.01)

    return send


@pytest.fixture
def toy():
    return ToyOms().sandbox()


class KeyedOms(ToyOms):
    """It issues no tokens, and has a header of its own for how long to wait."""

    def __init__(self):
        super().__init__()
        self.faults = Faults(["save"], retry_after_header="X-Rate-Limit-Reset")

    def sandbox(self):
        routes = [Route("/orders", self._save, methods=["POST"])]
        return Sandbox("keyed", routes, faults=self.faults, holdings=self)


@pytest_asyncio.fixture(loop_scope="module")
async def keyed():
    async with (
        serving(KeyedOms().sandbox()) as url,
        httpx.AsyncClient(verify=False, base_url=url, timeout=60) as http,
    ):
        yield http
