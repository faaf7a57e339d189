"""The body of `POST /orders/createorder`: a merchant's mappings are checked against these types.

Names are ShipStation's own, in its models Order, Address, OrderItem and AdvancedOptions.
"""

from decimal import Decimal

import msgspec

from multiorder_shipstation.settings import Confirmation, OpenStatus


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A part of an order; what is not set is not sent."""


class Address(_Part, frozen=True, kw_only=True):
    """Where something is shipped, or who pays. `country` is an ISO code of two letters."""

    name: str
    country: str
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    phone: str | None = None
    company: str | None = None
    residential: bool | None = None


class ItemOption(_Part, frozen=True, kw_only=True):
    """What sets an item apart, printed beside it on packing slips."""

    name: str
    value: str


class OrderItem(_Part, frozen=True, kw_only=True):
    """One line; `unit_price` and `tax_amount` are for one unit.

    An adjustment is no product but an amount that belongs to the order, a discount for instance.
    """

    name: str
    quantity: int
    unit_price: Decimal
    line_item_key: str | None = None
    sku: str | None = None
    tax_amount: Decimal | None = None
    options: tuple[ItemOption, ...] = ()
    adjustment: bool = False


class AdvancedOptions(_Part, frozen=True, kw_only=True):
    """What the account adds; `custom_field3` holds the order's fingerprint."""

    custom_field3: str
    custom_field1: str | None = None
    custom_field2: str | None = None
    store_id: int | None = None
    warehouse_id: int | None = None
    source: str | None = None
    saturday_delivery: bool | None = None
    contains_alcohol: bool | None = None
    non_machinable: bool | None = None


class OrderPayload(_Part, frozen=True, kw_only=True):
    """One order. ShipStation computes `orderTotal` from items, tax and shipping by itself."""

    order_number: str
    order_key: str
    order_date: str
    order_status: OpenStatus
    bill_to: Address
    ship_to: Address
    items: tuple[OrderItem, ...]
    amount_paid: Decimal
    tax_amount: Decimal
    shipping_amount: Decimal
    advanced_options: AdvancedOptions
    customer_username: str | None = None
    customer_email: str | None = None
    customer_notes: str | None = None
    internal_notes: str | None = None
    gift: bool | None = None
    gift_message: str | None = None
    payment_method: str | None = None
    payment_date: str | None = None
    ship_by_date: str | None = None
    requested_shipping_service: str | None = None
    carrier_code: str | None = None
    service_code: str | None = None
    package_code: str | None = None
    confirmation: Confirmation | None = None
    tag_ids: tuple[int, ...] = ()
