"""What Fluent can't hold is said in one sentence, before anything is sent."""

import pytest

from multiorder_sync import PricePolicy, Untransformable

LINE = "orders.0.order_items.0"
SHIP = "orders.0.shipping_address"
LONG = "x" * 256
STORE = {"orders.0.metadata": {"pickup_location_ref": "STORE-1"}}

# What is changed in the ordinary order, the settings, and what is said of it.
CASES = {
    "no e-mail": ({"email": None}, {}, "needs the shopper's e-mail"),
    "long e-mail": ({"email": f"{LONG}@x.com"}, {}, "characters of the e-mail"),
    "no customer ref": ({}, {"customer_ref": "customer.id"}, "customer_ref gives no text"),
    "customer ref no text": ({}, {"customer_ref": "`7`"}, "for this order but 7"),
    "long customer ref": (
        {"id": "x" * 251},
        {"customer_ref": "multi_order.id"},
        "250 characters of the customer's ref",
    ),
    "no product": ({}, {"product_ref": "item.metadata.code"}, "names no product for the item l-1"),
    "product no text": ({}, {"product_ref": "item.quantity"}, "names no product"),
    "long product": ({f"{LINE}.sku": LONG}, {}, "255 characters of a product's ref"),
    "no address": ({SHIP: None}, {}, "no shipping_address"),
    "no delivery type": ({}, {"delivery_types": {}}, "No delivery type is configured"),
    "no order ref": ({}, {"order_ref": "order.metadata.ref"}, "order_ref gives no text"),
    "order ref no text": ({}, {"order_ref": "order.order_items"}, "order_ref gives no text"),
    "long order ref": ({"orders.0.id": LONG}, {}, "255 characters of an order's ref"),
    "long configured ref": (
        {},
        {"order_ref": f"join('', ['{LONG}', identity])"},
        "255 characters of an order's ref",
    ),
    "long choice ref": ({"orders.0.id": "x" * 254}, {}, "255 characters of a fulfilment choice's"),
    "long address ref": (
        {"orders.0.id": "x" * 253, f"{SHIP}.id": None},
        {},
        "255 characters of an address's ref",
    ),
    "long address id": ({f"{SHIP}.id": LONG}, {}, "255 characters of an address's ref"),
    "long line id": ({f"{LINE}.id": LONG}, {}, "255 characters of a line's ref"),
    "long first name": (
        {f"{SHIP}.first_name": LONG, **STORE},
        {},
        "255 characters of the first name",
    ),
    "long last name": (
        {f"{SHIP}.last_name": LONG, **STORE},
        {},
        "255 characters of the last name",
    ),
    "long phone": ({"phone": "5" * 256}, {}, "255 characters of the phone number"),
    "long name": ({f"{SHIP}.last_name": "x" * 252}, {}, "of shipping_address's name"),
    "long bill name": (
        {"billing_address.first_name": LONG},
        {},
        "255 characters of billing_address's name",
    ),
    "long state": ({f"{SHIP}.state": "x" * 201}, {}, "200 characters of shipping_address's state"),
    "long postcode": ({f"{SHIP}.postal_code": "1" * 101}, {}, "100 characters of"),
    "long country": ({f"{SHIP}.country_iso2": "x" * 101}, {}, "100 characters of"),
    "long customer country": (
        {"billing_address": None, f"{SHIP}.country_iso2": "x" * 101, **STORE},
        {},
        "100 characters of the customer's country",
    ),
    "long region": (
        {f"{SHIP}.state": "A", f"{SHIP}.province": "x" * 251},
        {},
        "250 characters of shipping_address's region",
    ),
    "long pickup location": (
        {"orders.0.metadata": {"pickup_location_ref": LONG}},
        {},
        "255 characters of a pickup location's ref",
    ),
    "long processor": ({"payments.0.processor_name": LONG}, {}, "of a payment's processor_name"),
    "long payment id": ({"payments.0.external_id": LONG}, {}, "of a payment's external_id"),
    "no currency": (
        {"currency": None, "orders.0.currency": None, "payments.0.currency": None},
        {},
        "A payment has no currency, and neither has its order",
    ),
    "odd payment currency": ({"payments.0.currency": "POINTS"}, {}, "3 characters of a currency"),
    "odd order currency": ({"orders.0.currency": "POINTS"}, {}, "3 characters of a currency"),
    "total below nothing": (
        {"orders.0.price": "1.00", "price": "1.00"},
        {},
        "The order's total comes to -1.00",
    ),
    "blank order ref": ({"orders.0.id": " "}, {}, "no blank text as an order's ref"),
    "blank line ref": ({f"{LINE}.id": " "}, {}, "no blank text as a line's ref"),
    "blank product": ({f"{LINE}.sku": "\t"}, {}, "no blank text as a product's ref"),
    "blank e-mail": ({"email": " "}, {"customer_ref": "order.id"}, "needs the shopper's e-mail"),
    "blank customer ref": ({"email": " "}, {}, "needs the shopper's e-mail"),
    "blank address ref": ({f"{SHIP}.id": " "}, {}, "no blank text as an address's ref"),
    "blank currency": ({"payments.0.currency": "  "}, {}, "no blank text as a currency"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_fluent_cannot_hold(kit, name):
    changes, settings, said = CASES[name]
    with pytest.raises(Untransformable, match=said):
        kit.one(changes, **settings)


INCLUSIVE = PricePolicy(item_price="unit", tax_behavior="inclusive")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {
                "orders.0.tax_data": {"shipping": {"total_tax_amount": "6.00"}},
                "orders.0.tax": "6.00",
                f"{LINE}.tax": "0",
                "orders.0.price": "25.00",
            },
            "The order's shipping charge comes to -1.00",
        ),
    ],
    ids=["shipping"],
)
def test_figures_below_nothing(kit, changes, said):
    with pytest.raises(Untransformable, match=said):
        kit.transform(kit.data(changes), prices=INCLUSIVE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"orders.0.tax_data": {"shipping": {"total_tax_amount": "-1.00"}}},
            "The order's shipping tax comes to -1.00",
        ),
    ],
    ids=["shipping"],
)
def test_tax_below_nothing(kit, changes, said):
    with pytest.raises(Untransformable, match=said):
        kit.one(changes)


