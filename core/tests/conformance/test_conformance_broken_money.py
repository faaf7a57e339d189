"""Connectors that lose something of an amount are caught, in words."""

import re
from decimal import Decimal
from functools import partial

import msgspec
import pytest
from acme.conforming import (
    Conforming,
    ConformingPayload,
    payload_changed,
    with_line,
)

from multiorder_sync import PricePolicy, Untransformable, currency_exponent, figures_of


@pytest.fixture
def checked(checked):
    """Make the checks of a few cases: what is wrong here is wrong in nearly all of them."""
    return partial(checked, cases="few")


def test_money_in_floats(checked):
    def floating(payload, order):
        return with_line(total=float(order.price or 0))(payload, order)

    said = checked(payload_changed(floating), "money_is_exact")
    assert "order.total is the float 15.0 (case one line)" in said
    assert "a float can't hold most amounts" in said
    assert "keep amounts as Decimal" in said


def test_money_written_with_an_exponent(checked):
    def normal(payload, order):
        return with_line(total=str(Decimal(20).normalize()))(payload, order)

    said = checked(payload_changed(normal), "money_is_exact")
    assert "order.total is the text '2E+1'" in said


def test_money_that_becomes_a_float_on_its_way(checked):
    class Floating(Conforming):
        def content(self, submission):
            line = submission.payload.order["order_items"][0]
            return msgspec.json.encode(
                {
                    "ref": submission.ref,
                    "fingerprint": submission.fingerprint,
                    "price": float(Decimal(line["price"])),
                }
            )

    said = checked(Floating, "amounts_arrive_exactly")
    assert "of the amount 98765432109876.54, the OMS was sent 98765432109876.55" in said


def float_texts(order, names):
    for name in names:
        if name == "shipping_rate":
            float_texts(order.get(name) or {}, ["amount"])
        elif isinstance(order.get(name), str):
            order[name] = str(float(order[name]))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["tax"], "order.tax does not hold the last digit of a tax of 98765432109876.54"),
        (["discounts"], "order.discounts does not hold the last digit of a discount of 98765432"),
        (["shipping_rate"], "order.shipping_rate.amount does not hold the last digit of a price"),
        (["price"], "order.price does not hold the last digit of a payment of 98765432109876.54"),
    ],
)
def test_money_that_was_a_float_and_is_a_text_again(checked, names, words):
    def floating(payload, _):
        order = msgspec.json.decode(msgspec.json.encode(payload.order))
        float_texts(order, names)
        return msgspec.structs.replace(payload, order=order)

    said = checked(payload_changed(floating), "money_is_exact")
    assert words in said
    assert "round nowhere" in said.rpartition("How to mend it: ")[2]


def _amounts_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [amount for inner in value for amount in _amounts_in(inner)]
    is_amount = isinstance(value, str) and re.fullmatch(r"\d+\.\d+", value)
    return [Decimal(value)] if is_amount else []


def holding_money_to(decimals, most):
    """Return a connector for an OMS that holds as many decimals, and no larger amounts."""

    class Holding(Conforming):
        def transform(self, order, context):
            for amount in _amounts_in(order.source):
                if amount != round(amount, decimals) or amount > most:
                    raise Untransformable(f"Acme can't hold {amount}.")
            return super().transform(order, context)

    return Holding


@pytest.mark.parametrize("most", [10**16, 2_000_000])
def test_money_that_an_oms_can_not_hold_may_be_refused_by_name(checked, most):
    kind = holding_money_to(2, most)
    assert checked(kind, "amounts_arrive_exactly", "money_is_exact") == ""


def test_a_check_that_can_not_be_made_says_which_orders_are_refused(checked):
    said = checked(holding_money_to(2, 1_000), "amounts_arrive_exactly")
    assert "skipped: transform refuses an order of one line of 98765432109876.54 AUD (Unt" in said
    assert "and one of one line of 1234567.89 AUD (Untransformable(\"Acme can't hold" in said


