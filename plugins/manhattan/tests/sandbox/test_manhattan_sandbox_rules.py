"""Every rule by which the sandbox refuses: a right order, broken in that one place."""

import contextlib
import copy

import pytest

from multiorder_manhattan.sandbox import create_sandbox
from multiorder_manhattan.sandbox.schema import load_schema

pytestmark = pytest.mark.asyncio(loop_scope="module")

ABSENT = "<absent>"
LINE = "OrderLine[0]"
SHIP = f"{LINE}.ShipToAddress"
METHOD = "Payment[0].PaymentMethod[0]"
PAID = f"{METHOD}.PaymentTransaction[0]"
CARD = "4111 1111 1111 1111"
TOO_LONG = (
    f'Input value "{"x" * 751}" is not valid for the field VasInstructions for its size. '
    "Expected Size is 750"
)


def required(path):
    field, words = path.rpartition(".")[2], f"{path} is required"
    return [(path, ABSENT, field, words), (path, None, field, words)]


WEB_REFUSED = [
    # Names
    ("OrderID", "W-1", "OrderID", "OrderID is no field of Order."),
    ("Currency", "USD", "Currency", "Currency is no field of Order."),
    ("ShipToAddress", {}, "ShipToAddress", "ShipToAddress is no field of Order."),
    (f"{LINE}.Sku", "x", "Sku", f"{LINE}.Sku is no field of OrderLine."),
    (f"{SHIP}.Address.Zip", "1", "Zip", f"{SHIP}.Address.Zip is no field of Address."),
    (f"{METHOD}.SecurityCode", "1", "SecurityCode", "is no field of PaymentMethod."),
    ("CreatedTimestamp", None, "CreatedTimestamp", "given back by Manhattan and can't be sent"),
    ("PaymentStatus", {}, "PaymentStatus", "given back by Manhattan and can't be sent"),
    # Types and forms
    ("OrderId", 1, "OrderId", "OrderId must be a string."),
    (f"{LINE}.OrderLineId", 1, "OrderLineId", "must be a string"),
    ("IsConfirmed", "true", "IsConfirmed", "must be true or false"),
    ("Priority", "high", "Priority", "must be a whole number"),
    ("Priority", 1.5, "Priority", "must be a whole number"),
    ("Priority", True, "Priority", "must be a whole number"),
    ("Priority", -1, "Priority", "must be a whole number"),
    (f"{LINE}.Quantity", True, "Quantity", "must be a number, or a string that is one"),
    (f"{LINE}.Quantity", "two", "Quantity", "must be a number, or a string that is one"),
    (f"{LINE}.UnitPrice", "10,00", "UnitPrice", "must be a number, or a string that is one"),
    (f"{LINE}.UnitPrice", "1e1", "UnitPrice", "must be a number, or a string that is one"),
    (f"{LINE}.UnitPrice", "NaN", "UnitPrice", "must be a number, or a string that is one"),
    (f"{LINE}.UnitPrice", 10**15, "UnitPrice", "must be a number, or a string that is one"),
    (f"{LINE}.UnitPrice", 1e300, "UnitPrice", "must be a number, or a string that is one"),
    (f"{LINE}.UnitPrice", 1e-300, "UnitPrice", "must be a number, or a string that is one"),
    ("CapturedDate", "20.11.2026", "CapturedDate", "must be an ISO 8601 date and time in UTC"),
    ("CapturedDate", "2026-11-20", "CapturedDate", "must be an ISO 8601 date and time in UTC"),
    ("CapturedDate", "2026-11-31T10:00:00Z", "CapturedDate", "must be an ISO 8601 date"),
    ("CapturedDate", "2026-11-20T10:00:00+01:00", "CapturedDate", "must be an ISO 8601 date"),
    ("CapturedDate", 1764547200, "CapturedDate", "must be a string"),
    ("CurrencyCode", "usd", "CurrencyCode", "is no ISO 4217 code"),
    (f"{SHIP}.Address.Country", "USA", "Country", "is no ISO 3166 code of two letters"),
    ("OrderLocale", "en-US", "OrderLocale", "is no locale such as en_US"),
    (f"{METHOD}.CardExpiryMonth", "13", "CardExpiryMonth", "is no month from 1 to 12"),
    (f"{METHOD}.CardExpiryMonth", 6, "CardExpiryMonth", "must be a string"),
    (f"{METHOD}.CardExpiryYear", "30", "CardExpiryYear", "is no year of four digits"),
    ("OrderTaxDetail[0].TaxRate", 7, "TaxRate", "must be a fraction, from 0 to 1"),
    (f"{LINE}.OrderLineTaxDetail[0].TaxRate", -0.07, "TaxRate", "must be a fraction"),
    ("OrderLine", {}, "OrderLine", "OrderLine must be a list."),
    ("OrderLine[1]", None, "OrderLine", "OrderLine[1] must be an object."),
    (SHIP, [], "ShipToAddress", f"{SHIP} must be an object."),
    (f"{LINE}.Extended", "x", "Extended", "must be an object"),
    # Lengths: in the words that are known
    (f"{LINE}.OrderLineVASInstructions[0].VasInstructions", "x" * 751, "VasInstructions", TOO_LONG),
    # Code sets
    ("DocType", "CustomerOrder", "DocType", "must be an object with one field"),
    ("DocType", {}, "DocType", 'must be an object with one field: {"DocTypeId": "…"}'),
    ("DocType", {"Id": "CustomerOrder"}, "DocType", "must be an object with one field"),
    ("OrderType", {"OrderTypeId": "Ecom Order", "X": 1}, "OrderType", "with one field"),
    ("OrderType.OrderTypeId", " ", "OrderTypeId", "must be a string that is not blank"),
    ("OrderType.OrderTypeId", None, "OrderTypeId", "must be a string that is not blank"),
    (f"{LINE}.UOM", 1, "UOM", "must be a string that is not blank"),
    *[
        (path, "Other", field, f"{path}: the tenant has no {code_set} Other, only ")
        for path, field, code_set in [
            ("DocType.DocTypeId", "DocTypeId", "DocTypeId"),
            ("OrderType.OrderTypeId", "OrderTypeId", "OrderTypeId"),
            ("SellingChannel.SellingChannelId", "SellingChannelId", "SellingChannelId"),
            ("OrderHold[0].HoldTypeId", "HoldTypeId", "HoldTypeId"),
            ("OrderHold[0].StatusId", "StatusId", "HoldStatusId"),
            ("OrderNote[0].NoteType.NoteTypeId", "NoteTypeId", "NoteTypeId"),
            ("OrderNote[0].NoteCategory.NoteCategoryId", "NoteCategoryId", "NoteCategoryId"),
            ("OrderChargeDetail[0].ChargeType.ChargeTypeId", "ChargeTypeId", "ChargeTypeId"),
            ("OrderChargeDetail[1].DiscountOn.DiscountOnId", "DiscountOnId", "DiscountOnId"),
            ("OrderChargeDetail[1].RelatedChargeType", "RelatedChargeType", "ChargeTypeId"),
            ("OrderTaxDetail[0].TaxTypeId", "TaxTypeId", "TaxTypeId"),
            (
                f"{LINE}.OrderLineTaxDetail[0].JurisdictionTypeId",
                "JurisdictionTypeId",
                "JurisdictionTypeId",
            ),
            (f"{LINE}.UOM", "UOM", "UOM"),
            (f"{LINE}.DeliveryMethod.DeliveryMethodId", "DeliveryMethodId", "DeliveryMethodId"),
            (f"{LINE}.DeliveryMethodSubType", "DeliveryMethodSubType", "DeliveryMethodSubType"),
            ("Payment[0].ProcessingMode.ProcessingModeId", "ProcessingModeId", "ProcessingModeId"),
            ("Payment[0].ExecutionMode", "ExecutionMode", "ExecutionMode"),
            (f"{METHOD}.PaymentType.PaymentTypeId", "PaymentTypeId", "PaymentTypeId"),
            (f"{METHOD}.CardType.CardTypeId", "CardTypeId", "CardTypeId"),
            (f"{METHOD}.CardTypeId", "CardTypeId", "CardTypeId"),
            (f"{METHOD}.GatewayId", "GatewayId", "GatewayId"),
            *[
                (f"{PAID}.{field}.{code_set}", code_set, code_set)
                for field, code_set in [
                    ("TransactionType", "PaymentTransactionTypeId"),
                    ("Status", "PaymentTransactionStatusId"),
                    ("PaymentResponseStatus", "PaymentResponseStatusId"),
                ]
            ],
        ]
    ],
    (
        f"{PAID}.TransmissionStatus",
        {"PaymentTransmissionStatusId": "Open"},
        "PaymentTransmissionStatusId",
        "the tenant has no PaymentTransmissionStatusId Open, only Closed",
    ),
    # Required
    *required("OrderType"),
    *required("DocType"),
    *required("CurrencyCode"),
    *required("OrderLine"),
    ("OrderLine", [], "OrderLine", "OrderLine is required"),
    *required(f"{LINE}.OrderLineId"),
    (f"{LINE}.OrderLineId", " ", "OrderLineId", f"{LINE}.OrderLineId is required"),
    *required(f"{LINE}.ItemId"),
    (f"{LINE}.ItemId", "", "ItemId", f"{LINE}.ItemId is required"),
    *required("OrderLine[1].Quantity"),
    *required("OrderLine[1].UOM"),
    *required(f"{LINE}.DeliveryMethod"),
    *required(f"{SHIP}.Address"),
    (f"{SHIP}.Address", {}, "Address", f"{SHIP}.Address is required"),
    *required(f"{SHIP}.Address.Address1"),
    *required(f"{SHIP}.Address.City"),
    *required(f"{SHIP}.Address.Country"),
    *required("OrderChargeDetail[0].ChargeType"),
    *required("OrderChargeDetail[0].ChargeTotal"),
    *required("OrderTaxDetail[0].TaxTypeId"),
    *required("OrderTaxDetail[0].TaxAmount"),
    *required(f"{LINE}.OrderLineChargeDetail[1].ChargeType"),
    *required(f"{LINE}.OrderLineChargeDetail[1].ChargeTotal"),
    *required(f"{LINE}.OrderLineTaxDetail[1].TaxTypeId"),
    *required(f"{LINE}.OrderLineTaxDetail[1].TaxAmount"),
    *required("OrderHold[0].HoldTypeId"),
    *required("OrderNote[0].NoteText"),
    *required(f"{LINE}.OrderLineNote[0].NoteText"),
    *required("OrderAttribute[0].AttributeName"),
    *required("OrderTagDetail[0].Tag"),
    *required("OrderPromotionRequest[0].PromotionId"),
    *required(f"{METHOD}.PaymentType"),
    *required(f"{METHOD}.Amount"),
    *required(f"{METHOD}.CurrencyCode"),
    *required(f"{METHOD}.BillingAddress.Address"),
    *required(f"{METHOD}.PaymentMethodAttribute[0].Name"),
    *required(f"{PAID}.TransactionType"),
    *required(f"{PAID}.Status"),
    # The order
    *[
        ("OrderId", f"W{character}1", "OrderId", "must hold none of # + ? and /")
        for character in "#+?/"
    ],
    # The lines
    (f"{LINE}.Quantity", 0, "Quantity", f"{LINE}.Quantity must be more than 0."),
    (f"{LINE}.Quantity", "-1", "Quantity", "must be more than 0"),
    (f"{LINE}.Quantity", 1.00001, "Quantity", "must have at most 4 decimals"),
    (f"{LINE}.UnitPrice", -0.01, "UnitPrice", "must not be negative"),
    (f"{LINE}.OriginalUnitPrice", "-1", "OriginalUnitPrice", "must not be negative"),
    (SHIP, ABSENT, "ShipToAddress", "is required where the delivery is ShipToAddress"),
    (f"{LINE}.ShippingMethodId", ABSENT, "ShippingMethodId", "required where the delivery is"),
    (f"{LINE}.ShippingMethodId", "", "ShippingMethodId", "required where the delivery is"),
    *[
        (
            f"{LINE}.DeliveryMethod.DeliveryMethodId",
            method,
            "ShipToLocationId",
            f"is required where the delivery is {method}",
        )
        for method in ("PickUpAtStore", "ShipToStore")
    ],
    # Keys: twice in one list
    ("OrderLine[1].OrderLineId", "1", "OrderLineId", "names the OrderLineId 1 more than once"),
    (
        "OrderChargeDetail[1].ChargeDetailId",
        "shipping",
        "ChargeDetailId",
        "OrderChargeDetail names the ChargeDetailId shipping more than once",
    ),
    (
        f"{LINE}.OrderLineTaxDetail[1].TaxDetailId",
        "l1-tax",
        "TaxDetailId",
        f"{LINE}.OrderLineTaxDetail names the TaxDetailId l1-tax more than once",
    ),
    (
        "OrderAttribute",
        [{"AttributeName": "a"}, {"AttributeName": "a"}],
        "AttributeName",
        "OrderAttribute names the AttributeName a more than once",
    ),
    (
        "Payment[0].PaymentMethod[1].PaymentMethodId",
        "card",
        "PaymentMethodId",
        "names the PaymentMethodId card more than once",
    ),
    # Charges and discounts
    (
        "OrderChargeDetail[1].ChargeTotal",
        2.0,
        "ChargeTotal",
        "OrderChargeDetail[1].ChargeTotal must not be positive: Promotion is a discount",
    ),
    ("OrderChargeDetail[1].RequestedAmount", 2, "RequestedAmount", "must not be positive"),
    (
        "OrderChargeDetail[0].ChargeTotal",
        "-5",
        "ChargeTotal",
        "must not be negative: Shipping is a charge",
    ),
    ("OrderChargeDetail[0].RequestedAmount", -5, "RequestedAmount", "must not be negative"),
    (
        f"{LINE}.OrderLineChargeDetail[0].ChargeTotal",
        3,
        "ChargeTotal",
        f"{LINE}.OrderLineChargeDetail[0].ChargeTotal must not be positive: Coupon is a discount",
    ),
    (
        f"{LINE}.OrderLineChargeDetail[0].DiscountOn",
        None,
        "DiscountOn",
        "DiscountOn is required for a discount",
    ),
    (
        "OrderChargeDetail[0].DiscountOn",
        {"DiscountOnId": "Order"},
        "DiscountOn",
        "DiscountOn must be null for a charge",
    ),
    (
        "OrderChargeDetail[1].RelatedChargeType",
        ABSENT,
        "RelatedChargeType",
        "must name the type of a charge beside the discount",
    ),
    (
        "OrderChargeDetail[1].RelatedChargeType",
        "Handling",
        "RelatedChargeType",
        "must name the type of a charge beside the discount",
    ),
    # Taxes
    ("OrderTaxDetail[0].TaxCode", "Freight", "TaxCode", "must be the TaxCode of a charge"),
    ("OrderTaxDetail[0].TaxCode", None, "TaxCode", "must be the TaxCode of a charge"),
    (
        "OrderChargeDetail[0].TaxCode",
        "Freight",
        "TaxCode",
        "OrderTaxDetail[0].TaxCode must be the TaxCode of a charge beside it",
    ),
    (
        f"{LINE}.OrderLineTaxDetail[1].TaxCode",
        "Shipping",
        "TaxCode",
        f"{LINE}.OrderLineTaxDetail[1].TaxCode must be the TaxCode of a charge beside it",
    ),
    (f"{LINE}.OrderLineTaxDetail[0].TaxCode", "FOOD", "TaxCode", "must be the TaxCode of a"),
    (
        "OrderTaxDetail[0].IsInformational",
        True,
        "IsInformational",
        "OrderTaxDetail[0].IsInformational must be true where IsTaxIncluded is, and only there",
    ),
    ("OrderChargeDetail[0].IsTaxIncluded", True, "IsInformational", "and only there"),
    (f"{LINE}.IsTaxIncluded", True, "IsInformational", f"{LINE}.OrderLineTaxDetail[0]"),
    (
        f"{LINE}.OrderLineChargeDetail[1].IsTaxIncluded",
        True,
        "IsInformational",
        f"{LINE}.OrderLineTaxDetail[1]",
    ),
    (
        f"{LINE}.OrderLineTaxDetail",
        [{"TaxDetailId": name, "TaxTypeId": "SALES", "TaxAmount": 1} for name in "ab"],
        "OrderLineTaxDetail",
        f"{LINE}.OrderLineTaxDetail has more than one record for one TaxCode, TaxTypeId, ",
    ),
    # Totals that were sent
    ("OrderSubTotal", 25, "OrderSubTotal", "OrderSubTotal is 25, but it comes to 26."),
    ("TotalCharges", 5, "TotalCharges", "TotalCharges is 5, but it comes to 6.5."),
    ("TotalDiscounts", 5, "TotalDiscounts", "TotalDiscounts is 5, but it comes to -5."),
    ("TotalTaxes", "1.5", "TotalTaxes", "TotalTaxes is 1.5, but it comes to 1.51."),
    ("OrderTotal", 29, "OrderTotal", "OrderTotal is 29, but it comes to 29.01."),
    (f"{LINE}.OrderLineSubTotal", 10, "OrderLineSubTotal", "is 10, but it comes to 20."),
    ("OrderLine[1].TotalTaxes", 1, "TotalTaxes", "OrderLine[1].TotalTaxes is 1, but it comes to 0"),
    # Payments
    ("Payment", [{}, {}], "Payment", "Payment holds more than one; an order has one."),
    (f"{METHOD}.Amount", -1, "Amount", f"{METHOD}.Amount must not be negative."),
    (f"{METHOD}.CurrencyCode", "EUR", "CurrencyCode", "is not that of the order"),
    (f"{METHOD}.AccountNumber", CARD, "AccountNumber", "must be a token, not a card number"),
    (f"{METHOD}.AccountNumber", "378282246310005", "AccountNumber", "must be a token"),
    (f"{PAID}.RequestedAmount", -1, "RequestedAmount", "must not be negative"),
    (f"{PAID}.ProcessedAmount", -1, "ProcessedAmount", "must not be negative"),
    (f"{PAID}.ProcessedAmount", ABSENT, "ProcessedAmount", "required where the Status is Closed"),
    (
        f"{PAID}.PaymentResponseStatus",
        None,
        "PaymentResponseStatus",
        "required where the Status is Closed",
    ),
    # What a paid order needs when it is created
    *[
        (f"OrderActions.{flag}", value, flag, f"OrderActions.{flag} must be true")
        for flag in ("IsAlreadyPriced", "IsAlreadyCharged", "IsAlreadyTaxed")
        for value in (ABSENT, False)
    ],
    (f"{LINE}.UnitPrice", ABSENT, "UnitPrice", "is required where IsAlreadyPriced"),
    # Versions
    ("OrderActions.VersionTimestamp", "one", "10208", "non integer version - one"),
    ("OrderActions.VersionTimestamp", 1, "VersionTimestamp", "must be a string"),
]
VAT_REFUSED = [
    (f"{LINE}.ShipToLocationId", ABSENT, "ShipToLocationId", "the delivery is PickUpAtStore"),
    (f"{LINE}.OrderLineTaxDetail[0].IsInformational", ABSENT, "IsInformational", "must be true"),
    (f"{LINE}.IsTaxIncluded", False, "IsInformational", "and only there"),
    ("OrderTaxDetail[0].IsInformational", False, "IsInformational", "OrderTaxDetail[0]."),
    ("OrderChargeDetail", ABSENT, "TaxCode", "must be the TaxCode of a charge"),
]
REFUSED = [("WEB", *change) for change in WEB_REFUSED] + [
    ("VAT", *change) for change in VAT_REFUSED
]