def test_a_ref_that_its_tenth_payment_makes_too_long(kit):
    payment = {"status": "succeeded", "amount": "2.70", "currency": "USD"}
    changes = {"orders.0.id": "x" * 253, "payments": [payment] * 10}
    with pytest.raises(Untransformable, match="255 characters of a transaction's ref"):
        kit.one(changes)
    fits = kit.one({**changes, "payments": [{**payment, "amount": "3.00"}] * 9})
    assert len(fits.payload.financial_transactions) == 9


def test_an_expression_that_meets_what_it_cannot_take(kit):
    with pytest.raises(Untransformable, match=r"join\(\) does not take"):
        kit.one(order_ref="join('-', order.id)")


# What is not needed is left out where there is nothing in it, and cut where that is no loss.


def test_blank_parts_of_an_address_are_left_out(kit):
    sent = kit.wire({f"{SHIP}.address2": " ", f"{SHIP}.state": "  ", f"{SHIP}.province": "QLD"})
    address = sent["fulfilmentChoice"]["deliveryAddress"]
    assert "street2" not in address
    assert (address["state"], "region" in address) == ("QLD", False)


def test_long_names_of_the_customer_are_cut_and_told_in_full(kit):
    name = "x" * 51
    customer = {"first_name": name, "last_name": "King", "email": "ada@example.com"}
    sent = kit.wire({"customer": customer})["customer"]
    assert sent["firstName"] == "x" * 50
    assert {"name": "nacelle_customer_first_name", "type": "STRING", "value": name} in sent[
        "attributes"
    ]
    assert "nacelle_customer_last_name" not in [each["name"] for each in sent["attributes"]]


def test_a_long_delivery_comment_is_cut_and_told_in_full(kit):
    comment = "Ring. " * 50
    sent = kit.wire({f"{SHIP}.comment": comment})
    assert sent["fulfilmentChoice"]["deliveryInstruction"] == comment[:250]
    told = {each["name"]: each["value"] for each in sent["attributes"]}
    assert told["nacelle_delivery_comment"] == comment


@pytest.mark.parametrize(
    ("phone", "short"),
    [
        ("+44 20 7946 0000", "+44 20 7946 0000"),
        ("+44 (0)20 7946 0000 (home)", "+4402079460000"),
        ("no telephone, and no number", None),
        ("+44 20 7946 0000 or +44 20 7946 0001", None),
    ],
)
def test_a_long_phone_number_is_shortened_or_left_out(kit, phone, short):
    customer = {"email": "ada@example.com", "phone": phone}
    sent = kit.wire({"customer": customer})["customer"]
    assert sent.get("primaryPhone") == short
    told = {each["name"]: each["value"] for each in sent["attributes"]}
    assert told.get("nacelle_customer_phone") == (None if phone == short else phone)
