"""The Nacelle fields that Manhattan does not get, and why."""

from collections.abc import Mapping
from typing import Final

_CHANGED: Final = "says when Nacelle's record last changed, which is nothing to fulfil by"
_MADE: Final = "says when Nacelle's record of it was made, which is nothing to fulfil by"
_DESTINATION: Final = "is the OMS's own id, which the OMS gives"
_PROVINCE: Final = "Manhattan has one field for it, which `state` fills; without one, it is taken"
_ADDRESS_ID: Final = "Manhattan computes the id of an address from its content"

NOT_CARRIED: Final[Mapping[str, str]] = {
    "error": "is Nacelle's own record of its checks",
    "merchant_modified_at": _CHANGED,
    "customer.addresses": "the address book is not part of an order; the addresses used are carried",
    "customer.destination_external_id": _DESTINATION,
    "customer.merchant_modified_at": _CHANGED,
    "billing_address.id": _ADDRESS_ID,
    "billing_address.province": _PROVINCE,
    "billing_address.comment": "is a note on a delivery, and nothing is delivered there",
    "billing_address.merchant_created_at": _MADE,
    "billing_address.merchant_modified_at": _CHANGED,
    "orders[].error": "is Nacelle's own record of its checks",
    "orders[].merchant_modified_at": _CHANGED,
    "orders[].destination_external_id": _DESTINATION,
    "orders[].shipping_rates": "were offered and not chosen; the chosen shipping_rate is carried",
    "orders[].shipping_rate.currency": "is the order's currency",
    "orders[].shipping_address.id": _ADDRESS_ID,
    "orders[].shipping_address.province": _PROVINCE,
    "orders[].shipping_address.merchant_created_at": _MADE,
    "orders[].shipping_address.merchant_modified_at": _CHANGED,
    "orders[].tax_rate": "each line has its own rate",
    "orders[].tax_data": "the taxes of lines and shipping, which come from it, are carried",
    "orders[].canceled_at": "an order is synced when it is placed, before it can be canceled",
    "orders[].canceled_reason": "an order is synced when it is placed, before it can be canceled",
    "orders[].deadline": "is undocumented",
    "orders[].order_items[].available": "is stock at the time of the checkout",
    "orders[].order_items[].destination_external_id": _DESTINATION,
    "orders[].order_items[].merchant_created_at": _MADE,
    "orders[].order_items[].merchant_modified_at": _CHANGED,
}
"""Path of the field, as the body has it, to the reason. It stands for the fields below it, too.

What `customer`, `billing_address` and `promotion` say of a multi-order holds for an order's own.
"""
