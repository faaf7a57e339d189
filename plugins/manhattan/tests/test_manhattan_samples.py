"""The sample orders, each with what becomes of it read off by hand."""

from decimal import Decimal

import pytest

from multiorder_manhattan.payload import computed_total, wire

ONE_UNIT = "item_price: auto read item prices as being for one unit"
LINE = "item_price: auto read item prices as being for the whole line"
EXCLUDING = "tax_behavior: auto read prices as excluding tax"
INCLUDING = "tax_behavior: auto read prices as including tax"

# For each order: its id, its total, shipping and the tax on it; and for each line item, quantity,
# unit price, how it is delivered, its discounts, its tax, what it is on, and the tax's rate.
FIGURES = {
    "single": [
        (
            "34937246-d732-474d-b4f2-b7f96e333613 126.12 8.50 0.70",
            "CER-MUG-SPK-12 4 18.50 STD - 6.11 74.00 0.0825",
            "CER-POUR-SPK 1 34.00 STD - 2.81 34.00 0.0825",
        )
    ],
    "multi-two-addresses": [
        (
            "308d987f-5093-43b2-a55d-cc60950354c1 140.25 9.99 0.90",
            "KIT-SKIL-10 1 89.95 STD - 8.12 89.95 0.09025",
            "KIT-TONG-SS 2 14.35 STD - 2.59 28.70 0.09025",
        ),
        (
            "30723e0b-6815-450d-9695-79814307530b 130.12 14.25 -",
            "TEA-SAMP-24 1 64.00 STD - 5.64 64.00 0.0881",
            "TEA-INF-GLS 1 42.49 STD - 3.74 42.49 0.0881",
        ),
        (
            "93f3574b-d50f-4a3e-8d73-c210bb6b73f4 242.86 24.90 2.25",
            "FRN-SHLF-OAK-4 1 159.00 STD - 14.35 159.00 0.09025",
            "FRN-HOOK-BRS 5 7.77 STD - 3.51 38.85 0.09025",
        ),
    ],
    # It states no rate: 16.77 on 129.00 is 13 %, and what the lines leave is on shipping.
    "guest": [
        (
            "e3fab3e1-8ae8-4c82-9aad-d8d87c8b35e2 159.33 12.00 1.56",
            "RAIN-JKT-TEAL-M 1 129.00 STD - 16.77 129.00 0.13",
        )
    ],
    # The order's 20.00 are shared as 4.21, 8.95 and 6.84, which the taxes are after.
    "discounts-and-promotion": [
        (
            "cf4d8ce5-79fb-4bc6-8a12-f7c2d85e1e58 234.57 7.95 -",
            "CNDL-FIG-220 3 24.00 STD 24.00 3.90 43.79 0.089",
            "THRW-WOOL-RUST 2 59.50 STD 11.90+5.00 8.29 93.15 0.089",
            "VASE-AMBR-L 1 78.00 STD - 6.33 71.16 0.089",
        )
    ],
    "gift-card-and-card": [
        (
            "e6222300-be73-44e9-a9ed-7e49d2edeee4 204.73 - -",
            "SHOE-TRL-GRY-105 1 138.00 STD - 10.70 138.00 0.0775",
            "SOCK-MER-3PK-L 2 26.00 STD - 4.03 52.00 0.0775",
        )
    ],
    "click-and-collect": [
        (
            "d5f1e04b-238b-4aa8-8271-5e171eb941dc 227.85 - -",
            "CAMP-STOVE-2B 1 189.00 LOC_MELB_CBD - 17.18 171.82 0.10",
            "CAMP-GAS-450 3 12.95 LOC_MELB_CBD - 3.53 35.32 0.10",
        )
    ],
    "digital": [
        (
            "655cc766-4f4d-45d9-949c-aa8274a1a352 64.84 - -",
            "PDF-QUILT-STAR 1 14.00 Email - 0.84 14.00 0.06",
            "GIFT-CARD-50 1 50.00 Email - - - -",
        )
    ],
    "mixed-physical-digital": [
        (
            "fb97d76a-f49e-4ff9-a1fe-907d9ac97b42 76.15 3.95 0.66",
            "YARN-DK-MOSS 6 9.75 STD - 9.75 48.75 0.20",
            "NEED-BAM-400 1 7.20 STD - 1.20 6.00 0.20",
            "PDF-CARD-FERN 1 6.50 Email - 1.08 5.42 0.20",
        )
    ],
    "tax-inclusive": [
        (
            "b2175fed-a6c9-43f4-a2ec-0960ab331fdc 173.01 5.95 0.95",
            "LAMP-DESK-MSG 1 119.00 STD 11.90 17.10 90.00 0.19",
            "LEUCHT-E27-WW 4 6.49 STD - 4.14 21.82 0.19",
            "BUCH-LICHT-DE 1 34.00 STD - 2.22 31.78 0.07",
        )
    ],
    # The order's 500 are shared as 381 and 119.
    "jpy": [
        (
            "6c81c235-5c77-4059-aaba-dccefd493379 17066 770 70",
            "KETL-IRON-12 1 12800 STD - 1129 11290 0.10",
            "TEA-SENCHA-100 3 1480 STD 444 287 3590 0.08",
        )
    ],
    "kwd": [
        (
            "86fbe963-4d62-4dd4-a7e2-6ecbb80c117a 31.750 1.250 -",
            "OUD-BURN-BRS 1 18.750 STD - - - -",
            "COFF-ARAB-250 3 4.625 STD - - - -",
        )
    ],
    "non-latin-names": [
        (
            "d5e5bdaa-9407-430f-802f-5607414dd810 51.50 19.50 -",
            "PLUSH-FOX-M 1 32.00 STD - - - -",
        ),
        (
            "dbbb209c-6e8f-482c-97e5-5da1dd03f780 103.50 19.50 -",
            "CHES-OLIV-32 1 84.00 STD - - - -",
        ),
        (
            "f365d743-c102-4bb3-8a21-eace993c59a0 53.44 6.90 0.56",
            "TIN-DULCE-12 2 21.25 STD - 3.48 42.50 0.081875",
        ),
    ],
    # The order's 10.00 are shared as 3.95 and 6.05.
    "single-order-body": [
        (
            "106c71e7-d2d2-4fa2-bfb1-4c112a2981d2 196.61 10.50 -",
            "HAT-CABL-OAT 2 39.00 STD 5.00 4.38 69.05 0.0635",
            "GLV-SHRL-M 1 112.00 STD - 6.73 105.95 0.0635",
        )
    ],
}

