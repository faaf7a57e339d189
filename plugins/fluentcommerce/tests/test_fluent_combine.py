"""`multi_order = "combine"`: the orders of a multi-order as one Fluent order."""

from decimal import Decimal

import pytest

from multiorder_fluentcommerce.payload import wire
from multiorder_sync import Untransformable

FIRST, SECOND, THIRD = (
    "308d987f-5093-43b2-a55d-cc60950354c1",
    "30723e0b-6815-450d-9695-79814307530b",
    "93f3574b-d50f-4a3e-8d73-c210bb6b73f4",
)
WHOLE = "5f57f4d1-c625-48d4-9b3e-107c9a50eafb"


def attributes(holder):
    return {each["name"]: each["value"] for each in holder.get("attributes", ())}


def combined(kit, data="multi-two-addresses", **settings):
    (submission,) = kit.transform(data, multi_order="combine", **settings)
    return submission, wire(submission.payload)


def test_the_whole_is_one_order(kit):
    submission, sent = combined(kit)
    assert submission.ref == sent["ref"] == WHOLE
    assert submission.orders == (FIRST, SECOND, THIRD)
    assert sent["type"] == "MULTI"
    assert sent["totalPrice"] == Decimal("472.13")
    assert sent["totalTaxPrice"] == Decimal("41.10")


def test_each_order_keeps_its_choice_and_its_charge(kit):
    _, sent = combined(kit)
    assert [
        (each["ref"], each["type"], each["fulfilmentPrice"], each["fulfilmentTaxPrice"])
        for each in sent["fulfilmentChoices"]
    ] == [
        (f"{WHOLE}-1-1", "HD", Decimal("9.99"), Decimal("0.90")),
        (f"{WHOLE}-2-1", "HD", Decimal("14.25"), Decimal(0)),
        (f"{WHOLE}-3-1", "HD", Decimal("24.90"), Decimal("2.25")),
    ]
    assert [each["deliveryAddress"]["city"] for each in sent["fulfilmentChoices"]] == [
        "Minneapolis",
        "Denver",
        "Minneapolis",
    ]
    assert [item["fulfilmentChoiceRef"] for item in sent["items"]] == [
        f"{WHOLE}-{number}-1" for number in (1, 1, 2, 2, 3, 3)
    ]


def test_payments_stay_whole(kit):
    _, sent = combined(kit)
    assert [
        (each["ref"], each["amount"], each["paymentMethod"])
        for each in sent["financialTransactions"]
    ] == [
        (f"{WHOLE}-1", Decimal("175.00"), "PAYPAL"),
        (f"{WHOLE}-2", Decimal("338.23"), "CREDITCARD"),
    ]


def test_what_an_order_says_stands_on_its_choice(kit):
    _, sent = combined(kit)
    whole = attributes(sent)
    assert whole["nacelle_multi_order_id"] == WHOLE
    assert "nacelle_order_id" not in whole
    own = [attributes(choice) for choice in sent["fulfilmentChoices"]]
    assert [each["nacelle_order_id"] for each in own] == [FIRST, SECOND, THIRD]
    assert own[1]["nacelle_order_metadata"] == {"gift": True}
    assert not [each for each in own if "nacelle_fingerprint" in each]
    # What the orders only have from the whole is said once.
    assert whole["nacelle_client_data"]["ip_address"] == "2001:db8:40::17"
    assert not [each for each in own if "nacelle_client_data" in each]


def test_what_is_decided_for_each_order_is_noted_once(kit):
    submission, _ = combined(kit)
    assert submission.notes == (
        "item_price: auto read item prices as being for one unit",
        "tax_behavior: auto read prices as excluding tax",
    )


def test_a_multi_order_of_one_is_as_ever(kit):
    assert kit.transform("single", multi_order="combine") == kit.transform("single")


def two_orders(kit, **changes):
    data = kit.data(changes)
    second = {**data["orders"][0], "id": "o-2"}
    data["orders"].append(second)
    for name in ("price", "subtotal_price", "tax"):
        data[name] = str(2 * Decimal(data[name]))
    data["payments"][0]["amount"] = data["price"]
    return data


def test_items_of_the_same_name_are_told_apart(kit):
    data = two_orders(kit)
    line = data["orders"][1]["order_items"][0]
    data["orders"][1]["order_items"] = [line, {**line, "id": "l-1-2"}, dict(line)]
    _, sent = combined(kit, data)
    assert [item["ref"] for item in sent["items"]] == ["l-1", "l-1-2", "l-1-2-2", "l-1-3"]


def test_lines_without_an_id_are_numbered(kit):
    data = kit.data({"orders.0.order_items.0.id": None})
    data["orders"][0]["order_items"].append(
        {"source_external_id": "s-2", "sku": "S", "quantity": 1, "price": "0"}
    )
    (submission,) = kit.transform(data)
    assert [item.ref for item in submission.payload.items] == ["1", "s-2"]


def test_payments_of_the_orders_are_brought_together(kit):
    data = two_orders(kit)
    (payment,) = data.pop("payments")
    for order, number in zip(data["orders"], "12", strict=True):
        order["payments"] = [{**payment, "external_id": f"ch_{number}", "amount": "27.00"}]
    _, sent = combined(kit, data)
    assert [
        (each["ref"], each["externalTransactionId"], each["amount"])
        for each in sent["financialTransactions"]
    ] == [("mo-1-1", "ch_1", Decimal("27.00")), ("mo-1-2", "ch_2", Decimal("27.00"))]
    assert [
        [each.external_transaction_id for each in submission.payload.financial_transactions]
        for submission in kit.transform(data)
    ] == [["ch_1"], ["ch_2"]]


def test_the_ref_is_of_all_orders(kit):
    submission, _ = combined(
        kit, two_orders(kit), order_ref="join('/', [multi_order.id, order.id, identity])"
    )
    assert submission.ref == "mo-1/o-1/mo-1"


def test_without_an_id_the_orders_ids_name_the_whole(kit):
    data = two_orders(kit)
    del data["id"]
    submission, _ = combined(kit, data)
    assert submission.ref == "o-1+o-2"


def test_orders_in_two_currencies_are_not_one_order(kit):
    data = kit.sample("multi-two-addresses")
    data["orders"][1]["currency"] = "CAD"
    with pytest.raises(Untransformable, match="CAD and USD"):
        combined(kit, data)
