"""Connectors that drop fields or texts, or declare what is not so, are caught, in words."""

import re
from functools import partial

import msgspec
import pytest
from acme.conforming import (
    Conforming,
    ConformingPayload,
    payload_changed,
    with_line,
)

from multiorder_sync import Untransformable


@pytest.fixture
def checked(checked):
    """Make the checks of a few cases: what is wrong here is wrong in nearly all of them."""
    return partial(checked, cases="few")


@pytest.mark.parametrize(
    ("field", "drop"),
    [
        ("orders[].comment", lambda order: order.pop("comment", None)),
        (
            "orders[].order_items[].price",
            lambda order: [each.pop("price", None) for each in order["order_items"]],
        ),
        (
            "orders[].order_items[].tax_rate",
            lambda order: [each.pop("tax_rate", None) for each in order["order_items"]],
        ),
        (
            "orders[].shipping_address.address2",
            lambda order: (order.get("shipping_address") or {}).pop("address2", None),
        ),
        (
            "orders[].payments[].amount",
            lambda order: [each.pop("amount", None) for each in order.get("payments") or ()],
        ),
    ],
)
def test_a_dropped_field(checked, field, drop):
    def dropping(payload, _):
        order = msgspec.json.decode(msgspec.json.encode(payload.order))
        drop(order)
        return msgspec.structs.replace(payload, order=order)

    said = checked(payload_changed(dropping), "every_field_is_carried_or_declared")
    assert f"What is wrong: {field} is in no place of the payload, and not_carried does not" in said

    kind = payload_changed(dropping)
    kind.not_carried = {field: "is nobody's business"}
    names = ("every_field_is_carried_or_declared", "declarations_are_true")
    assert checked(kind, *names, cases="some") == ""


def second_line_bare(order):
    for line in order["order_items"][1:]:
        for name in [*line]:
            if name != "id":
                del line[name]


def second_rate(order):
    for line in order["order_items"][1:]:
        line.pop("tax_rate", None)


def one_payment(order):
    order["payments"] = (order.get("payments") or [])[:1]


def comment_of_one_line(order):
    if len(order["order_items"]) > 1:
        order.pop("comment", None)


def comment_unless_promoted(order):
    if order.get("promotion"):
        order.pop("comment", None)


@pytest.mark.parametrize(
    ("drop", "words"),
    [
        (second_line_bare, "orders[].order_items[].sku gets to the OMS, but not of the second"),
        (second_rate, "orders[].order_items[].tax_rate gets to the OMS, but not of the second"),
        (one_payment, "orders[].payments[].amount gets to the OMS, but not of the second entry"),
        (comment_of_one_line, "orders[].comment gets to the OMS, but not in an order with two of"),
        (comment_unless_promoted, "orders[].comment gets to the OMS, but not in an order with ev"),
    ],
)
def test_a_field_that_is_dropped_of_some_orders(checked, drop, words):
    def dropping(payload, _):
        order = msgspec.json.decode(msgspec.json.encode(payload.order))
        drop(order)
        return msgspec.structs.replace(payload, order=order)

    said = checked(payload_changed(dropping), "every_field_is_carried_or_declared")
    assert words in said
    assert "of every entry of an array" in said.rpartition("How to mend it: ")[2]


def test_what_a_note_tells_of_is_not_dropped_without_a_word(checked):
    class Short(Conforming):
        def transform(self, order, context):
            made = super().transform(order, context)
            for each in made if order.orders[0].promotion else ():
                each.payload.order.pop("comment", None)
            cut = ("comment was left out",)
            return [msgspec.structs.replace(each, notes=cut) for each in made]

    assert checked(Short, "every_field_is_carried_or_declared", cases="some") == ""


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("the zip 'postal_code-1' was left out", True),
        ("zip: left out", True),
        ("what is zipped, unzipped or in a zip_code was left out", False),
    ],
)
def test_a_note_tells_of_a_place_with_a_short_name_by_the_whole_word(checked, note, told):
    def renamed(payload, order):
        kept = msgspec.json.decode(msgspec.json.encode(payload.order))
        code = (kept.get("shipping_address") or {}).pop("postal_code", None)
        return ConformingPayload(
            multi_order=payload.multi_order,
            order=kept if order.orders[0].promotion else {**kept, "zip": code},
        )

    class Short(payload_changed(renamed)):
        def transform(self, order, context):
            made = super().transform(order, context)
            return [msgspec.structs.replace(each, notes=(note,)) for each in made]

    said = checked(Short, "every_field_is_carried_or_declared")
    words = "orders[].shipping_address.postal_code gets to the OMS, but not in an order with every"
    assert (said == "") if told else (words in said)


