"""The `oms` table of a space that is served by Fluent Commerce."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from multiorder_sync import (
    DIGITAL,
    ITEM_VARIABLES,
    PICKUP_LOCATION,
    Expression,
    InvalidSettings,
    Problem,
    Secret,
)


class OrderTypes(msgspec.Struct, frozen=True, kw_only=True):
    """Fluent order types, which pick the workflow (`ORDER::<type>`).

    Attributes:
        home: Of an order whose lines are all shipped.
        collect: Of an order whose lines are all collected.
        mixed: Of an order whose lines reach the shopper in several ways.
        digital: Of an order of which nothing is shipped or collected.
    """

    home: str = "HD"
    collect: str = "CC"
    mixed: str = "MULTI"
    # Fluent's reference solution has no type for orders that nobody ships; MULTI takes a
    # fulfilment choice of any type. An inference, so it can be set.
    digital: str = "MULTI"


class FulfilmentTypes(msgspec.Struct, frozen=True, kw_only=True):
    """Fluent fulfilment types, by how a line reaches the shopper.

    Attributes:
        home: Of lines that are shipped.
        collect: Of lines that are collected.
        digital: Of lines that are neither.
    """

    home: str = "HD_PFS"
    collect: str = "CC_PFS"
    digital: str = "DIGITAL"


class CustomerDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What Fluent asks of a customer and Nacelle does not say.

    Attributes:
        timezone: The customer's time zone.
        country: The customer's country; by default that of the billing, else the shipping address.
        promotion_opt_in: Whether the customer agreed to advertising.
    """

    timezone: Annotated[str, Meta(max_length=32)] = "UTC"
    country: str | None = None
    promotion_opt_in: bool = False


# Platform values of Fluent's `paymentMethod`; which Nacelle payment types exist is not documented.
_PAYMENT_METHODS = {
    "card": "CREDITCARD",
    "credit_card": "CREDITCARD",
    "debit_card": "CREDITCARD",
    "paypal": "PAYPAL",
    "gift_card": "GIFTVOUCHER",
    "giftcard": "GIFTVOUCHER",
    "cash": "CASH",
    "afterpay": "AFTERPAY",
    "*": "CREDITCARD",
}

EXPRESSION_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "order_ref": ("multi_order", "order", "identity"),
    "customer_ref": ("multi_order", "order", "customer", "email"),
    "product_ref": ITEM_VARIABLES,
    "pickup_location": ITEM_VARIABLES,
    "digital": ITEM_VARIABLES,
}
"""The settings that are JMESPath expressions, and what each starts from."""


_URL: Final = re.compile(r"https?://[^/\s]+")


class FluentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one space reaches its Fluent account, and in that account's own codes."""

    base_url: Annotated[
        str, Meta(description="API root, https://ACCOUNT.sandbox.api.fluentretail.com")
    ]
    account: Annotated[
        str, Meta(min_length=1, description="Fluent account id, sent as fluent.account")
    ]
    client_id: Annotated[
        str, Meta(min_length=1, description="OAuth client; in practice the account id")
    ]
    client_secret: Annotated[Secret, Meta(description="the OAuth client's secret")]
    username: Annotated[str, Meta(min_length=1, description="the integration user")]
    password: Annotated[Secret, Meta(description="the integration user's password")]
    retailer_id: Annotated[
        str, Meta(pattern=r"^[0-9]+$", description="the retailer that gets the orders")
    ]
    product_catalogue_ref: Annotated[
        str | None, Meta(description="catalogue of the products; empty for the default one")
    ] = "PC:MASTER:1"
    order_types: OrderTypes = OrderTypes()
    fulfilment_types: FulfilmentTypes = FulfilmentTypes()
    delivery_types: Annotated[
        dict[str, str],
        Meta(description="shipping rate, by external_id or service_name, to Fluent deliveryType"),
    ] = msgspec.field(default_factory=lambda: {"*": "STANDARD"})
    digital_delivery_type: Annotated[str, Meta(description="deliveryType of digital lines")] = (
        "EMAIL"
    )
    multi_order: Annotated[
        Literal["split", "combine"],
        Meta(description="one Fluent order for each order, or one MULTI order for all"),
    ] = "split"
    order_ref: Annotated[
        str | None, Meta(description="JMESPath over multi_order, order, identity: the order's ref")
    ] = None
    product_ref: Annotated[
        str, Meta(description="JMESPath over multi_order, order, item: the line's productRef")
    ] = "item.sku || item.variant_id || item.product_id || item.product_external_id"
    customer_ref: Annotated[
        str,
        Meta(description="JMESPath over multi_order, order, customer, email: the customer's ref"),
    ] = "lower(email)"
    pickup_location: Annotated[
        str, Meta(description="JMESPath over multi_order, order, item: where a line is collected")
    ] = PICKUP_LOCATION
    digital: Annotated[
        str, Meta(description="JMESPath over multi_order, order, item: true if nothing is shipped")
    ] = DIGITAL
    customer_defaults: CustomerDefaults = CustomerDefaults()
    payment_statuses: Annotated[
        tuple[str, ...], Meta(description="payments that count, by Nacelle's status")
    ] = ("succeeded",)
    payment_methods: Annotated[
        dict[str, str],
        Meta(description="Nacelle payment_type to Fluent paymentMethod, beside the defaults"),
    ] = {}
    tax_type: Annotated[
        Literal["GST", "VAT", "EXCLTAX"] | None, Meta(description="Fluent taxType of every line")
    ] = None
    order_total: Annotated[
        Literal["net", "gross"],
        Meta(description="whether the Fluent order's totalPrice is without or with tax"),
    ] = "net"

    def __post_init__(self) -> None:
        """Refuse settings that can't work.

        Raises:
            InvalidSettings: With all that is wrong.
        """
        problems = [*self._wrong()]
        if problems:
            raise InvalidSettings(problems)

    def _wrong(self) -> Iterator[Problem]:
        if not _URL.match(self.base_url):
            yield Problem("base_url", f"{self.base_url!r} must start with https:// and name a host")
        if not all(self.payment_methods.values()):
            yield Problem("payment_methods", "names an empty payment method")
        for name, variables in EXPRESSION_VARIABLES.items():
            text = getattr(self, name)
            if text is not None:
                try:
                    Expression(text, variables)
                except ValueError as error:
                    yield Problem(name, str(error))

    def payment_method(self, payment_type: str | None) -> str:
        """Return the Fluent payment method of a Nacelle payment type, whatever its case."""
        own = {name.lower(): method for name, method in self.payment_methods.items()}
        methods = _PAYMENT_METHODS | own
        return methods.get((payment_type or "").lower()) or methods["*"]

    def expression(self, name: str) -> Expression:
        """Return one of the settings that are JMESPath expressions, compiled."""
        return Expression(getattr(self, name), EXPRESSION_VARIABLES[name])

    @property
    def root(self) -> str:
        """The API root without a slash at its end."""
        return self.base_url.rstrip("/")
