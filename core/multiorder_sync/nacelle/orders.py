"""The multi-order that Nacelle sends, as structs.

Nacelle's full schema is not public. Objects and arrays carry confirmed names; most scalar names
are inferred from the reference pages, the mapper pages and Nacelle's GraphQL schema, so fields
are optional but for those without which there is no order, and every spelling that one of those
sources uses is read (`Aliases`). Unknown fields are kept in `source` and otherwise ignored.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec

from multiorder_sync.reading import Aliases, Length, OneOrMany, Whole

MAX_ORDERS: Final = 100

Metadata = dict[str, Any]
"""Map-like data of the merchant's own."""


class AtLeast(msgspec.Struct, frozen=True):
    """In `Annotated` of a number: the least that it can be."""

    least: int


Charge = Annotated[Decimal | None, AtLeast(0)]
"""An amount that can't be negative, such as a price."""

_META = Aliases(("meta", "meta_data"))
_DISCOUNTS = Aliases(("discounts_amount",))
_TAX = Aliases(("tax_amount",))
_APPLIED = Aliases(("appplied_discounts",))  # sic: so spelled on Nacelle's sync mapper page


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A postal address."""

    id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    province: str | None = None
    postal_code: Annotated[str | None, Aliases(("zip",))] = None
    country_iso2: Annotated[str | None, Aliases(("country",))] = None
    comment: str | None = None
    merchant_created_at: datetime | None = None
    merchant_modified_at: datetime | None = None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """The shopper, as far as Nacelle knows them. A guest order has none."""

    id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    addresses: tuple[Address, ...] = ()
    source_external_id: str | None = None
    destination_external_id: str | None = None
    metadata: Annotated[Metadata | None, _META] = None
    merchant_created_at: datetime | None = None
    merchant_modified_at: datetime | None = None


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """A discount that was applied to an order or to a line."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    amount: Decimal | None = None
    effect_type: str | None = None
    metadata: Annotated[Metadata | None, _META] = None


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """What the shopper entered to get a promotion."""

    coupon_codes: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    loyalty_card: str | None = None
    referral_code: str | None = None
    profile_id: str | None = None
    metadata: Annotated[Metadata | None, _META] = None


class ShippingRate(msgspec.Struct, frozen=True, kw_only=True):
    """How an order travels, and for how much."""

    id: str | None = None
    external_id: str | None = None
    service_name: str | None = None
    display_name: str | None = None
    description: str | None = None
    amount: Charge = None
    currency: str | None = None
    tax_behavior: str | None = None
    delivery_estimate_min: int | None = None
    delivery_estimate_max: int | None = None
    delivery_estimate_unit: str | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment; those of a multi-order are for all its orders."""

    id: str | None = None
    external_id: str | None = None
    payment_type: str | None = None
    payment_method_id: str | None = None
    processor_name: str | None = None
    processor_status: str | None = None
    status: str | None = None
    amount: Charge = None
    currency: str | None = None
    card_brand: str | None = None
    payment_data: Metadata | None = None


class TaxBreakdown(msgspec.Struct, frozen=True, kw_only=True):
    """One tax among those that an entry was charged."""

    amount: Decimal | None = None
    display_name: str | None = None
    percentage: Decimal | None = None
    tax_type: str | None = None
    taxability_reason: str | None = None


class TaxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The tax on one line, or on shipping."""

    order_item_id: str | None = None
    amount: Decimal | None = None
    quantity: int | None = None
    tax_amount: Decimal | None = None
    tax_behavior: str | None = None
    tax_code: str | None = None
    breakdown: tuple[TaxBreakdown, ...] = ()


class TaxTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The tax on all lines, or on shipping, with its entries."""

    entries: Annotated[tuple[TaxEntry, ...], OneOrMany()] = ()
    total_amount: Decimal | None = None
    total_tax_amount: Decimal | None = None
    total_with_tax_amount: Decimal | None = None


class TaxData(msgspec.Struct, frozen=True, kw_only=True):
    """What a tax service calculated for an order."""

    external_id: str | None = None
    service: Any = None
    currency: str | None = None
    items: TaxTotals | None = None
    shipping: TaxTotals | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    tax_date: datetime | None = None


class FulfillmentOrderItem(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one line a fulfilment covers."""

    id: str | None = None
    order_item_id: str | None = None
    quantity: int | None = None