def test_a_digest_of_the_order_carries_no_field(checked):
    def digesting(payload, order):
        digest = msgspec.json.encode(order.source).decode()
        return ConformingPayload(multi_order={"digest": digest}, order={"id": order.orders[0].id})

    said = checked(payload_changed(digesting), "every_field_is_carried_or_declared")
    assert "things" in said
    assert "  - email is in no place of the payload" in said


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (
            {"orders[].comment": "not needed"},
            "orders[].comment is declared in not_carried, and yet",
        ),
        ({"orders[].coment": "a typo"}, "there is no such field; did you mean orders[].comment?"),
        ({"comment": " "}, "not_carried gives no reason for comment"),
    ],
)
def test_false_declarations(checked, declared, words):
    class Declaring(Conforming):
        not_carried = declared

    assert words in checked(Declaring, "declarations_are_true")


def with_comments(change):
    return lambda payload, _: with_line(
        **({"comment": change(payload.order["comment"])} if "comment" in payload.order else {})
    )(payload, _)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:60], "the last of 200 characters of orders[].comment gets nowhere"),
        (
            lambda text: text.encode("ascii", "ignore").decode(),
            "a character of orders[].comment that is not Latin gets nowhere",
        ),
    ],
)
def test_texts_that_lose_something_without_a_word(checked, change, words):
    said = checked(payload_changed(with_comments(change)), "every_field_is_carried_or_declared")
    assert f"{words}, and no note tells of it" in said
    assert said.count("no note tells of it") == 1


def test_what_is_not_shown_is_said_to_be_in_the_json(checked):
    def dropping(payload, _):
        return ConformingPayload(multi_order={}, order={})

    said = checked(payload_changed(dropping), "every_field_is_carried_or_declared")
    assert re.search(r"and \d+ more; --conformance-json FILE has them all", said)


def test_texts_that_are_cut_with_a_note_or_refused(checked):
    class Cutting(payload_changed(with_comments(lambda text: text[:60]))):
        def transform(self, order, context):
            comment = order.orders[0].comment or ""
            if not comment.isascii():
                raise Untransformable("Acme takes no such character in a comment.")
            notes = ("comment was cut to 60 characters",) if len(comment) > 60 else ()
            made = super().transform(order, context)
            return [msgspec.structs.replace(each, notes=notes) for each in made]

    assert checked(Cutting, "every_field_is_carried_or_declared") == ""


def without_comment(payload, _, *, of):
    kept = {name: {**getattr(payload, name)} for name in ("multi_order", "order")}
    kept[of].pop("comment", None)
    return ConformingPayload(**kept)


@pytest.mark.parametrize(
    ("of", "declared", "other"),
    [("multi_order", "comment", "orders[].comment"), ("order", "orders[].comment", "comment")],
)
def test_a_comment_may_be_carried_of_the_order_or_of_the_whole_alone(checked, of, declared, other):
    right, wrong = ({name: "has no place in Acme"} for name in (declared, other))

    class Declaring(payload_changed(partial(without_comment, of=of))):
        not_carried = right

    class Misdeclaring(Declaring):
        not_carried = wrong

    checks = ("every_field_is_carried_or_declared", "declarations_are_true")
    assert checked(Declaring, *checks) == ""
    assert f"{declared} is in no place of the payload" in checked(Misdeclaring, *checks)


def known_by_ref(*dropped_of_order, **declared):
    """Return a connector that sends its ref, and no id of the multi-order."""

    class ByRef(Conforming):
        not_carried = declared

        def transform(self, order, context):
            found = []
            for each in super().transform(order, context):
                kept = {name: {**getattr(each.payload, name)} for name in ("multi_order", "order")}
                for name in ("id", *dropped_of_order):
                    kept["multi_order"].pop(name, None)
                for name in dropped_of_order:
                    kept["order"].pop(name, None)
                kept["order"]["ref"] = each.ref
                found.append(msgspec.structs.replace(each, payload=ConformingPayload(**kept)))
            return found

    return ByRef


def test_an_id_that_only_some_refs_are_made_of_is_declared(checked):
    checks = ("every_field_is_carried_or_declared", "declarations_are_true")
    said = checked(known_by_ref(), *checks)
    assert "What is wrong: id is in no place of the payload, and not_carried does not name" in said
    assert "gets to the OMS, but not" not in said
    assert checked(known_by_ref(id="is in the ref where an order has no id"), *checks) == ""


def test_an_id_that_every_ref_is_made_of_is_carried_and_may_be_declared(checked):
    checks = ("every_field_is_carried_or_declared", "declarations_are_true")
    ids = {"id": "is not needed"}
    assert checked(known_by_ref("id", **ids), *checks) == ""
    assert checked(known_by_ref("id", **ids, **{"orders[].id": "is the ref"}), *checks) == ""


def test_an_id_that_has_a_place_beside_the_ref_is_not_declared(checked):
    kind = payload_changed(lambda payload, _: payload)
    kind.not_carried = {"id": "is not carried"}
    said = checked(kind, "declarations_are_true")
    assert "id is declared in not_carried, and yet changes multi_order.id" in said
