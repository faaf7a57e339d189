"""The `oms` table of a space that is served by Manhattan Active Omni."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

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

_ORDER_VARIABLES = ("multi_order", "order", "identity")

EXPRESSION_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "order_ref": _ORDER_VARIABLES,
    "item_id": ITEM_VARIABLES,
    "pickup_location": ITEM_VARIABLES,
    "digital": ITEM_VARIABLES,
}
"""The settings that are JMESPath expressions, and what each starts from."""

_API_HOST: Final = re.compile(
    r"(?P<tenant>[^.:]+)(?P<domain>\.omni\.manh\.com)(?P<port>:[0-9]+)?", re.IGNORECASE
)


_URL: Final = re.compile(r"https?://[^/\s]+")


class DeliveryMethods(msgspec.Struct, frozen=True, kw_only=True):
    """`DeliveryMethodId`, by how a line reaches the shopper.

    Attributes:
        home: Of lines that are shipped.
        collect: Of lines that are collected.
        digital: Of lines that are neither.
    """

    home: str = "ShipToAddress"
    collect: str = "PickUpAtStore"
    digital: str = "Email"


# Manhattan's own ids; which Nacelle payment types and card brands exist is not documented.
_PAYMENT_TYPES = {
    "card": "Credit Card",
    "credit_card": "Credit Card",
    "debit_card": "Debit",
    "paypal": "PayPal",
    "gift_card": "Gift Card",
    "giftcard": "Gift Card",
    "store_credit": "Store Credit",
    "cash": "Cash",
    "*": "Credit Card",
}
_CARD_TYPES = {
    "visa": "Visa",
    "mastercard": "MasterCard",
    "discover": "Discover",
    "amex": "Amex",
    "american express": "Amex",
    "jcb": "JCB",
    "diners": "DinersClub",
    "diners club": "DinersClub",
}


class ManhattanSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one space reaches its tenant, and in that tenant's own codes."""

    base_url: Annotated[str, Meta(description="API host, https://TENANT.omni.manh.com")]
    client_id: Annotated[str, Meta(min_length=1, description="the OAuth client")]
    client_secret: Annotated[Secret, Meta(description="the OAuth client's secret")]
    username: Annotated[
        str, Meta(min_length=1, description="a service user; its organization gets the orders")
    ]
    password: Annotated[Secret, Meta(description="the service user's password")]
    token_url: Annotated[
        str | None,
        Meta(description="default: derived, https://TENANT-auth.omni.manh.com/oauth/token"),
    ] = None
    organization: Annotated[
        str | None,
        Meta(description="sent as the header Organization; default: the user's own decides"),
    ] = None
    extra_headers: Annotated[
        dict[str, Secret],
        Meta(description="further headers of every call, for instance a gateway's"),
    ] = {}
    order_ref: Annotated[
        str | None, Meta(description="JMESPath over multi_order, order, identity: the OrderId")
    ] = None
    item_id: Annotated[
        str, Meta(description="JMESPath over multi_order, order, item: the line's ItemId")
    ] = "item.sku || item.variant_id || item.product_id || item.product_external_id"
    pickup_location: Annotated[
        str, Meta(description="JMESPath over multi_order, order, item: where a line is collected")
    ] = PICKUP_LOCATION
    digital: Annotated[
        str, Meta(description="JMESPath over multi_order, order, item: true if nothing is shipped")
    ] = DIGITAL
    multi_order: Annotated[
        Literal["split", "combine"],
        Meta(description="one OMS order for each order, or one for all of a multi-order"),
    ] = "split"
    order_type_id: Annotated[
        str, Meta(description="OrderTypeId, which decides the services that run")
    ] = "Ecom Order"
    doc_type_id: Annotated[str, Meta(description="DocTypeId of every order")] = "CustomerOrder"
    selling_channel_id: Annotated[str, Meta(description="SellingChannelId of every order")] = "Web"
    uom: Annotated[str, Meta(description="unit of every line's quantity")] = "EACHES"
    shipping_methods: Annotated[
        dict[str, str],
        Meta(description="shipping rate, by external_id or service_name, to ShippingMethodId"),
    ] = msgspec.field(default_factory=lambda: {"*": "STD"})
    delivery_methods: DeliveryMethods = DeliveryMethods()
    payment_types: Annotated[
        dict[str, str],
        Meta(description="Nacelle payment_type to PaymentTypeId, beside the defaults"),
    ] = {}
    card_types: Annotated[
        dict[str, str], Meta(description="Nacelle card_brand to CardTypeId, beside the defaults")
    ] = {}
    gateway_id: Annotated[
        str | None, Meta(description="GatewayId through which the OMS settles and refunds")
    ] = None
    payment_state: Annotated[
        Literal["settled", "authorized"],
        Meta(description="whether payments are captured already, or the OMS captures them"),
    ] = "settled"
    payment_statuses: Annotated[
        tuple[str, ...], Meta(description="payments that count, by Nacelle's status")
    ] = ("succeeded",)
    tax_type_id: Annotated[str, Meta(description="TaxTypeId of every tax")] = "SALES"
    is_confirmed: Annotated[bool, Meta(description="true: the order goes to allocation")] = True
    hold_type_id: Annotated[
        str | None, Meta(description='HoldTypeId that totals = "hold" applies')
    ] = None
    totals: Annotated[
        Literal["warn", "hold", "refuse"],
        Meta(description="an order whose figures do not add up: send it, hold it, refuse it"),
    ] = "warn"
    attribute_length: Annotated[
        int, Meta(ge=50, description="longest AttributeValue; a longer one is left out and noted")
    ] = 255

    def __post_init__(self) -> None:
        """Refuse settings that can't work.

        Raises:
            InvalidSettings: With all that is wrong.
        """
        problems = [*self._wrong()]
        if problems:
            raise InvalidSettings(problems)

    def _wrong(self) -> Iterator[Problem]:
        for name in ("base_url", "token_url"):
            url = getattr(self, name)
            if url is not None and not _URL.match(url):
                yield Problem(name, f"{url!r} must start with https:// and name a host")
        if self.totals == "hold" and not self.hold_type_id:
            yield Problem("totals", '"hold" needs hold_type_id, the hold that is to be applied')
        for name in ("payment_types", "card_types", "shipping_methods"):
            if not all(getattr(self, name).values()):
                yield Problem(name, "names an empty code")
        for name, variables in EXPRESSION_VARIABLES.items():
            text = getattr(self, name)
            if text is not None:
                try:
                    Expression(text, variables)
                except ValueError as error:
                    yield Problem(name, str(error))

    def expression(self, name: str) -> Expression:
        """Return one of the settings that are JMESPath expressions, compiled."""
        return Expression(getattr(self, name), EXPRESSION_VARIABLES[name])

    def payment_type(self, payment_type: str | None) -> str:
        """Return the PaymentTypeId of a Nacelle payment type, whatever its case."""
        types = _PAYMENT_TYPES | _lower(self.payment_types)
        return types.get((payment_type or "").lower()) or types["*"]

    def card_type(self, card_brand: str | None) -> str | None:
        """Return the CardTypeId of a card brand, whatever its case; None for one not known."""
        return (_CARD_TYPES | _lower(self.card_types)).get((card_brand or "").lower())

    @property
    def root(self) -> str:
        """The API host without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def token_endpoint(self) -> str:
        """Where tokens are issued: as set, else derived from `base_url`.

        A tenant's token host is its API host with `-auth`; any other host is taken to issue its
        tokens itself.
        """
        if self.token_url:
            return self.token_url
        parts = urlsplit(self.root)
        host = _API_HOST.fullmatch(parts.netloc)
        netloc = parts.netloc
        if host:
            netloc = f"{host['tenant']}-auth{host['domain']}{host['port'] or ''}"
        return f"{parts.scheme}://{netloc}/oauth/token"

    @property
    def headers(self) -> dict[str, str | Secret]:
        """The headers of every call to the order component."""
        organization = {"Organization": self.organization} if self.organization else {}
        return {**organization, **self.extra_headers}


def _lower(table: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in table.items()}
