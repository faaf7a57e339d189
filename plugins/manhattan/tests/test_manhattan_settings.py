"""Every setting of a Manhattan space, with what it changes."""

import pytest

from multiorder_manhattan.settings import (
    EXPRESSION_VARIABLES,
    DeliveryMethods,
    ManhattanSettings,
)
from multiorder_sync import Secret, Untransformable

LINE = "orders.0.order_items.0"
COLLECT = {"orders.0.metadata": {"pickup_location_ref": "STORE-1"}}
DIGITAL = {f"{LINE}.metadata": {"digital": True}}
SHORT = {"payments.0.amount": "26.99"}


def method_of(sent):
    (payment,) = sent["Payment"]
    (method,) = payment["PaymentMethod"]
    return method


@pytest.mark.parametrize(
    ("name", "place", "default"),
    [
        ("order_type_id", "OrderType.OrderTypeId", "Ecom Order"),
        ("doc_type_id", "DocType.DocTypeId", "CustomerOrder"),
        ("selling_channel_id", "SellingChannel.SellingChannelId", "Web"),
        ("uom", "OrderLine.0.UOM", "EACHES"),
        ("tax_type_id", "OrderLine.0.OrderLineTaxDetail.0.TaxTypeId", "SALES"),
        ("is_confirmed", "IsConfirmed", True),
        ("gateway_id", "Payment.0.PaymentMethod.0.GatewayId", None),
    ],
)
def test_a_code_of_the_tenant(kit, name, place, default):
    def found(sent):
        for step in place.split("."):
            sent = sent[int(step)] if step.isdigit() else sent.get(step)
        return sent

    own = False if default is True else "OWN"
    assert found(kit.wire()) == default
    assert found(kit.wire(**{name: own})) == own


def test_the_tax_type_of_shipping(kit):
    with_tax = {"orders.0.tax": "2.50", "orders.0.price": "27.50"}
    (tax,) = kit.wire(with_tax, tax_type_id="VAT")["OrderTaxDetail"]
    assert tax["TaxTypeId"] == "VAT"


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ({"ups": "EXP", "Ground": "SLOW", "*": "STD"}, "EXP"),
        ({"Ground": "SLOW", "*": "STD"}, "SLOW"),
        ({"dhl": "EXP", "*": "STD"}, "STD"),
    ],
    ids=["external_id", "service_name", "the rest"],
)
def test_shipping_methods(kit, methods, expected):
    (line,) = kit.wire(shipping_methods=methods)["OrderLine"]
    assert line["ShippingMethodId"] == expected


def test_shipping_methods_without_a_rate(kit):
    no_rate = {"orders.0.shipping_rate": None, "orders.0.price": "22.00", "price": "22.00"}
    (line,) = kit.wire(no_rate, shipping_methods={"*": "ANY"})["OrderLine"]
    assert line["ShippingMethodId"] == "ANY"
    with pytest.raises(Untransformable, match="for the shipping rate none"):
        kit.wire(no_rate, shipping_methods={"ups": "EXP"})
    with pytest.raises(Untransformable, match="for the shipping rate ups / Ground"):
        kit.wire(shipping_methods={"dhl": "EXP"})
    # Nothing is shipped of these, so they need none.
    for changes in (COLLECT, DIGITAL):
        assert "ShippingMethodId" not in kit.wire(changes, shipping_methods={})["OrderLine"][0]


@pytest.mark.parametrize(
    ("changes", "default", "own"),
    [
        ({}, "ShipToAddress", "HOME"),
        (COLLECT, "PickUpAtStore", "STORE"),
        (DIGITAL, "Email", "MAIL"),
    ],
    ids=["home", "collect", "digital"],
)
def test_delivery_methods(kit, changes, default, own):
    methods = DeliveryMethods(home="HOME", collect="STORE", digital="MAIL")
    (line,) = kit.wire(changes)["OrderLine"]
    assert line["DeliveryMethod"] == {"DeliveryMethodId": default}
    (line,) = kit.wire(changes, delivery_methods=methods)["OrderLine"]
    assert line["DeliveryMethod"] == {"DeliveryMethodId": own}


@pytest.mark.parametrize(
    ("payment_type", "default", "own"),
    [
        ("card", "Credit Card", "Credit Card"),
        ("CARD", "Credit Card", "Credit Card"),
        ("debit_card", "Debit", "Debit"),
        ("paypal", "PayPal", "PP"),
        ("giftcard", "Gift Card", "Gift Card"),
        ("klarna", "Credit Card", "Klarna"),
        ("iou", "Credit Card", "Other"),
        (None, "Credit Card", "Other"),
    ],
)
def test_payment_types(kit, payment_type, default, own):
    changes = {"payments.0.payment_type": payment_type}
    types = {"Klarna": "Klarna", "PayPal": "PP", "*": "Other"}
    assert method_of(kit.wire(changes))["PaymentType"] == {"PaymentTypeId": default}
    sent = kit.wire(changes, payment_types=types)
    assert method_of(sent)["PaymentType"] == {"PaymentTypeId": own}