# Discounts of the order as a whole.
DISCOUNTS = {
    "discounts-and-promotion": "Welcome -15.00; Silver member -5.00",
    "jpy": "Points -500",
    "kwd": "Winter offer -2.125",
    "single-order-body": "First order -10.00",
}

# For each order, each payment: what is paid, type, card, token.
PAYMENTS = {
    "single": ["126.12, Credit Card, Visa, pm_1SPmc54vN2dW8qLkRk3b"],
    # 175.00 and 338.23 for orders of 140.25, 130.12 and 242.86.
    "multi-two-addresses": [
        "47.82, PayPal, -, -; 92.43, Credit Card, MasterCard, pm_1SZeL72mQ7xK4pWvTg6c",
        "44.37, PayPal, -, -; 85.75, Credit Card, MasterCard, pm_1SZeL72mQ7xK4pWvTg6c",
        "82.81, PayPal, -, -; 160.05, Credit Card, MasterCard, pm_1SZeL72mQ7xK4pWvTg6c",
    ],
    "guest": ["159.33, Credit Card, Amex, -"],
    "discounts-and-promotion": ["234.57, Credit Card, Discover, pm_1SMtQh7cB5rY1aGeVb2n"],
    "gift-card-and-card": [
        "75.00, Gift Card, -, -; 129.73, Credit Card, Visa, pm_1SYHbT9tF3sJ6mUcQw8d"
    ],
    "click-and-collect": ["227.85, Credit Card, MasterCard, -"],
    "digital": ["64.84, PayPal, -, -"],
    "mixed-physical-digital": ["76.15, Credit Card, Visa, pm_1STtRc5yH8nC2oZiXe4t"],
    "tax-inclusive": ["173.01, Credit Card, -, -"],
    "jpy": ["17066, Credit Card, JCB, pm_1SOOAv8wD1kE7vNbHj9z"],
    "kwd": ["31.750, Credit Card, -, -"],
    "non-latin-names": [
        "51.50, Credit Card, -, pm_1SbgQk3zL6fV9iTyWn1o",
        "103.50, Credit Card, -, pm_1SbgQk3zL6fV9iTyWn1o",
        "53.44, Credit Card, -, pm_1SbgQk3zL6fV9iTyWn1o",
    ],
    "single-order-body": ["196.61, Credit Card, Visa, pm_1SfSSG5hG2uA8xDmLr7s"],
    "hundred-lines": ["5322.26, Credit Card, -, -"],
}