def test_decimals_that_the_currency_has_not_are_not_rounded_away(checked):
    def rounding(payload, order):
        each = order.orders[0]
        kept = {name: f"{round(getattr(each, name) or 0, 2)}" for name in ("price", "tax")}
        return ConformingPayload(multi_order={}, order=kept)

    said = checked(payload_changed(rounding), "money_is_exact", "amounts_arrive_exactly")
    assert "no place and no note tells the last digit of a payment of 98765432109876.5432" in said
    assert "of the amount 98765432109876.5432, the OMS was sent 98765432109876.54" in said


def test_the_price_of_one_unit_is_not_rounded_without_a_word(checked):
    def by_unit(payload, order):
        items = order.orders[0].order_items
        units = [
            f"{round(item.subtotal_price / item.quantity, 2)}"
            for item in items
            if item.quantity and item.subtotal_price
        ]
        return ConformingPayload(multi_order={}, order={"units": units})

    said = checked(payload_changed(by_unit), "money_is_exact")
    assert "no place and no note tells whether a line of 3 costs 20.00 or 20.01" in said


def test_what_rounding_the_price_of_one_unit_adds_may_be_told_elsewhere(checked):
    def by_unit(payload, order):
        items = [each for each in order.orders[0].order_items if each.quantity]
        costs = [(each.subtotal_price or each.price or 0, each.quantity) for each in items]
        units = [round(cost / quantity, 2) for cost, quantity in costs]
        rest = [cost - unit * quantity for unit, (cost, quantity) in zip(units, costs, strict=True)]
        lines = [f"{unit} {more}" for unit, more in zip(units, rest, strict=True)]
        return ConformingPayload(multi_order={}, order={"lines": lines})

    assert "the price of one unit" not in checked(payload_changed(by_unit), "money_is_exact")


def test_an_oms_that_is_told_no_prices_is_not_asked_for_them(checked):
    def unpriced(payload, order):
        skus = [item.sku for item in order.orders[0].order_items]
        return ConformingPayload(multi_order={}, order={"skus": skus})

    assert checked(payload_changed(unpriced), "money_is_exact") == ""


def test_shipping_that_becomes_a_float_on_its_way(checked):
    class Floating(Conforming):
        def content(self, submission):
            order = msgspec.json.decode(msgspec.json.encode(submission.payload))
            if rate := order["order"].get("shipping_rate"):
                rate["amount"] = float(rate["amount"])
            about = {"ref": submission.ref, "fingerprint": submission.fingerprint}
            return msgspec.json.encode({**about, "order": order})

    said = checked(Floating, "amounts_arrive_exactly")
    assert (
        "of a price of shipping of 98765432109876.54, which the payload holds, the OMS was" in said
    )


POLICY = "prices_are_read_as_the_merchant_says"


def telling(what):
    """Return a connector that sends what something makes of the order and the merchant's policy."""

    class Telling(Conforming):
        def transform(self, order, context):
            told, notes = what(order, context.prices)
            payload = ConformingPayload(multi_order={}, order={"told": told})
            return [
                msgspec.structs.replace(each, payload=payload, notes=notes)
                for each in super().transform(order, context)
            ]

    return Telling


def paid_by(figures):
    return [[f"{line.paid:f}" for line in each.lines] for each in figures]


def stated(order):
    items = [item for each in order.orders for item in each.order_items]
    return [[item.sku, item.price and f"{item.price:f}", item.quantity] for item in items]


@pytest.mark.parametrize(
    ("what", "settings"),
    [
        (
            lambda order, _: (paid_by(figures_of(order, PricePolicy())), ()),
            ["item_price", "tax_behavior"],
        ),
        (
            lambda order, prices: (
                paid_by(figures_of(order, PricePolicy(item_price=prices.item_price))),
                (),
            ),
            ["tax_behavior"],
        ),
        (lambda order, _: (stated(order), ()), ["item_price", "tax_behavior"]),
    ],
    ids=["by a policy of its own", "by a part of it", "as they are"],
)
def test_prices_that_are_read_otherwise_than_the_merchant_says(checked, what, settings):
    said = checked(telling(what), POLICY)
    for setting in ("item_price", "tax_behavior"):
        assert (f"it makes the same whether {setting} is" in said) == (setting in settings)
    assert "give context.prices to figures_of" in said.rpartition("How to mend it: ")[2]


