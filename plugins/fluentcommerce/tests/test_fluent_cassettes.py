"""Recorded exchanges, played again: no server is needed, and any change of the wire is seen.

`RECORD_CASSETTES=1` records them anew; cassettes/README.md says how and from what.
"""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest
import vcr
import yaml

from multiorder_sync import (
    CredentialsRefused,
    OutcomeUnknown,
    Receipt,
    RefTaken,
    Refused,
    Secret,
    Unavailable,
)

FOLDER = Path(__file__).parent / "cassettes"
RECORDING = bool(os.environ.get("RECORD_CASSETTES"))
ROOT = "http://fluent.example"
SCRUBBED = "scrubbed"
KEPT_REQUEST_HEADERS = {"content-type", "fluent.account"}
KEPT_RESPONSE_HEADERS = {"content-type", "retry-after"}

CREATED = Receipt(oms_id="1002", oms_ref="o-1", status="CREATED", created=True)
FOUND = msgspec.structs.replace(CREATED, created=False)


class Exchange(SimpleNamespace):
    """One cassette: how the sandbox is set up before it, what is done, and what comes of it."""

    fault: dict | None = None
    setup: Callable | None = None  # from the kit to a submission that is there before
    submission: Callable
    act: str = "submit"
    settings: dict
    result: object = None
    error: type | None = None
    said: str | None = None

    def __init__(self, **fields):
        super().__init__(**{"submission": lambda kit: kit.one(), "settings": {}, **fields})


def refused(code, operation="createOrder"):
    return {"kind": "refuse", "operation": operation, "code": code, "message": "So it is."}


def on_create(kind, **fields):
    return {"kind": kind, "operation": "createOrder", **fields}


def ordinary(kit):
    return kit.one()


def of_another(kit):
    return kit.one({"orders.0.shipping_address.city": "Leeds"})


def without_items(kit):
    submission = kit.one()
    payload = msgspec.structs.replace(submission.payload, items=())
    return msgspec.structs.replace(submission, payload=payload)


def another_of_the_customer(kit):
    return kit.one({"orders.0.id": "o-0"})


def under_another_name(kit):
    return kit.one({"orders.0.id": "o-0"}, customer_ref="multi_order.id")


SECOND = msgspec.structs.replace(CREATED, oms_id="1003")

EXCHANGES = {
    "check": Exchange(act="check"),
    "create": Exchange(result=CREATED),
    "create-mixed": Exchange(
        submission=lambda kit: kit.transform("mixed-physical-digital")[0],
        result=msgspec.structs.replace(CREATED, oms_ref="fb97d76a-f49e-4ff9-a1fe-907d9ac97b42"),
    ),
    "create-for-a-known-customer": Exchange(setup=another_of_the_customer, result=SECOND),
    "create-for-a-taken-email": Exchange(setup=under_another_name, result=SECOND),
    "create-again": Exchange(setup=ordinary, result=FOUND),
    "create-with-a-revoked-token": Exchange(fault=on_create("revoke_tokens"), result=CREATED),
    "find": Exchange(setup=ordinary, act="find", result=FOUND),
    "find-nothing": Exchange(act="find"),
    "find-another": Exchange(setup=of_another, act="find", error=RefTaken),
    "ref-taken": Exchange(setup=of_another, error=RefTaken, said="another order under the ref o-1"),
    "refused-by-a-rule": Exchange(
        submission=without_items, error=Refused, said="at least one item"
    ),
    "refused-customer": Exchange(
        fault=refused("C0141E", "createCustomer"), error=Refused, said="So it is"
    ),
    "permission-missing": Exchange(
        fault=refused("C0020E"), error=Refused, said="lacks a permission"
    ),
    "ref-taken-and-not-shown": Exchange(
        fault=refused("C0121E"), error=OutcomeUnknown, said="does not show the order"
    ),
    "limited-by-code": Exchange(
        fault=refused("C0011E"), error=Unavailable, said="limits our calls: So it is"
    ),
    "limited-by-status": Exchange(
        fault=on_create("rate_limit", retry_after=7), error=Unavailable, said="limits our calls"
    ),
    "token-not-read": Exchange(
        fault=refused("S0040E"), error=Unavailable, said="did not take our token"
    ),
    "server-failure": Exchange(fault=refused("S0002E"), error=OutcomeUnknown, said="So it is"),
    "third-party-failure": Exchange(fault=refused("T0001E"), error=OutcomeUnknown, said="So it is"),
    "status-403": Exchange(fault=on_create("status", status=403), error=OutcomeUnknown),
    "status-500": Exchange(
        fault=on_create("status", status=500, when="after"), error=OutcomeUnknown
    ),
    "html": Exchange(fault=on_create("html"), error=OutcomeUnknown, said="not a JSON object"),
    "garbage": Exchange(
        fault=on_create("garbage", when="after"), error=OutcomeUnknown, said="not a JSON object"
    ),
    "credentials-refused": Exchange(
        act="check",
        settings={"password": Secret("wrong-password")},
        error=CredentialsRefused,
        said="Bad credentials",
    ),
}


