"""The account that the stand-in holds: its stores, carriers, tags and orders."""

import itertools
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from multiorder_shipstation.sandbox_order import Order

STORES: Final = {11: "Manual Orders", 12: "Nacelle"}
_WAREHOUSES: Final = frozenset({21})
_TAGS: Final = frozenset({31, 32})
_SERVICES: Final = {
    "ups": ("ups_ground", "ups_next_day_air"),
    "stamps_com": ("usps_priority_mail", "usps_ground_advantage"),
}
_PACKAGES: Final = {
    "ups": ("package", "ups_letter"),
    "stamps_com": ("package", "flat_rate_envelope"),
}
# Orders in these states can be updated; ShipStation says so of createorder.
_OPEN: Final = frozenset({"awaiting_payment", "awaiting_shipment", "on_hold"})


class NotTaken(Exception):
    """ShipStation refuses the order: a field, and what is wrong with it."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


class Account:
    """Orders as ShipStation answers them, by their `orderId`."""

    def __init__(self) -> None:
        self._held: dict[int, dict[str, Any]] = {}
        self._numbers = itertools.count(100_000_001)

    def orders(self) -> Sequence[Any]:
        """Return the orders, the oldest first, each with its `orderId` as `id` for the frame."""
        return [{"id": str(number), **order} for number, order in self._held.items()]

    def forget(self) -> None:
        """Forget the orders."""
        self._held.clear()

    def order(self, number: int) -> dict[str, Any] | None:
        """Return one order, if it is there."""
        return self._held.get(number)

    def beginning(self, order_number: str, store: int | None) -> list[dict[str, Any]]:
        """Return the orders whose numbers begin so: ShipStation's filter is no more exact."""
        return [
            order
            for order in self._held.values()
            if order["orderNumber"].lower().startswith(order_number.lower())
            and store in (None, order["advancedOptions"]["storeId"])
        ]

    def save(self, order: Order) -> dict[str, Any]:
        """Create an order, or replace the open one that has its `orderKey`.

        Raises:
            NotTaken: If a code is not the account's, or the order is no longer open.
        """
        self._check(order)
        number = next((n for n, each in self._held.items() if _is(each, order)), None)
        if number is None:
            number = next(self._numbers)
        elif self._held[number]["orderStatus"] not in _OPEN:
            raise NotTaken("orderStatus", "An order that is shipped or cancelled can't be updated.")
        before = self._held.get(number)
        made: dict[str, Any] = msgspec.to_builtins(order, builtin_types=(Decimal, datetime))
        options = made["advancedOptions"] or {}
        if before:
            # The store is set at creation and stays; without one it is the first manual store.
            store = before["advancedOptions"]["storeId"]
        else:
            store = options.get("storeId") or min(STORES)
        made["advancedOptions"] = {**options, "storeId": store}
        made |= {
            "orderId": number,
            "orderKey": order.orderKey or f"manual-{number}",
            "orderTotal": order.total(),
        }
        self._held[number] = made
        return made

    def _check(self, order: Order) -> None:
        options = order.advancedOptions
        if options and options.storeId is not None and options.storeId not in STORES:
            raise NotTaken("advancedOptions.storeId", f"There is no store {options.storeId}.")
        if options and options.warehouseId is not None and options.warehouseId not in _WAREHOUSES:
            raise NotTaken(
                "advancedOptions.warehouseId", f"There is no warehouse {options.warehouseId}."
            )
        if not _TAGS.issuperset(order.tagIds or ()):
            raise NotTaken("tagIds", "There is no such tag.")
        carrier, service, package = order.carrierCode, order.serviceCode, order.packageCode
        if carrier is not None and carrier not in _SERVICES:
            raise NotTaken("carrierCode", f"There is no carrier {carrier}.")
        if service is not None and service not in _SERVICES.get(carrier or "", ()):
            raise NotTaken("serviceCode", f"{carrier} has no service {service}.")
        if package is not None and package not in _PACKAGES.get(carrier or "", ()):
            raise NotTaken("packageCode", f"{carrier} has no package {package}.")


def _is(held: dict[str, Any], order: Order) -> bool:
    return order.orderKey is not None and held["orderKey"] == order.orderKey
