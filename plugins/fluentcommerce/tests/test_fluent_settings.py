"""Every setting of a Fluent space, with what it changes."""

from decimal import Decimal

import msgspec
import pytest

from multiorder_fluentcommerce.settings import (
    EXPRESSION_VARIABLES,
    CustomerDefaults,
    FluentSettings,
    FulfilmentTypes,
    OrderTypes,
)
from multiorder_sync import InvalidSettings, Untransformable

LINE = "orders.0.order_items.0"
COLLECT = {"orders.0.metadata": {"pickup_location_ref": "STORE-1"}}
DIGITAL = {f"{LINE}.metadata": {"digital": True}}
SECOND = {
    "id": "l-2",
    "sku": "SKU-2",
    "quantity": 1,
    "price": "0.00",
    "tax": "0.00",
    "metadata": {"digital": True},
}


def test_an_empty_catalogue_is_left_to_fluent(kit):
    assert kit.wire()["items"][0]["productCatalogueRef"] == "PC:MASTER:1"
    assert kit.wire(product_catalogue_ref="PC:2:2")["items"][0]["productCatalogueRef"] == "PC:2:2"
    for nothing in ("", None):
        assert "productCatalogueRef" not in kit.wire(product_catalogue_ref=nothing)["items"][0]


def test_the_retailer(kit):
    sent = kit.wire(retailer_id="34")
    assert sent["retailer"] == sent["customer"]["retailer"] == {"id": "34"}


ORDER_TYPES = OrderTypes(home="HOME", collect="STORE", mixed="BOTH", digital="NONE")
FULFILMENT_TYPES = FulfilmentTypes(home="HD_PFDC", collect="CC_PFDC", digital="MAIL")


@pytest.mark.parametrize(
    ("changes", "order_type", "choice_type", "fulfilment_type"),
    [
        ({}, "HOME", "HOME", "HD_PFDC"),
        (COLLECT, "STORE", "STORE", "CC_PFDC"),
        (DIGITAL, "NONE", "MAIL", "MAIL"),
    ],
    ids=["home", "collect", "digital"],
)
def test_order_and_fulfilment_types(kit, changes, order_type, choice_type, fulfilment_type):
    sent = kit.wire(changes, order_types=ORDER_TYPES, fulfilment_types=FULFILMENT_TYPES)
    assert sent["type"] == order_type
    choice = sent["fulfilmentChoice"]
    assert (choice["type"], choice["fulfilmentType"]) == (choice_type, fulfilment_type)


def test_the_type_of_a_mixed_order(kit):
    data = kit.data()
    data["orders"][0]["order_items"].append(SECOND)
    (submission,) = kit.transform(data, order_types=ORDER_TYPES, fulfilment_types=FULFILMENT_TYPES)
    assert submission.payload.type == "BOTH"
    assert submission.payload.fulfilment_choice is None
    kinds = [
        (choice.type, choice.fulfilment_type) for choice in submission.payload.fulfilment_choices
    ]
    assert kinds == [("HOME", "HD_PFDC"), ("MAIL", "MAIL")]


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ({"ups": "EXPRESS", "Ground": "SLOW", "*": "STANDARD"}, "EXPRESS"),
        ({"Ground": "SLOW", "*": "STANDARD"}, "SLOW"),
        ({"dhl": "EXPRESS", "*": "STANDARD"}, "STANDARD"),
    ],
    ids=["external_id", "service_name", "the rest"],
)
def test_delivery_types(kit, types, expected):
    assert kit.wire(delivery_types=types)["fulfilmentChoice"]["deliveryType"] == expected


def test_without_a_rate_the_rest_holds(kit):
    no_rate = {"orders.0.shipping_rate": None, "orders.0.price": "22.00", "price": "22.00"}
    sent = kit.wire(no_rate, delivery_types={"*": "ANY"})
    assert sent["fulfilmentChoice"]["deliveryType"] == "ANY"
    assert "fulfilmentPrice" not in sent["fulfilmentChoice"]
    with pytest.raises(Untransformable, match="for the shipping rate none"):
        kit.wire(no_rate, delivery_types={"ups": "EXPRESS"})


def test_a_rate_that_no_delivery_type_is_for(kit):
    with pytest.raises(Untransformable, match="for the shipping rate ups / Ground"):
        kit.wire(delivery_types={"dhl": "EXPRESS"})


def test_the_delivery_type_of_digital_lines(kit):
    sent = kit.wire(DIGITAL, digital_delivery_type="DOWNLOAD", delivery_types={})
    assert sent["fulfilmentChoices"][0]["deliveryType"] == "DOWNLOAD"


