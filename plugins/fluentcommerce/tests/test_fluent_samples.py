"""The sample orders, each with what becomes of it read off by hand."""

from decimal import Decimal

import pytest

from multiorder_fluentcommerce.payload import wire

ONE_UNIT = "item_price: auto read item prices as being for one unit"
LINE = "item_price: auto read item prices as being for the whole line"
EXCLUDING = "tax_behavior: auto read prices as excluding tax"
INCLUDING = "tax_behavior: auto read prices as including tax"

# For each order: its id; type; net total and tax; shipping and its tax; and for each line product,
# quantity, price and paid price of one unit, line total, tax of one unit and of the line.
FIGURES = {
    "single": [
        (
            "34937246-d732-474d-b4f2-b7f96e333613 HD 116.50 9.62 8.50 0.70",
            "CER-MUG-SPK-12 4 18.50 18.50 74.00 1.5275 6.11",
            "CER-POUR-SPK 1 34.00 34.00 34.00 2.81 2.81",
        )
    ],
    "multi-two-addresses": [
        (
            "308d987f-5093-43b2-a55d-cc60950354c1 HD 128.64 11.61 9.99 0.90",
            "KIT-SKIL-10 1 89.95 89.95 89.95 8.12 8.12",
            "KIT-TONG-SS 2 14.35 14.35 28.70 1.295 2.59",
        ),
        (
            "30723e0b-6815-450d-9695-79814307530b HD 120.74 9.38 14.25 0",
            "TEA-SAMP-24 1 64.00 64.00 64.00 5.64 5.64",
            "TEA-INF-GLS 1 42.49 42.49 42.49 3.74 3.74",
        ),
        (
            "93f3574b-d50f-4a3e-8d73-c210bb6b73f4 HD 222.75 20.11 24.90 2.25",
            "FRN-SHLF-OAK-4 1 159.00 159.00 159.00 14.35 14.35",
            "FRN-HOOK-BRS 5 7.77 7.77 38.85 0.702 3.51",
        ),
    ],
    "guest": [
        (
            "e3fab3e1-8ae8-4c82-9aad-d8d87c8b35e2 HD 141.00 18.33 12.00 1.56",
            "RAIN-JKT-TEAL-M 1 129.00 129.00 129.00 16.77 16.77",
        )
    ],
    # The order's 20.00 are shared as 4.21, 8.95 and 6.84.
    "discounts-and-promotion": [
        (
            "cf4d8ce5-79fb-4bc6-8a12-f7c2d85e1e58 HD 216.05 18.52 7.95 0",
            "CNDL-FIG-220 3 16.00 14.596667 48.00 1.30 3.90",
            "THRW-WOOL-RUST 2 51.05 46.575 102.10 4.145 8.29",
            "VASE-AMBR-L 1 78.00 71.16 78.00 6.33 6.33",
        )
    ],
    "gift-card-and-card": [
        (
            "e6222300-be73-44e9-a9ed-7e49d2edeee4 HD 190.00 14.73 0 0",
            "SHOE-TRL-GRY-105 1 138.00 138.00 138.00 10.70 10.70",
            "SOCK-MER-3PK-L 2 26.00 26.00 52.00 2.015 4.03",
        )
    ],
    "click-and-collect": [
        (
            "d5f1e04b-238b-4aa8-8271-5e171eb941dc CC 207.14 20.71 0 0",
            "CAMP-STOVE-2B 1 171.82 171.82 171.82 17.18 17.18",
            "CAMP-GAS-450 3 11.773333 11.773333 35.32 1.176667 3.53",
        )
    ],
    "digital": [
        (
            "655cc766-4f4d-45d9-949c-aa8274a1a352 MULTI 64.00 0.84 - -",
            "PDF-QUILT-STAR 1 14.00 14.00 14.00 0.84 0.84",
            "GIFT-CARD-50 1 50.00 50.00 50.00 0 0",
        )
    ],
    "mixed-physical-digital": [
        (
            "fb97d76a-f49e-4ff9-a1fe-907d9ac97b42 MULTI 63.46 12.69 3.29 0.66",
            "YARN-DK-MOSS 6 8.125 8.125 48.75 1.625 9.75",
            "NEED-BAM-400 1 6.00 6.00 6.00 1.20 1.20",
            "PDF-CARD-FERN 1 5.42 5.42 5.42 1.08 1.08",
        )
    ],
    "tax-inclusive": [
        (
            "b2175fed-a6c9-43f4-a2ec-0960ab331fdc HD 148.60 24.41 5.00 0.95",
            "LAMP-DESK-MSG 1 90.00 90.00 90.00 17.10 17.10",
            "LEUCHT-E27-WW 4 5.455 5.455 21.82 1.035 4.14",
            "BUCH-LICHT-DE 1 31.78 31.78 31.78 2.22 2.22",
        )
    ],
    # The order's 500 are shared as 381 and 119.
    "jpy": [
        (
            "6c81c235-5c77-4059-aaba-dccefd493379 HD 15580 1486 700 70",
            "KETL-IRON-12 1 11671 11290 11671 1129 1129",
            "TEA-SENCHA-100 3 1236.333333 1196.666667 3709 95.666667 287",
        )
    ],
    # The order's 2.125 are shared as 1.221 and 0.904.
    "kwd": [
        (
            "86fbe963-4d62-4dd4-a7e2-6ecbb80c117a HD 31.750 0 1.250 0",
            "OUD-BURN-BRS 1 18.750 17.529 18.750 0 0",
            "COFF-ARAB-250 3 4.625 4.323667 13.875 0 0",
        )
    ],
    "non-latin-names": [
        (
            "d5e5bdaa-9407-430f-802f-5607414dd810 HD 51.50 0 19.50 0",
            "PLUSH-FOX-M 1 32.00 32.00 32.00 0 0",
        ),
        (
            "dbbb209c-6e8f-482c-97e5-5da1dd03f780 HD 103.50 0 19.50 0",
            "CHES-OLIV-32 1 84.00 84.00 84.00 0 0",
        ),
        (
            "f365d743-c102-4bb3-8a21-eace993c59a0 HD 49.40 4.04 6.90 0.56",
            "TIN-DULCE-12 2 21.25 21.25 42.50 1.74 3.48",
        ),
    ],
    # The order's 10.00 are shared as 3.95 and 6.05.
    "single-order-body": [
        (
            "106c71e7-d2d2-4fa2-bfb1-4c112a2981d2 HD 185.50 11.11 10.50 0",
            "HAT-CABL-OAT 2 36.50 34.525 73.00 2.19 4.38",
            "GLV-SHRL-M 1 112.00 105.95 112.00 6.73 6.73",
        )
    ],
}

