"""What tells one order from another, and whether two are the same."""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from multiorder_sync.nacelle.orders import Address, MultiOrder, Order, OrderItem, Payment

# A key of many ids is shortened; OMSs hold references of some 255 characters at most.
_LONGEST_KEY: Final = 150


def identities(multi_order: MultiOrder) -> tuple[str, ...]:
    """Return what identifies the multi-order, best first; empty if nothing does.

    Its own `id`; else its orders' ids or source ids; else its payments' external ids.
    """
    if multi_order.id:
        return (multi_order.id,)
    orders = [order.id or order.source_external_id for order in multi_order.orders]
    if any(orders):
        return tuple(name for name in orders if name)
    payments = (
        *multi_order.payments,
        *(pay for order in multi_order.orders for pay in order.payments),
    )
    return tuple(dict.fromkeys(payment.external_id for payment in payments if payment.external_id))


def order_key(multi_order: MultiOrder) -> str:
    """Return the key of the multi-order within its space: the same for every repeat of it."""
    names = identities(multi_order)
    if any("+" in name for name in names):
        # Else one "a+b" would be taken for an "a" and a "b". No other key begins so.
        names = (f"+{_escaped(names[0])}", *map(_escaped, names[1:]))
    key = "+".join(names)
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{names[0][:60]}+{len(names) - 1}-{digest}"


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("+", "~1")


def order_identity(multi_order: MultiOrder, index: int) -> str:
    """Return what identifies one order of a multi-order, as refs and answers use it.

    Its `id`, else its `source_external_id`, else the multi-order's key with the order's number.
    """
    order = multi_order.orders[index]
    own = order.id or order.source_external_id
    if own:
        return own
    key = order_key(multi_order)
    return key if len(multi_order.orders) == 1 else f"{key}-{index + 1}"


def fingerprint(multi_order: MultiOrder, orders: Iterable[Order] | None = None) -> str:
    """Return a fingerprint of the content that matters: identity, lines, money, addresses, payments.

    It is of the content and not of the bytes: another order of keys, other time stamps, another
    status or `10.0` for `10.00` do not change it. Nor does other metadata, that of a line included:
    it may change from call to call.

    Args:
        multi_order: The whole, with its payments.
        orders: The orders in question; by default all of them.
    """
    chosen: Sequence[Order] = multi_order.orders if orders is None else tuple(orders)
    content = [
        order_key(multi_order),
        [_payment(payment) for payment in multi_order.payments],
        [_order(order) for order in chosen],
    ]
    return "sha256:" + hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def _order(order: Order) -> list[Any]:
    rate = order.shipping_rate
    return [
        order.id or order.source_external_id,
        order.currency,
        order.email,
        [
            _plain(amount)
            for amount in (order.price, order.subtotal_price, order.tax, order.discounts)
        ],
        [_item(item) for item in order.order_items],
        [rate.external_id or rate.service_name, _plain(rate.amount)] if rate else None,
        _address(order.shipping_address),
        _address(order.billing_address),
        [_payment(payment) for payment in order.payments],
    ]


def _item(item: OrderItem) -> list[Any]:
    amounts = (item.price, item.subtotal_price, item.tax, item.discounts)
    return [item.id, item.product_reference, item.quantity, [_plain(amount) for amount in amounts]]


def _payment(payment: Payment) -> list[Any]:
    return [payment.external_id, _plain(payment.amount), payment.currency]


def _address(address: Address | None) -> list[str | None] | None:
    if address is None:
        return None
    return [
        address.first_name,
        address.last_name,
        address.address1,
        address.address2,
        address.city,
        address.state or address.province,
        address.postal_code,
        address.country_iso2,
    ]


def _plain(amount: Decimal | None) -> str | None:
    """Write an amount so that equal amounts look equal: 10.00 as 10."""
    return None if amount is None else f"{amount.normalize():f}"
