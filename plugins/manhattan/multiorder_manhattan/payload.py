"""What is sent to Manhattan, in the terms of its order interface.

The structs follow the order's JSON, with one difference: attributes are held by their names, for
an order has one of each. `wire` gives the order as Manhattan takes it.
"""

from datetime import datetime
from decimal import Decimal, localcontext
from typing import Annotated, Any

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """A part of an order: Pascal case, and what is not set is not sent."""


class OrderActions(_Part, frozen=True, kw_only=True):
    """What Manhattan is to leave as it is: the shopper has paid these figures.

    `version_timestamp` stamps a version on the order at its creation. A later save with a version
    that is not higher is refused, so that a second create is none.
    """

    is_already_priced: bool
    is_already_charged: bool
    is_already_taxed: bool
    version_timestamp: str


class DocType(_Part, frozen=True, kw_only=True):
    """A reference by id, as the following are."""

    doc_type_id: str


class OrderType(_Part, frozen=True, kw_only=True):
    """Decides the order configuration: which services run."""

    order_type_id: str


class SellingChannel(_Part, frozen=True, kw_only=True):
    """Where the order was placed."""

    selling_channel_id: str


class ChargeType(_Part, frozen=True, kw_only=True):
    """Shipping, Discount and the like."""

    charge_type_id: str


class DiscountOn(_Part, frozen=True, kw_only=True):
    """What a discount is taken off; mandatory for discounts."""

    discount_on_id: str


class Charge(_Part, frozen=True, kw_only=True):
    """`OrderChargeDetail` and `OrderLineChargeDetail`; a discount is negative."""

    charge_detail_id: str
    charge_type: ChargeType
    charge_total: Decimal
    charge_display_name: str | None = None
    charge_reference_id: str | None = None
    discount_on: DiscountOn | None = None
    related_charge_type: str | None = None
    tax_code: str | None = None
    is_tax_included: bool | None = None


class Tax(_Part, frozen=True, kw_only=True):
    """`OrderTaxDetail` and `OrderLineTaxDetail`; the rate is a fraction.

    An informational tax is in the prices already and not added to the total.
    """

    tax_detail_id: str
    tax_type_id: str
    tax_amount: Decimal
    taxable_amount: Decimal
    tax_rate: Decimal | None = None
    tax_code: str | None = None
    is_informational: bool | None = None


class Address(_Part, frozen=True, kw_only=True):
    """An address."""

    first_name: str | None = None
    last_name: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    email: str | None = None
    phone: str | None = None


class PlacedAddress(_Part, frozen=True, kw_only=True):
    """`ShipToAddress` of a line, and `BillingAddress` of a payment method."""

    address: Address


class DeliveryMethod(_Part, frozen=True, kw_only=True):
    """How a line reaches the shopper."""

    delivery_method_id: str


class PickupDetail(_Part, frozen=True, kw_only=True):
    """`OrderLinePickupDetail`: who collects the line."""

    order_line_pickup_detail_id: str
    is_primary: bool
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


class PromisingInfo(_Part, frozen=True, kw_only=True):
    """`OrderLinePromisingInfo`: from where the line comes."""

    ship_from_location_id: str


Attributes = dict[
    str, Annotated[str, msgspec.Meta(description="the value of the attribute of that name")]
]
"""Attribute name to its value."""


class Line(_Part, frozen=True, kw_only=True):
    """`OrderLine`; the address stands here and never on the header."""

    order_line_id: str
    item_id: str
    quantity: int
    uom: str = msgspec.field(name="UOM")
    unit_price: Decimal
    delivery_method: DeliveryMethod
    item_description: str | None = None
    shipping_method_id: str | None = None
    ship_to_address: PlacedAddress | None = None
    ship_to_location_id: str | None = None
    order_line_pickup_detail: tuple[PickupDetail, ...] = ()
    order_line_promising_info: PromisingInfo | None = None
    is_gift_card: bool | None = None
    is_tax_included: bool | None = None
    order_line_charge_detail: tuple[Charge, ...] = ()
    order_line_tax_detail: tuple[Tax, ...] = ()
    order_line_attribute: Attributes = {}