TAKEN = [
    ("OrderId", "W_1-a.b c"),
    ("CapturedDate", "2026-11-20T10:00:00"),
    ("CapturedDate", ""),
    ("CapturedDate", None),
    ("OrderLocale", "th"),
    ("SellingChannel", ABSENT),
    ("SellingChannel", None),
    ("IsConfirmed", ABSENT),
    ("Priority", 1),
    ("CancelReason", {"ReasonId": "any"}),
    ("OrderExtension1", {"Extended": {"Any": {"deep": [1.5]}}}),
    ("OrderActions.VersionTimestamp", "1"),
    ("OrderActions.VersionTimestamp", None),
    ("OrderActions.IsImport", True),
    ("OrderActions.IsImported", True),
    (f"{LINE}.ShippingMethodId", "no such method"),
    (f"{LINE}.OriginalUnitPrice", 1.123456789),
    (f"{LINE}.OrderLineVASInstructions[0].VasInstructions", "x" * 750),
    (f"{LINE}.OrderLineTaxDetail[0].TaxRate", 0),
    (f"{LINE}.OrderLineTaxDetail[0].TaxRate", "1"),
    (f"{SHIP}.Address.State", None),
    (f"{SHIP}.AddressId", "mine"),
    ("OrderLine[1].Quantity", 0.0001),
    ("OrderLine[1].DeliveryMethod.DeliveryMethodId", "Email"),
    ("OrderChargeDetail[0].TaxCode", "Shipping"),
    ("OrderChargeDetail[0].ChargeTotal", 0),
    ("OrderSubTotal", 26),
    ("TotalCharges", "6.50"),
    ("TotalDiscounts", -5),
    ("TotalTaxes", 1.51),
    ("OrderTotal", "29.010"),
    (f"{LINE}.OrderLineSubTotal", 20.0),
    (f"{LINE}.TotalTaxes", "1.3"),
    ("Payment", ABSENT),
    ("Payment", []),
    (f"{METHOD}.AccountNumber", "4111 1111 1111 1112"),
    (f"{METHOD}.AccountNumber", "4242"),
    (f"{METHOD}.CardExpiryMonth", "06"),
    (f"{METHOD}.Amount", 1),
    (f"{PAID}.Status.PaymentTransactionStatusId", "Open"),
]