INCLUSIVE = {"click-and-collect", "mixed-physical-digital", "tax-inclusive", "jpy"}

LEFT_OUT = "{} is longer than an attribute can be and was left out"
TOO_LONG = {
    "single": ["nacelle_client_data"],
    "discounts-and-promotion": ["nacelle_discounts", "nacelle_order_discounts"],
    "click-and-collect": ["nacelle_fulfillments"],
    "digital": ["nacelle_fulfillments"],
    "multi-two-addresses": ["nacelle_fulfillments"],
}


def amount(text):
    return None if text == "-" else Decimal(text)


def charges_of(holder, place="OrderChargeDetail"):
    return {each["ChargeDetailId"]: each for each in holder.get(place, ())}


def only(entries):
    (entry,) = entries
    return entry


def orders_of(kit, name):
    data = kit.sample(name)
    return data.get("orders", [data])


def test_every_sample_is_here(kit):
    assert {*FIGURES, "hundred-lines"} == set(kit.samples) == set(PAYMENTS)


@pytest.mark.parametrize("name", FIGURES)
def test_lines_of_a_sample(kit, name):
    included = True if name in INCLUSIVE else None
    submissions = kit.transform(name)
    for submission, (_, *expected) in zip(submissions, FIGURES[name], strict=True):
        lines = wire(submission.payload)["OrderLine"]
        for line, text in zip(lines, expected, strict=True):
            item, quantity, price, way, discounts, tax, taxable, rate = text.split()
            assert (line["ItemId"], line["Quantity"]) == (item, int(quantity))
            assert (line["UnitPrice"], line["UOM"]) == (Decimal(price), "EACHES")
            assert line.get("IsTaxIncluded") is included
            off = [] if discounts == "-" else [-Decimal(each) for each in discounts.split("+")]
            charges = line.get("OrderLineChargeDetail", ())
            assert [charge["ChargeTotal"] for charge in charges] == off
            assert [charge["DiscountOn"] for charge in charges] == [{"DiscountOnId": "Line"}] * len(
                off
            )
            if tax == "-":
                assert "OrderLineTaxDetail" not in line
            else:
                record = only(line["OrderLineTaxDetail"])
                assert (record["TaxAmount"], record["TaxableAmount"], record["TaxRate"]) == (
                    Decimal(tax),
                    Decimal(taxable),
                    Decimal(rate),
                )
                assert record.get("IsInformational") is included
                assert record["TaxTypeId"] == "SALES"
                assert "TaxCode" not in record
            assert way in {
                line.get("ShippingMethodId"),
                line.get("ShipToLocationId"),
                line["DeliveryMethod"]["DeliveryMethodId"],
            }


@pytest.mark.parametrize("name", FIGURES)
def test_the_header_of_a_sample(kit, name):
    included = True if name in INCLUSIVE else None
    submissions, orders = kit.transform(name), orders_of(kit, name)
    for submission, order, (head, *_) in zip(submissions, orders, FIGURES[name], strict=True):
        ref, total, shipping, shipping_tax = head.split()
        sent = wire(submission.payload)
        assert (submission.ref, sent["OrderId"], submission.orders) == (ref, ref, (ref,))
        assert sent.get("AlternateOrderId") == order.get("source_external_id")
        assert computed_total(submission.payload) == Decimal(total)
        charges = charges_of(sent)
        charge = charges.pop(f"{ref}-shipping", {})
        assert charge.get("ChargeTotal") == amount(shipping)
        assert charge.get("IsTaxIncluded") is (included if charge else None)
        taxes = sent.get("OrderTaxDetail", [])
        assert [tax["TaxAmount"] for tax in taxes] == (
            [] if shipping_tax == "-" else [Decimal(shipping_tax)]
        )
        for tax in taxes:
            assert tax["TaxCode"] == charge["TaxCode"] == "Shipping"
            assert tax.get("IsInformational") is included
        assert "; ".join(
            f"{each['ChargeDisplayName']} {each['ChargeTotal']}" for each in charges.values()
        ) == DISCOUNTS.get(name, "")
        assert {each["DiscountOn"]["DiscountOnId"] for each in charges.values()} <= {"Order"}


