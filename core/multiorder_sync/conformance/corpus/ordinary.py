"""Ordinary orders: what shoppers do every day."""

from collections.abc import Iterator
from decimal import Decimal

from multiorder_sync.conformance.corpus.building import (
    Plain,
    address,
    customer,
    item,
    multi_order,
    order,
    payment,
    shipping_rate,
)


def ordinary_orders() -> Iterator[tuple[str, Plain]]:
    """Yield name and plain data of each."""
    yield "one line", multi_order()
    yield "as little as there is", _least()
    yield from _lines()
    yield from _several_orders()
    yield from _amounts()
    yield from _taxes()
    yield from _ways()
    yield from _payments()
    yield from _texts()


def _least() -> Plain:
    line = {"sku": "SKU-1", "quantity": 1, "price": "10.00"}
    return {
        "id": "multi-1",
        "currency": "AUD",
        "email": "ada@example.com",
        "price": "10.00",
        "billing_address": address(),
        "payments": [payment("10.00")],
        "orders": [{"order_items": [line], "shipping_address": address()}],
    }


def _lines() -> Iterator[tuple[str, Plain]]:
    def of(*items: Plain) -> Plain:
        return multi_order(order(items=items))

    yield "two lines", of(item(1), item(2, price="7.35"))
    yield "several of one", of(item(1, quantity=3, price="3.33"))
    yield "a hundred lines", of(*(item(number, price="1.01") for number in range(1, 101)))
    yield "the same article on two lines", of(item(1, sku="SAME"), item(2, sku="SAME"))
    yield "a free line", of(item(1), item(2, price="0.00"))
    yield "a line named by its variant alone", of(item(1, sku=None))
    yield "an article's price of many digits", of(item(1, price="12345678.90"))
    yield "lines with comments", of(item(1, comment="Gift wrap, please"))
    yield "lines with metadata", of(item(1, metadata={"colour": "red", "sizes": ["M", "L"]}))


def _several_orders() -> Iterator[tuple[str, Plain]]:
    elsewhere = address(id="adr-3", city="Sydney", state="NSW", postal_code="2000")
    yield "two orders", multi_order(order(1), order(2))
    yield "two orders to two addresses", multi_order(order(1), order(2, shipping_address=elsewhere))
    yield "a hundred orders", multi_order(*(order(number) for number in range(1, 101)))
    alone = order(1)
    yield "an order without the frame of a multi-order", {**alone, "payments": [payment("15.00")]}


def _amounts() -> Iterator[tuple[str, Plain]]:
    yield "free shipping", multi_order(order(shipping="0.00"))
    yield "no shipping rate", multi_order(order(shipping=None))
    yield "a discount on the order", multi_order(order(discount="2.50"))
    yield (
        "a discount that does not divide evenly",
        multi_order(order(items=[item(number) for number in (1, 2, 3)], discount="10.00")),
    )
    given = {"id": "dis-1", "name": "Summer", "description": "Ten percent", "amount": "1.00"}
    yield (
        "a discount on a line",
        multi_order(
            order(
                items=[item(1, subtotal_price="9.00", discounts="1.00", applied_discounts=[given])]
            )
        ),
    )
    promotion = {"coupon_codes": ["SUMMER"], "identifiers": ["p-1"], "loyalty_card": "L-1"}
    yield (
        "a promotion",
        multi_order(order(discount="1.00", applied_discounts=[given], promotion=promotion)),
    )
    yield (
        "all of it for nothing",
        multi_order(order(items=[item(1, price="0.00")], shipping="0.00"), payments=[]),
    )
    for currency, price in (("JPY", "1200"), ("KWD", "12.345"), ("EUR", "9.99")):
        line = item(1, price=price, quantity=3)  # of which KWD has three decimals, too
        paid = order(items=[line], shipping=None, currency=currency)
        yield (
            f"in {currency}",
            multi_order(
                paid, currency=currency, payments=[payment(paid["price"], currency=currency)]
            ),
        )


def _taxes() -> Iterator[tuple[str, Plain]]:
    yield "tax on top", multi_order(order(items=[item(1, tax="1.00", tax_rate="0.10")]))
    inclusive = order(
        items=[item(1, price="11.00", tax="1.00", tax_rate="0.10")], shipping="5.50", price="16.50"
    )
    yield "tax within", multi_order(inclusive)
    entry = {
        "order_item_id": "item-1",
        "amount": "11.00",
        "quantity": 1,
        "tax_amount": "1.00",
        "tax_behavior": "inclusive",
        "tax_code": "txcd-1",
        "breakdown": [{"amount": "1.00", "display_name": "GST", "percentage": "10"}],
    }
    shipping = {"amount": "5.50", "tax_amount": "0.50", "tax_behavior": "inclusive"}
    tax_data = {
        "external_id": "calc-1",
        "currency": "AUD",
        "items": {"entries": [entry], "total_tax_amount": "1.00", "total_with_tax_amount": "11.00"},
        "shipping": {"entries": shipping, "total_tax_amount": "0.50"},
    }
    yield (
        "tax as a tax service says it",
        multi_order({**inclusive, "tax": "1.50", "tax_data": tax_data}),
    )


