"""A signed order from Nacelle reaches Fluent Commerce, whatever happens on the way."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from whole import SAMPLES, call

D = Decimal


def sample(name):
    return next(path for path in SAMPLES if path.stem == name).read_bytes()


def money(value):
    return D(str(value))


def stated_orders(body):
    data = json.loads(body, parse_float=D)
    return data.get("orders") or [data]


@pytest.mark.parametrize("mode", ["split", "combine"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_order_reaches_the_oms_with_its_figures(whole, path, mode):
    running = whole(oms=f'multi_order = "{mode}"')
    body = path.read_bytes()
    status, answer = running.send(body)
    assert status == 200, answer
    assert answer == b'{"order":' + body.strip() + b"}"
    held = running.orders()
    stated = stated_orders(body)
    assert len(held) == (1 if mode == "combine" else len(stated))
    prices = [D(order["price"]) for order in stated]
    taxes = [D(order.get("tax") or order.get("tax_amount")) for order in stated]
    expected = list(zip(prices, taxes, strict=True))
    if mode == "combine":
        expected = [(sum(prices), sum(taxes))]
    for order, (price, tax) in zip(held, expected, strict=True):
        assert money(order["totalTaxPrice"]) == tax
        assert money(order["totalPrice"]) + tax == price
        paid = sum(money(each["amount"]) for each in order["financialTransactions"])
        assert paid == price
        choices = order.get("fulfilmentChoices") or [order["fulfilmentChoice"]]
        net = sum(money(each.get("fulfilmentPrice") or 0) for each in choices)
        lines = sum((money(each["paidPrice"]) * each["quantity"] for each in order["items"]), net)
        # Prices for one unit are rounded to six decimals where they do not come out even.
        assert abs(lines - money(order["totalPrice"])) < D("0.001")


def test_the_same_order_twice_is_one_order(whole):
    running = whole()
    assert [running.send(sample("single"))[0] for _ in range(3)] == [200, 200, 200]
    assert len(running.orders()) == 1


def test_the_same_order_at_once_is_one_order(whole):
    running = whole()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: running.send(sample("guest"))[0], range(16)))
    assert answers == [200] * 16
    assert len(running.orders()) == 1


def test_other_contents_under_the_key_of_an_accepted_order_are_refused(whole):
    running = whole()
    body = json.loads(sample("single"))
    running.send(body)
    body["orders"][0]["order_items"][0]["quantity"] += 1
    status, answer = running.send(body)
    details = json.loads(answer)["error"]["details"]
    assert (status, details["code"], details["oms"]) == (422, "order_changed", "fluentcommerce")
    assert [order["state"] for order in details["orders"]] == ["accepted"]
    assert len(running.orders()) == 1


def test_another_order_under_a_taken_ref_is_refused(whole):
    running = whole()
    body = json.loads(sample("single"))
    running.send(body)
    body["id"] += "-again"
    status, answer = running.send(body)
    details = json.loads(answer)["error"]["details"]
    assert (status, details["code"], details["oms"]) == (422, "ref_taken", "fluentcommerce")
    assert len(running.orders()) == 1


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
    {"kind": "latency", "seconds": 0.3},
    {"kind": "refuse", "code": "S0002E", "message": "General server failure"},
    {"kind": "refuse", "code": "C0011E", "message": "Rate limit exceeded"},
]


@pytest.mark.parametrize("operation", ["createOrder", "createCustomer", "customer"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(map(str, fault.values())))
def test_a_fault_that_is_over_within_the_deadline_ends_as_200(whole, fault, operation):
    # A call that hangs has half of what is left.
    running = whole(deadline=8.0 if fault["kind"] == "hang" else 30.0)
    running.fault(**fault, operation=operation)
    status, answer = running.send(sample("single"))
    assert status == 200, answer
    assert len(running.orders()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["drop", "hang", "html"])
def test_a_fault_that_is_not_over_is_told_and_a_repeat_settles_it(whole, kind, when):
    running = whole(deadline=5.0)
    running.fault(kind=kind, when=when, operation="createOrder", times=None)
    running.fault(kind=kind, operation="order", times=None)
    status, answer = running.send(sample("single"))
    details = json.loads(answer)["error"]["details"]
    assert (status, details["code"], details["retryable"]) == (500, "outcome_unknown", True)
    assert details["orders"][0]["state"] == "unknown"
    running_orders = len(running.orders())
    assert running_orders == (1 if when == "after" else 0)
    call(f"{running.oms}/_sandbox/faults", method="DELETE")
    assert running.send(sample("single"))[0] == 200
    assert len(running.orders()) == 1


def test_an_oms_that_is_down_is_unavailable_and_nothing_is_created(whole):
    running = whole(deadline=2.0)
    running.fault(kind="status", status=503, operation="token", times=None)
    status, answer = running.send(sample("single"))
    details = json.loads(answer)["error"]["details"]
    assert (status, details["code"], details["retryable"]) == (500, "oms_unavailable", True)
    assert details["orders"][0]["state"] == "ready"
    assert not running.orders()


def test_a_refusal_is_passed_on_in_the_omss_words(whole):
    running = whole()
    running.fault(kind="refuse", code="C0160E", message="No such product", operation="createOrder")
    status, answer = running.send(sample("single"))
    error = json.loads(answer)["error"]
    assert status == 422
    assert error["category"] == "sync_service"
    assert error["details"]["oms_errors"] == [{"text": "No such product", "code": "C0160E"}]


def test_an_order_that_fluent_cannot_hold_is_untransformable(whole):
    running = whole(oms='delivery_types = { express = "EXPRESS" }')
    status, answer = running.send(sample("single"))
    error = json.loads(answer)["error"]
    assert (status, error["details"]["code"]) == (422, "untransformable")
    assert "delivery_types" in error["error"]


def test_a_merchants_mapping_is_laid_over_the_order(whole):
    mapping = '[spaces.acme.mapping]\n"attributes.channel" = "multi_order.metadata.channel"\n"type" = "\'B2B\'"\n'
    running = whole(space="", oms=mapping)
    body = json.loads(sample("digital"))
    body["metadata"] = {"channel": "web"}
    status, answer = running.send(body)
    assert status == 200, answer
    (order,) = running.orders()
    assert order["type"] == "B2B"
    assert {"name": "channel", "type": "STRING", "value": "web"} in order["attributes"]


@pytest.mark.parametrize("secret", ["signing-secret-1", "signing-secret-2"])
def test_any_configured_secret_may_have_signed(whole, secret):
    import hashlib
    import hmac

    running = whole()
    body = sample("kwd")
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-nacelle-signature-sha256": f"sha256={digest}"}
    assert running.send(body, headers)[0] == 200


def test_no_secret_and_no_shopper_is_in_the_log(whole, capfd):
    from multiorder_sync.observe import configure_logging

    configure_logging("json", "debug")
    running = whole(deadline=5.0)
    running.send(sample("single"))
    running.fault(kind="status", status=500, operation="*", times=None)
    running.send(sample("guest"))
    log = capfd.readouterr().err
    lines = [json.loads(line) for line in log.splitlines()]
    outcomes = [line for line in lines if line["event"] == "order"]
    assert [line["status"] for line in outcomes] == [200, 500]
    assert {"space", "order", "oms_ids", "outcome", "milliseconds", "request_id"} <= set(
        outcomes[0]
    )
    for hidden in (
        "signing-secret",
        "sandbox-password",
        "sandbox-client-secret",
        "Bearer",
        "@example",
    ):
        assert hidden not in log