@pytest.mark.parametrize(
    ("brand", "default", "own"),
    [
        ("visa", "Visa", "VISA"),
        ("American Express", "Amex", "Amex"),
        ("unionpay", None, "UnionPay"),
        (None, None, None),
    ],
)
def test_card_types(kit, brand, default, own):
    changes = {"payments.0.card_brand": brand}
    types = {"Visa": "VISA", "UnionPay": "UnionPay"}
    for card_types, expected in (({}, default), (types, own)):
        sent = method_of(kit.wire(changes, card_types=card_types))
        assert sent.get("CardType") == ({"CardTypeId": expected} if expected else None)


def test_payments_that_are_captured_and_that_are_not(kit):
    captured = method_of(kit.wire())
    assert (captured["CurrentSettledAmount"], "CurrentAuthAmount" in captured) == (27, False)
    authorized = method_of(kit.wire(payment_state="authorized"))
    assert (authorized["CurrentAuthAmount"], "CurrentSettledAmount" in authorized) == (27, False)
    kinds = [
        each["PaymentTransaction"][0]["TransactionType"]["PaymentTransactionTypeId"]
        for each in (captured, authorized)
    ]
    assert kinds == ["Settlement", "Authorization"]
    # Whatever they are called, they are the same parts of the order.
    for name in ("PaymentMethodId", "Amount", "CurrencyCode"):
        assert captured[name] == authorized[name]


def test_payments_that_count(kit):
    data = kit.data()
    pending = {"id": "pay-2", "status": "pending", "amount": "27.00", "currency": "USD"}
    data["payments"].append(pending)
    (default,) = kit.transform(data)
    assert [each.payment_method_id for each in default.payload.payment[0].payment_method] == [
        "o-1-pay-1"
    ]
    (own,) = kit.transform(data, payment_statuses=("pending",))
    assert [each.payment_method_id for each in own.payload.payment[0].payment_method] == [
        "o-1-pay-2"
    ]


def test_the_order_ref(kit):
    assert kit.one().ref == "o-1"
    submission = kit.one(order_ref="join('-', ['AU', multi_order.id, order.id, identity])")
    assert submission.ref == submission.payload.order_id == "AU-mo-1-o-1-o-1"
    assert submission.payload.payment[0].payment_method[0].payment_method_id == (
        "AU-mo-1-o-1-o-1-pay-1"
    )
    # What the order is called in answers to Nacelle is not changed by it.
    assert submission.orders == ("o-1",)


def test_the_item_id(kit):
    assert kit.wire()["OrderLine"][0]["ItemId"] == "SKU-1"
    assert kit.wire({f"{LINE}.sku": None})["OrderLine"][0]["ItemId"] == "variant-1"
    sent = kit.wire(item_id="join(':', [multi_order.currency, order.id, item.variant_id])")
    assert sent["OrderLine"][0]["ItemId"] == "USD:o-1:variant-1"


def test_where_lines_go(kit):
    (line,) = kit.wire({f"{LINE}.metadata": {"shop": "S-7"}}, pickup_location="item.metadata.shop")[
        "OrderLine"
    ]
    assert line["ShipToLocationId"] == "S-7"
    (line,) = kit.wire({f"{LINE}.sku": "PDF-1"}, digital="starts_with(item.sku, 'PDF-')")[
        "OrderLine"
    ]
    assert line["DeliveryMethod"] == {"DeliveryMethodId": "Email"}


def test_figures_that_do_not_add_up_are_sent_with_a_warning(kit):
    sent, submission = kit.wire(SHORT), kit.one(SHORT)
    assert submission.notes[-1] == "the payments that count come to 26.99, the order to 27.00"
    assert "OrderHold" not in sent
    assert (
        sent["Payment"][0]["PaymentMethod"][0]["Amount"]
        == kit.decode(kit.data(SHORT)).payments[0].amount
    )


def test_figures_that_do_not_add_up_are_held(kit):
    (hold,) = kit.wire(SHORT, totals="hold", hold_type_id="FIGURES")["OrderHold"]
    assert hold == {
        "HoldTypeId": "FIGURES",
        "StatusId": "1000",
        "ApplyReasonComments": "the payments that count come to 26.99, the order to 27.00",
    }
    assert (
        kit.one(SHORT, totals="hold", hold_type_id="FIGURES").notes[-1]
        in (hold["ApplyReasonComments"])
    )
    assert "OrderHold" not in kit.wire(totals="hold", hold_type_id="FIGURES")