def test_the_order_ref(kit):
    assert kit.one().ref == "o-1"
    submission = kit.one(order_ref="join('-', ['AU', multi_order.id, order.id, identity])")
    assert submission.ref == submission.payload.ref == "AU-mo-1-o-1-o-1"
    assert submission.payload.fulfilment_choice.ref == "AU-mo-1-o-1-o-1-1"
    assert submission.payload.financial_transactions[0].ref == "AU-mo-1-o-1-o-1-1"
    # What the order is called in answers to Nacelle is not changed by it.
    assert submission.orders == ("o-1",)


def test_the_product_ref(kit):
    assert kit.wire()["items"][0]["productRef"] == "SKU-1"
    without_sku = kit.wire({f"{LINE}.sku": None})
    assert without_sku["items"][0]["productRef"] == "variant-1"
    sent = kit.wire(product_ref="join(':', [multi_order.currency, order.id, item.variant_id])")
    assert sent["items"][0]["productRef"] == "USD:o-1:variant-1"


def test_the_customer_ref(kit):
    assert kit.wire()["customer"]["username"] == "ada@example.com"
    assert kit.wire()["customer"]["primaryEmail"] == "Ada@Example.com"
    known = {"customer": {"id": "c-1", "email": "ada@example.org"}}
    sent = kit.wire(known, customer_ref="join(':', [customer.id, email, order.id])")
    assert sent["customer"]["username"] == "c-1:Ada@Example.com:o-1"
    assert kit.wire(customer_ref="multi_order.id")["customer"]["username"] == "mo-1"


def test_what_customers_are_given(kit):
    defaults = CustomerDefaults(timezone="Europe/London", country="XX", promotion_opt_in=True)
    customer = kit.wire(customer_defaults=defaults)["customer"]
    assert (customer["timezone"], customer["country"], customer["promotionOptIn"]) == (
        "Europe/London",
        "XX",
        True,
    )
    customer = kit.wire()["customer"]
    assert (customer["timezone"], customer["country"], customer["promotionOptIn"]) == (
        "UTC",
        "GB",
        False,
    )


def test_the_pickup_location(kit):
    assert kit.wire()["type"] == "HD"
    for changes in (
        COLLECT,
        {f"{LINE}.metadata": {"pickup_location_ref": "STORE-1"}},
        {
            "orders.0.fulfillments": [
                {"delivery_method": "pickup", "assigned_location_id": "STORE-1"}
            ]
        },
        {"orders.0.fulfillments": [{"delivery_type": "pickup", "assigned_location_id": "STORE-1"}]},
    ):
        sent = kit.wire(changes)
        assert (sent["type"], sent["fulfilmentChoice"]["pickupLocationRef"]) == ("CC", "STORE-1")
    planned = {"orders.0.fulfillments": [{"assigned_location_id": "STORE-1"}]}
    assert kit.wire(planned)["type"] == "HD"
    sent = kit.wire({f"{LINE}.metadata": {"shop": 12}}, pickup_location="item.metadata.shop")
    assert sent["fulfilmentChoice"]["pickupLocationRef"] == "12"


def test_lines_collected_in_two_stores(kit):
    data = kit.data({f"{LINE}.metadata": {"pickup_location_ref": "A"}})
    second = {**SECOND, "metadata": {"pickup_location_ref": "B"}}
    data["orders"][0]["order_items"].append(second)
    (submission,) = kit.transform(data)
    assert submission.payload.type == "MULTI"
    assert [each.pickup_location_ref for each in submission.payload.fulfilment_choices] == [
        "A",
        "B",
    ]
    assert [each.fulfilment_price for each in submission.payload.fulfilment_choices] == [
        Decimal("5.00"),
        None,
    ]


def test_what_is_digital(kit):
    for changes in (DIGITAL, {f"{LINE}.metadata": {"gift_card": True}}):
        sent = kit.wire(changes)
        assert sent["type"] == "MULTI"
        assert [choice["type"] for choice in sent["fulfilmentChoices"]] == ["DIGITAL"]
    assert kit.wire({f"{LINE}.metadata": {"digital": False}})["type"] == "HD"
    sent = kit.wire({f"{LINE}.metadata": {"kind": "file"}}, digital="item.metadata.kind == 'file'")
    assert sent["fulfilmentChoices"][0]["type"] == "DIGITAL"


PAYMENTS = {
    "payments": [
        {"external_id": "a", "status": "succeeded", "amount": "20.00"},
        {"external_id": "b", "status": "pending", "amount": "5.00"},
        {"external_id": "c", "amount": "2.00"},
    ]
}