@pytest.mark.parametrize(
    "what",
    [
        lambda order, prices: (paid_by(figures_of(order, prices)), ()),
        lambda order, prices: (
            stated(order),
            (f"prices of {prices.item_price}, {prices.tax_behavior} of tax",),
        ),
        lambda order, _: ([item.sku for item in order.orders[0].order_items], ()),
        lambda order, _: (f"{order.orders[0].price}", ()),
    ],
    ids=["figures", "a note", "no prices", "no price but the order's"],
)
def test_prices_that_are_read_as_the_merchant_says_or_not_sent_at_all(checked, what):
    assert checked(telling(what), POLICY) == ""


def in_units_of(decimals, *, told=lambda _: (), scale=False):
    """Return a connector whose amounts are whole numbers of a currency's unit of some decimals."""

    def whole(value, currency):
        if isinstance(value, dict):
            return {name: whole(inner, currency) for name, inner in value.items()}
        if isinstance(value, list):
            return [whole(inner, currency) for inner in value]
        if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+)?", value):
            return value
        units = Decimal(value).scaleb(decimals(currency))
        if units != units.to_integral_value():
            raise Untransformable(f"{value} {currency} has too many decimals for Acme.")
        return int(units)

    class Whole(Conforming):
        def transform(self, order, context):
            made = super().transform(order, context)
            currency = order.currency or ""
            more = {"scale": decimals(currency)} if scale else {}
            return [
                msgspec.structs.replace(
                    each,
                    payload=ConformingPayload(
                        multi_order={}, order=whole(each.payload.order, currency) | more
                    ),
                    notes=told(currency),
                )
                for each in made
            ]

    return Whole


def test_a_currency_of_other_decimals_in_hundredths(checked):
    kind = in_units_of(lambda _: 2)
    said = checked(kind, "amounts_arrive_exactly")
    assert re.search(r"of the amount (\d+) JPY, the OMS was sent (?=\1)\d+00\b", said)
    assert "shift each amount by its currency_exponent" in said
    said = checked(kind, "ordinary_orders_are_taken")
    assert "transform refuses an ordinary order: 37.035 KWD has too many decimals" in said


@pytest.mark.parametrize(
    "kind",
    [
        in_units_of(currency_exponent),
        in_units_of(lambda _: 6),
        in_units_of(lambda _: 2, scale=True),
        in_units_of(lambda _: 2, told=lambda currency: (f"in hundredths of {currency}",)),
    ],
    ids=["its own", "millionths", "a scale beside it", "a note"],
)
def test_whole_numbers_of_a_unit_that_is_known(checked, kind):
    assert checked(kind, "amounts_arrive_exactly") == ""


def refusing_dinars(words, *, most_decimals=None):
    class Refusing(Conforming):
        def transform(self, order, context):
            prices = [item.price or 0 for item in order.orders[0].order_items]
            fits = most_decimals is not None and all(
                price == round(price, most_decimals) for price in prices
            )
            if order.currency == "KWD" and not fits:
                raise Untransformable(words)
            return super().transform(order, context)

    return Refusing


def test_a_currency_that_an_oms_does_not_take_is_refused_by_name(checked):
    check = "ordinary_orders_are_taken"
    assert checked(refusing_dinars("Acme does not take KWD."), check) == ""
    words = "Acme does not take that."
    assert f"an ordinary order: {words} (case in KWD)" in checked(refusing_dinars(words), check)
    words = "Acme takes no thousandths of KWD."
    kind = refusing_dinars(words, most_decimals=2)
    assert f"an ordinary order: {words} (case in KWD)" in checked(kind, check)
