"""Payments and amounts, divided without losing any."""

import json
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from multiorder_sync.errors import Untransformable
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.money import apportion, currency_exponent, smallest_unit
from multiorder_sync.nacelle.payments import payments_by_order

D = Decimal


def decode(body):
    return OrderDecoder().decode(json.dumps(body, default=str).encode())


@given(
    st.decimals(0, 10**6, places=2),
    st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=20),
)
def test_parts_sum_to_the_amount_and_are_fair(amount, weights):
    unit = D("0.01")
    parts = apportion(amount, weights, unit)
    assert sum(parts) == amount
    assert [-part for part in parts] == apportion(-amount, weights, unit)
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        fair = amount * weight / total if total else amount / len(weights)
        assert abs(part - fair) <= unit


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=6),
)
def test_payments_are_given_out_whole_and_every_order_gets_its_share(payments, prices):
    assume(sum(prices))
    totals = [D(price) / 100 for price in prices]
    multi_order = decode(
        {
            "id": "m",
            "currency": "USD",
            "payments": [
                {"external_id": f"p{number}", "amount": D(amount) / 100}
                for number, amount in enumerate(payments)
            ],
            "orders": [{"order_items": [{"sku": "A", "quantity": 1}]} for _ in prices],
        }
    )
    shares = payments_by_order(multi_order, totals, ("succeeded",))
    by_payment = {f"p{number}": D(0) for number in range(len(payments))}
    for order_shares in shares:
        for share in order_shares:
            assert share.amount >= 0
            by_payment[share.payment.external_id] += share.amount
    assert list(by_payment.values()) == [D(amount) / 100 for amount in payments]
    if sum(payments) == sum(prices):
        assert [sum(share.amount for share in each) for each in shares] == totals


def test_only_payments_that_count_are_divided():
    multi_order = decode(
        {
            "id": "m",
            "payments": [
                {"external_id": "a", "amount": "5.00", "status": "failed"},
                {"external_id": "b", "amount": "5.00", "status": "succeeded"},
                {"external_id": "c", "amount": "1.00"},
            ],
            "orders": [{"order_items": [{"sku": "A", "quantity": 1}]}],
        }
    )
    (shares,) = payments_by_order(multi_order, [D(6)], ("succeeded",))
    assert [share.payment.external_id for share in shares] == ["b", "c"]


def test_orders_keep_payments_of_their_own():
    multi_order = decode(
        {
            "id": "m",
            "orders": [
                {
                    "order_items": [{"sku": "A", "quantity": 1}],
                    "payments": [{"external_id": "a", "amount": 1}],
                },
                {
                    "order_items": [{"sku": "B", "quantity": 1}],
                    "payments": [{"external_id": "b", "amount": 2}],
                },
            ],
        }
    )
    first, second = payments_by_order(multi_order, [D(1), D(2)], ())
    assert (first[0].amount, second[0].amount) == (D(1), D(2))


def test_the_smallest_unit_is_the_currencys_or_finer():
    assert (currency_exponent("jpy"), currency_exponent("KWD"), currency_exponent(None)) == (
        0,
        3,
        2,
    )
    assert smallest_unit("JPY", D(5)) == D(1)
    assert smallest_unit("USD", D("0.005")) == D("0.001")
    assert smallest_unit("USD", D("1E+2")) == D("0.01")


def shares_of(body, totals):
    order = decode({"id": "m", **body})
    return [
        [(share.payment.external_id, share.amount) for share in shares]
        for shares in payments_by_order(order, [D(total) for total in totals], ("succeeded",))
    ]


LINE = [{"sku": "A", "quantity": 1}]


def test_a_payment_pays_orders_in_its_currency():
    body = {
        "payments": [
            {"external_id": "jpy", "amount": "100", "currency": "JPY"},
            {"external_id": "usd", "amount": "5.00", "currency": "USD"},
        ],
        "orders": [
            {"order_items": LINE, "currency": "JPY"},
            {"order_items": LINE, "currency": "USD"},
        ],
    }
    assert shares_of(body, ["100", "5.00"]) == [[("jpy", D(100))], [("usd", D(5))]]


def test_the_unit_is_of_the_orders_currency_where_the_whole_has_none():
    orders = [{"order_items": LINE, "currency": "JPY"}] * 3
    body = {"payments": [{"external_id": "p", "amount": "155"}], "orders": orders}
    assert shares_of(body, [100] * 3) == [[("p", D(52))], [("p", D(52))], [("p", D(51))]]


def test_what_an_order_brings_of_its_own_pays_that_order():
    body = {
        "payments": [{"external_id": "shared", "amount": "10.00"}],
        "orders": [
            {"order_items": LINE, "payments": [{"external_id": "own", "amount": "10.00"}]},
            {"order_items": LINE, "payments": [{"external_id": "shared", "amount": "10.00"}]},
        ],
    }
    assert shares_of(body, ["10.00", "10.00"]) == [[("own", D(10))], [("shared", D(10))]]
    assert shares_of(body, ["20.00"]) == [[("shared", D(10)), ("own", D(10))]]


def test_a_single_order_body_counts_its_payments_once():
    order = decode({"id": "1", "order_items": LINE, "payments": [{"amount": "5.00"}]})
    assert [len(shares) for shares in payments_by_order(order, [D(5)], ())] == [1]


def test_a_payment_without_an_amount_pays_for_all_or_can_not_be_told():
    alone = {"payments": [{"external_id": "p"}], "orders": [{"order_items": LINE}]}
    assert shares_of(alone, ["7.00"]) == [[("p", D(7))]]
    alone["payments"].append({"external_id": "q", "amount": "1.00"})
    with pytest.raises(Untransformable, match="The payment p has no amount"):
        shares_of(alone, ["7.00"])
