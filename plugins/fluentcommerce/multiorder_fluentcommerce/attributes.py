"""What Fluent has no field for, as attributes, so that nothing is dropped silently.

Every name begins with `nacelle_`, apart from what a merchant maps themselves.
"""

from typing import Any, Final

import msgspec

from multiorder_fluentcommerce.payload import Attributes
from multiorder_sync import Figures, LineFigures, MultiOrder, Order, OrderItem

FINGERPRINT: Final = "nacelle_fingerprint"


def multi_order_attributes(multi_order: MultiOrder) -> Attributes:
    """Return what the multi-order says of itself."""
    return present(
        nacelle_multi_order_id=multi_order.id,
        nacelle_multi_order_status=multi_order.status,
        nacelle_multi_order_comment=multi_order.comment,
        nacelle_multi_order_metadata=multi_order.metadata,
        nacelle_multi_order_created_at=multi_order.merchant_created_at,
        nacelle_client_data=multi_order.client_data,
        nacelle_promotion=multi_order.promotion,
        nacelle_multi_order_discounts=multi_order.applied_discounts,
    )


def order_attributes(multi_order: MultiOrder, order: Order, figures: Figures) -> Attributes:
    """Return what one order says of itself, beyond what its multi-order says already."""
    shared = multi_order_attributes(multi_order)
    discounts = order.applied_discounts
    own = present(
        nacelle_order_id=order.id,
        nacelle_order_source_external_id=order.source_external_id,
        nacelle_order_entry_id=order.nacelle_entry_id,
        nacelle_order_status=order.status,
        nacelle_order_comment=order.comment,
        nacelle_order_metadata=order.metadata,
        nacelle_order_created_at=order.merchant_created_at,
        nacelle_order_discounts=discounts if discounts != multi_order.applied_discounts else (),
        nacelle_order_discount_amount=_amount(figures.discount),
        nacelle_client_data=order.client_data,
        nacelle_promotion=order.promotion,
        nacelle_shipping_rate=order.shipping_rate,
        nacelle_shipping_discount=_amount(figures.shipping_discount),
        nacelle_delivery_comment=order.shipping_address.comment if order.shipping_address else None,
        nacelle_tax_rate=order.tax_rate,
        nacelle_tax_data=order.tax_data,
        nacelle_fulfillments=order.fulfillments,
    )
    return {name: value for name, value in own.items() if shared.get(name) != value}


def item_attributes(item: OrderItem, figures: LineFigures) -> Attributes:
    """Return what a line says of itself."""
    return present(
        nacelle_item_id=item.id,
        nacelle_product_id=item.product_id,
        nacelle_variant_id=item.variant_id,
        nacelle_product_external_id=item.product_external_id,
        nacelle_entry_id=item.nacelle_entry_id,
        nacelle_source_external_id=item.source_external_id,
        nacelle_description=item.description,
        nacelle_comment=item.comment,
        nacelle_status=item.status,
        nacelle_tax_rate=item.tax_rate,
        nacelle_metadata=item.metadata,
        nacelle_discounts=item.applied_discounts,
        nacelle_discount_amount=_amount(figures.discount),
        nacelle_order_discount_amount=_amount(figures.order_discount),
    )


def present(**values: Any) -> Attributes:
    """Return the attributes that have a value, in plain data; structs without what is not set."""
    plain = {name: _plain(value) for name, value in values.items()}
    return {name: value for name, value in plain.items() if value not in (None, "", (), [], {})}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return value  # the merchant's own data, as it came
    return _set(msgspec.to_builtins(value))


def _set(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _set(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_set(entry) for entry in value]
    return value


def _amount(amount: Any) -> str | None:
    return f"{amount:f}" if amount else None
