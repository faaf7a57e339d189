"""Every rule by which the sandbox refuses: a right payload, broken in that one place."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

ABSENT = "<absent>"
SECOND_TRANSACTION = {
    "ref": "pay-2",
    "type": "PAYMENT",
    "amount": 1,
    "currency": "GBP",
    "paymentMethod": "CASH",
}


def limits(path, limit):
    return [(path, "x" * limit, None), (path, "x" * (limit + 1), "C0141E")]


def twice(path, **entry):
    attribute = {"name": "same", "type": "STRING", "value": "1", **entry}
    return (path, [attribute, attribute], "C0160E")


ADDRESS_LIMITS = {
    "companyName": 255,
    "name": 255,
    "street": 255,
    "street2": 255,
    "city": 255,
    "email": 255,
}
SHIP = "fulfilmentChoice.deliveryAddress"

HD_CHANGES = [
    # Lengths
    *limits("ref", 255),
    *limits("type", 255),
    *limits("payment.ref", 255),
    *limits("attributes[0].name", 255),
    *limits("attributes[0].type", 255),
    *limits("items[0].ref", 255),
    *limits("items[0].productRef", 255),
    *limits("items[0].productCatalogueRef", 255),
    *limits("items[0].currency", 3),
    *limits("items[0].attributes[1].name", 255),
    *limits("fulfilmentChoice.ref", 255),
    *limits("fulfilmentChoice.currency", 3),
    *limits("fulfilmentChoice.deliveryInstruction", 250),
    *limits("fulfilmentChoice.deliveryType", 255),
    *limits("fulfilmentChoice.fulfilmentType", 255),
    *limits("fulfilmentChoice.deliveryFirstName", 255),
    *limits("fulfilmentChoice.deliveryLastName", 255),
    *limits("fulfilmentChoice.deliveryContact", 255),
    *limits("fulfilmentChoice.deliveryEmail", 255),
    *limits("fulfilmentChoice.pickupLocationRef", 255),
    *limits(f"{SHIP}.ref", 255),
    *[
        change
        for name, limit in ADDRESS_LIMITS.items()
        for change in limits(f"{SHIP}.{name}", limit)
    ],
    *limits(f"{SHIP}.state", 200),
    *limits(f"{SHIP}.postcode", 100),
    *limits(f"{SHIP}.region", 250),
    *limits(f"{SHIP}.country", 100),
    *limits(f"{SHIP}.timeZone", 32),
    *[
        change
        for name in (*ADDRESS_LIMITS, "state", "postcode", "region", "country", "timeZone")
        for change in limits(f"billingAddress.{name}", 255)
    ],
    *limits("financialTransactions[0].ref", 255),
    *limits("financialTransactions[0].type", 25),
    *limits("financialTransactions[0].currency", 3),
    *limits("financialTransactions[0].externalTransactionCode", 255),
    *limits("financialTransactions[0].externalTransactionId", 255),
    *limits("financialTransactions[0].paymentMethod", 255),
    *limits("financialTransactions[0].paymentProvider", 255),
    # Blank
    ("ref", "", "C0160E"),
    ("ref", " ", "C0160E"),
    ("items[0].productRef", "", "C0160E"),
    ("fulfilmentChoice.deliveryType", "", "C0160E"),
    ("fulfilmentChoice.fulfilmentType", "", None),
    # Negative
    *[
        (path, value, "C0122E")
        for value in (-0.01, -1)
        for path in (
            "totalPrice",
            "totalTaxPrice",
            "items[0].paidPrice",
            "items[0].price",
            "items[0].taxPrice",
            "items[0].totalPrice",
            "items[0].totalTaxPrice",
            "fulfilmentChoice.fulfilmentPrice",
            "fulfilmentChoice.fulfilmentTaxPrice",
            "financialTransactions[0].amount",
        )
    ],
    ("items[0].quantity", -1, "C0122E"),
    ("financialTransactions[0].unscaledValue", -1, "C0122E"),
    ("financialTransactions[0].scale", -1, "C0122E"),
    ("totalPrice", 0, None),
    # Dates
    *[
        ("fulfilmentChoice.deliverAfter", date, code)
        for date, code in {
            "2024-02-29T00:00:00.123456789Z": None,
            "2023-02-29T00:00:00Z": "C0100E",
            "2026-13-01T00:00:00Z": "C0100E",
            "2026-12-01T24:30:00Z": "C0100E",
            "2026-12-01": "C0100E",
            "2026-12-01 00:00:00Z": "C0100E",
            "2026-12-01T00:00Z": "C0100E",
            "2026-12-01T00:00:00+01:00": "C0100E",
            "2026-W49-2T00:00:00Z": "C0100E",
            "tomorrow": "C0100E",
            "": "C0100E",
        }.items()
    ],
    ("fulfilmentChoice.deliverBefore", "tomorrow", "C0100E"),
    ("fulfilmentChoice.dispatchOn", "tomorrow", "C0100E"),
    # Attributes
    twice("attributes"),
    twice("attributes", type="JSON"),
    twice("items[0].attributes"),
    twice("fulfilmentChoice.attributes"),
    twice("financialTransactions[0].attributes"),
    # Lists
    ("items", [], "C0160E"),
    ("items", [None], "C0160E"),
    ("attributes", [None], "C0160E"),
    ("financialTransactions", [None], "C0160E"),
    ("financialTransactions", [], None),
    ("financialTransactions", None, None),
    ("attributes", ABSENT, None),
    # Quantities
    ("items[0].quantity", 0, "C0160E"),
    ("items[0].quantity", 1, None),
    ("items[0].quantity", 2_147_483_647, None),
    # Transactions
    ("financialTransactions[0].amount", 29.11, "C0160E"),
    ("financialTransactions[0].unscaledValue", 2911, "C0160E"),
    ("financialTransactions[0].scale", 3, "C0160E"),
    ("financialTransactions[0].scale", 2_147_483_647, "C0160E"),
    ("financialTransactions[0].scale", ABSENT, "C0160E"),
    ("financialTransactions[0].unscaledValue", None, "C0160E"),
    ("financialTransactions[0]", SECOND_TRANSACTION, None),
    ("financialTransactions[0].cardType", "Visa", "C0160E"),
    ("financialTransactions[0].cardType", "", "C0160E"),
    *[
        ("financialTransactions[0].cardType", card, None)
        for card in (None, "MASTERCARD", "VISA", "AMEX", "DINERS", "SPAN", "DISCOVER")
    ],
    *[
        ("financialTransactions[0].cardType", card, None)
        for card in ("UNIONPAY", "JCB", "MAESTRO", "INTERAC")
    ],
    ("items[0].taxType", "SALES", "C0160E"),
    *[("items[0].taxType", kind, None) for kind in (None, "GST", "VAT", "EXCLTAX")],
    # References
    ("retailer.id", "2", "C0120E"),
    ("retailer.id", 1, None),
    ("customer.id", "999999", "C0120E"),
    ("items[0].fulfilmentChoiceRef", "home", None),
    ("items[0].fulfilmentChoiceRef", "nowhere", "C0120E"),
    # The fulfilment choice
    (SHIP, ABSENT, "C0160E"),
    (SHIP, None, "C0160E"),
    ("fulfilmentChoice.type", "CC", "C0160E"),
    ("fulfilmentChoice.type", "DIGITAL", None),
    ("fulfilmentChoice", ABSENT, None),
    ("fulfilmentChoices", [], "C0160E"),
    (
        "fulfilmentChoices",
        [{"ref": "s", "type": "CC", "deliveryType": "X", "pickupLocationRef": "L"}],
        "C0160E",
    ),
]
CC_CHANGES = [
    ("fulfilmentChoice.pickupLocationRef", ABSENT, "C0160E"),
    ("fulfilmentChoice.pickupLocationRef", "", "C0160E"),
    ("fulfilmentChoice.type", "HD", "C0160E"),
    ("type", "HD", "C0160E"),
    ("type", "DIGITAL", None),
]
MULTI_CHANGES = [
    ("fulfilmentChoices[0].deliveryAddress", ABSENT, "C0160E"),
    ("fulfilmentChoices[1].pickupLocationRef", ABSENT, "C0160E"),
    ("fulfilmentChoices[0].type", "CC", "C0160E"),
    ("fulfilmentChoices[1].type", ABSENT, None),
    ("fulfilmentChoices[1].ref", ABSENT, "C0120E"),
    ("fulfilmentChoices[1].ref", "home", "C0160E"),
    ("fulfilmentChoices[1].currency", "GBPX", "C0141E"),
    ("fulfilmentChoices[1]", None, "C0160E"),
    ("items[0].fulfilmentChoiceRef", ABSENT, "C0160E"),
    ("items[1].fulfilmentChoiceRef", None, "C0160E"),
    ("items[1].fulfilmentChoiceRef", "nowhere", "C0120E"),
    twice("fulfilmentChoices[1].attributes"),
]
ORDER_CHANGES = [
    (kind, *change)
    for kind, changes in {"HD": HD_CHANGES, "CC": CC_CHANGES, "MULTI": MULTI_CHANGES}.items()
    for change in changes
]


def short(value):
    text = repr(value)
    return text if len(text) < 40 else f"{len(text)} characters"


@pytest.mark.parametrize("kind", ["HD", "CC", "MULTI"])
async def test_a_right_order_is_taken(fluent, kind):
    answer = await fluent.create_order(fluent.order(kind))

    created = answer["data"]["createOrder"]
    assert "errors" not in answer
    assert (created["ref"], created["type"], created["status"]) == ("W-1", kind, "CREATED")
    assert (await fluent.held())[0]["id"] == created["id"]


@pytest.mark.parametrize(("kind", "path", "value", "code"), ORDER_CHANGES, ids=short)
async def test_an_order_is_taken_or_refused_for_one_change(fluent, kind, path, value, code):
    order = fluent.order(kind, path, fluent.ABSENT if value is ABSENT else value)

    answer = await fluent.create_order(order)

    if code is None:
        assert "errors" not in answer
        assert len(await fluent.held()) == 1
    else:
        assert answer["data"] == {"createOrder": None}
        assert [error["code"] for error in answer["errors"]] == [code]
        assert answer["errors"][0]["path"] == ["createOrder"]
        assert await fluent.held() == []


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("title", "Mx", None),
        *limits("username", 250),
        *limits("primaryEmail", 250),
        *limits("timezone", 32),
        *limits("title", 50),
        *limits("firstName", 50),
        *limits("lastName", 50),
        *limits("country", 100),
        *limits("primaryPhone", 20),
        *limits("department", 255),
        *limits("attributes[0].name", 255),
        ("username", "", "C0160E"),
        ("primaryEmail", " ", "C0160E"),
        ("retailer.id", "2", "C0120E"),
        ("username", "ada@example.com", "C0123E"),
        ("primaryEmail", "ada@example.com", "C0123E"),
        ("attributes", [None], "C0160E"),
        twice("attributes"),
    ],
    ids=short,
)
async def test_a_customer_is_taken_or_refused_for_one_change(fluent, path, value, code):
    answer = await fluent.create_customer(fluent.customer(path, value))

    if code is None:
        assert "errors" not in answer
        assert len(await fluent.held("customers")) == 2
    else:
        assert answer["data"] == {"createCustomer": None}
        assert [error["code"] for error in answer["errors"]] == [code]
        assert len(await fluent.held("customers")) == 1


async def test_an_order_ref_is_taken_once(fluent):
    await fluent.create_order(fluent.order())

    again = await fluent.create_order(fluent.order("CC"))

    assert [error["code"] for error in again["errors"]] == ["C0121E"]
    assert [order["type"] for order in await fluent.held()] == ["HD"]
    assert "errors" not in await fluent.create_order(fluent.order("CC", "ref", "W-2"))


@pytest.mark.parametrize("operation", ["createOrder", "createCustomer"])
@pytest.mark.parametrize("text", ["mutation { %s { id } }", "mutation { %s(input: null) { id } }"])
async def test_an_input_is_needed(fluent, text, operation):
    answer = await fluent.call(text % operation)

    assert [error["code"] for error in answer["errors"]] == ["C0140E"]


# What GraphQL itself refuses: without data, and without a code of Fluent's


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ref", ABSENT),
        ("ref", None),
        ("ref", 1),
        ("type", ABSENT),
        ("retailer", ABSENT),
        ("customer", ABSENT),
        ("customer", {"ref": "ada@example.com"}),
        ("customer.id", None),
        ("customer.id", 1.5),
        ("items", ABSENT),
        ("items", None),
        ("totalPrice", "24"),
        ("totalPrice", True),
        ("items[0].price", "10.00"),
        ("items[0].quantity", "2"),
        ("items[0].quantity", 1.5),
        ("items[0].quantity", 2_147_483_648),
        ("items[0].quantity", ABSENT),
        ("items[0].ref", ABSENT),
        ("items[0].productRef", ABSENT),
        ("items[0].sku", "SKU-1"),
        ("items[0].attributes[0].value", None),
        ("items[0].attributes[0].value", ABSENT),
        ("fulfilmentChoice.deliveryType", ABSENT),
        ("fulfilmentChoice.deliveryAddress.ref", ABSENT),
        ("fulfilmentChoice.deliveryAddress.phone", "1"),
        ("fulfilmentChoice.deliverAfter", 1_764_547_200),
        ("financialTransactions[0].ref", ABSENT),
        ("financialTransactions[0].amount", ABSENT),
        ("financialTransactions[0].amount", "29.1"),
        ("financialTransactions[0].currency", ABSENT),
        ("financialTransactions[0].paymentMethod", ABSENT),
        ("financialTransactions[0].type", ABSENT),
        ("financialTransactions[0].unscaledValue", 2_147_483_648),
        ("financialTransactions[0].scale", 2.5),
        ("billingAddress.ref", "W-1-bill"),
        ("payment.ref", ABSENT),
        ("preciseTotalPrice", {"scale": 2}),
    ],
    ids=short,
)
async def test_a_value_that_is_not_of_its_type_is_refused(fluent, path, value):
    order = fluent.order("HD", path, fluent.ABSENT if value is ABSENT else value)

    answer = await fluent.create_order(order)

    assert "data" not in answer
    assert all("code" not in error and "path" not in error for error in answer["errors"])
    assert "$input" in answer["errors"][0]["message"]
    assert await fluent.held() == []


@pytest.mark.parametrize(
    "field", ["username", "primaryEmail", "timezone", "promotionOptIn", "retailer"]
)
async def test_a_customer_needs_its_required_fields(fluent, field):
    answer = await fluent.create_customer(fluent.customer(field, fluent.ABSENT))

    assert "data" not in answer
    assert field in answer["errors"][0]["message"]
    assert len(await fluent.held("customers")) == 1


@pytest.mark.parametrize(
    "document",
    [
        "mutation ($input: CreateOrderInput) { createOrder(input: $input) { order { id } } }",
        "mutation ($input: CreateOrderInput) { createOrder(input: $input) }",
        "mutation ($order: CreateOrderInput) { createOrder(order: $order) { id } }",
        "mutation ($input: OrderInput) { createOrder(input: $input) { id } }",
        "mutation { createOrder(input: {ref: 1}) { id } }",
        "mutation {",
        "",
        "{a" * 5000 + "}" * 5000,
        "{me" * 400 + "{id}" + "}" * 400,
        "query A { me { id } } query B { me { id } }",
        "{ order(ref: 1) { id } }",
        "{ customer { id } }",
        '{ order(ref: "W-1") { items { nodes { ref } } } }',
        '{ orders(ref: ["W-1"]) { pageInfo { endCursor } } }',
    ],
    ids=short,
)
async def test_a_document_that_the_schema_does_not_allow_is_refused(fluent, document):
    answer = await fluent.call(document, {"input": fluent.order()})

    assert "data" not in answer
    assert answer["errors"]
    assert await fluent.held() == []