# For each order, each payment: amount, scale, unscaled value, currency, method, card, processor.
PAYMENTS = {
    "single": ["126.12 2 12612 USD CREDITCARD VISA stripe"],
    # 175.00 and 338.23 for orders of 140.25, 130.12 and 242.86.
    "multi-two-addresses": [
        "47.82 2 4782 USD PAYPAL - paypal; 92.43 2 9243 USD CREDITCARD MASTERCARD stripe",
        "44.37 2 4437 USD PAYPAL - paypal; 85.75 2 8575 USD CREDITCARD MASTERCARD stripe",
        "82.81 2 8281 USD PAYPAL - paypal; 160.05 2 16005 USD CREDITCARD MASTERCARD stripe",
    ],
    "guest": ["159.33 2 15933 CAD CREDITCARD AMEX adyen"],
    "discounts-and-promotion": ["234.57 2 23457 USD CREDITCARD DISCOVER stripe"],
    "gift-card-and-card": [
        "75.00 2 7500 USD GIFTVOUCHER - givex; 129.73 2 12973 USD CREDITCARD VISA stripe"
    ],
    "click-and-collect": ["227.85 2 22785 AUD CREDITCARD MASTERCARD adyen"],
    "digital": ["64.84 2 6484 USD PAYPAL - paypal"],
    "mixed-physical-digital": ["76.15 2 7615 GBP CREDITCARD VISA stripe"],
    "tax-inclusive": ["173.01 2 17301 EUR CREDITCARD - adyen"],
    "jpy": ["17066 0 17066 JPY CREDITCARD JCB stripe"],
    "kwd": ["31.750 3 31750 KWD CREDITCARD - adyen"],
    "non-latin-names": [
        "51.50 2 5150 USD CREDITCARD UNIONPAY stripe",
        "103.50 2 10350 USD CREDITCARD UNIONPAY stripe",
        "53.44 2 5344 USD CREDITCARD UNIONPAY stripe",
    ],
    "single-order-body": ["196.61 2 19661 USD CREDITCARD VISA stripe"],
    "hundred-lines": ["5322.26 2 532226 USD CREDITCARD - stripe"],
}

INCLUSIVE = {"click-and-collect", "mixed-physical-digital", "tax-inclusive", "jpy"}


def amount(text):
    return None if text == "-" else Decimal(text)


def choices_of(payload):
    single = [payload["fulfilmentChoice"]] if "fulfilmentChoice" in payload else []
    return single or payload["fulfilmentChoices"]


