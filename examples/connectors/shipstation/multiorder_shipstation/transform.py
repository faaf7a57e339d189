"""A multi-order to what ShipStation is sent: pure, exact, and the same always."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from multiorder_sync import (
    ITEM_VARIABLES,
    Context,
    Destination,
    Destinations,
    Expression,
    Figures,
    MultiOrder,
    Order,
    PaymentShare,
    Submission,
    Untransformable,
    figures_of,
    fingerprint,
    order_identity,
    payments_by_order,
)

from multiorder_shipstation import addresses, items, notes
from multiorder_shipstation.dates import pacific
from multiorder_shipstation.payload import AdvancedOptions, OrderItem, OrderPayload
from multiorder_shipstation.settings import REF_VARIABLES, ShippingMethod, ShipStationSettings

# ShipStation's limit for orderNumber.
_LONGEST_ORDER_NUMBER: Final = 50


class Transform:
    """What a space's settings make of its orders."""

    def __init__(self, settings: ShipStationSettings) -> None:
        self._settings = settings
        self._ref = Expression(settings.order_ref, REF_VARIABLES)
        self._sku = Expression(settings.sku, ITEM_VARIABLES)
        self._destinations = Destinations(settings.pickup_location, settings.digital)

    def __call__(
        self, multi_order: MultiOrder, context: Context
    ) -> Sequence[Submission[OrderPayload]]:
        """Return one submission for each order.

        Raises:
            Untransformable: If ShipStation can't express one of them.
        """
        figures = figures_of(multi_order, context.prices)
        totals = [each.total for each in figures]
        paid = payments_by_order(multi_order, totals, self._settings.payment_statuses)
        return [
            self._submission(multi_order, index, figures[index], paid[index], context)
            for index in range(len(multi_order.orders))
        ]

    def _submission(
        self,
        multi_order: MultiOrder,
        index: int,
        figures: Figures,
        paid: Sequence[PaymentShare],
        context: Context,
    ) -> Submission[OrderPayload]:
        settings = self._settings
        order = multi_order.orders[index]
        identity = order_identity(multi_order, index)
        ref = self._ref_of(multi_order, order, identity)
        stamp = fingerprint(multi_order, [order])
        destinations = self._destinations.of(multi_order, order)
        shipped = any(each.kind == "home" for each in destinations)
        if shipped and order.shipping_address is None:
            raise Untransformable("The order has lines to be shipped, and no shipping address.")
        shipping = max(figures.shipping, Decimal(0))
        bill_to = addresses.bill_to(multi_order, order)
        ship_to = addresses.ship_to(multi_order, order)
        email = addresses.email(multi_order, order)
        method = self._method(order) if shipped else ShippingMethod()
        placed = order.merchant_created_at or multi_order.merchant_created_at
        payload = OrderPayload(
            order_number=ref[:_LONGEST_ORDER_NUMBER],
            order_key=ref,
            order_date=pacific(placed or context.received_at),
            order_status=settings.order_status if shipped else settings.unshipped_order_status,
            customer_username=email,
            customer_email=email,
            bill_to=bill_to,
            ship_to=ship_to,
            items=self._items(multi_order, order, figures, destinations, shipping),
            amount_paid=sum((share.amount for share in paid), Decimal(0)),
            tax_amount=figures.tax,
            shipping_amount=shipping,
            customer_notes=notes.customer_notes(multi_order, order),
            internal_notes=notes.internal_notes(multi_order, order, figures, paid),
            payment_method=self._payment_method(paid),
            requested_shipping_service=notes.requested_service(order.shipping_rate),
            carrier_code=method.carrier_code,
            service_code=method.service_code,
            package_code=method.package_code,
            confirmation=method.confirmation,
            tag_ids=settings.tag_ids,
            advanced_options=AdvancedOptions(
                custom_field3=stamp,
                store_id=settings.store_id,
                warehouse_id=settings.warehouse_id,
                source=settings.source,
            ),
        )
        remarks = figures.notes
        if not shipped:
            remarks = (*remarks, f"no line is shipped: created as {payload.order_status}")
        return Submission(
            ref=ref, payload=payload, orders=(identity,), fingerprint=stamp, notes=remarks
        )

    def _ref_of(self, multi_order: MultiOrder, order: Order, identity: str) -> str:
        ref = self._ref.evaluate(
            {"multi_order": multi_order.source, "order": order.source, "identity": identity}
        )
        if not isinstance(ref, str) or not ref.strip():
            raise Untransformable(f"order_ref comes to {ref!r}, which is no text.")
        return ref

    def _items(
        self,
        multi_order: MultiOrder,
        order: Order,
        figures: Figures,
        destinations: Sequence[Destination],
        shipping: Decimal,
    ) -> tuple[OrderItem, ...]:
        unit = items.unit_of(order.currency or multi_order.currency, figures)
        made = []
        for index, item in enumerate(order.order_items):
            sku = self._sku.evaluate(
                {"multi_order": multi_order.source, "order": order.source, "item": item.source}
            )
            if not isinstance(sku, str) or not sku:
                raise Untransformable(f"The line {item.id or index + 1} names no product.")
            made.append(
                items.product(item, sku, index, figures.lines[index], destinations[index], unit)
            )
        names = notes.discount_names(multi_order, order)
        return (*made, *items.adjustments(made, figures, figures.tax, shipping, names))

    def _method(self, order: Order) -> ShippingMethod:
        rate, methods = order.shipping_rate, self._settings.shipping_methods
        names = (rate.external_id, rate.service_name) if rate else ()
        for name in (*names, "*"):
            if name is not None and name in methods:
                return methods[name]
        return ShippingMethod()

    def _payment_method(self, paid: Sequence[PaymentShare]) -> str | None:
        known = self._settings.payment_methods
        types = (share.payment.payment_type for share in paid)
        names = dict.fromkeys(known.get(each, each) for each in types if each)
        return ", ".join(names) or None
