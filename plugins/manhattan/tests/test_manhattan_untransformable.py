"""What Manhattan can't hold is said in one sentence, before anything is sent."""

import copy
import re

import pytest

from multiorder_sync import Untransformable

LINE = "orders.0.order_items.0"

CASES = {
    "no address": ({"orders.0.shipping_address": None}, {}, "no shipping_address"),
    "no shipping method": ({}, {"shipping_methods": {}}, "No shipping method is configured"),
    "no item": ({}, {"item_id": "item.metadata.code"}, "names no item for the line l-1"),
    "item no text": ({}, {"item_id": "item.quantity"}, "names no item"),
    "blank item": ({f"{LINE}.sku": " "}, {}, "names no item"),
    "item of a line without an id": (
        {f"{LINE}.id": None},
        {"item_id": "item.metadata"},
        "for the line SKU-1",
    ),
    "no order ref": ({}, {"order_ref": "order.metadata.ref"}, "gives no text .* but None"),
    "order ref no text": ({}, {"order_ref": "`7`"}, "gives no text .* but 7"),
    "empty order ref": ({}, {"order_ref": "''"}, "gives no text"),
    "blank": ({"orders.0.id": " "}, {}, "gives no text"),
    "no currency": (
        {"currency": None, "orders.0.currency": None, "payments.0.currency": None},
        {},
        "no currency",
    ),
    "no currency but the payment's": (
        {"currency": None, "orders.0.currency": None},
        {},
        "the order names none",
    ),
    "an expression that breaks": ({}, {"order_ref": "join('-', order.id)"}, "join"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_manhattan_cannot_hold(kit, name):
    changes, settings, said = CASES[name]
    with pytest.raises(Untransformable, match=said) as caught:
        kit.one(changes, **settings)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("order_id", ["x" * 100, "A-1_b.2", "1"])
def test_order_ids_that_are_safe(kit, order_id):
    assert kit.one({"orders.0.id": order_id}).ref == order_id


def with_lines(kit, count):
    data = kit.data()
    (line,) = data["orders"][0]["order_items"]
    free = {"id": None, "price": "0", "subtotal_price": "0", "tax": "0"}
    data["orders"][0]["order_items"] += [{**line, **free} for _ in range(count - 1)]
    return data


def test_more_lines_than_an_order_has(kit):
    (submission,) = kit.transform(with_lines(kit, 250))
    assert len({line.order_line_id for line in submission.payload.order_line}) == 250
    with pytest.raises(Untransformable, match="has 251 lines; Manhattan takes at most 250"):
        kit.transform(with_lines(kit, 251))


def test_more_lines_than_the_whole_has(kit):
    data = with_lines(kit, 150)
    data["orders"].append({**copy.deepcopy(data["orders"][0]), "id": "o-2"})
    assert len(kit.transform(data)) == 2
    with pytest.raises(Untransformable, match="has 300 lines"):
        kit.transform(data, multi_order="combine")


def with_payments(kit, count):
    part = {"status": "succeeded", "amount": "1.00", "currency": "USD"}
    return kit.data({"payments": [part] * count})


def test_more_payment_methods_than_an_order_has(kit):
    (submission,) = kit.transform(with_payments(kit, 20))
    methods = submission.payload.payment[0].payment_method
    assert len({method.payment_method_id for method in methods}) == 20
    with pytest.raises(Untransformable, match="has 21 payment methods; Manhattan takes at most 20"):
        kit.transform(with_payments(kit, 21))


@pytest.mark.parametrize(
    ("ref", "beginning"),
    [
        ("gid://shopify/Order/123", "gid-shopify-Order-123-"),
        ("o+1", "o-1-"),
        ("o#1", "o-1-"),
        ("o'1", "o-1-"),
        ("o-1\n", "o-1-"),
        ("ö-1", "1-"),
        ("注文", "-"),
        ("x" * 101, "x" * 60 + "-"),
    ],
)
def test_other_refs_are_made_into_ids_that_are_safe(kit, ref, beginning):
    made = kit.one({"orders.0.id": ref}).ref
    assert made.startswith(beginning)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{17,77}", made)
    assert kit.one({"orders.0.id": ref}).ref == made
    assert kit.one({"orders.0.id": f"{ref}!"}).ref != made