class PaymentType(_Part, frozen=True, kw_only=True):
    """Credit Card, PayPal and the like."""

    payment_type_id: str


class CardType(_Part, frozen=True, kw_only=True):
    """Visa, MasterCard and the like."""

    card_type_id: str


class TransactionType(_Part, frozen=True, kw_only=True):
    """Authorization or Settlement."""

    payment_transaction_type_id: str


class TransactionStatus(_Part, frozen=True, kw_only=True):
    """Closed, once it is through."""

    payment_transaction_status_id: str


class ResponseStatus(_Part, frozen=True, kw_only=True):
    """Success, once it is through."""

    payment_response_status_id: str


class PaymentTransaction(_Part, frozen=True, kw_only=True):
    """What was done with a payment."""

    payment_transaction_id: str
    transaction_type: TransactionType
    status: TransactionStatus
    payment_response_status: ResponseStatus
    requested_amount: Decimal
    processed_amount: Decimal
    request_id: str | None = None


class PaymentMethod(_Part, frozen=True, kw_only=True):
    """One payment, as far as it pays this order."""

    payment_method_id: str
    payment_type: PaymentType
    amount: Decimal
    currency_code: str
    card_type: CardType | None = None
    current_settled_amount: Decimal | None = None
    current_auth_amount: Decimal | None = None
    account_number: str | None = None
    gateway_id: str | None = None
    billing_address: PlacedAddress | None = None
    payment_transaction: tuple[PaymentTransaction, ...] = ()
    payment_method_attribute: Attributes = {}


class Payment(_Part, frozen=True, kw_only=True):
    """The payment header; an order has one."""

    payment_method: tuple[PaymentMethod, ...]


class Hold(_Part, frozen=True, kw_only=True):
    """`OrderHold`; status 1000 is applied."""

    hold_type_id: str
    apply_reason_comments: str
    status_id: str


class OrderPayload(_Part, frozen=True, kw_only=True):
    """One order, as `order/save` takes it."""

    order_id: str
    order_actions: OrderActions
    doc_type: DocType
    order_type: OrderType
    selling_channel: SellingChannel
    is_confirmed: bool
    currency_code: str
    order_line: tuple[Line, ...]
    alternate_order_id: str | None = None
    captured_date: datetime | None = None
    customer_first_name: str | None = None
    customer_last_name: str | None = None
    customer_email: str | None = None
    customer_phone: str | None = None
    order_charge_detail: tuple[Charge, ...] = ()
    order_tax_detail: tuple[Tax, ...] = ()
    payment: tuple[Payment, ...] = ()
    order_hold: tuple[Hold, ...] = ()
    order_attribute: Attributes = {}


def computed_total(payload: OrderPayload) -> Decimal:
    """Return what Manhattan will compute: lines, charges, and taxes that are not informational."""
    with localcontext(prec=60):
        total = _charged(payload.order_charge_detail) + _added(payload.order_tax_detail)
        for line in payload.order_line:
            total += line.unit_price * line.quantity
            total += _charged(line.order_line_charge_detail) + _added(line.order_line_tax_detail)
        return total


def _charged(charges: tuple[Charge, ...]) -> Decimal:
    return sum((charge.charge_total for charge in charges), Decimal(0))


def _added(taxes: tuple[Tax, ...]) -> Decimal:
    return sum((tax.tax_amount for tax in taxes if not tax.is_informational), Decimal(0))


def wire(payload: OrderPayload) -> dict[str, Any]:
    """Return the order as Manhattan takes it: attributes become lists of name and value."""
    fields: dict[str, Any] = msgspec.to_builtins(payload, builtin_types=(Decimal,))
    _list_attributes(fields, "OrderAttribute", "AttributeName", "AttributeValue")
    for line in fields["OrderLine"]:
        _list_attributes(line, "OrderLineAttribute", "AttributeName", "AttributeValue")
    for payment in fields.get("Payment", ()):
        for method in payment["PaymentMethod"]:
            _list_attributes(method, "PaymentMethodAttribute", "Name", "Value")
    return fields


def _list_attributes(fields: dict[str, Any], place: str, name: str, value: str) -> None:
    if place in fields:
        fields[place] = [{name: key, value: text} for key, text in fields[place].items()]