def test_every_sample_is_here(kit):
    assert {*FIGURES, "hundred-lines"} == set(kit.samples) == set(PAYMENTS)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_a_sample(kit, name):
    submissions = kit.transform(name)
    assert len(submissions) == len(FIGURES[name])
    for submission, (head, *lines) in zip(submissions, FIGURES[name], strict=True):
        ref, kind, total, tax, shipping, shipping_tax = head.split()
        sent = wire(submission.payload)
        assert (submission.ref, sent["ref"], sent["type"]) == (ref, ref, kind)
        assert submission.orders == (ref,)
        assert (sent["totalPrice"], sent["totalTaxPrice"]) == (amount(total), amount(tax))
        charged, *rest = choices_of(sent)
        assert charged.get("fulfilmentPrice") == amount(shipping)
        assert charged.get("fulfilmentTaxPrice") == amount(shipping_tax)
        assert not [choice for choice in rest if "fulfilmentPrice" in choice]
        assert [
            (
                item["productRef"],
                item["quantity"],
                item["price"],
                item["paidPrice"],
                item["totalPrice"],
                item["taxPrice"],
                item["totalTaxPrice"],
            )
            for item in sent["items"]
        ] == [
            (product, int(quantity), *map(amount, figures))
            for product, quantity, *figures in map(str.split, lines)
        ]


@pytest.mark.parametrize("name", PAYMENTS)
def test_payments_of_a_sample(kit, name):
    submissions = kit.transform(name)
    external_ids = [payment["external_id"] for payment in kit.sample(name)["payments"]]
    for submission, expected in zip(submissions, PAYMENTS[name], strict=True):
        sent = wire(submission.payload)["financialTransactions"]
        assert [
            (
                each["amount"],
                each["scale"],
                each["unscaledValue"],
                each["currency"],
                each["paymentMethod"],
                each.get("cardType", "-"),
                each["paymentProvider"],
            )
            for each in sent
        ] == [
            (Decimal(paid), int(scale), int(unscaled), *rest)
            for paid, scale, unscaled, *rest in map(str.split, expected.split("; "))
        ]
        assert [each["externalTransactionId"] for each in sent] == external_ids
        assert [each["ref"] for each in sent] == [
            f"{submission.ref}-{number}" for number in range(1, len(sent) + 1)
        ]
        assert {each["type"] for each in sent} == {"PAYMENT"}


@pytest.mark.parametrize("name", FIGURES)
def test_notes_of_a_sample_say_how_it_was_read(kit, name):
    for submission in kit.transform(name):
        assert submission.notes == (ONE_UNIT, INCLUDING if name in INCLUSIVE else EXCLUDING)


@pytest.mark.parametrize("name", FIGURES)
def test_refs_and_currency_of_a_sample(kit, name):
    data = kit.sample(name)
    orders = data.get("orders", [data])
    for submission, order in zip(kit.transform(name), orders, strict=True):
        sent = wire(submission.payload)
        lines = order.get("order_items") or order["items"]
        assert [item["ref"] for item in sent["items"]] == [line["id"] for line in lines]
        assert {item["currency"] for item in sent["items"]} == {data["currency"]}
        assert {item["productCatalogueRef"] for item in sent["items"]} == {"PC:MASTER:1"}
        assert {choice["currency"] for choice in choices_of(sent)} == {data["currency"]}
        assert sent["retailer"] == {"id": "1"}


def test_a_hundred_lines(kit):
    (submission,) = kit.transform("hundred-lines")
    lines = kit.sample("hundred-lines")["orders"][0]["order_items"]
    sent = wire(submission.payload)
    assert submission.notes == (LINE, EXCLUDING)
    assert (sent["type"], sent["totalPrice"], sent["totalTaxPrice"]) == (
        "HD",
        Decimal("5044.80"),
        Decimal("277.46"),
    )
    assert [
        (item["ref"], item["productRef"], item["quantity"], item["totalPrice"])
        for item in sent["items"]
    ] == [(line["id"], line["sku"], line["quantity"], Decimal(line["price"])) for line in lines]
    assert sum(item["totalPrice"] for item in sent["items"]) == Decimal("4996.80")
    assert sent["items"][0]["price"] == Decimal("8.95")
    assert sent["fulfilmentChoice"]["fulfilmentPrice"] == Decimal("48.00")
    assert sent["fulfilmentChoice"]["fulfilmentTaxPrice"] == Decimal("277.46") - sum(
        Decimal(line["tax"]) for line in lines
    )