@pytest.mark.parametrize(
    ("statuses", "counted"),
    [(("succeeded",), "a c"), (("succeeded", "pending"), "a b c"), ((), "c")],
    ids=["default", "two", "none"],
)
def test_the_payments_that_count(kit, statuses, counted):
    submission = kit.one(PAYMENTS, payment_statuses=statuses)
    sent = submission.payload.financial_transactions
    assert [each.external_transaction_id for each in sent] == counted.split()
    paid = sum(each.amount for each in sent)
    note = f"the payments that count come to {paid}, the order to 27.00"
    assert (note in submission.notes) == (paid != 27)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("card", "CREDITCARD"),
        ("PayPal", "PAYPAL"),
        ("gift_card", "GIFTVOUCHER"),
        ("cash", "CASH"),
        ("afterpay", "AFTERPAY"),
        ("barter", "CREDITCARD"),
        (None, "CREDITCARD"),
    ],
)
def test_default_payment_methods(kit, kind, method):
    sent = kit.wire({"payments.0.payment_type": kind})
    assert sent["financialTransactions"][0]["paymentMethod"] == method


def test_payment_methods(kit):
    def method(kind, methods):
        changes = {"payments.0.payment_type": kind}
        return kit.wire(changes, payment_methods=methods)["financialTransactions"][0][
            "paymentMethod"
        ]

    own = {"Klarna": "LATER", "card": "AMEX", "*": "OTHER"}
    assert method("klarna", own) == method("KLARNA", own) == "LATER"
    assert method("Card", own) == "AMEX"
    # Beside the defaults, for the types that are not named.
    assert method("paypal", own) == "PAYPAL"
    assert method("barter", own) == method(None, own) == "OTHER"


def test_the_tax_type(kit):
    assert "taxType" not in kit.wire()["items"][0]
    assert kit.wire(tax_type="GST")["items"][0]["taxType"] == "GST"


def test_the_order_total(kit):
    assert kit.wire()["totalPrice"] == Decimal("25.00")
    gross = kit.wire(order_total="gross")
    assert (gross["totalPrice"], gross["totalTaxPrice"]) == (Decimal("27.00"), Decimal("2.00"))


def test_a_slash_at_the_end_of_the_root_is_no_part_of_it(kit):
    assert kit.settings(base_url="https://a.example/").root == "https://a.example"


def test_the_root_must_be_a_url(kit):
    with pytest.raises(ValueError, match=r"base_url: 'a\.example' must start with https://"):
        kit.settings(base_url="a.example")


@pytest.mark.parametrize("name", EXPRESSION_VARIABLES)
@pytest.mark.parametrize(
    ("text", "reason"),
    [("multi_order.", "ends too early"), ("nothing.id", "there is no nothing here")],
)
def test_an_expression_that_cannot_work_is_refused(kit, name, text, reason):
    with pytest.raises(ValueError, match=f"^{name}: .*{reason}"):
        kit.settings(**{name: text})


CONNECTION = {"base_url", "account", "client_id", "client_secret", "username", "password"}
COVERED = {
    "customer_defaults": test_what_customers_are_given,
    "customer_ref": test_the_customer_ref,
    "delivery_types": test_delivery_types,
    "digital": test_what_is_digital,
    "digital_delivery_type": test_the_delivery_type_of_digital_lines,
    "fulfilment_types": test_order_and_fulfilment_types,
    "order_ref": test_the_order_ref,
    "order_total": test_the_order_total,
    "order_types": test_order_and_fulfilment_types,
    "payment_methods": test_payment_methods,
    "payment_statuses": test_the_payments_that_count,
    "pickup_location": test_the_pickup_location,
    "product_catalogue_ref": test_an_empty_catalogue_is_left_to_fluent,
    "product_ref": test_the_product_ref,
    "retailer_id": test_the_retailer,
    "tax_type": test_the_tax_type,
}


def test_no_setting_is_forgotten():
    names = {field.name for field in msgspec.structs.fields(FluentSettings)}
    # `multi_order` has a module of its own, and the connection's are tried against the sandbox.
    assert names == {*COVERED, *CONNECTION, "multi_order"}


def test_all_that_is_wrong_is_said_at_once(kit):
    with pytest.raises(InvalidSettings) as caught:
        kit.settings(
            base_url="https://", order_ref="join(", digital="nothing", payment_methods={"x": ""}
        )
    assert {problem.path for problem in caught.value.problems} == {
        "base_url",
        "order_ref",
        "digital",
        "payment_methods",
    }
