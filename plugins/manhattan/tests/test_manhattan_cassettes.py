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
ROOT = "http://manhattan.example"
SCRUBBED = "scrubbed"
KEPT_REQUEST_HEADERS = {"content-type", "organization"}
KEPT_RESPONSE_HEADERS = {"content-type", "retry-after"}

CREATED = Receipt(oms_id="o-1", oms_ref="o-1", created=True)
FOUND = msgspec.structs.replace(CREATED, created=False)
COLLECTED = "d5f1e04b-238b-4aa8-8271-5e171eb941dc"
MIXED = "fb97d76a-f49e-4ff9-a1fe-907d9ac97b42"


class Exchange(SimpleNamespace):
    """One cassette: how the sandbox is set up before it, what is done, and what comes of it."""

    fault: dict | None = None
    message: dict | None = None
    setup: Callable | None = None  # from the kit to a submission that is there before
    submission: Callable
    act: str = "submit"
    settings: dict
    result: object = None
    error: type | None = None
    said: str | None = None

    def __init__(self, **fields):
        super().__init__(**{"submission": ordinary, "settings": {}, **fields})


def ordinary(kit):
    return kit.one()


def of_another(kit):
    return kit.one({"orders.0.shipping_address.city": "Leeds"})


def refused(code):
    return {"kind": "refuse", "operation": "save", "code": code, "message": "So it is."}


def on_save(kind, **fields):
    return {"kind": kind, "operation": "save", **fields}


WARNING = {"type": "WARNING", "code": "pay::10001", "description": "Unable to process payment."}

EXCHANGES = {
    "check": Exchange(act="check"),
    "save": Exchange(result=CREATED),
    "save-for-an-organization": Exchange(settings={"organization": "ACME-UK"}, result=CREATED),
    "save-authorized": Exchange(
        submission=lambda kit: kit.one(payment_state="authorized"), result=CREATED
    ),
    "save-collected": Exchange(
        submission=lambda kit: kit.transform("click-and-collect")[0],
        result=Receipt(oms_id=COLLECTED, oms_ref=COLLECTED),
    ),
    "save-mixed": Exchange(
        submission=lambda kit: kit.transform("mixed-physical-digital")[0],
        result=Receipt(oms_id=MIXED, oms_ref=MIXED),
    ),
    "save-held": Exchange(
        submission=lambda kit: kit.one(
            {"payments.0.amount": "26.00"}, totals="hold", hold_type_id="PendingAuthorization"
        ),
        result=CREATED,
    ),
    "save-with-a-warning": Exchange(
        message=WARNING,
        result=msgspec.structs.replace(
            CREATED, warnings=("Unable to process payment. (pay::10001)",)
        ),
    ),
    "save-again": Exchange(setup=ordinary, result=FOUND),
    "save-with-a-revoked-token": Exchange(fault=on_save("revoke_tokens"), result=CREATED),
    "find": Exchange(setup=ordinary, act="find", result=FOUND),
    "find-nothing": Exchange(act="find"),
    "find-another": Exchange(setup=of_another, act="find", error=RefTaken),
    "find-refused": Exchange(
        submission=lambda kit: msgspec.structs.replace(kit.one(), ref="o'1"),
        act="find",
        error=Unavailable,
        said="refused to look the order up",
    ),
    "ref-taken": Exchange(setup=of_another, error=RefTaken, said="another order under the id o-1"),
    "validation": Exchange(
        submission=lambda kit: kit.one(order_type_id="Web-Order", uom="DOZEN"),
        error=Refused,
        said="Web-Order.*and 1 more",
    ),
    "stale-and-not-shown": Exchange(
        fault=refused("10208"), error=OutcomeUnknown, said="does not show the order"
    ),
    "not-permitted-and-not-shown": Exchange(
        fault=refused("ord::10007"), error=OutcomeUnknown, said="does not show the order"
    ),
    "dependency-out-of-reach": Exchange(
        fault=refused("ord::10002"), error=Unavailable, said="A part of Manhattan is out of reach"
    ),
    "no-such-order": Exchange(fault=refused("ord::10006"), error=Refused, said="So it is"),
    "error-beside-success": Exchange(
        message={"type": "ERROR", "code": "ord::10121", "description": "No address."},
        error=Refused,
        said="No address",
    ),
    "limited": Exchange(
        fault=on_save("rate_limit", retry_after=7), error=Unavailable, said="limits our calls"
    ),
    "status-403": Exchange(fault=on_save("status", status=403), error=OutcomeUnknown),
    "status-404": Exchange(
        fault=on_save("status", status=404), error=Unavailable, said="no Manhattan order API"
    ),
    "status-500": Exchange(fault=on_save("status", status=500, when="after"), error=OutcomeUnknown),
    "html": Exchange(fault=on_save("html"), error=OutcomeUnknown, said="not a JSON object"),
    "garbage": Exchange(
        fault=on_save("garbage", when="after"), error=OutcomeUnknown, said="not a JSON object"
    ),
    "credentials-refused": Exchange(
        act="check",
        settings={"password": Secret("wrong-password")},
        error=CredentialsRefused,
        said="does not accept our credentials",
    ),
}