def short(value):
    text = repr(value)
    return text if len(text) < 60 else f"{len(text)} characters"


def order_with(manhattan, kind, path, value):
    return manhattan.order(kind, path, manhattan.ABSENT if value is ABSENT else value)


@pytest.mark.parametrize("kind", ["WEB", "VAT"])
async def test_a_right_order_is_taken(manhattan, kind):
    data = await manhattan.saved(manhattan.order(kind))

    assert await manhattan.ids() == [data["OrderId"]]


@pytest.mark.parametrize(("kind", "path", "value", "field", "words"), REFUSED, ids=short)
async def test_an_order_is_refused_for_one_change(manhattan, kind, path, value, field, words):
    problems = await manhattan.refused(order_with(manhattan, kind, path, value))

    assert [code for code, _ in problems] == [field]
    assert words in problems[0][1]
    assert await manhattan.held() == []


@pytest.mark.parametrize(("path", "value"), TAKEN, ids=short)
async def test_an_order_is_taken_with_one_change(manhattan, path, value):
    await manhattan.saved(order_with(manhattan, "WEB", path, value))

    assert len(await manhattan.held()) == 1


async def test_all_that_is_wrong_is_named_at_once(manhattan):
    order = manhattan.order("WEB", "OrderID", "x")
    order["OrderLine"][0]["UOM"] = "Other"
    order["OrderLine"][1]["Quantity"] = "two"

    assert [code for code, _ in await manhattan.refused(order)] == ["UOM", "Quantity", "OrderID"]

    order = manhattan.order()
    order["OrderLine"][0]["Quantity"] = 0
    order["Payment"][0]["PaymentMethod"][1]["CurrencyCode"] = "EUR"
    assert [code for code, _ in await manhattan.refused(order)] == ["Quantity", "CurrencyCode"]


