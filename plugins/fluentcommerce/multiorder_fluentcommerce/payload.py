"""What is sent to Fluent, in the terms of its GraphQL input types.

The structs follow `CreateOrderInput` and what it holds, with two differences: the customer is
what would be created (its id is known only when the order is sent), and attributes are held by
their names, for Fluent has at most one of each. `wire` gives the input as Fluent takes it.
"""

from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec

Attributes = dict[
    str,
    Annotated[Any, msgspec.Meta(description="the attribute of that name; its type is the value's")],
]
"""Attribute name to its value: a text, a number, true or false, or any JSON."""


class _Input(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A GraphQL input: camel case, and what is not set is not sent."""


class Retailer(_Input, frozen=True, kw_only=True):
    """`RetailerId`."""

    id: str


class BillingAddress(_Input, frozen=True, kw_only=True):
    """`CreateOrderBillingAddressInput`."""

    company_name: str | None = None
    name: str | None = None
    street: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    postcode: str | None = None
    region: str | None = None
    country: str | None = None
    email: str | None = None


class DeliveryAddress(BillingAddress, frozen=True, kw_only=True):
    """`CreateCustomerAddressInput`, the same with a `ref`."""

    ref: str


class FulfilmentChoice(_Input, frozen=True, kw_only=True):
    """`CreateFulfilmentChoiceWithOrderInput`."""

    delivery_type: str
    ref: str | None = None
    type: str | None = None
    currency: str | None = None
    fulfilment_type: str | None = None
    fulfilment_price: Decimal | None = None
    fulfilment_tax_price: Decimal | None = None
    pickup_location_ref: str | None = None
    delivery_instruction: str | None = None
    delivery_first_name: str | None = None
    delivery_last_name: str | None = None
    delivery_contact: str | None = None
    delivery_email: str | None = None
    delivery_address: DeliveryAddress | None = None
    attributes: Attributes = {}


class Item(_Input, frozen=True, kw_only=True):
    """`CreateOrderItemWithOrderInput`."""

    ref: str
    product_ref: str
    quantity: int
    product_catalogue_ref: str | None = None
    fulfilment_choice_ref: str | None = None
    currency: str | None = None
    price: Decimal | None = None
    paid_price: Decimal | None = None
    total_price: Decimal | None = None
    tax_price: Decimal | None = None
    total_tax_price: Decimal | None = None
    tax_type: str | None = None
    attributes: Attributes = {}


class FinancialTransaction(_Input, frozen=True, kw_only=True):
    """`CreateFinancialTransactionWithOrderInput`."""

    ref: str
    type: str
    amount: Decimal
    currency: str
    payment_method: str
    scale: int | None = None
    unscaled_value: int | None = None
    external_transaction_id: str | None = None
    card_type: str | None = None
    payment_provider: str | None = None
    attributes: Attributes = {}


class Customer(_Input, frozen=True, kw_only=True):
    """`CreateCustomerInput`."""

    username: str
    primary_email: str
    timezone: str
    promotion_opt_in: bool
    retailer: Retailer
    country: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    primary_phone: str | None = None
    attributes: Attributes = {}


class OrderPayload(_Input, frozen=True, kw_only=True):
    """`CreateOrderInput`, with the customer as they would be created."""

    ref: str
    type: str
    retailer: Retailer
    customer: Customer
    items: tuple[Item, ...]
    total_price: Decimal | None = None
    total_tax_price: Decimal | None = None
    billing_address: BillingAddress | None = None
    fulfilment_choice: FulfilmentChoice | None = None
    fulfilment_choices: tuple[FulfilmentChoice, ...] = ()
    financial_transactions: tuple[FinancialTransaction, ...] = ()
    attributes: Attributes = {}


def order_input(payload: OrderPayload, customer_id: str) -> dict[str, Any]:
    """Return the variables' `input` of createOrder, with decimals still exact."""
    return {**wire(payload), "customer": {"id": customer_id}}


def wire(part: _Input) -> dict[str, Any]:
    """Return a part of the payload as Fluent takes it: attributes become a list."""
    fields: dict[str, Any] = msgspec.to_builtins(part, builtin_types=(Decimal,))
    return _with_attribute_lists(fields)


_JSON: Final = "JSON"


def _with_attribute_lists(fields: dict[str, Any]) -> dict[str, Any]:
    for name, value in fields.items():
        if name == "attributes":
            fields[name] = [
                {"name": key, "type": _type_of(entry), "value": entry}
                for key, entry in value.items()
            ]
        elif isinstance(value, dict):
            _with_attribute_lists(value)
        elif isinstance(value, list | tuple):
            for entry in value:
                _with_attribute_lists(entry)
    return fields


def _type_of(value: Any) -> str:
    """Return the attribute type; public samples show STRING and JSON, others are not confirmed."""
    return "STRING" if isinstance(value, str) else _JSON