def scrub_request(request):
    """Leave nothing secret, and nothing that differs from one recording to the next."""
    request.uri = ROOT + urlsplit(request.uri).path
    headers = {name.lower(): value for name, value in request.headers.items()}
    request.headers = {name: headers[name] for name in KEPT_REQUEST_HEADERS & set(headers)}
    if request.path == "/oauth/token":
        form = parse_qsl(request.body.decode())
        request.body = urlencode(
            [(name, SCRUBBED if name == "password" else value) for name, value in form]
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


def recorder():
    return vcr.VCR(
        record_mode="once" if RECORDING else "none",
        match_on=["method", "uri", "body", "headers"],
        before_record_request=scrub_request,
        before_record_response=scrub_response,
    )


@contextlib.contextmanager
def cassette(name):
    path = FOLDER / f"manhattan-{name}.yaml"
    if RECORDING:
        path.unlink(missing_ok=True)
    with recorder().use_cassette(str(path)) as tape:
        yield tape
    if not RECORDING:
        assert tape.all_played, f"{name}: something recorded was not asked for"


@contextlib.asynccontextmanager
async def manhattan(kit, serve_sandbox, exchange):
    """Give the root of Manhattan: of a sandbox that is set up, or of nobody when it is played."""
    if not RECORDING:
        yield kit.NOWHERE
        return
    async with serve_sandbox() as sandbox:
        if exchange.setup:
            async with kit.connector(sandbox.url) as connector:
                await connector.submit(exchange.setup(kit))
        if exchange.fault:
            await sandbox.fault(**exchange.fault)
        if exchange.message:
            await sandbox.message(**exchange.message)
        yield sandbox.url


@pytest.mark.parametrize("name", EXCHANGES)
async def test_a_recorded_exchange(kit, serve_sandbox, name):
    exchange = EXCHANGES[name]
    async with contextlib.AsyncExitStack() as stack:
        root = await stack.enter_async_context(manhattan(kit, serve_sandbox, exchange))
        connector = await stack.enter_async_context(kit.connector(root, **exchange.settings))
        arguments = () if exchange.act == "check" else (exchange.submission(kit),)
        stack.enter_context(cassette(name))
        if exchange.error is None:
            assert await getattr(connector, exchange.act)(*arguments) == exchange.result
            return
        with pytest.raises(exchange.error, match=exchange.said) as caught:
            await getattr(connector, exchange.act)(*arguments)
        assert type(caught.value) in {exchange.error, *exchange.error.__subclasses__()}


def test_every_cassette_is_played():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {
        f"manhattan-{name}" for name in EXCHANGES
    }


@pytest.mark.skipif(RECORDING, reason="a recording has no request that it does not know")
@pytest.mark.parametrize(
    ("changes", "settings"),
    [({"payments.0.amount": "26.99"}, {}), ({}, {"organization": "ACME-UK"})],
    ids=["body", "header"],
)
async def test_a_request_that_was_not_recorded_is_not_answered(kit, changes, settings):
    async with kit.connector(kit.NOWHERE, **settings) as connector:
        with (
            pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException),
            recorder().use_cassette(str(FOLDER / "manhattan-save.yaml")),
        ):
            await connector.submit(kit.one(changes))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_cassette_holds_no_secret(path):
    text = path.read_text("utf-8")
    for secret in (
        "sandbox-password",
        "sandbox-client-secret",
        "wrong-password",
        "earer ",
        "asic ",
    ):
        assert secret not in text
    for interaction in yaml.safe_load(text)["interactions"]:
        request, response = interaction["request"], interaction["response"]
        assert set(request["headers"]) <= KEPT_REQUEST_HEADERS
        assert set(response["headers"]) <= KEPT_RESPONSE_HEADERS
        assert urlsplit(request["uri"]).netloc == "manhattan.example"
        if request["uri"].endswith("/oauth/token"):
            assert dict(parse_qsl(request["body"]))["password"] == SCRUBBED
            content = json.loads(response["body"]["string"])
            assert content.get("access_token", SCRUBBED) == SCRUBBED