def test_figures_that_do_not_add_up_are_refused_with_the_figures(kit):
    with pytest.raises(
        Untransformable, match=r"do not add up: the payments that count come to 26\.99, .* 27\.00\."
    ):
        kit.one(SHORT, totals="refuse")
    off = {"orders.0.price": "27.01", "payments.0.amount": "27.01"}
    with pytest.raises(Untransformable, match=r"costs 27\.01, .* make 27\.00\.$"):
        kit.one(off, totals="refuse")
    assert kit.one(totals="refuse") == kit.one()


def test_an_order_that_nobody_paid_for_does_not_add_up(kit):
    submission = kit.one({"payments.0.status": "failed"})
    assert submission.payload.payment == ()
    assert submission.notes[-1] == "the payments that count come to 0, the order to 27.00"
    free = {
        "payments": [],
        f"{LINE}.price": "0.00",
        f"{LINE}.subtotal_price": "0.00",
        f"{LINE}.tax": "0.00",
        "orders.0.subtotal_price": "0.00",
        "orders.0.tax": "0.00",
        "orders.0.price": "0.00",
        "orders.0.shipping_rate": None,
    }
    assert not [note for note in kit.one(free).notes if "payments" in note]


def test_the_length_of_attributes(kit):
    changes = {"orders.0.comment": "x" * 256}
    short = kit.one(changes)
    assert "nacelle_order_comment" not in short.payload.order_attribute
    assert short.notes[-1] == (
        "nacelle_order_comment is longer than an attribute can be and was left out"
    )
    long = kit.one(changes, attribute_length=256)
    assert long.payload.order_attribute["nacelle_order_comment"] == "x" * 256
    assert not [note for note in long.notes if "attribute" in note]


@pytest.mark.parametrize(
    ("base_url", "token_url"),
    [
        ("https://acmes.omni.manh.com", "https://acmes-auth.omni.manh.com/oauth/token"),
        ("https://acmes.omni.manh.com/", "https://acmes-auth.omni.manh.com/oauth/token"),
        ("https://ACMES.Omni.manh.com", "https://ACMES-auth.Omni.manh.com/oauth/token"),
        ("https://acmes.omni.manh.com:443", "https://acmes-auth.omni.manh.com:443/oauth/token"),
        ("https://acmes.omni.manh.com/gate/", "https://acmes-auth.omni.manh.com/oauth/token"),
        # No tenant's host: a gateway or a stand-in, which is taken to issue tokens itself.
        ("http://127.0.0.1:8082", "http://127.0.0.1:8082/oauth/token"),
        ("https://oms.example.com/manh", "https://oms.example.com/oauth/token"),
        ("https://omni.manh.com", "https://omni.manh.com/oauth/token"),
        ("https://a.omni.manh.com.example", "https://a.omni.manh.com.example/oauth/token"),
    ],
)
def test_the_token_url_is_derived(kit, base_url, token_url):
    assert kit.settings(base_url=base_url).token_endpoint == token_url
    own = "https://sso.example.com/token"
    assert kit.settings(base_url=base_url, token_url=own).token_endpoint == own


def test_headers(kit):
    assert kit.settings().headers == {}
    both = kit.settings(organization="ACME-UK", extra_headers={"X-Gateway": Secret("7")})
    assert both.headers == {"Organization": "ACME-UK", "X-Gateway": Secret("7")}
    assert "7" not in repr(both.extra_headers)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_url": "acmes.omni.manh.com"}, "base_url: 'acmes.omni.manh.com' must start"),
        ({"token_url": "ftp://x"}, "token_url: 'ftp://x' must start with https"),
        ({"totals": "hold"}, "needs hold_type_id"),
        ({"totals": "hold", "hold_type_id": ""}, "needs hold_type_id"),
        ({"order_ref": "orders.id"}, "order_ref: "),
        ({"order_ref": "order.id ||"}, "order_ref: "),
        ({"item_id": "identity"}, "item_id: "),
        ({"pickup_location": "items[]"}, "pickup_location: "),
        ({"digital": "order.["}, "digital: "),
    ],
)
def test_settings_that_cannot_work_are_refused_when_loaded(kit, changes, said):
    with pytest.raises(ValueError, match=said):
        kit.settings(**changes)


def test_no_secret_is_shown(kit):
    for shown in (repr(kit.settings()), str(kit.settings())):
        assert "sandbox-password" not in shown
        assert "sandbox-client-secret" not in shown


def test_every_setting_has_its_test(kit):
    tried = {
        *("base_url", "token_url", "client_id", "client_secret", "username", "password"),
        *("organization", "extra_headers", "order_ref", "item_id", "pickup_location", "digital"),
        *("multi_order", "order_type_id", "doc_type_id", "selling_channel_id", "uom"),
        *("shipping_methods", "delivery_methods", "payment_types", "card_types", "gateway_id"),
        *("payment_state", "payment_statuses", "tax_type_id", "is_confirmed", "hold_type_id"),
        *("totals", "attribute_length"),
    }
    assert set(ManhattanSettings.__struct_fields__) == tried
    assert set(EXPRESSION_VARIABLES) < tried
