"""What an order leaves out, its multi-order says."""

import re

import msgspec

from multiorder_sync.nacelle.orders import MultiOrder, Order

_SHARED = (
    "currency",
    "email",
    "phone",
    "customer",
    "billing_address",
    "client_data",
    "promotion",
)

# Figures of the whole hold for an order only where it is the whole.
_FIGURES = ("price", "subtotal_price", "discounts", "tax", "applied_discounts")

# Payments are not inherited, and yet are those of the orders where the multi-order has none.
_IN_BOTH = frozenset({*_SHARED, "applied_discounts", "payments"})


def spellings(field: str) -> tuple[str, ...]:
    """Return a field's path, and that of the multi-order's field that an order may inherit for it.

    Args:
        field: The path as documents write it: `orders[].customer.email`.
    """
    own = field.removeprefix("orders[].")
    inherited = re.split(r"[.\[]", own, maxsplit=1)[0] in _IN_BOTH
    return (field, own) if own != field and inherited else (field,)


def inherit(multi_order: MultiOrder) -> MultiOrder:
    """Return the multi-order with what its orders leave out filled in from it."""
    alone = len(multi_order.orders) == 1
    names = _SHARED + _FIGURES if alone else _SHARED
    return msgspec.structs.replace(
        multi_order,
        orders=tuple(_filled(order, multi_order, names) for order in multi_order.orders),
    )


def _filled(order: Order, multi_order: MultiOrder, names: tuple[str, ...]) -> Order:
    changes = {
        name: inherited
        for name in names
        if getattr(order, name) in (None, ())
        and (inherited := getattr(multi_order, name)) not in (None, ())
    }
    return msgspec.structs.replace(order, **changes) if changes else order
