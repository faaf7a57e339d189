"""How an order's lines reach the shopper: shipped, collected, or neither.

Nacelle has no field that says it, so a merchant's expressions do; the defaults name places where
a storefront can put it. They are an inference, and settings of every connector.
"""

from typing import Any, Final, Literal

import msgspec

from multiorder_sync.nacelle.orders import MultiOrder, Order
from multiorder_sync.oms.expressions import Expression

PICKUP_LOCATION: Final = (
    "item.metadata.pickup_location_ref || order.metadata.pickup_location_ref || "
    "(order.fulfillments[?delivery_method=='pickup' || delivery_type=='pickup']"
    ".assigned_location_id | [0])"
)
"""The default of a setting `pickup_location`."""

DIGITAL: Final = "item.metadata.digital || item.metadata.gift_card"
"""The default of a setting `digital`."""

ITEM_VARIABLES: Final = ("multi_order", "order", "item")
"""What an expression about a line starts from."""


class Destination(msgspec.Struct, frozen=True):
    """How one line reaches the shopper.

    Attributes:
        kind: "home" is shipped to the order's address, "collect" waits at a location, and
            "digital" is neither.
        location: Where it is collected.
    """

    kind: Literal["home", "collect", "digital"]
    location: str | None = None


class Destinations:
    """Tells the destinations of lines by two expressions.

    Args:
        pickup_location: Gives the location where a line is collected, or nothing.
        digital: Gives something true for a line that nobody ships.

    Raises:
        ValueError: If one is not an expression over `multi_order`, `order` and `item`.
    """

    def __init__(self, pickup_location: str = PICKUP_LOCATION, digital: str = DIGITAL) -> None:
        self._pickup_location = Expression(pickup_location, ITEM_VARIABLES)
        self._digital = Expression(digital, ITEM_VARIABLES)

    def of(self, multi_order: MultiOrder, order: Order) -> list[Destination]:
        """Return the destination of each line of the order.

        Raises:
            multiorder_sync.errors.Untransformable: If an expression can't be evaluated for it.
        """
        variables: dict[str, Any] = {"multi_order": multi_order.source, "order": order.source}
        destinations = []
        for item in order.order_items:
            variables["item"] = item.source
            location = self._pickup_location.evaluate(variables)
            if _is_true(self._digital.evaluate(variables)):
                destinations.append(Destination("digital"))
            elif location:
                destinations.append(Destination("collect", str(location)))
            else:
                destinations.append(Destination("home"))
        return destinations


def _is_true(value: Any) -> bool:
    """Read what a storefront's metadata may say; many write true and false as texts."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "false", "no", "off")
    return bool(value)
