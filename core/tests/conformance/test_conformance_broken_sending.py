"""Connectors that send something else than the payload are caught, and those that word it their way are not."""

import base64
import re
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote

import msgspec
import pytest
from acme.conforming import Conforming, payload_changed

from multiorder_sync import Call

CHECK = "the_payload_is_what_is_sent"


def sending(change):
    """Return a connector that changes what it sends, and not its payload."""

    class Sending(Conforming):
        def content(self, submission):
            data = msgspec.json.decode(super().content(submission))
            change(data["order"]["order"], data)
            return msgspec.json.encode(data)

    return Sending


def one_line(order, _):
    order["order_items"] = order["order_items"][:1]


def one_payment(order, _):
    order["payments"] = order["payments"][:1]


def no_comment(order, _):
    del order["comment"]


def short_names(order, _):
    order["shipping_address"]["last_name"] = order["shipping_address"]["last_name"][:6]


def whole_dollars(order, _):
    for line in order["order_items"]:
        line["price"] = str(int(Decimal(line["price"])))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (one_line, "order.order_items[1].sku"),
        (one_payment, "order.payments[1].external_id"),
        (no_comment, "order.comment"),
        (short_names, "order.shipping_address.last_name"),
        (whole_dollars, "order.order_items[0].price"),
    ],
)
def test_a_submit_that_leaves_something_out(checked, change, place):
    said = checked(sending(change), CHECK)
    assert f"{place} of the payload is not sent" in said
    assert "let submit encode it as it is" in said.rpartition("How to mend it: ")[2]


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        (lambda: datetime.now(UTC).isoformat(), "submitted twice, sent_at of createOrder differs"),
        (lambda: uuid.uuid4().hex, "submitted twice, sent_at of createOrder differs"),
        (lambda: f"{datetime.now(UTC):%Y-%m-%d}", "sent_at of createOrder holds the time of the"),
        (lambda: int(time.time()), "sent_at of createOrder holds the time of the submit"),
    ],
)
def test_a_submit_that_adds_something_of_its_own(checked, stamp, words):
    said = checked(sending(lambda _, data: data.update(sent_at=stamp())), CHECK)
    assert words in said


class Numbering(Conforming):
    """Sends what no other connector of its class has sent."""

    numbers = iter(range(1000))

    def __init__(self, settings, http):
        super().__init__(settings, http)
        self._number = next(self.numbers)

    def content(self, submission):
        return msgspec.json.encode(
            {**msgspec.json.decode(super().content(submission)), "by": self._number}
        )


def test_what_differs_between_two_connectors_of_one_configuration(checked):
    assert "submitted twice, by of createOrder differs" in checked(Numbering, CHECK)


class Steering(Conforming):
    """Has a part of the payload in the URL, one in a header, and one that only says what is done."""

    async def submit(self, submission):
        order = {**submission.payload.order}
        comment = quote(order.pop("comment", ""))
        failed = order.pop("status", None) == "failed"
        self._path = "/nowhere" if failed else f"/orders?comment={comment}"
        self._phone = order.pop("phone", "")
        payload = msgspec.structs.replace(submission.payload, order=order)
        return await super().submit(msgspec.structs.replace(submission, payload=payload))

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        if not creates:
            return await super()._ask(operation, method, path, content)
        call = Call(
            operation=operation,
            method=method,
            url=self._settings.base_url + self._path,
            creates=True,
            headers={"x-api-key": self._settings.api_key, "x-phone": self._phone},
            content=content,
        )
        return await self._http.send(call)


def hidden(_, data):
    order = msgspec.json.encode(data.pop("order"))
    data["order"] = base64.b64encode(order).decode()


def in_cents(order, _):
    for line in order["order_items"]:
        line["price"] = int(Decimal(line["price"]) * 100)


def within_a_text(_, data):
    data["order"] = msgspec.json.encode(data["order"]).decode()


@pytest.mark.parametrize(
    "kind",
    [Steering, *map(sending, (hidden, in_cents, within_a_text))],
    ids=["steering", "hidden", "in cents", "within a text"],
)
def test_what_is_sent_in_another_way_is_sent(checked, kind):
    assert checked(kind, CHECK) == ""


def cents_of(value):
    if isinstance(value, dict):
        return {name: cents_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [cents_of(inner) for inner in value]
    is_amount = isinstance(value, str) and re.fullmatch(r"\d+\.\d\d", value)
    return int(Decimal(value) * 100) if is_amount else value


def holding_cents(change):
    """Return a connector whose payload holds amounts as whole cents, and that changes what it sends."""

    def in_cents(payload, _):
        return msgspec.structs.replace(payload, order={**cents_of(payload.order), "version": 1})

    class Holding(payload_changed(in_cents)):
        def content(self, submission):
            data = msgspec.json.decode(super().content(submission))
            del data["order"]["order"]["version"]
            change(data["order"]["order"])
            return msgspec.json.encode(data)

    return Holding


def no_tax_of_lines(order):
    for line in order["order_items"]:
        line["tax"] = 0


def one_of_each(order):
    for line in order["order_items"]:
        line["quantity"] = 1


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (no_tax_of_lines, ["order.order_items[0].tax", "order.order_items[1].tax"]),
        (lambda order: order.pop("discounts", None), ["order.discounts"]),
        (one_of_each, ["order.order_items[0].quantity"]),
    ],
)
def test_cents_that_a_submit_leaves_out_or_changes(checked, change, places):
    said = checked(holding_cents(change), CHECK)
    assert all(f"{place} of the payload is not sent" in said for place in places)


def test_many_cents_that_change_on_their_way(checked):
    def rounded(order):
        if "discounts" in order:
            order["discounts"] = order["discounts"] // 10 * 10

    said = checked(holding_cents(rounded), "amounts_arrive_exactly")
    assert "of a discount of 98765432109876.54, which the payload holds, the OMS was sent" in said


def test_cents_that_are_sent_as_they_are(checked):
    assert checked(holding_cents(lambda _: None), CHECK, "amounts_arrive_exactly") == ""
