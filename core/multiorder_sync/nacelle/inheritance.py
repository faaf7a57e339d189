"""What an order leaves out, its multi-order says."""

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
