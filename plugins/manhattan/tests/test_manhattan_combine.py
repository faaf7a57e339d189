"""`multi_order = "combine"`: the orders of a multi-order as one Manhattan order."""

from decimal import Decimal

import pytest

from multiorder_manhattan.payload import computed_total, wire
from multiorder_sync import PricePolicy, Untransformable

D = Decimal
FIRST, SECOND, THIRD = (
    "308d987f-5093-43b2-a55d-cc60950354c1",
    "30723e0b-6815-450d-9695-79814307530b",
    "93f3574b-d50f-4a3e-8d73-c210bb6b73f4",
)
WHOLE = "5f57f4d1-c625-48d4-9b3e-107c9a50eafb"


def combined(kit, data="multi-two-addresses", prices=None, **settings):
    (submission,) = kit.transform(data, prices, multi_order="combine", **settings)
    return submission, wire(submission.payload)


def two(kit, changes=None, own=None):
    """Return a multi-order of two ordinary orders, the second changed by path."""
    data = kit.data({"price": "54.00", "payments.0.amount": "54.00", **(changes or {})})
    second = kit.data({"orders.0.id": "o-2", "orders.0.source_external_id": "WEB-2", **(own or {})})
    data["orders"] += second["orders"]
    return data


def test_the_whole_is_one_order(kit):
    submission, sent = combined(kit)
    assert submission.ref == sent["OrderId"] == WHOLE
    assert submission.orders == (FIRST, SECOND, THIRD)
    assert "AlternateOrderId" not in sent
    assert [line["ItemId"] for line in sent["OrderLine"]] == [
        "KIT-SKIL-10",
        "KIT-TONG-SS",
        "TEA-SAMP-24",
        "TEA-INF-GLS",
        "FRN-SHLF-OAK-4",
        "FRN-HOOK-BRS",
    ]
    assert computed_total(submission.payload) == D("513.23")


def test_lines_keep_their_addresses_and_each_order_its_charge(kit):
    _, sent = combined(kit)
    assert [line["ShipToAddress"]["Address"]["City"] for line in sent["OrderLine"]] == [
        "Minneapolis",
        "Minneapolis",
        "Denver",
        "Denver",
        "Minneapolis",
        "Minneapolis",
    ]
    assert [
        (each["ChargeDetailId"], each["ChargeTotal"]) for each in sent["OrderChargeDetail"]
    ] == [
        (f"{WHOLE}-1-shipping", D("9.99")),
        (f"{WHOLE}-2-shipping", D("14.25")),
        (f"{WHOLE}-3-shipping", D("24.90")),
    ]


def test_the_header_has_one_tax_on_shipping(kit):
    _, sent = combined(kit)
    (tax,) = sent["OrderTaxDetail"]
    # 0.90 on 9.99 and 2.25 on 24.90.
    assert (tax["TaxAmount"], tax["TaxableAmount"], tax["TaxCode"]) == (
        D("3.15"),
        D("34.89"),
        "Shipping",
    )
    assert tax["TaxRate"] == D("0.090284")


def test_payments_stay_whole(kit):
    _, sent = combined(kit)
    assert [
        (method["PaymentMethodId"], method["Amount"])
        for method in sent["Payment"][0]["PaymentMethod"]
    ] == [
        (f"{WHOLE}-0b704db3-6ed1-4809-970d-6474aeaa2756", D("175.00")),
        (f"{WHOLE}-76638c4e-0e7e-4ca2-9e27-aab05af18165", D("338.23")),
    ]


def test_payments_of_the_orders_themselves(kit):
    data = two(kit)
    payment = data.pop("payments")[0]
    for number, order in enumerate(data["orders"], start=1):
        order["payments"] = [{**payment, "id": f"pay-{number}", "amount": "27.00"}]
    submission, sent = combined(kit, data)
    assert [
        (method["PaymentMethodId"], method["Amount"])
        for method in sent["Payment"][0]["PaymentMethod"]
    ] == [("mo-1-pay-1", D("27.00")), ("mo-1-pay-2", D("27.00"))]
    assert not [note for note in submission.notes if "payments" in note]


def test_what_an_order_says_is_numbered(kit):
    _, sent = combined(kit)
    found = kit.attributes(sent)
    assert found["nacelle_multi_order_id"] == WHOLE
    assert [found[f"nacelle_order_id_{number}"] for number in (1, 2, 3)] == [FIRST, SECOND, THIRD]
    assert found["nacelle_order_metadata_2"] == '{"gift":true}'
    assert "nacelle_order_id" not in found
    # What the orders only have from the whole is said once.
    assert not [name for name in found if name.startswith("nacelle_client_data_")]


def test_line_ids_that_two_orders_share_are_told_apart(kit):
    _, sent = combined(kit, two(kit))
    assert [line["OrderLineId"] for line in sent["OrderLine"]] == ["l-1", "l-1-2"]


def test_a_single_order_is_as_it_is_without(kit):
    for name in ("single", "single-order-body", "tax-inclusive"):
        assert kit.transform(name, multi_order="combine") == kit.transform(name)


@pytest.mark.parametrize("first", ["inclusive", "exclusive"])
def test_orders_whose_prices_differ_in_their_tax(kit, first):
    # Both have 2.50 of tax; one in its 25.00, one on top of them.
    gross = {"orders.0.tax": "2.50", "orders.0.price": "25.00"}
    net = {"orders.0.tax": "2.50", "orders.0.price": "27.50"}
    one, other = (gross, net) if first == "inclusive" else (net, gross)
    data = two(kit, {**one, "price": "52.50", "payments.0.amount": "52.50"}, other)
    submission, sent = combined(kit, data, PricePolicy(item_price="unit"))
    assert computed_total(submission.payload) == D("52.50")
    assert not [note for note in submission.notes if "costs" in note or "payments" in note]
    # Shipping is sent without its tax for both: of one tax there is one record.
    (tax,) = sent["OrderTaxDetail"]
    assert (tax["TaxAmount"], "IsInformational" in tax) == (D("1.00"), False)
    assert sorted(each["ChargeTotal"] for each in sent["OrderChargeDetail"]) == [
        D("4.50"),
        D("5.00"),
    ]
    included = [line.get("IsTaxIncluded") for line in sent["OrderLine"]]
    assert included == ([True, None] if first == "inclusive" else [None, True])


def test_prices_that_include_tax_beside_an_order_without_any(kit):
    gross = {"orders.0.tax": "2.50", "orders.0.price": "25.00"}
    free = {"orders.0.tax": "0", "orders.0.order_items.0.tax": "0", "orders.0.price": "25.00"}
    data = two(kit, {**gross, "price": "50.00", "payments.0.amount": "50.00"}, free)
    submission, sent = combined(kit, data)
    assert computed_total(submission.payload) == 50
    (tax,) = sent["OrderTaxDetail"]
    assert tax["IsInformational"] is True


def test_orders_in_several_currencies_cannot_be_one(kit):
    data = two(kit, None, {"orders.0.currency": "EUR"})
    with pytest.raises(Untransformable, match="Orders in EUR and USD can't be one order"):
        combined(kit, data)
    assert len(kit.transform(data)) == 2


def test_figures_of_the_whole_that_do_not_add_up(kit):
    with pytest.raises(Untransformable, match=r"come to 53\.99, the order to 54\.00"):
        combined(kit, two(kit, {"payments.0.amount": "53.99"}), totals="refuse")


def test_the_order_ref_of_the_whole(kit):
    submission, _ = combined(kit, order_ref="join('-', ['X', identity, order.id])")
    assert submission.ref == f"X-{WHOLE}-{FIRST}"
