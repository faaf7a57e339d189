"""What the stand-in takes as an order: the fields, types and codes of ShipStation's own models.

ShipStation ignores a field that it does not know (inferred); the stand-in refuses it, since a name
that is misspelt would be lost. Required are what its reference marks so, and an address's country.
That an address has a name, and the length of custom fields, is inferred from the app and from the
guide to Custom Stores.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

_Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
_Custom = Annotated[str, msgspec.Meta(max_length=100)]
_NONE: Final = Decimal(0)
# A JSON number, digit by digit; a text of digits is none.
_Amount = Decimal | int
_Filled = Annotated[str, msgspec.Meta(min_length=1)]


class _Model(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class _Weight(_Model, kw_only=True):
    value: _Amount
    units: Literal["pounds", "ounces", "grams"]


class _Dimensions(_Model, kw_only=True):
    length: _Amount
    width: _Amount
    height: _Amount
    units: Literal["inches", "centimeters"]


class _Address(_Model, kw_only=True):
    name: _Filled
    company: str | None = None
    street1: str | None = None
    street2: str | None = None
    street3: str | None = None
    city: str | None = None
    state: str | None = None
    postalCode: str | None = None
    country: _Country
    phone: str | None = None
    residential: bool | None = None


class _ItemOption(_Model, kw_only=True):
    name: str
    value: str


class _OrderItem(_Model, kw_only=True):
    lineItemKey: str | None = None
    sku: str | None = None
    name: _Filled
    imageUrl: str | None = None
    weight: _Weight | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    unitPrice: _Amount | None = None
    taxAmount: _Amount | None = None
    shippingAmount: _Amount | None = None
    warehouseLocation: str | None = None
    options: list[_ItemOption] = []
    productId: int | None = None
    fulfillmentSku: str | None = None
    adjustment: bool = False
    upc: str | None = None


class _AdvancedOptions(_Model, kw_only=True):
    warehouseId: int | None = None
    nonMachinable: bool | None = None
    saturdayDelivery: bool | None = None
    containsAlcohol: bool | None = None
    storeId: int | None = None
    customField1: _Custom | None = None
    customField2: _Custom | None = None
    customField3: _Custom | None = None
    source: str | None = None
    billToParty: Literal["my_account", "my_other_account", "recipient", "third_party"] | None = None
    billToAccount: str | None = None
    billToPostalCode: str | None = None
    billToCountryCode: _Country | None = None
    billToMyOtherAccount: int | None = None


class Order(_Model, kw_only=True):
    """The body of `POST /orders/createorder`."""

    orderNumber: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    orderKey: _Filled | None = None
    orderId: int | None = None
    orderDate: datetime
    paymentDate: datetime | None = None
    shipByDate: datetime | None = None
    orderStatus: Literal["awaiting_payment", "awaiting_shipment", "shipped", "on_hold", "cancelled"]
    customerUsername: str | None = None
    customerEmail: str | None = None
    billTo: _Address
    shipTo: _Address
    items: list[_OrderItem] = []
    amountPaid: _Amount | None = None
    taxAmount: _Amount | None = None
    shippingAmount: _Amount | None = None
    customerNotes: str | None = None
    internalNotes: str | None = None
    gift: bool | None = None
    giftMessage: str | None = None
    paymentMethod: str | None = None
    requestedShippingService: str | None = None
    carrierCode: str | None = None
    serviceCode: str | None = None
    packageCode: str | None = None
    confirmation: (
        Literal["none", "delivery", "signature", "adult_signature", "direct_signature"] | None
    ) = None
    shipDate: date | None = None
    weight: _Weight | None = None
    dimensions: _Dimensions | None = None
    advancedOptions: _AdvancedOptions | None = None
    tagIds: list[int] | None = None

    def total(self) -> Decimal:
        """Return the `orderTotal` that ShipStation computes."""
        prices = [Decimal(item.unitPrice or 0) * item.quantity for item in self.items]
        return sum(
            [*prices, Decimal(self.taxAmount or 0), Decimal(self.shippingAmount or 0)], _NONE
        )


def read_order(body: bytes) -> Order:
    """Read the body of `POST /orders/createorder`.

    Raises:
        ValueError: If it is no order as ShipStation's reference has it.
    """
    data = msgspec.json.Decoder(float_hook=Decimal).decode(body)
    return msgspec.convert(data, type=Order, builtin_types=(Decimal,))
