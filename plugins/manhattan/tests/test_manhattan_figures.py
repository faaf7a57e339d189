"""What the figures become where they are not as simple as in the samples."""

from decimal import Decimal

import pytest

from multiorder_manhattan.payload import computed_total, wire
from multiorder_manhattan.taxes import tax_rate
from multiorder_sync import PricePolicy

D = Decimal
LINE = "orders.0.order_items.0"
INCLUSIVE = PricePolicy(item_price="unit", tax_behavior="inclusive")
EXCLUSIVE = PricePolicy(item_price="unit", tax_behavior="exclusive")
UNPLACED = "tax of {} is of no line and no charge; it was divided over the lines"


def priced(total, **changes):
    """Return the changes that make the ordinary order cost, and be paid with, a total."""
    return {"orders.0.price": total, "price": total, "payments.0.amount": total, **changes}


def charges(sent, place="OrderChargeDetail"):
    return [
        (
            each["ChargeDetailId"],
            each["ChargeDisplayName"],
            each["ChargeTotal"],
            each.get("DiscountOn", {}).get("DiscountOnId"),
        )
        for each in sent.get(place, ())
    ]


def adds_up(submission, total):
    assert computed_total(submission.payload) == D(total)
    assert not [note for note in submission.notes if "costs" in note or "payments" in note]


def test_a_price_that_does_not_divide_evenly_is_rounded_up_and_off_again(kit):
    changes = priced(
        "17.00",
        **{f"{LINE}.quantity": 3, f"{LINE}.price": "10.00", f"{LINE}.subtotal_price": "10.00"},
    )
    policy = PricePolicy(item_price="line", tax_behavior="exclusive")
    submission = kit.one(changes, policy)
    (line,) = wire(submission.payload)["OrderLine"]
    assert line["UnitPrice"] == D("3.34")
    assert charges(line, "OrderLineChargeDetail") == [
        ("o-1-line-l-1-rounding", "Rounding", D("-0.02"), "Line")
    ]
    adds_up(submission, "17.00")


@pytest.mark.parametrize(
    ("currency", "price", "unit", "rounding"),
    [("JPY", "100", "34", "-2"), ("KWD", "1.000", "0.334", "-0.002")],
)
def test_the_unit_of_the_currency_decides_the_rounding(kit, currency, price, unit, rounding):
    changes = priced(
        price,
        **{
            f"{LINE}.quantity": 3,
            f"{LINE}.price": price,
            f"{LINE}.subtotal_price": price,
            f"{LINE}.tax": "0",
            "orders.0.tax": "0",
            "orders.0.subtotal_price": price,
            "orders.0.shipping_rate": None,
            "orders.0.currency": currency,
            "payments.0.currency": currency,
        },
    )
    submission = kit.one(changes, PricePolicy(item_price="line"))
    (line,) = wire(submission.payload)["OrderLine"]
    assert line["UnitPrice"] == D(unit)
    assert charges(line, "OrderLineChargeDetail")[0][2] == D(rounding)
    adds_up(submission, price)


def test_a_discount_whose_parts_are_not_known_is_one(kit):
    off = {f"{LINE}.discounts": "4.00", f"{LINE}.subtotal_price": "16.00"}
    changes = priced("23.00", **off, **{"orders.0.subtotal_price": "16.00"})
    changes[f"{LINE}.applied_discounts"] = [{"name": "A", "amount": "1.00"}]
    submission = kit.one(changes)
    (line,) = wire(submission.payload)["OrderLine"]
    assert charges(line, "OrderLineChargeDetail") == [
        ("o-1-line-l-1-discount", "Discount", D("-4.00"), "Line")
    ]
    adds_up(submission, "23.00")


def test_discounts_are_named_whatever_their_sign(kit):
    off = {f"{LINE}.discounts": "-4.00", f"{LINE}.subtotal_price": "16.00"}
    changes = priced("23.00", **off, **{"orders.0.subtotal_price": "16.00"})
    changes[f"{LINE}.applied_discounts"] = [
        {"name": "A", "amount": "-1.00"},
        {"name": "Nothing", "amount": None},
        {"amount": "3.00"},
    ]
    submission = kit.one(changes)
    (line,) = wire(submission.payload)["OrderLine"]
    assert charges(line, "OrderLineChargeDetail") == [
        ("o-1-line-l-1-discount-1", "A", D("-1.00"), "Line"),
        ("o-1-line-l-1-discount-3", "Discount", D("-3.00"), "Line"),
    ]
    adds_up(submission, "23.00")