def scrub_request(request):
    """Leave nothing secret, and nothing that differs from one recording to the next."""
    request.uri = ROOT + urlsplit(request.uri).path
    headers = {name.lower(): value for name, value in request.headers.items()}
    request.headers = {name: headers[name] for name in KEPT_REQUEST_HEADERS & set(headers)}
    if request.path == "/oauth/token":
        form = parse_qsl(request.body.decode())
        secret = {"password", "client_secret"}
        request.body = urlencode(
            [(name, SCRUBBED if name in secret else value) for name, value in form]
        )
    return request


def scrub_response(response):
    headers = {name.lower(): value for name, value in response["headers"].items()}
    response["headers"] = {name: headers[name] for name in KEPT_RESPONSE_HEADERS & set(headers)}
    with contextlib.suppress(ValueError):
        content = json.loads(response["body"]["string"])
        if "access_token" in content:
            content["access_token"] = SCRUBBED
            response["body"]["string"] = json.dumps(content).encode()
    return response


@contextlib.contextmanager
def cassette(name):
    path = FOLDER / f"fluent-{name}.yaml"
    if RECORDING:
        path.unlink(missing_ok=True)
    recorder = vcr.VCR(
        record_mode="once" if RECORDING else "none",
        match_on=["method", "uri", "body"],
        before_record_request=scrub_request,
        before_record_response=scrub_response,
    )
    with recorder.use_cassette(str(path)) as tape:
        yield tape
    if not RECORDING:
        assert tape.all_played, f"{name}: something recorded was not asked for"


@contextlib.asynccontextmanager
async def fluent(kit, serve_sandbox, exchange):
    """Give the root of Fluent: of a sandbox that is set up, or of nobody when it is played."""
    if not RECORDING:
        yield kit.NOWHERE
        return
    async with serve_sandbox() as sandbox:
        if exchange.setup:
            async with kit.connector(sandbox.url) as connector:
                await connector.submit(exchange.setup(kit))
        if exchange.fault:
            await sandbox.fault(**exchange.fault)
        yield sandbox.url


@pytest.mark.parametrize("name", EXCHANGES)
async def test_a_recorded_exchange(kit, serve_sandbox, name):
    exchange = EXCHANGES[name]
    async with contextlib.AsyncExitStack() as stack:
        root = await stack.enter_async_context(fluent(kit, serve_sandbox, exchange))
        connector = await stack.enter_async_context(kit.connector(root, **exchange.settings))
        arguments = () if exchange.act == "check" else (exchange.submission(kit),)
        stack.enter_context(cassette(name))
        if exchange.error is None:
            assert await getattr(connector, exchange.act)(*arguments) == exchange.result
            return
        with pytest.raises(exchange.error, match=exchange.said):
            await getattr(connector, exchange.act)(*arguments)


def test_every_cassette_is_played():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {f"fluent-{name}" for name in EXCHANGES}


@pytest.mark.skipif(RECORDING, reason="a recording has no request that it does not know")
async def test_a_request_that_was_not_recorded_is_not_answered(kit):
    async with kit.connector(kit.NOWHERE) as connector:
        with (
            pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException),
            vcr.VCR(
                record_mode="none",
                match_on=["method", "uri", "body"],
                before_record_request=scrub_request,
            ).use_cassette(str(FOLDER / "fluent-create.yaml")),
        ):
            await connector.submit(kit.one({"payments.0.amount": "26.99"}))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_cassette_holds_no_secret(path):
    text = path.read_text("utf-8")
    for secret in ("sandbox-password", "sandbox-client-secret", "wrong-password", "earer "):
        assert secret not in text
    for interaction in yaml.safe_load(text)["interactions"]:
        request, response = interaction["request"], interaction["response"]
        assert set(request["headers"]) <= KEPT_REQUEST_HEADERS
        assert set(response["headers"]) <= KEPT_RESPONSE_HEADERS
        assert urlsplit(request["uri"]).netloc == "fluent.example"
        if request["uri"].endswith("/oauth/token"):
            form = dict(parse_qsl(request["body"]))
            assert (form["password"], form["client_secret"]) == (SCRUBBED, SCRUBBED)
            content = json.loads(response["body"]["string"])
            assert content.get("access_token", SCRUBBED) == SCRUBBED