async def test_a_card_number_is_not_repeated(manhattan):
    answer = await manhattan.save(manhattan.order("WEB", f"{METHOD}.AccountNumber", CARD))

    assert CARD not in answer.text


@pytest.mark.parametrize(
    ("kind", "count", "refused"),
    [("CustomerOrder", 250, False), ("CustomerOrder", 251, True), ("RetailOrder", 251, False)],
)
async def test_an_order_has_a_greatest_number_of_lines(manhattan, kind, count, refused):
    order = manhattan.order("VAT", "DocType.DocTypeId", kind)
    line = order["OrderLine"][0]
    order["OrderLine"] = [{**line, "OrderLineId": str(number)} for number in range(count)]

    if refused:
        words = "OrderLine: a CustomerOrder has at most 250 lines."
        assert await manhattan.refused(order) == [("OrderLine", words)]
    else:
        await manhattan.saved(order)


async def test_a_greatest_number_of_lines_counts_those_that_are_held(manhattan):
    order = manhattan.order("VAT")
    line = order["OrderLine"][0]
    order["OrderLine"] = [{**line, "OrderLineId": str(number)} for number in range(250)]
    await manhattan.saved(order)

    more = {"OrderId": "V-1", "OrderLine": [{**line, "OrderLineId": "more"}]}

    assert [code for code, _ in await manhattan.refused(more)] == ["OrderLine"]