def test_a_discount_beyond_the_lines_is_on_shipping(kit):
    changes = priced("4.00", **{"orders.0.discounts": "23.00"})
    submission = kit.one(changes, EXCLUSIVE)
    sent = wire(submission.payload)
    assert charges(sent) == [
        ("o-1-shipping", "UPS Ground", D("5.00"), None),
        ("o-1-discount", "Discount", D("-20.00"), "Order"),
        ("o-1-shipping-discount", "Shipping discount", D("-3.00"), "Charges"),
    ]
    assert sent["OrderChargeDetail"][2]["RelatedChargeType"] == "Shipping"
    adds_up(submission, "4.00")


def test_a_discount_takes_no_more_off_a_charge_than_it_is(kit):
    # All of 20.00 and 5.00 are taken off; of the latter 0.50 are tax, sent beside the charge.
    changes = priced(
        "2.00",
        **{
            "orders.0.discounts": "25.00",
            "orders.0.shipping_rate.tax_behavior": "inclusive",
            "orders.0.tax": "2.50",
        },
    )
    submission = kit.one(changes, EXCLUSIVE)
    assert [each[2:] for each in charges(wire(submission.payload))] == [
        (D("4.50"), None),
        (D("-20.50"), "Order"),
        (D("-4.50"), "Charges"),
    ]
    adds_up(submission, "2.00")


def test_shipping_that_includes_tax_beside_lines_that_do_not(kit):
    changes = priced(
        "27.00", **{"orders.0.shipping_rate.tax_behavior": "inclusive", "orders.0.tax": "2.50"}
    )
    submission = kit.one(changes, EXCLUSIVE)
    sent = wire(submission.payload)
    assert [each["ChargeTotal"] for each in sent["OrderChargeDetail"]] == [D("4.50")]
    (tax,) = sent["OrderTaxDetail"]
    assert (tax["TaxAmount"], tax["TaxableAmount"], "IsInformational" in tax) == (
        D("0.50"),
        D("4.50"),
        False,
    )
    adds_up(submission, "27.00")


def test_lines_that_include_tax_beside_shipping_that_does_not(kit):
    changes = priced(
        "25.50", **{"orders.0.shipping_rate.tax_behavior": "exclusive", "orders.0.tax": "2.50"}
    )
    submission = kit.one(changes, INCLUSIVE)
    sent = wire(submission.payload)
    (charge,) = sent["OrderChargeDetail"]
    (tax,) = sent["OrderTaxDetail"]
    assert (charge["ChargeTotal"], charge["IsTaxIncluded"]) == (D("5.50"), True)
    assert (tax["TaxAmount"], tax["IsInformational"]) == (D("0.50"), True)
    adds_up(submission, "25.50")


TAX_OF_NOTHING = {
    # A tax of 3.00 of which the lines say 2.00, and nothing is charged for shipping.
    "no charge": {"orders.0.shipping_rate": None, "orders.0.tax": "3.00"},
    "tax on shipping that is free": {
        "orders.0.shipping_rate.amount": "0.00",
        "orders.0.tax": "3.00",
        "orders.0.tax_data": {"shipping": {"total_tax_amount": "1.00"}},
    },
}


@pytest.mark.parametrize("name", TAX_OF_NOTHING)
def test_tax_that_is_of_nothing_in_particular_is_on_the_lines(kit, name):
    data = kit.data(priced("23.00", **TAX_OF_NOTHING[name]))
    first = data["orders"][0]["order_items"][0]
    first |= {"quantity": 1, "subtotal_price": "10.00", "tax": "1.00", "tax_rate": "0.1"}
    data["orders"][0]["order_items"].append({**first, "id": "l-2"})
    (submission,) = kit.transform(data, EXCLUSIVE)
    sent = wire(submission.payload)
    assert "OrderTaxDetail" not in sent
    assert [
        (tax["TaxAmount"], tax["TaxRate"])
        for line in sent["OrderLine"]
        for tax in line["OrderLineTaxDetail"]
    ] == [(D("1.50"), D("0.15"))] * 2
    assert UNPLACED.format("1.00") in submission.notes
    adds_up(submission, "23.00")


def test_lines_that_state_more_tax_than_their_order_do_not_add_up(kit):
    submission = kit.one(priced("26.00", **{"orders.0.tax": "1.00"}))
    assert computed_total(submission.payload) == 27
    assert "the order costs 26.00, and its lines, charges and taxes make 27.00" in (
        submission.notes
    )


