"""What an order comes to, as the sandbox computes it, and how far its payment has come."""

import json
from decimal import Decimal

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def totals(manhattan):
    answer = await manhattan.http.get("/_sandbox/orders")
    return json.loads(answer.text, parse_float=Decimal)["orders"][0]["totals"]


async def test_charges_discounts_and_taxes_of_order_and_lines_count(manhattan):
    data = await manhattan.saved(manhattan.order())

    expected = {
        "OrderSubTotal": Decimal(26),
        "TotalCharges": Decimal("6.5"),
        "TotalDiscounts": Decimal(-5),
        "TotalTaxes": Decimal("1.51"),
        "OrderTotal": Decimal("29.01"),
        "PaymentTotal": Decimal("29.01"),
    }
    assert await totals(manhattan) == expected
    assert data["OrderTotal"] == 29.01
    line = data["OrderLine"][0]
    assert (line["OrderLineSubTotal"], line["TotalTaxes"], line["OrderLineTotal"]) == (
        20,
        1.3,
        19.8,
    )


async def test_a_tax_that_the_price_includes_is_not_added(manhattan):
    await manhattan.saved(manhattan.order("VAT"))

    assert await totals(manhattan) == {
        "OrderSubTotal": 20,
        "TotalCharges": 5,
        "TotalDiscounts": 0,
        "TotalTaxes": 0,
        "OrderTotal": 25,
        "PaymentTotal": 0,
    }


@pytest.mark.parametrize(
    ("path", "name", "amount"),
    [
        ("OrderChargeDetail[0]", "TotalCharges", Decimal("1.5")),
        ("OrderChargeDetail[1]", "TotalDiscounts", -3),
        ("OrderLine[0].OrderLineChargeDetail[0]", "TotalDiscounts", -2),
    ],
)
async def test_an_informational_charge_does_not_count(manhattan, path, name, amount):
    order = manhattan.order("WEB", f"{path}.IsInformational", True)

    await manhattan.saved(order)

    assert (await totals(manhattan))[name] == amount


@pytest.mark.parametrize("flag", ["IsVoided", "IsSuspended"])
async def test_a_payment_method_that_is_out_of_use_does_not_count(manhattan, flag):
    await manhattan.saved(manhattan.order("WEB", f"Payment[0].PaymentMethod[1].{flag}", True))

    assert (await totals(manhattan))["PaymentTotal"] == Decimal("20.01")


async def test_amounts_are_exact(manhattan):
    order = manhattan.order("VAT")
    order["OrderLine"] = [
        {**order["OrderLine"][0], "OrderLineId": str(number), "Quantity": 3, "UnitPrice": "0.1"}
        for number in range(3)
    ]

    await manhattan.saved(order)

    assert (await totals(manhattan))["OrderSubTotal"] == Decimal("0.9")


async def test_totals_that_were_sent_are_not_held_to_later(manhattan):
    await manhattan.saved(manhattan.order("WEB", "OrderTotal", 29.01))

    update = {"OrderLine": [{"OrderLineId": "2", "Quantity": 2}], "OrderTotal": 31.01}
    data = await manhattan.saved({"OrderId": "W-1", **update})

    assert data["OrderTotal"] == 31.01
    assert "OrderTotal" not in (await manhattan.held())[0]["order"]


@pytest.mark.parametrize(
    ("kind", "amount", "response", "status"),
    [
        ("Authorization", 29.01, "Success", "3000.000"),
        ("Settlement", 29.01, "Success", "5000.000"),
        ("Settlement", 29.00, "Success", "2000.000"),
        ("Authorization", 29.01, "Failure", "2000.000"),
        ("Refund", 29.01, "Success", "2000.000"),
    ],
)
async def test_a_payment_has_come_as_far_as_its_transactions(
    manhattan, kind, amount, response, status
):
    order = manhattan.order()
    transaction = order["Payment"][0]["PaymentMethod"][0]["PaymentTransaction"][0]
    transaction["TransactionType"] = {"PaymentTransactionTypeId": kind}
    transaction["PaymentResponseStatus"] = {"PaymentResponseStatusId": response}
    transaction["ProcessedAmount"] = amount

    assert (await manhattan.saved(order))["PaymentStatus"] == {"StatusId": status}


async def test_an_order_without_payment_awaits_its_information(manhattan):
    data = await manhattan.saved(manhattan.order("WEB", "Payment", []))

    assert data["PaymentStatus"] == {"StatusId": "1000.000"}