def _ways() -> Iterator[tuple[str, Plain]]:
    collected = {"pickup_location_ref": "LOC-1"}
    fulfilment = {
        "id": "ful-1",
        "delivery_method": "pickup",
        "delivery_type": "pickup",
        "assigned_location_id": "LOC-1",
        "fulfillment_order_items": [{"id": "fi-1", "order_item_id": "item-1", "quantity": 1}],
    }
    yield (
        "collected in a shop",
        multi_order(order(shipping="0.00", metadata=collected, fulfillments=[fulfilment])),
    )
    digital = item(2, metadata={"digital": True})
    yield "nothing but a download", multi_order(order(items=[digital], shipping=None))
    yield "a parcel and a download", multi_order(order(items=[item(1), digital]))
    clicked = item(2, metadata=collected)
    yield "a parcel and something to collect", multi_order(order(items=[item(1), clicked]))
    yield (
        "express",
        multi_order(
            order(shipping_rate=shipping_rate(external_id="express", service_name="Express"))
        ),
    )


def _payments() -> Iterator[tuple[str, Plain]]:
    card = {"id": "pay-2", "external_id": "charge-2"}
    gift = {"payment_type": "gift_card", "processor_name": None, "card_brand": None}
    yield (
        "a gift card and a card",
        multi_order(payments=[payment("5.00", **_present(gift)), payment("10.00", **card)]),
    )
    yield (
        "a payment that failed before the one that went through",
        multi_order(payments=[payment("15.00", status="failed"), payment("15.00", **card)]),
    )
    yield "paid by PayPal", multi_order(payments=[payment("15.00", payment_type="paypal")])
    yield (
        "payments of each order",
        multi_order(
            order(1, payments=[payment("15.00")]), order(2, payments=[payment("15.00", **card)])
        )
        | {"payments": []},
    )
    three = [payment(Decimal("5.01"), id=f"pay-{n}", external_id=f"charge-{n}") for n in (1, 2, 3)]
    yield "three payments", multi_order(order(items=[item(1, price="10.03")]), payments=three)


def _texts() -> Iterator[tuple[str, Plain]]:
    guest = order(customer=None)
    yield "a guest", {k: v for k, v in multi_order(guest).items() if k != "customer"}
    yield (
        "a shopper known by email alone",
        multi_order(
            order(customer={"email": "ada@example.com"}), customer={"email": "ada@example.com"}
        ),
    )
    yield (
        "upper case in the email address",
        multi_order(
            order(email="Ada.Byron@Example.COM", customer=customer(email="Ada.Byron@Example.COM")),
            email="Ada.Byron@Example.COM",
            customer=customer(email="Ada.Byron@Example.COM"),
        ),
    )
    for name, first, last, city in (
        ("Japanese", "愛田", "美子", "京都市"),
        ("Arabic", "آدا", "بايرون", "القاهرة"),
        ("Greek", "Άντα", "Μπάιρον", "Αθήνα"),
        ("Vietnamese", "Ngọc Ánh", "Nguyễn", "Đà Nẵng"),
        ("emoji", "Ada 🦊", "Byron 👩‍👩‍👧‍👦", "Zürich 🇨🇭"),
        ("combining characters", "Zoe\u0308", "Mu\u0308ller", "Ko\u0308ln"),
    ):
        named = {"first_name": first, "last_name": last}
        there = address(**named, city=city)
        yield (
            f"names in {name}",
            multi_order(
                order(shipping_address=there, billing_address=there, customer=customer(**named)),
                customer=customer(**named),
                billing_address=there,
            ),
        )
    yield (
        "only a second address line more",
        multi_order(
            order(shipping_address=address(address2="Flat 3, ring twice", comment="Mind the dog"))
        ),
    )
    yield "comments", multi_order(order(comment="Leave it at the door"), comment="Thank you")
    yield (
        "metadata",
        multi_order(
            order(metadata={"gift": True}),
            metadata={"channel": "web", "store": {"id": 7, "tags": []}},
        ),
    )
    yield (
        "fields that Nacelle does not document",
        multi_order(order(brand_new={"a": [1, 2]}), another=None),
    )
    yield (
        "no billing address",
        {
            name: value
            for name, value in multi_order(order(billing_address=None)).items()
            if name != "billing_address"
        },
    )
    yield (
        "ids of the shop alone",
        multi_order(order(id=None, source_external_id="SHOP-100234"), id=None),
    )


def _present(changes: Plain) -> Plain:
    return {name: value for name, value in changes.items() if value is not None}
