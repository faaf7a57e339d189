"""Building multi-orders as Nacelle sends them: plain data, whose figures add up unless changed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

Plain = dict[str, Any]

_ZERO: Final = Decimal(0)


def address(**changes: Any) -> Plain:
    """Return a postal address."""
    return {
        "id": "adr-1",
        "first_name": "Ada",
        "last_name": "Byron",
        "address1": "12 St James's Square",
        "city": "Melbourne",
        "state": "VIC",
        "postal_code": "3000",
        "country_iso2": "AU",
        **changes,
    }


def customer(**changes: Any) -> Plain:
    """Return a shopper."""
    return {
        "id": "cus-1",
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "phone": "+61491570156",
        **changes,
    }


def item(number: int = 1, *, price: str = "10.00", quantity: int = 1, **changes: Any) -> Plain:
    """Return a line. Its `price` is for one unit."""
    return {
        "id": f"item-{number}",
        "sku": f"SKU-{number}",
        "product_id": f"product-{number}",
        "variant_id": f"variant-{number}",
        "description": f"Article {number}",
        "quantity": quantity,
        "price": price,
        "subtotal_price": plain(Decimal(price) * quantity),
        **changes,
    }


def shipping_rate(amount: str = "5.00", **changes: Any) -> Plain:
    """Return how an order travels."""
    return {
        "id": "rate-1",
        "external_id": "shp-1",
        "service_name": "Courier",
        "display_name": "By courier",
        "amount": amount,
        **changes,
    }


def order(
    number: int = 1,
    *,
    items: Sequence[Plain] | None = None,
    shipping: str | None = "5.00",
    discount: str = "0",
    **changes: Any,
) -> Plain:
    """Return one order; its price is what its lines, its tax and its shipping come to.

    Args:
        number: Makes its id, and that of its line.
        items: Its lines.
        shipping: What its shipping costs; None for no shipping rate.
        discount: What is taken off the whole.
        **changes: Fields to set; None takes one away.
    """
    items = [item(number)] if items is None else list(items)
    subtotal = sum((Decimal(each["subtotal_price"]) for each in items), _ZERO)
    tax = sum((Decimal(each.get("tax", 0)) for each in items), _ZERO)
    price = subtotal - Decimal(discount) + Decimal(shipping or 0) + tax
    return _without_none(
        {
            "id": f"order-{number}",
            "currency": "AUD",
            "email": "ada@example.com",
            "customer": customer(),
            "price": plain(price),
            "subtotal_price": plain(subtotal),
            "tax": plain(tax),
            "discounts": None if discount == "0" else discount,
            "order_items": items,
            "shipping_rate": None if shipping is None else shipping_rate(shipping),
            "shipping_address": address(),
            "billing_address": address(id="adr-2"),
            **changes,
        }
    )


def payment(amount: str | Decimal, **changes: Any) -> Plain:
    """Return a payment that went through."""
    return {
        "id": "pay-1",
        "external_id": "charge-1",
        "payment_type": "card",
        "card_brand": "visa",
        "processor_name": "stripe",
        "status": "succeeded",
        "amount": plain(Decimal(amount)),
        "currency": "AUD",
        **changes,
    }


def multi_order(*orders: Plain, **changes: Any) -> Plain:
    """Return a multi-order of these orders, by default of one, paid in full by one payment."""
    orders = orders or (order(),)
    price = sum((Decimal(each.get("price", 0)) for each in orders), _ZERO)
    return _without_none(
        {
            "id": "multi-1",
            "currency": "AUD",
            "email": "ada@example.com",
            "phone": "+61491570156",
            "customer": customer(),
            "billing_address": address(id="adr-2"),
            "merchant_created_at": "2026-11-24T09:30:00Z",
            "price": plain(price),
            "payments": [payment(price)] if price else None,
            "orders": list(orders),
            **changes,
        }
    )


def _without_none(data: Plain) -> Plain:
    return {name: value for name, value in data.items() if value is not None}


def plain(amount: Decimal) -> str:
    """Write an amount without an exponent, as Nacelle does."""
    return f"{amount:f}"