class Fulfillment(msgspec.Struct, frozen=True, kw_only=True):
    """A fulfilment of an order, as far as one is planned when it is placed."""

    id: str | None = None
    external_id: str | None = None
    assigned_location_id: str | None = None
    delivery_date: datetime | None = None
    delivery_estimation: str | None = None
    delivery_method: str | None = None
    delivery_type: str | None = None
    destination_address: Address | None = None
    fulfillment_order_items: tuple[FulfillmentOrderItem, ...] = ()
    nacelle_status: str | None = None
    shipment_status: str | None = None
    status: str | None = None
    tracking_company: str | None = None
    tracking_numbers: tuple[str, ...] = ()
    tracking_urls: tuple[str, ...] = ()


class OrderItem(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order. Whether `price` is for one unit or for the line is not settled."""

    quantity: Annotated[int, AtLeast(1)]
    id: str | None = None
    sku: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    product_external_id: str | None = None
    nacelle_entry_id: str | None = None
    description: str | None = None
    price: Charge = None
    subtotal_price: Charge = None
    discounts: Annotated[Decimal | None, _DISCOUNTS] = None
    applied_discounts: Annotated[tuple[Discount, ...], _APPLIED] = ()
    tax: Annotated[Charge, _TAX] = None
    tax_rate: Decimal | None = None
    available: int | None = None
    comment: str | None = None
    status: str | None = None
    source_external_id: str | None = None
    destination_external_id: str | None = None
    metadata: Annotated[Metadata | None, _META] = None
    merchant_created_at: datetime | None = None
    merchant_modified_at: datetime | None = None
    source: Annotated[Metadata, Whole()] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.product_reference is None:
            raise ValueError("names no product: one of sku, variant_id, product_id is needed")

    @property
    def product_reference(self) -> str | None:
        """What names the product best: the SKU, else one of Nacelle's or the merchant's ids."""
        return self.sku or self.variant_id or self.product_id or self.product_external_id


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What a multi-order and each of its orders both can say."""

    id: str | None = None
    currency: str | None = None
    email: str | None = None
    phone: str | None = None
    comment: str | None = None
    status: str | None = None
    customer: Customer | None = None
    billing_address: Address | None = None
    client_data: Metadata | None = None
    promotion: Annotated[Promotion | None, Aliases(("promotions",))] = None
    applied_discounts: Annotated[tuple[Discount, ...], _APPLIED] = ()
    payments: tuple[Payment, ...] = ()
    price: Charge = None
    subtotal_price: Charge = None
    discounts: Annotated[Decimal | None, _DISCOUNTS] = None
    tax: Annotated[Charge, _TAX] = None
    metadata: Annotated[Metadata | None, _META] = None
    error: Any = None
    merchant_created_at: datetime | None = None
    merchant_modified_at: Annotated[datetime | None, Aliases(("merchant_updated_at",))] = None
    source: Annotated[Metadata, Whole()] = msgspec.field(default_factory=dict)


class Order(_Placed, frozen=True, kw_only=True):
    """One order of a multi-order: what travels together to one address."""

    order_items: Annotated[tuple[OrderItem, ...], Aliases(("items",)), Length(1, None, "item")]
    source_external_id: str | None = None
    destination_external_id: str | None = None
    nacelle_entry_id: str | None = None
    shipping_address: Address | None = None
    shipping_rate: ShippingRate | None = None
    shipping_rates: tuple[ShippingRate, ...] = ()
    tax_rate: Decimal | None = None
    tax_data: Annotated[TaxData | None, Aliases(("tax_result",))] = None
    fulfillments: tuple[Fulfillment, ...] = ()
    canceled_at: datetime | None = None
    canceled_reason: str | None = None
    deadline: int | None = None


class MultiOrder(_Placed, frozen=True, kw_only=True):
    """What Nacelle sends: one or more orders that were paid together."""

    orders: Annotated[tuple[Order, ...], Length(1, MAX_ORDERS, "orders")]
