"""Connectors whose fingerprint is of a part of the order are caught, if the rest gets to the OMS."""

import hashlib

import msgspec
import pytest
from acme.conforming import Conforming

CHECK = "refs_are_stable_and_distinct"


def of_the_first_line(order):
    return [order["order_items"][0]]


def of_all_but_the_address(order):
    return [order["order_items"], order["price"]]


def stamped_by(content, *dropped):
    """Return a connector with a fingerprint of its own; some fields it does not carry."""

    class Stamping(Conforming):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, **self._with(each))
                for each in super().transform(order, context)
            ]

        def _with(self, submission):
            payload = submission.payload
            kept = {name: each for name, each in payload.order.items() if name not in dropped}
            of_all = {} if "payments" in dropped else payload.multi_order
            said = msgspec.json.encode(content(payload.order), order="sorted")
            return {
                "payload": msgspec.structs.replace(payload, order=kept, multi_order=of_all),
                "fingerprint": hashlib.sha256(said).hexdigest(),
            }

    return Stamping


@pytest.mark.parametrize(
    ("content", "told", "untold"),
    [
        (
            of_the_first_line,
            ["sku of a line"],
            [
                *("quantity of the second line", "price of the second line"),
                *("sku of the second line", "address1 of the shipping address", "discount"),
                *("price of shipping", "amount of a payment"),
            ],
        ),
        (
            of_all_but_the_address,
            ["sku of the second line", "discount", "price of shipping"],
            ["city of the shipping address", "amount of a payment"],
        ),
    ],
)
def test_a_fingerprint_of_a_part_of_the_order(checked, content, told, untold):
    said = checked(stamped_by(content), CHECK)
    for name in untold:
        assert f"the fingerprint is the same when the {name} is another one" in said
    for name in told:
        assert f"when the {name} is another one" not in said
    assert "give fingerprint(multi_order, orders)" in said


def test_what_is_not_carried_need_not_be_told(checked):
    kind = stamped_by(of_all_but_the_address, "shipping_address", "payments")
    assert checked(kind, CHECK) == ""
