"""Connectors that cut an array off, wherever that is, are caught in words."""

import msgspec
from acme.conforming import Conforming

CHECK = "every_field_is_carried_or_declared"


def lines(most):
    def cut(order):
        order["order_items"] = order["order_items"][:most]

    return cut


def all_but_two(order):
    lines(2)(order)
    for each in (order, *order["order_items"]):
        each["applied_discounts"] = (each.get("applied_discounts") or [])[:2]
    order["payments"] = (order.get("payments") or [])[:2]
    promotion = order.get("promotion") or {}
    promotion["coupon_codes"] = promotion.get("coupon_codes", [])[:2]


def cutting(cut, *notes):
    """Return a connector that cuts something off its orders, with notes that may tell."""

    class Cutting(Conforming):
        def transform(self, order, context):
            made = super().transform(order, context)
            return [msgspec.structs.replace(each, **self._cut(each)) for each in made]

        def _cut(self, submission):
            order = msgspec.json.decode(msgspec.json.encode(submission.payload.order))
            cut(order)
            payload = msgspec.structs.replace(submission.payload, order=order)
            return {"payload": payload, "notes": notes}

    return Cutting


def test_arrays_that_are_cut_off_after_the_second_entry(checked):
    said = checked(cutting(all_but_two), CHECK)
    for field in (
        *("order_items[].sku", "order_items[].quantity", "order_items[].comment"),
        *("applied_discounts[].name", "order_items[].applied_discounts[].name"),
        *("payments[].amount", "promotion.coupon_codes"),
    ):
        assert f"orders[].{field} gets to the OMS, but not of the third entry of a long" in said
    assert "of every entry of an array" in said.rpartition("How to mend it: ")[2]


def test_lines_that_are_cut_off_after_the_sixtieth(checked):
    said = checked(cutting(lines(60)), CHECK)
    assert "orders[].order_items[].sku gets to the OMS, but not of the last entry of a lo" in said
    assert "third" not in said


def test_what_a_note_tells_of_is_not_cut_off_without_a_word(checked):
    told = "of the order_items, the first 60 are sent"
    assert checked(cutting(lines(60), told), CHECK) == ""
