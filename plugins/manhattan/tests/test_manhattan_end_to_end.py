"""A signed order from Nacelle reaches Manhattan through the endpoint, whatever happens on the way."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
import uuid
from contextlib import AsyncExitStack, ExitStack, contextmanager
from decimal import Decimal

import pytest

from multiorder_manhattan.sandbox import create_sandbox
from multiorder_sync.cli.posting import headers_for
from multiorder_sync.config import load
from multiorder_sync.delivery.service import Service
from multiorder_sync.oms.plugins import discover
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving as serving_app

CONFIG = """
[journal]
url = "sqlite:///{journal}.db"

[server]
port = 0

[spaces.acme]
connector = "manhattan"
secrets = ["signing-secret"]
deadline_seconds = {deadline}

[spaces.acme.oms]
base_url = "{base_url}"
client_id = "sandbox-client"
client_secret = "sandbox-client-secret"
username = "integration@sandbox"
password = "sandbox-password"
{oms}
"""


def call(url, body=None, headers=None, method=None):
    """Make one HTTP call; return status and body."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class Endpoint:
    """A running endpoint, with the sandbox that it delivers to."""

    def __init__(self, url, oms, space):
        self.url = url
        self.oms = oms
        self.space = space

    def send(self, body):
        """Send a body as Nacelle would; return status and answer."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        headers = headers_for(body, self.space)
        status, answer = call(f"{self.url}/spaces/acme/sync/consume", body, headers)
        return status, answer

    def details(self, body, status):
        """Send a body that fails with a status; return the details of the answer."""
        found, answer = self.send(body)
        assert found == status, answer
        return json.loads(answer)["error"]["details"]

    def orders(self):
        """Return the orders that the OMS holds, their amounts exact."""
        return json.loads(call(f"{self.oms}/_sandbox/orders")[1], parse_float=Decimal)["orders"]

    def control(self, what, **fields):
        """Make the OMS misbehave, or say something."""
        json_content = {"content-type": "application/json"}
        status, answer = call(
            f"{self.oms}/_sandbox/{what}", json.dumps(fields).encode(), json_content
        )
        assert status in {200, 201}, answer

    def heal(self):
        call(f"{self.oms}/_sandbox/faults", method="DELETE")


@contextmanager
def running(folder, oms, deadline):
    """Run everything in an event loop of its own, so that a test is a caller from outside."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()

    async def start():
        base_url = await stack.enter_async_context(serving_sandbox(create_sandbox()))
        file = folder / "config.toml"
        file.write_text(
            CONFIG.format(journal=uuid.uuid4().hex, base_url=base_url, oms=oms, deadline=deadline)
        )
        registry = discover()
        config = load(file, registry)
        service = Service(config, registry)
        service.prepare()
        app = create_app(service, config.server)
        url = await stack.enter_async_context(serving_app(app, config.server))
        return Endpoint(url, base_url, config.spaces["acme"])

    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(120)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(120)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def endpoint(tmp_path):
    """Start an endpoint for the settings of a test, and stop it with the test."""
    with ExitStack() as stack:
        yield lambda oms="", deadline=20.0: stack.enter_context(running(tmp_path, oms, deadline))


def children(order):
    """Return how many of each kind of part an order has."""
    counts = {}
    for name, value in order.items():
        if isinstance(value, list):
            counts[name] = counts.get(name, 0) + len(value)
            for entry in value:
                for kind, count in children(entry).items():
                    counts[f"{name}.{kind}"] = counts.get(f"{name}.{kind}", 0) + count
    return counts


def only_as_sent(kit, name, running_endpoint):
    """Make sure that the OMS holds one order, just as it is when nothing goes wrong."""
    (held,) = running_endpoint.orders()
    (submission,) = kit.transform(name)
    assert held["OrderId"] == submission.ref
    assert children(held["order"]) == children(held["sent"][0])
    assert held["totals"]["OrderTotal"] == held["totals"]["PaymentTotal"]
    assert held["totals"]["OrderTotal"] == Decimal(kit.sample(name)["price"])