@pytest.mark.parametrize(("count", "refused"), [(20, False), (21, True)])
async def test_an_order_has_a_greatest_number_of_payment_methods(manhattan, count, refused):
    order = manhattan.order()
    gift = order["Payment"][0]["PaymentMethod"][1]
    order["Payment"][0]["PaymentMethod"] = [
        {**gift, "PaymentMethodId": str(number)} for number in range(count)
    ]

    if refused:
        words = "An order has at most 20 payment methods."
        assert await manhattan.refused(order) == [("PaymentMethod", words)]
    else:
        await manhattan.saved(order)


@pytest.mark.parametrize("flag", ["IsImport", "IsImported"])
async def test_the_amounts_of_an_import_agree(manhattan, flag):
    order = manhattan.order("WEB", f"OrderActions.{flag}", True)
    order["Payment"][0]["PaymentMethod"][1]["Amount"] = 9.01

    words = "The payment methods come to 29.02, the order to 29.01."
    assert await manhattan.refused(order) == [("Amount", words)]

    order["Payment"][0]["PaymentMethod"][1]["IsVoided"] = True
    order["Payment"][0]["PaymentMethod"][0]["Amount"] = 29.01
    await manhattan.saved(order)


async def test_an_item_tax_may_name_the_tax_code_of_its_item(manhattan):
    order = manhattan.order("WEB", f"{LINE}.ItemTaxCode", "FOOD")
    order["OrderLine"][0]["OrderLineTaxDetail"][0]["TaxCode"] = "FOOD"

    await manhattan.saved(order)


