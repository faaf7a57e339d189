"""An order's lines, each with how and where it reaches the shopper."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from multiorder_manhattan.attributes import AttributeWriter, item_values
from multiorder_manhattan.figures import Amounts
from multiorder_manhattan.ids import first_named, free_id
from multiorder_manhattan.parties import placed_address
from multiorder_manhattan.payload import DeliveryMethod, Line, PickupDetail, PromisingInfo
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_sync import (
    Destination,
    MultiOrder,
    Order,
    ShippingRate,
    Untransformable,
    contact_at,
)


class OrderInHand(NamedTuple):
    """An order of a multi-order, with what is known of its lines."""

    multi_order: MultiOrder
    order: Order
    destinations: Sequence[Destination]
    amounts: Amounts


class Lines:
    """Makes order lines for one space's settings."""

    def __init__(self, settings: ManhattanSettings) -> None:
        self._settings = settings
        self._item_id = settings.expression("item_id")

    def of(self, in_hand: OrderInHand, writer: AttributeWriter, taken: Iterable[str]) -> list[Line]:
        """Return the lines of one order.

        Args:
            in_hand: The order.
            writer: Writes attributes.
            taken: Line ids that other orders have in the same OMS order.

        Raises:
            Untransformable: If a line can't be expressed.
        """
        multi_order, order, destinations, amounts = in_hand
        used = set(taken)
        lines = []
        for index, item in enumerate(order.order_items):
            name = first_named((item.id, item.source_external_id), str(index + 1))
            line_id = free_id(name, used)
            metadata = item.metadata or {}
            lines.append(
                Line(
                    order_line_id=line_id,
                    item_id=self._item(multi_order, order, index),
                    item_description=item.description,
                    quantity=item.quantity,
                    uom=self._settings.uom,
                    unit_price=amounts.unit_price(index),
                    is_gift_card=True if metadata.get("gift_card") is True else None,
                    is_tax_included=amounts.inclusive,
                    order_line_charge_detail=amounts.line_charges(index, line_id),
                    order_line_tax_detail=amounts.line_taxes(index, line_id),
                    order_line_attribute=writer.write(**item_values(item)),
                    **self._delivery(multi_order, order, destinations[index], line_id),
                )
            )
        return lines

    def _delivery(
        self, multi_order: MultiOrder, order: Order, destination: Destination, line_id: str
    ) -> dict[str, Any]:
        methods = self._settings.delivery_methods
        contact = contact_at(multi_order, order, order.shipping_address)
        if destination.kind == "digital":
            # It goes to the order's e-mail; a partial address would be worse than none.
            return {"delivery_method": DeliveryMethod(delivery_method_id=methods.digital)}
        if destination.kind == "collect" and destination.location:
            return {
                "delivery_method": DeliveryMethod(delivery_method_id=methods.collect),
                "ship_to_location_id": destination.location,
                "order_line_promising_info": PromisingInfo(
                    ship_from_location_id=destination.location
                ),
                "order_line_pickup_detail": (
                    PickupDetail(
                        order_line_pickup_detail_id=f"{line_id}-pickup",
                        is_primary=True,
                        first_name=contact.first_name,
                        last_name=contact.last_name,
                        email=contact.email,
                        phone=contact.phone,
                    ),
                ),
            }
        if order.shipping_address is None:
            raise Untransformable(
                "The order has lines to be shipped and no shipping_address. If they are collected "
                "or digital, the settings pickup_location and digital must say so."
            )
        return {
            "delivery_method": DeliveryMethod(delivery_method_id=methods.home),
            "shipping_method_id": self._shipping_method(order.shipping_rate),
            "ship_to_address": placed_address(multi_order, order, order.shipping_address),
        }

    def _shipping_method(self, rate: ShippingRate | None) -> str:
        methods = self._settings.shipping_methods
        names = [name for name in (rate.external_id, rate.service_name) if name] if rate else []
        for name in (*names, "*"):
            if name in methods:
                return methods[name]
        rate_name = " / ".join(names) or "none"
        raise Untransformable(
            f"No shipping method is configured for the shipping rate {rate_name}; "
            'shipping_methods needs it, or "*" for the rest.'
        )

    def _item(self, multi_order: MultiOrder, order: Order, index: int) -> str:
        item = order.order_items[index]
        found = self._item_id.evaluate(
            {"multi_order": multi_order.source, "order": order.source, "item": item.source}
        )
        if not isinstance(found, str) or not found.strip():
            raise Untransformable(
                f"item_id names no item for the line {item.id or item.product_reference}."
            )
        return found