@pytest.mark.parametrize("mode", ["split", "combine"])
def test_every_sample_reaches_manhattan_with_its_figures(kit, endpoint, mode):
    started = endpoint(f'multi_order = "{mode}"\ntotals = "refuse"')
    count = 0
    for name in kit.samples:
        body = kit.body(name)
        status, answer = started.send(body)
        assert (status, answer) == (200, b'{"order":' + body.strip() + b"}")
        stated = kit.sample(name)
        prices = [Decimal(order["price"]) for order in stated.get("orders", [stated])]
        if mode == "combine":
            prices = [sum(prices)]
        held = started.orders()[count:]
        assert [order["totals"]["OrderTotal"] for order in held] == prices
        assert [order["totals"]["PaymentTotal"] for order in held] == prices
        count += len(held)
    assert count == len(started.orders())


def test_the_same_order_again_is_one_order(kit, endpoint):
    started = endpoint()
    assert [started.send(kit.body("single"))[0] for _ in range(3)] == [200, 200, 200]
    only_as_sent(kit, "single", started)
    # It is found before it is saved: a save is an upsert.
    assert len(started.orders()[0]["sent"]) == 1


FAULTS = [
    {"kind": "status", "status": 500, "when": "before"},
    {"kind": "status", "status": 503, "when": "after"},
    {"kind": "drop", "when": "before"},
    {"kind": "drop", "when": "after"},
    {"kind": "hang", "when": "before"},
    {"kind": "hang", "when": "after"},
    {"kind": "html", "when": "before"},
    {"kind": "html", "when": "after"},
    {"kind": "garbage", "when": "before"},
    {"kind": "garbage", "when": "after"},
    {"kind": "rate_limit", "retry_after": 1},
    {"kind": "revoke_tokens"},
    {"kind": "latency", "seconds": 0.2},
]


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        pytest.param(
            operation,
            fault,
            id="-".join(map(str, (operation, *fault.values()))),
        )
        for operation in ("save", "search", "token")
        for fault in FAULTS
    ],
)
def test_a_fault_that_is_over_within_the_deadline_ends_as_200(kit, endpoint, operation, fault):
    # A call that hangs has half of what is left.
    started = endpoint(deadline=8.0 if fault["kind"] == "hang" else 30.0)
    started.control("faults", **fault, operation=operation)
    status, answer = started.send(kit.body("discounts-and-promotion"))
    assert status == 200, answer
    only_as_sent(kit, "discounts-and-promotion", started)


@pytest.mark.parametrize("when", ["before", "after"])
def test_faults_one_after_the_other(kit, endpoint, when):
    started = endpoint(deadline=30.0)
    for kind in ("drop", "html", "garbage"):
        started.control("faults", kind=kind, when=when, operation="save")
        started.control("faults", kind="drop", operation="search", skip=1)
    status, answer = started.send(kit.body("click-and-collect"))
    assert status == 200, answer
    only_as_sent(kit, "click-and-collect", started)


def test_a_save_that_commits_late_is_one_order(kit, endpoint):
    # The first save is given up and carried out all the same, after find has seen nothing.
    started = endpoint(deadline=8.0)
    started.control("faults", kind="latency", operation="save", seconds=4.5)
    status, answer = started.send(kit.body("single"))
    assert status == 200, answer
    only_as_sent(kit, "single", started)


def test_a_part_that_is_out_of_reach_for_a_moment(kit, endpoint):
    started = endpoint()
    refusal = {"kind": "refuse", "operation": "save", "code": "ord::10002", "message": "No tax."}
    started.control("faults", **refusal)
    assert started.send(kit.body("single"))[0] == 200
    only_as_sent(kit, "single", started)
    started = endpoint(deadline=5.0)
    started.control("faults", **refusal, times=None)
    details = started.details(kit.body("single"), 500)
    assert (details["code"], details["retryable"]) == ("oms_unavailable", True)
    assert details["oms_errors"] == [{"text": "No tax.", "code": "ord::10002"}]
    assert not started.orders()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["drop", "hang", "html"])
def test_a_fault_that_is_not_over_is_told_and_a_repeat_settles_it(kit, endpoint, kind, when):
    started = endpoint(deadline=5.0)
    started.control("faults", kind=kind, when=when, operation="save", times=None)
    started.control("faults", kind=kind, operation="search", skip=1, times=None)
    details = started.details(kit.body("single"), 500)
    assert (details["code"], details["retryable"]) == ("outcome_unknown", True)
    assert details["orders"][0]["state"] == "unknown"
    assert len(started.orders()) == (when == "after")
    started.heal()
    assert started.send(kit.body("single"))[0] == 200
    only_as_sent(kit, "single", started)