async def test_a_tax_and_a_charge_that_both_lack_a_code_are_no_pair(manhattan):
    order = manhattan.order()
    order["OrderChargeDetail"] = [
        {"ChargeType": {"ChargeTypeId": "Handling"}, "ChargeTotal": 3}  # has no default code
    ]
    order["OrderTaxDetail"][0]["TaxCode"] = None

    words = "OrderTaxDetail[0].TaxCode must be the TaxCode of a charge beside it."
    assert await manhattan.refused(order) == [("TaxCode", words)]


async def test_a_tax_may_be_that_of_a_discount(manhattan):
    order = manhattan.order()
    tax = {"TaxDetailId": "d", "TaxTypeId": "SALES", "TaxAmount": -0.1, "TaxCode": "Discount"}
    order["OrderTaxDetail"].append(tax)

    await manhattan.saved(order)


async def test_an_unpaid_order_may_be_calculated_by_manhattan(manhattan):
    order = manhattan.order("WEB", "Payment", manhattan.ABSENT)
    order["OrderActions"] = {"IsAlreadyPriced": False}
    for line in order["OrderLine"]:
        del line["UnitPrice"]

    await manhattan.saved(order)


async def test_the_tenants_own_code_sets_take_the_place_of_the_default(connect):
    codes = {"OrderTypeId": ["web"], "TaxTypeId": None, "Extended": ["Engraving"]}
    async with contextlib.AsyncExitStack() as stack:
        manhattan = await connect(stack, create_sandbox(codes=codes))
        order = manhattan.order("WEB", "OrderType.OrderTypeId", "web")
        order["OrderTaxDetail"][0]["TaxTypeId"] = "GST"
        await manhattan.saved(order)

        refused = await manhattan.refused(manhattan.order())
        assert refused == [
            (
                "OrderTypeId",
                "OrderType.OrderTypeId: the tenant has no OrderTypeId Ecom Order, only web.",
            )
        ]
        order["Extended"] = {"Colour": "red"}
        words = "Extended.Colour is no custom attribute of the tenant."
        assert await manhattan.refused(order) == [("Colour", words)]


