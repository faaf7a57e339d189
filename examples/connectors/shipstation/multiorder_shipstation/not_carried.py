"""The Nacelle fields that ShipStation does not get, and why."""

from collections.abc import Mapping
from typing import Final

_ERROR: Final = "is Nacelle's own record of its checks"
_STATUS: Final = "is Nacelle's own; in ShipStation the setting order_status decides"
_RECORD: Final = "says when Nacelle's record was made or changed, which is nothing to ship by"
_ID: Final = "is Nacelle's own id, which nobody looks up in ShipStation"
_TEXTS: Final = "is the storefront's own; a mapping carries what of it is to be seen in ShipStation"
_CLIENT: Final = "is about the shopper's browser, which is nothing to ship by"
_OMS_ID: Final = "is the OMS's own id, which the OMS gives"
_PROMOTION: Final = "is the promotion engine's own; codes, card and referral are in internalNotes"
_DISCOUNT: Final = "is the promotion engine's own; names and amounts of discounts are carried"
_NAME: Final = "gives way to the name at the address, which ShipStation's addresses have"
_PROVINCE: Final = "gives way to `state`, for ShipStation has one field for it"
_PRODUCT: Final = "gives way to the SKU, by which ShipStation knows products; see the setting sku"
_PLAN: Final = "is Nacelle's own plan; ShipStation plans its shipments itself"

NOT_CARRIED: Final[Mapping[str, str]] = {
    "error": _ERROR,
    "status": _STATUS,
    "metadata": _TEXTS,
    "client_data": _CLIENT,
    "merchant_modified_at": _RECORD,
    "customer.email": "gives way to the order's e-mail, which is carried",
    "customer.phone": "gives way to the order's phone, which is carried",
    "customer.first_name": _NAME,
    "customer.last_name": _NAME,
    "customer.addresses": "is the address book; the addresses of the order are carried",
    "customer.metadata": _TEXTS,
    "customer.destination_external_id": _OMS_ID,
    "customer.merchant_created_at": _RECORD,
    "customer.merchant_modified_at": _RECORD,
    "billing_address.id": _ID,
    "billing_address.province": _PROVINCE,
    "billing_address.comment": "is a note on a delivery, and nothing is delivered there",
    "billing_address.merchant_created_at": _RECORD,
    "billing_address.merchant_modified_at": _RECORD,
    "promotion.identifiers": _PROMOTION,
    "promotion.profile_id": _PROMOTION,
    "promotion.metadata": _PROMOTION,
    "applied_discounts[].id": _DISCOUNT,
    "applied_discounts[].description": _DISCOUNT,
    "applied_discounts[].effect_type": _DISCOUNT,
    "applied_discounts[].metadata": _DISCOUNT,
    "payments[].id": "gives way to external_id, which the payment's processor knows",
    "payments[].payment_method_id": "is the processor's own; external_id leads to it there",
    "payments[].processor_status": "is the processor's own; the payments that count are carried",
    "payments[].payment_data": "is the processor's own; external_id leads to it there",
    "orders[].error": _ERROR,
    "orders[].status": _STATUS,
    "orders[].metadata": _TEXTS,
    "orders[].client_data": _CLIENT,
    "orders[].nacelle_entry_id": _ID,
    "orders[].destination_external_id": _OMS_ID,
    "orders[].merchant_modified_at": _RECORD,
    "orders[].shipping_address.id": _ID,
    "orders[].shipping_address.province": _PROVINCE,
    "orders[].shipping_address.merchant_created_at": _RECORD,
    "orders[].shipping_address.merchant_modified_at": _RECORD,
    "orders[].shipping_rate.id": _ID,
    "orders[].shipping_rate.description": "says more of the service, whose name is carried",
    "orders[].shipping_rate.currency": "is the order's currency, which is in internalNotes",
    "orders[].shipping_rates": "were offered and not chosen; the chosen shipping_rate is carried",
    "orders[].tax_rate": "is what the order's tax came from; the tax itself is carried",
    "orders[].tax_data": "is how the tax was calculated; the tax itself is carried",
    "orders[].fulfillments[].id": _PLAN,
    "orders[].fulfillments[].external_id": _PLAN,
    "orders[].fulfillments[].assigned_location_id": _PLAN,
    "orders[].fulfillments[].delivery_date": _PLAN,
    "orders[].fulfillments[].delivery_estimation": _PLAN,
    "orders[].fulfillments[].destination_address": _PLAN,
    "orders[].fulfillments[].fulfillment_order_items": _PLAN,
    "orders[].fulfillments[].nacelle_status": _PLAN,
    "orders[].fulfillments[].shipment_status": _PLAN,
    "orders[].fulfillments[].status": _PLAN,
    "orders[].fulfillments[].tracking_company": _PLAN,
    "orders[].fulfillments[].tracking_numbers": _PLAN,
    "orders[].fulfillments[].tracking_urls": _PLAN,
    "orders[].canceled_at": "an order is synced when it is placed, before it can be canceled",
    "orders[].canceled_reason": "an order is synced when it is placed, before it can be canceled",
    "orders[].deadline": "is undocumented",
    "orders[].order_items[].product_id": _PRODUCT,
    "orders[].order_items[].variant_id": _PRODUCT,
    "orders[].order_items[].product_external_id": _PRODUCT,
    "orders[].order_items[].nacelle_entry_id": _ID,
    "orders[].order_items[].source_external_id": "gives way to the item's id, the lineItemKey",
    "orders[].order_items[].destination_external_id": _OMS_ID,
    "orders[].order_items[].available": "is stock at the time of the checkout",
    "orders[].order_items[].status": _STATUS,
    "orders[].order_items[].tax_rate": "is what the item's tax came from; the tax is carried",
    "orders[].order_items[].metadata": _TEXTS,
    "orders[].order_items[].merchant_created_at": _RECORD,
    "orders[].order_items[].merchant_modified_at": _RECORD,
    "orders[].order_items[].applied_discounts[].id": _DISCOUNT,
    "orders[].order_items[].applied_discounts[].description": _DISCOUNT,
    "orders[].order_items[].applied_discounts[].effect_type": _DISCOUNT,
    "orders[].order_items[].applied_discounts[].metadata": _DISCOUNT,
}
