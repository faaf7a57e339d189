"""Odd orders: rare, contradictory or hostile, and yet signed by Nacelle."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final

from multiorder_sync.conformance.corpus.building import (
    Plain,
    address,
    customer,
    item,
    multi_order,
    order,
    payment,
)
from multiorder_sync.conformance.corpus.fields import complete, inheriting, own_payments

_ODD_TEXTS: Final[dict[str, str]] = {
    "quotation marks": 'O\'Neill "Bob" \\ `x`',
    "markup": "<b>&amp;</b>]]><!--",
    "a query": "'); DROP TABLE orders; --",
    "line breaks": "one\ntwo\r\nthree\ttab",
    "a template": "{{7*7}}${x}%s%n",
    "control characters": "a\x01b\x1fc\x7f",
    "Unicode's own line breaks": "one\u2028two\u2029three\u0085four",
    "characters of two directions": "\u202eabc\u202c \u200f\u200e",
    "characters without a width": "a\u200bb\ufeffc\u00ad",
    "what looks like a number": "1e5",
    "what looks like nothing": "null",
    "blanks": "   ",
}
_ODD_IDS: Final[tuple[str, ...]] = (
    "with a blank",
    "with/slash",
    "with'quote",
    'with"quotes',
    "with%25percent?and&more=#",
    "with*star",
    "with\\backslash",
    "mit-Umlaut-ü",
    "訂單-1",
    "🦊",
    "x" * 300,
)


def odd_orders() -> Iterator[tuple[str, Plain]]:
    """Yield name and plain data of each."""
    yield "everything set", complete()
    yield "everything set, the order saying nothing of its own", inheriting()
    yield "everything set, payments of the order alone", own_payments()
    yield from _ids()
    yield from _texts()
    yield from _gaps()
    yield from _amounts()
    yield from _payments()
    yield from _sizes()
    yield from _contradictions()


def _ids() -> Iterator[tuple[str, Plain]]:
    for text in _ODD_IDS:
        yield f"an id {text[:24]}", multi_order(order(id=text), id=text)
    yield (
        "two ids that differ at their ends",
        multi_order(order(id="y" * 290 + "1"), order(id="y" * 290 + "2")),
    )
    yield "two ids that differ in case", multi_order(order(id="Order-A"), order(id="order-a"))
    yield "two ids that differ in an odd character", multi_order(order(id="a/b"), order(id="a b"))
    yield "two lines of one id", multi_order(order(items=[item(1), item(1)]))
    yield "lines without ids", multi_order(order(items=[_without(item(1), "id"), item(2, id="")]))
    yield "no id but that of a payment", _without(multi_order(order(id=None)), "id")
    yield "an id that is a number's text", multi_order(order(id="0012"), id="0012")


def _texts() -> Iterator[tuple[str, Plain]]:
    for name, text in _ODD_TEXTS.items():
        # Beside the texts by which an order is told from another one, and read at all.
        yield f"{name} in every text", _all_texts(complete(), _always(text))
    yield "every text very long", _all_texts(complete(), lambda old: (old + "-") * 400)
    yield "every text empty", _all_texts(complete(), lambda _: "")
    yield "a very long comment", multi_order(order(comment="Long. " * 2_000))


def _always(text: str) -> Callable[[str], str]:
    def same(_: str) -> str:
        return text

    return same


def _gaps() -> Iterator[tuple[str, Plain]]:
    shipped = order(shipping_address=None)
    yield "no address to ship to", multi_order(shipped)
    yield (
        "no address at all",
        _without(
            multi_order(order(shipping_address=None, billing_address=None)), "billing_address"
        ),
    )
    yield "an address with nothing in it", multi_order(order(shipping_address={}))
    yield (
        "an address of a name alone",
        multi_order(order(shipping_address={"first_name": "Ada", "last_name": "Byron"})),
    )
    nobody = multi_order(order(email=None, customer=None))
    yield "no email address", _without(nobody, "email", "customer")
    yield "no currency", _without(multi_order(order(currency=None)), "currency")
    yield (
        "no prices",
        multi_order(
            _without(
                order(order_items=[_without(item(1), "price", "subtotal_price")]),
                *("price", "subtotal_price"),
            )
        ),
    )
    yield "no payments", _without(multi_order(), "payments")
    yield (
        "nothing but what makes it an order",
        {
            "id": "multi-1",
            "orders": [{"order_items": [{"sku": "SKU-1", "quantity": 1}]}],
        },
    )


def _amounts() -> Iterator[tuple[str, Plain]]:
    yield (
        "twenty digits of money",
        multi_order(order(items=[item(1, price="12345678901234567890")], shipping=None)),
    )
    yield (
        "twenty digits after the point",
        multi_order(order(items=[item(1, price="0.00000000000000000001")], shipping=None)),
    )
    yield (
        "more decimals than the currency has",
        multi_order(order(items=[item(1, price="10.12345")], shipping=None)),
    )
    yield (
        "decimals in yen",
        multi_order(
            order(items=[item(1, price="100.5")], shipping=None, currency="JPY"), currency="JPY"
        ),
    )
    yield "two billion of one", multi_order(order(items=[item(1, quantity=2**31 - 1)]))
    yield "a discount of more than all", multi_order(order(discount="10.00", price="0.00"))
    yield "a price that its lines do not come to", multi_order(order(price="99.99"))
    yield "a subtotal that its lines do not come to", multi_order(order(subtotal_price="1.00"))
    yield "a discount written as less than nothing", multi_order(order(discounts="-2.50"))
    yield "more tax than money", multi_order(order(items=[item(1, tax="100.00")]))
    yield "amounts as numbers", multi_order(order(items=[item(1) | {"price": 10}]))


def _payments() -> Iterator[tuple[str, Plain]]:
    yield "payments that come to less", multi_order(payments=[payment("1.00")])
    yield "payments that come to more", multi_order(payments=[payment("100.00")])
    yield "no payment that went through", multi_order(payments=[payment("15.00", status="failed")])
    yield "a payment in another currency", multi_order(payments=[payment("9.50", currency="EUR")])
    yield "a payment of nothing", multi_order(payments=[payment("0"), payment("15.00", id="pay-2")])
    yield "a payment without an amount", multi_order(payments=[_without(payment("0"), "amount")])
    yield (
        "a kind of payment that nobody knows",
        multi_order(payments=[payment("15.00", payment_type="barter", card_brand="stone")]),
    )
    yield "one payment given twice", multi_order(payments=[payment("15.00"), payment("15.00")])
    many = [payment("0.25", id=f"pay-{n}", external_id=f"charge-{n}") for n in range(60)]
    yield "sixty payments", multi_order(payments=many)


def _sizes() -> Iterator[tuple[str, Plain]]:
    yield "four hundred lines", multi_order(order(items=[item(number) for number in range(1, 401)]))
    deep: Any = "bottom"
    for _ in range(25):
        deep = {"in": [deep]}
    yield "metadata fifty levels deep", multi_order(order(metadata={"deep": deep}))
    wide = {f"key {number}": f"value {number}" for number in range(500)}
    yield "metadata of five hundred keys", multi_order(order(metadata=wide), metadata=wide)
    yield (
        "metadata of every kind",
        multi_order(
            order(
                metadata={
                    "": "empty key",
                    "with.dot": 1,
                    'with"quote': True,
                    "$decimal": "1.10",
                    "nothing": None,
                    "fraction": 0.1,
                    "large": 1e300,
                    "whole": 12345678901234567890,
                    "list": [1, "2", None, [3]],
                }
            )
        ),
    )


def _contradictions() -> Iterator[tuple[str, Plain]]:
    other = {"email": "grace@example.com", "first_name": "Grace", "id": "cus-2"}
    yield (
        "two shoppers",
        multi_order(order(1), order(2, email=other["email"], customer=customer(**other))),
    )
    yield "two currencies", multi_order(order(1), order(2, currency="EUR"))
    yield "a currency in lower case", multi_order(order(currency="aud"), currency="aud")
    yield "a currency that there is not", multi_order(order(currency="XQZ"), currency="XQZ")
    yield (
        "a country that there is not",
        multi_order(order(shipping_address=address(country_iso2="Atlantis"))),
    )
    yield (
        "canceled already",
        multi_order(
            order(canceled_at="2026-11-24T10:00:00Z", canceled_reason="changed their mind")
        ),
    )
    away = {"id": "ful-1", "fulfillment_order_items": [{"order_item_id": "nobody", "quantity": 9}]}
    yield "a fulfilment of a line that there is not", multi_order(order(fulfillments=[away]))
    yield (
        "to collect, and nobody says where",
        multi_order(order(fulfillments=[{"id": "ful-1", "delivery_method": "pickup"}])),
    )
    yield "made before 1970", multi_order(merchant_created_at="1969-12-31T23:59:59+14:00")


def _all_texts(data: Plain, change: Callable[[str], str]) -> Plain:
    """Return a copy with every text changed that is no amount, no time and no key of the order."""
    data = copy.deepcopy(data)
    _change_within(data, change)
    return data


_KEPT: Final = frozenset({"id", "currency", "email", "sku", "external_id", "source_external_id"})


def _change_within(value: Any, change: Callable[[str], str]) -> None:
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in list(entries):
        if isinstance(inner, dict | list):
            _change_within(inner, change)
        elif isinstance(inner, str) and name not in _KEPT and not inner[:1].isdigit():
            value[name] = change(inner)


def _without(data: Plain, *names: str) -> Plain:
    return {name: value for name, value in data.items() if name not in names}