@pytest.mark.parametrize("name", PAYMENTS)
def test_payments_of_a_sample(kit, name):
    submissions = kit.transform(name)
    external_ids = [payment["external_id"] for payment in kit.sample(name)["payments"]]
    for submission, expected in zip(submissions, PAYMENTS[name], strict=True):
        header = only(wire(submission.payload)["Payment"])
        methods = header["PaymentMethod"]
        for method, text, external_id in zip(
            methods, expected.split("; "), external_ids, strict=True
        ):
            paid, kind, card, token = text.split(", ")
            assert method["PaymentType"] == {"PaymentTypeId": kind}
            assert method.get("CardType", {"CardTypeId": "-"}) == {"CardTypeId": card}
            assert method.get("AccountNumber", "-") == token
            assert method["Amount"] == method["CurrentSettledAmount"] == Decimal(paid)
            transaction = only(method["PaymentTransaction"])
            assert transaction == {
                "PaymentTransactionId": f"{method['PaymentMethodId']}-1",
                "TransactionType": {"PaymentTransactionTypeId": "Settlement"},
                "Status": {"PaymentTransactionStatusId": "Closed"},
                "PaymentResponseStatus": {"PaymentResponseStatusId": "Success"},
                "RequestedAmount": Decimal(paid),
                "ProcessedAmount": Decimal(paid),
                "RequestId": external_id,
            }
        assert sum(method["Amount"] for method in methods) == computed_total(submission.payload)


@pytest.mark.parametrize("name", FIGURES)
def test_notes_of_a_sample_say_how_it_was_read_and_what_was_left_out(kit, name):
    notes = [ONE_UNIT, INCLUDING if name in INCLUSIVE else EXCLUDING]
    left_out = [LEFT_OUT.format(each) for each in TOO_LONG.get(name, ())]
    *others, last = kit.transform(name)
    assert last.notes == (*notes, *left_out)
    assert {each.notes for each in others} <= {tuple(notes)}


@pytest.mark.parametrize("name", FIGURES)
def test_ids_and_the_rest_of_a_sample(kit, name):
    data = kit.sample(name)
    for submission, order in zip(kit.transform(name), orders_of(kit, name), strict=True):
        sent = wire(submission.payload)
        items = order.get("order_items") or order["items"]
        assert [line["OrderLineId"] for line in sent["OrderLine"]] == [each["id"] for each in items]
        assert sent["CurrencyCode"] == data["currency"]
        assert sent["OrderActions"] == {
            "IsAlreadyPriced": True,
            "IsAlreadyCharged": True,
            "IsAlreadyTaxed": True,
            "VersionTimestamp": "1",
        }
        assert sent["DocType"] == {"DocTypeId": "CustomerOrder"}
        assert sent["OrderType"] == {"OrderTypeId": "Ecom Order"}
        assert sent["SellingChannel"] == {"SellingChannelId": "Web"}
        assert sent["IsConfirmed"] is True
        assert "OrderHold" not in sent
        assert kit.attributes(sent)["nacelle_fingerprint"] == submission.fingerprint


def test_a_line_to_an_address(kit):
    sent = wire(kit.transform("multi-two-addresses")[1].payload)
    home = sent["OrderLine"][0]
    assert home["DeliveryMethod"] == {"DeliveryMethodId": "ShipToAddress"}
    stated = kit.sample("multi-two-addresses")["orders"][1]["shipping_address"]
    address = home["ShipToAddress"]["Address"]
    assert (address["FirstName"], address["LastName"]) == (
        stated["first_name"],
        stated["last_name"],
    )
    assert (address["Address1"], address["City"]) == (stated["address1"], stated["city"])
    assert (address["PostalCode"], address["Country"]) == (stated["postal_code"], "US")
    assert address["State"] == stated["state"]
    assert "ShipToLocationId" not in home
    # Every line has it, and the header none.
    assert [line["ShipToAddress"] for line in sent["OrderLine"]] == [home["ShipToAddress"]] * 2
    assert not [name for name in sent if "Address" in name]


def test_a_line_that_is_collected(kit):
    (submission,) = kit.transform("click-and-collect")
    line = wire(submission.payload)["OrderLine"][0]
    assert line["DeliveryMethod"] == {"DeliveryMethodId": "PickUpAtStore"}
    assert line["ShipToLocationId"] == "LOC_MELB_CBD"
    assert line["OrderLinePromisingInfo"] == {"ShipFromLocationId": "LOC_MELB_CBD"}
    assert list(line["OrderLinePickupDetail"]) == [
        {
            "OrderLinePickupDetailId": f"{line['OrderLineId']}-pickup",
            "IsPrimary": True,
            "FirstName": "Callum",
            "LastName": "Fitzgerald-Ngata",
            "Email": "callum.fn@example.com",
            "Phone": "+61491570156",
        }
    ]
    assert not {"ShipToAddress", "ShippingMethodId"} & set(line)


