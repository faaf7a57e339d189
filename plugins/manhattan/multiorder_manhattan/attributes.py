"""What Manhattan has no field for, as attributes, so that nothing is dropped silently."""

from typing import Any, Final

import msgspec

from multiorder_manhattan.payload import Attributes
from multiorder_sync import (
    MultiOrder,
    Order,
    OrderItem,
    Payment,
    Promotion,
    ShippingRate,
    contact_at,
)

FINGERPRINT: Final = "nacelle_fingerprint"


class AttributeWriter:
    """Writes values as attribute texts; what is too long for one is left out and noted.

    How long an `AttributeValue` can be is not public, so the length is a setting.

    Args:
        longest: Characters of the longest value.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self.notes: list[str] = []

    def write(self, **values: Any) -> Attributes:
        """Return the attributes that have a value: texts as they are, the rest as JSON."""
        written = {}
        for name, value in values.items():
            text = _text(value)
            if text and len(text) > self._longest:
                self.notes.append(f"{name} is longer than an attribute can be and was left out")
            elif text:
                written[name] = text
        return written


def multi_order_values(multi_order: MultiOrder) -> dict[str, Any]:
    """Return what the multi-order says of itself."""
    return {
        "nacelle_multi_order_id": multi_order.id,
        "nacelle_multi_order_status": multi_order.status,
        "nacelle_multi_order_comment": multi_order.comment,
        "nacelle_multi_order_metadata": multi_order.metadata,
        "nacelle_client_data": multi_order.client_data,
        **_promotion(multi_order.promotion),
    }


def order_values(multi_order: MultiOrder, order: Order) -> dict[str, Any]:
    """Return what one order says of itself, beyond what its multi-order says already."""
    customer = order.customer
    contact = contact_at(multi_order, order)
    own = {
        "nacelle_order_id": order.id,
        "nacelle_order_source_external_id": order.source_external_id,
        "nacelle_order_entry_id": order.nacelle_entry_id,
        "nacelle_order_status": order.status,
        "nacelle_order_comment": order.comment,
        "nacelle_order_metadata": order.metadata,
        "nacelle_order_created_at": order.merchant_created_at,
        "nacelle_order_discounts": order.applied_discounts,
        "nacelle_customer_id": customer and customer.id,
        "nacelle_customer_email": _other(customer.email, contact.email) if customer else None,
        "nacelle_customer_phone": _other(customer.phone, contact.phone) if customer else None,
        "nacelle_customer_created_at": customer and customer.merchant_created_at,
        "nacelle_customer_source_external_id": customer and customer.source_external_id,
        "nacelle_customer_metadata": customer and customer.metadata,
        "nacelle_client_data": order.client_data,
        **_promotion(order.promotion),
        **_shipping_rate(order.shipping_rate),
        "nacelle_delivery_comment": order.shipping_address and order.shipping_address.comment,
        "nacelle_fulfillments": order.fulfillments,
    }
    shared = multi_order_values(multi_order)
    return {name: value for name, value in own.items() if shared.get(name) != value}


def payment_values(payment: Payment) -> dict[str, Any]:
    """Return what a payment says of itself."""
    return {
        "nacelle_payment_id": payment.id,
        "nacelle_payment_type": payment.payment_type,
        "nacelle_payment_status": payment.status,
        "nacelle_processor_name": payment.processor_name,
        "nacelle_processor_status": payment.processor_status,
        "nacelle_card_brand": payment.card_brand,
        "nacelle_payment_data": payment.payment_data,
    }


def _other(own: str | None, shown: str | None) -> str | None:
    """Return what is not shown elsewhere in the order already."""
    return own if own != shown else None


def _promotion(promotion: Promotion | None) -> dict[str, Any]:
    if promotion is None:
        return {}
    return {
        "nacelle_coupon_codes": promotion.coupon_codes,
        "nacelle_promotion_identifiers": promotion.identifiers,
        "nacelle_loyalty_card": promotion.loyalty_card,
        "nacelle_referral_code": promotion.referral_code,
        "nacelle_promotion_profile_id": promotion.profile_id,
        "nacelle_promotion_metadata": promotion.metadata,
    }


def _shipping_rate(rate: ShippingRate | None) -> dict[str, Any]:
    if rate is None:
        return {}
    return {
        "nacelle_shipping_rate_id": rate.id,
        "nacelle_shipping_rate_external_id": rate.external_id,
        "nacelle_shipping_service_name": rate.service_name,
        "nacelle_shipping_description": rate.description,
        "nacelle_delivery_estimate_min": rate.delivery_estimate_min,
        "nacelle_delivery_estimate_max": rate.delivery_estimate_max,
        "nacelle_delivery_estimate_unit": rate.delivery_estimate_unit,
    }


def item_values(item: OrderItem) -> dict[str, Any]:
    """Return what a line says of itself."""
    return {
        "nacelle_item_id": item.id,
        "nacelle_product_id": item.product_id,
        "nacelle_variant_id": item.variant_id,
        "nacelle_product_external_id": item.product_external_id,
        "nacelle_entry_id": item.nacelle_entry_id,
        "nacelle_source_external_id": item.source_external_id,
        "nacelle_comment": item.comment,
        "nacelle_status": item.status,
        "nacelle_metadata": item.metadata,
        "nacelle_discounts": item.applied_discounts,
    }


def _text(value: Any) -> str:
    plain = _present(msgspec.to_builtins(value))
    if plain in (None, [], {}):
        return ""
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _present(entry) for name, entry in value.items()}
        return {name: entry for name, entry in kept.items() if entry not in (None, [], {})}
    if isinstance(value, list | tuple):
        return [_present(entry) for entry in value]
    return value
