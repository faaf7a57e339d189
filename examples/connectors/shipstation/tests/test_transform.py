"""What becomes of an order, as it is sent."""

from decimal import Decimal

import pytest
from conftest import an_order
from multiorder_sync import InvalidSettings, Secret, Untransformable

from multiorder_shipstation.settings import ShippingMethod, ShipStationSettings


@pytest.fixture
def payload(walk):
    """Give a function that returns what is sent for an order."""

    def make(order=None, **settings):
        made = []

        async def test(world):
            made.append(world.submission(order).payload)

        walk(test, **settings)
        return made[0]

    return make


def total(payload):
    """Add up the order as ShipStation does."""
    lines = sum(item.unit_price * item.quantity for item in payload.items)
    return lines + payload.tax_amount + payload.shipping_amount


def test_an_order_is_transformed(payload):
    made = payload()
    assert (made.order_key, made.order_number, made.order_status) == (
        "o-1",
        "o-1",
        "awaiting_shipment",
    )
    (item,) = made.items
    assert (item.sku, item.quantity, item.unit_price) == ("SKU-1", 2, Decimal("10.00"))
    assert (made.ship_to.name, made.ship_to.country) == ("Ada Lovelace", "GB")
    assert made.bill_to == made.ship_to
    assert (made.amount_paid, made.payment_method) == (Decimal("25.00"), "card")
    assert "Paid: 25.00 by card stripe pi_1" in made.internal_notes


def test_dates_are_pacific(payload):
    assert payload().order_date == "2026-06-30T23:30:00"
    winter = an_order(merchant_created_at="2026-01-15T20:00:00Z")
    assert payload(winter).order_date == "2026-01-15T12:00:00"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        (  # 3 for 10.00: no unit price fits.
            {
                "price": "10.00",
                "subtotal_price": "10.00",
                "tax": "0",
                "order_items": [
                    {"id": "1", "sku": "A", "quantity": 3, "price": "10.00", "tax": "0"}
                ],
            },
            ["Rounding and differences"],
        ),
        (  # A discount on the whole order.
            {
                "price": "22.00",
                "discounts": "3.00",
                "applied_discounts": [{"name": "SUMMER", "amount": "3.00"}],
            },
            ["SUMMER"],
        ),
        # Figures that do not add up: what was paid counts.
        ({"price": "26.10"}, ["Rounding and differences"]),
        (  # More off than the lines cost: shipping has lost the rest.
            {
                "price": "0.00",
                "discounts": "30.00",
                "tax": "0",
                "shipping_rate": {"service_name": "UPS", "amount": "5.00"},
                "order_items": [
                    {"id": "1", "sku": "A", "quantity": 2, "price": "10.00", "tax": "0"}
                ],
            },
            ["Discount"],
        ),
    ],
)
def test_the_total_is_the_orders(payload, changes, names):
    made = payload(an_order(**changes))
    assert total(made) == Decimal(changes.get("price", "25.00"))
    assert [item.name for item in made.items if item.adjustment] == names


@pytest.mark.parametrize(
    ("rate", "service"),
    [
        ({"external_id": "next", "service_name": "UPS"}, "ups_next_day_air"),
        ({"external_id": "other", "service_name": "UPS"}, "ups_ground"),
        ({"external_id": "other", "service_name": "USPS"}, "usps_priority_mail"),
        (None, "usps_priority_mail"),
    ],
)
def test_a_shipping_method_is_found_by_id_then_by_name_then_by_star(payload, rate, service):
    methods = {
        "next": ShippingMethod(carrier_code="ups", service_code="ups_next_day_air"),
        "UPS": ShippingMethod(carrier_code="ups", service_code="ups_ground"),
        "*": ShippingMethod(carrier_code="stamps_com", service_code="usps_priority_mail"),
    }
    made = payload(an_order(shipping_rate=rate), shipping_methods=methods)
    assert made.service_code == service


def test_a_rate_that_is_not_listed_is_left_to_the_account(payload):
    made = payload(an_order(shipping_rate={"display_name": "Fast", "service_name": "UPS"}))
    assert (made.carrier_code, made.service_code) == (None, None)
    assert made.requested_shipping_service == "Fast / UPS"


def test_what_nobody_ships_is_marked_and_held(payload):
    items = [
        {"sku": "A", "quantity": 1, "price": "10.00", "metadata": {"digital": True}},
        {"sku": "B", "quantity": 1, "price": "10.00", "metadata": {"pickup_location_ref": "S-1"}},
    ]
    order = an_order(
        order_items=items,
        shipping_address=None,
        billing_address={"first_name": "Ada", "country_iso2": "GB"},
    )
    made = payload(order)
    assert [(each.options[0].name, each.options[0].value) for each in made.items[:2]] == [
        ("Delivery", "Digital"),
        ("Pickup at", "S-1"),
    ]
    assert made.order_status == "on_hold"
    assert made.ship_to.country == "GB"
    assert payload(order, unshipped_order_status="awaiting_payment").order_status == (
        "awaiting_payment"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"shipping_address": None, "billing_address": {"country_iso2": "GB"}},
        {"shipping_address": {"first_name": "Ada", "city": "London"}},
    ],
)
def test_what_shipstation_cannot_express_is_said(payload, changes):
    with pytest.raises(Untransformable):
        payload(an_order(**changes))


def test_a_line_without_a_sku_is_said(payload):
    with pytest.raises(Untransformable, match="line 1 names no product"):
        payload(sku="item.metadata.sku")


def test_a_ref_can_be_made_of_the_order(payload):
    made = payload(order_ref="join('-', ['ACME', identity])")
    assert made.order_key == "ACME-o-1"
    with pytest.raises(Untransformable, match="order_ref"):
        payload(order_ref="order.metadata.nothing")


def test_a_long_ref_is_the_key_and_its_beginning_the_number(payload):
    made = payload(an_order(id="o" * 60))
    assert (made.order_key, made.order_number) == ("o" * 60, "o" * 50)


def test_only_payments_that_count_are_paid(payload):
    assert payload(payment_statuses=("captured",)).amount_paid == 0
    assert payload(payment_methods={"card": "Credit Card"}).payment_method == "Credit Card"


def test_every_expression_that_is_none_is_named():
    with pytest.raises(InvalidSettings) as raised:
        ShipStationSettings(
            api_key=Secret("k"), api_secret=Secret("s"), sku="nowhere.sku", order_ref="join("
        )
    assert [problem.path for problem in raised.value.problems] == ["order_ref", "sku"]