def test_a_line_that_nobody_ships(kit):
    (submission,) = kit.transform("digital")
    pattern, gift_card = wire(submission.payload)["OrderLine"]
    for line in (pattern, gift_card):
        assert line["DeliveryMethod"] == {"DeliveryMethodId": "Email"}
        assert not {"ShipToAddress", "ShippingMethodId", "ShipToLocationId"} & set(line)
    assert (pattern.get("IsGiftCard"), gift_card["IsGiftCard"]) == (None, True)


def test_the_customer(kit):
    (submission,) = kit.transform("non-latin-names")[:1]
    sent, data = wire(submission.payload), kit.sample("non-latin-names")
    assert (sent["CustomerFirstName"], sent["CustomerLastName"]) == (
        data["customer"]["first_name"],
        data["customer"]["last_name"],
    )
    assert (sent["CustomerEmail"], sent["CustomerPhone"]) == (data["email"], data["phone"])


def test_a_guest_has_the_name_of_who_pays(kit):
    (submission,) = kit.transform("guest")
    sent, billing = wire(submission.payload), kit.sample("guest")["billing_address"]
    assert (sent["CustomerFirstName"], sent["CustomerLastName"]) == (
        billing["first_name"],
        billing["last_name"],
    )
    placed = sent["Payment"][0]["PaymentMethod"][0]["BillingAddress"]["Address"]
    assert (placed["Address1"], placed["FirstName"]) == (
        billing["address1"],
        billing["first_name"],
    )


def test_when_it_was_placed(kit):
    (submission,) = kit.transform("tax-inclusive")
    assert wire(submission.payload)["CapturedDate"] == "2026-11-09T19:11:05Z"
    nothing_said = kit.wire({"merchant_created_at": None})
    assert nothing_said["CapturedDate"] == "2026-11-24T09:30:00Z"
    by_order = kit.wire(
        {"merchant_created_at": None, "orders.0.merchant_created_at": "2026-11-23T00:00:00Z"}
    )
    assert by_order["CapturedDate"] == "2026-11-23T00:00:00Z"


def test_what_has_no_field_is_an_attribute(kit):
    (submission,) = kit.transform("gift-card-and-card")
    sent = wire(submission.payload)
    gift, card = sent["Payment"][0]["PaymentMethod"]
    assert kit.attributes(gift, "PaymentMethodAttribute") == {
        "nacelle_payment_id": "7eda8f26-e449-4169-b83a-58e69036eb6b",
        "nacelle_payment_type": "gift_card",
        "nacelle_payment_status": "succeeded",
        "nacelle_processor_name": "givex",
        "nacelle_processor_status": "redeemed",
        "nacelle_payment_data": '{"gift_card_last4":"7781","remaining_balance":"0.00"}',
    }
    assert kit.attributes(card, "PaymentMethodAttribute")["nacelle_card_brand"] == "visa"
    line = kit.attributes(sent["OrderLine"][0], "OrderLineAttribute")
    assert line["nacelle_product_id"] == "trail-runner"
    header = kit.attributes(sent)
    assert header["nacelle_multi_order_id"] == "cd3d7b22-21aa-43db-b8ce-8d4943dc8eb4"
    assert header["nacelle_multi_order_metadata"] == '{"channel":"web"}'
    assert header["nacelle_shipping_service_name"] == "OnTrac"


def test_a_hundred_lines(kit):
    (submission,) = kit.transform("hundred-lines")
    items = kit.sample("hundred-lines")["orders"][0]["order_items"]
    sent = wire(submission.payload)
    assert submission.notes[:2] == (LINE, EXCLUDING)
    assert computed_total(submission.payload) == Decimal("5322.26")
    for line, item in zip(sent["OrderLine"], items, strict=True):
        assert (line["ItemId"], line["Quantity"]) == (item["sku"], item["quantity"])
        off = sum(each["ChargeTotal"] for each in line.get("OrderLineChargeDetail", ()))
        assert line["UnitPrice"] * line["Quantity"] + off == Decimal(item["price"])
        # What does not divide evenly is one rounding of less than a cent for each unit.
        assert off <= 0
        assert -off < Decimal("0.01") * line["Quantity"]