def test_an_oms_that_is_down_is_unavailable_and_nothing_is_created(kit, endpoint):
    started = endpoint(deadline=2.0)
    started.control("faults", kind="status", status=503, operation="token", times=None)
    details = started.details(kit.body("single"), 500)
    assert (details["code"], details["orders"][0]["state"]) == ("oms_unavailable", "ready")
    assert not started.orders()


def test_the_order_of_another_is_not_written_to(kit, endpoint):
    started = endpoint()
    other = kit.sample("single")
    other["id"] += "-of-another"
    other["orders"][0]["order_items"][0]["quantity"] = 3
    started.send(other)
    before = started.orders()
    assert len(before) == 1
    details = started.details(kit.body("single"), 422)
    assert (details["code"], details["oms"]) == ("ref_taken", "manhattan")
    assert started.orders() == before


def test_a_refusal_is_passed_on_in_manhattans_words(kit, endpoint):
    started = endpoint('order_type_id = "Web-Order"')
    details = started.details(kit.body("single"), 422)
    assert details["code"] == "oms_refused"
    (error,) = details["oms_errors"]
    assert error["code"] == "OrderTypeId"
    assert "the tenant has no OrderTypeId Web-Order" in error["text"]


def short(kit):
    data = kit.sample("single")
    data["payments"][0]["amount"] = "126.11"
    return data


def test_figures_that_do_not_add_up_are_refused_held_or_sent(kit, endpoint, capfd):
    from multiorder_sync.observe import configure_logging

    configure_logging("json", "info")
    refusing = endpoint('totals = "refuse"')
    status, answer = refusing.send(short(kit))
    error = json.loads(answer)["error"]
    assert (status, error["details"]["code"]) == (422, "untransformable")
    assert "126.11" in error["error"]
    assert "126.12" in error["error"]
    assert not refusing.orders()

    holding = endpoint('totals = "hold"\nhold_type_id = "PendingAuthorization"')
    assert holding.send(short(kit))[0] == 200
    (held,) = holding.orders()
    assert len(held["order"]["OrderHold"]) == 1

    capfd.readouterr()
    warning = endpoint()
    warning.control("messages", type="WARNING", code="pay::10001", description="No gateway.")
    assert warning.send(short(kit))[0] == 200
    (held,) = warning.orders()
    assert "OrderHold" not in held["order"]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (logged,) = [line for line in lines if line["event"] == "order"]
    assert "the payments that count come to 126.11, the order to 126.12" in logged["notes"]
    assert "No gateway. (pay::10001)" in logged["notes"]


def test_a_merchants_mapping_is_laid_over_the_order(kit, endpoint):
    started = endpoint(
        "[spaces.acme.mapping]\n"
        '"OrderAttribute.channel" = "multi_order.metadata.channel"\n'
        '"SellingChannel.SellingChannelId" = "\'Store\'"\n'
    )
    assert started.send(kit.body("gift-card-and-card"))[0] == 200
    (held,) = started.orders()
    assert held["order"]["SellingChannel"] == {"SellingChannelId": "Store"}
    assert kit.attributes(held["order"])["channel"] == "web"


@pytest.mark.parametrize(
    "place", ["OrderId", "OrderActions.VersionTimestamp", "OrderAttribute.nacelle_fingerprint"]
)
def test_what_an_order_is_known_by_can_not_be_mapped(endpoint, place):
    with pytest.raises(Exception, match="1 problem"):
        endpoint(f'[spaces.acme.mapping]\n"{place}" = "\'x\'"\n')


def test_no_secret_and_no_shopper_is_in_the_log(kit, endpoint, capfd):
    from multiorder_sync.observe import configure_logging

    configure_logging("json", "debug")
    started = endpoint(deadline=5.0)
    started.send(kit.body("single"))
    started.control("faults", kind="status", status=500, operation="*", times=None)
    started.send(kit.body("guest"))
    log = capfd.readouterr().err
    outcomes = [line for line in map(json.loads, log.splitlines()) if line["event"] == "order"]
    assert [line["status"] for line in outcomes] == [200, 500]
    for hidden in ("signing-secret", "sandbox-password", "sandbox-client-secret", "Bearer"):
        assert hidden not in log
    assert "@example" not in log