@pytest.mark.parametrize(
    ("stated", "amount", "taxable", "rate"),
    [
        ("0.07", "1.40", "20.00", "0.07"),
        ("7", "1.40", "20.00", "0.07"),
        ("8.875", "1.78", "20.00", "0.08875"),
        # Half a percent, and one percent, and not a half or all of it.
        ("0.5", "0.10", "20.00", "0.005"),
        ("1", "0.20", "20.00", "0.01"),
        ("1", "20.00", "20.00", "1"),
        # Nothing tells which it is but its size.
        ("0.07", "0.00", "0.00", "0.07"),
        ("7", "0.00", "0.00", "0.07"),
        (None, "1.40", "20.00", "0.07"),
        ("0", "1.40", "20.00", "0.07"),
        (None, "1.00", "3.00", "0.333333"),
        (None, "1.00", "0.00", None),
        (None, "1.00", "-1.00", None),
        # No fraction: the amount is sent without it.
        (None, "3.00", "2.00", None),
        ("700", "0.00", "0.00", None),
        ("-0.07", "0.00", "0.00", None),
    ],
)
def test_tax_rates_are_fractions(stated, amount, taxable, rate):
    found = tax_rate(stated and D(stated), D(amount), D(taxable))
    assert found == (rate and D(rate))


def test_the_taxable_amount_is_never_below_nothing(kit):
    changes = priced("2.00", **{f"{LINE}.tax": "20.00", "orders.0.discounts": "23.00"})
    submission = kit.one(changes, INCLUSIVE)
    (line,) = wire(submission.payload)["OrderLine"]
    # Tax that is inside of the prices is capped at what the discount left of them.
    assert "OrderLineTaxDetail" not in line


def test_the_largest_amounts_are_exact(kit):
    price = "999999999999999999.99"
    changes = {f"{LINE}.quantity": 2_147_483_647, f"{LINE}.price": price}
    changes |= {f"{LINE}.subtotal_price": None, "orders.0.subtotal_price": None}
    changes |= {"orders.0.price": None, "price": None, "payments": []}
    submission = kit.one(changes, EXCLUSIVE)
    (line,) = submission.payload.order_line
    assert (line.unit_price, line.order_line_charge_detail) == (D(price), ())
    # 999999999999999999.99 x 2147483647, 5.00 for shipping, 2.00 of tax.
    assert computed_total(submission.payload) == D("2147483646999999999978525170.53")
    assert not [note for note in submission.notes if "costs" in note]


def test_only_the_whole_states_its_discount(kit):
    # 40.00 less 4.00, which no order says: 2.00 of each.
    data = kit.data({"price": "50.00", "discounts": "4.00", "payments.0.amount": "50.00"})
    data["orders"].append(kit.data({"orders.0.id": "o-2"})["orders"][0])
    submissions = kit.transform(data, EXCLUSIVE)
    for submission in submissions:
        assert ("Discount", D("-2.00")) in [each[1:3] for each in charges(wire(submission.payload))]
        adds_up(submission, "25.00")


def test_the_shares_of_a_payment_come_to_each_order(kit):
    data = kit.data({"price": "54.00", "payments.0.amount": "33.33"})
    data["payments"].append({**data["payments"][0], "id": "pay-2", "amount": "20.67"})
    data["orders"].append(kit.data({"orders.0.id": "o-2"})["orders"][0])
    submissions = kit.transform(data)
    amounts = [
        [method.amount for method in each.payload.payment[0].payment_method] for each in submissions
    ]
    assert [sum(each) for each in amounts] == [27, 27]
    assert [sum(each) for each in zip(*amounts, strict=True)] == [D("33.33"), D("20.67")]
    assert [
        each.payment_method_id for each in submissions[1].payload.payment[0].payment_method
    ] == [
        "o-2-pay-1",
        "o-2-pay-2",
    ]


def test_payments_whose_ids_are_missing_or_alike_are_told_apart(kit):
    data = kit.data()
    part = {"status": "succeeded", "amount": "9.00", "currency": "USD"}
    data["payments"] = [{**part, "id": "2"}, part, {**part, "external_id": " "}]
    (submission,) = kit.transform(data)
    assert [each.payment_method_id for each in submission.payload.payment[0].payment_method] == [
        "o-1-2",
        "o-1-2-2",
        "o-1-3",
    ]


def test_lines_whose_ids_are_missing_or_alike_are_told_apart(kit):
    data = kit.data()
    item = {**data["orders"][0]["order_items"][0], "price": "0", "subtotal_price": "0", "tax": "0"}
    data["orders"][0]["order_items"] += [
        {**item, "id": "l-1"},
        {**item, "id": None, "source_external_id": "s-3"},
        {**item, "id": " "},
    ]
    (submission,) = kit.transform(data)
    assert [line.order_line_id for line in submission.payload.order_line] == [
        "l-1",
        "l-1-2",
        "s-3",
        "4",
    ]