async def test_a_code_set_that_manhattan_has_not_is_told():
    with pytest.raises(ValueError, match="There is no code set OrderTypes; there are CardTypeId, "):
        create_sandbox(codes={"OrderTypes": ["web"]})


# Every field of every entity, by its kind


WRONG = {
    "text": 5,
    "flag": "true",
    "amount": "x",
    "computed": "x",
    "rate": 1.1,
    "whole": "x",
    "date": "2026-13-01T00:00:00Z",
    "currency": "usd",
    "country": "usa",
    "locale": "english",
    "month": "0",
    "year": "30",
    "id": "",
    "code": "bare",
    "free": [],
}


def fields_of(schema, entity, wrap):
    """Yield each field below an entity, with what puts a value of it into an order."""
    for field in entity.fields.values():

        def put(value, field=field):
            return wrap({field.name: value})

        yield field, put
        child = schema.entity(field)
        if child:
            yield from fields_of(
                schema,
                child,
                lambda inner, field=field, put=put: put([inner] if field.many else inner),
            )


async def test_every_field_has_its_type(manhattan):
    schema = load_schema()
    seen = set()
    for field, put in fields_of(schema, schema.order, copy.copy):
        seen.add(field.kind)
        wrong = 5 if schema.entity(field) else WRONG[field.kind]

        problems = await manhattan.refused(put(wrong))

        assert [code for code, _ in problems] == [field.name]
        assert field.name in problems[0][1]
    assert seen >= WRONG.keys()
