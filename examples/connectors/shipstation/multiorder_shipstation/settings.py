"""The settings of a space: the table `[spaces.ID.oms]`."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from multiorder_sync import (
    DIGITAL,
    ITEM_VARIABLES,
    PICKUP_LOCATION,
    Expression,
    InvalidSettings,
    Problem,
    Secret,
)

REF_VARIABLES: Final = ("multi_order", "order", "identity")

# Of ShipStation's statuses, those that an order can be created in and be worked on from.
OpenStatus = Literal["awaiting_payment", "awaiting_shipment", "on_hold"]
Confirmation = Literal["none", "delivery", "signature", "adult_signature", "direct_signature"]


class ShippingMethod(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an order travels, in the codes of the account's own carriers."""

    carrier_code: Annotated[
        str | None, msgspec.Meta(description="carrierCode, as GET /carriers lists it")
    ] = None
    service_code: Annotated[
        str | None, msgspec.Meta(description="serviceCode, one of that carrier's services")
    ] = None
    package_code: Annotated[
        str | None, msgspec.Meta(description="packageCode, one of that carrier's packages")
    ] = None
    confirmation: Annotated[
        Confirmation | None, msgspec.Meta(description="the delivery confirmation")
    ] = None


class ShipStationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How ShipStation is reached, and by which codes the account calls things."""

    api_key: Annotated[Secret, msgspec.Meta(description="the V1 API key")]
    api_secret: Annotated[Secret, msgspec.Meta(description="the V1 API secret")]
    base_url: Annotated[str, msgspec.Meta(description="the V1 API's address")] = (
        "https://ssapi.shipstation.com"
    )
    store_id: Annotated[
        int | None,
        msgspec.Meta(description="the store that gets the orders; default: the first manual one"),
    ] = None
    warehouse_id: Annotated[
        int | None,
        msgspec.Meta(description="where orders ship from; default: as the account is set up"),
    ] = None
    tag_ids: Annotated[
        tuple[int, ...], msgspec.Meta(description="tags that every order gets, by their ids")
    ] = ()
    source: Annotated[
        str | None, msgspec.Meta(description="advancedOptions.source of every order")
    ] = None
    order_status: Annotated[
        OpenStatus, msgspec.Meta(description="the status that an order is created with")
    ] = "awaiting_shipment"
    unshipped_order_status: Annotated[
        OpenStatus,
        msgspec.Meta(description="that of an order of which no line is shipped"),
    ] = "on_hold"
    shipping_methods: Annotated[
        Mapping[str, ShippingMethod],
        msgspec.Meta(
            description="shipping rate, by external_id or service_name, to carrier, service and "
            'package; "*" is any other; a rate that is not listed is left to the account\'s rules'
        ),
    ] = {}
    payment_methods: Annotated[
        Mapping[str, str],
        msgspec.Meta(
            description="payment_type to paymentMethod; one that is not listed stays as it is"
        ),
    ] = {}
    payment_statuses: Annotated[
        tuple[str, ...], msgspec.Meta(description="the payments that count, by their status")
    ] = ("succeeded",)
    order_ref: Annotated[
        str,
        msgspec.Meta(
            description="JMESPath over multi_order, order, identity: orderKey and orderNumber"
        ),
    ] = "identity"
    sku: Annotated[
        str, msgspec.Meta(description="JMESPath over multi_order, order, item: an item's sku")
    ] = "item.sku || item.variant_id || item.product_id || item.product_external_id"
    pickup_location: Annotated[
        str,
        msgspec.Meta(
            description="JMESPath over multi_order, order, item: where a line is collected"
        ),
    ] = PICKUP_LOCATION
    digital: Annotated[
        str,
        msgspec.Meta(
            description="JMESPath over multi_order, order, item: true if nobody ships the line"
        ),
    ] = DIGITAL

    def __post_init__(self) -> None:
        """Refuse expressions that are none."""
        problems = []
        for name, text, variables in (
            ("order_ref", self.order_ref, REF_VARIABLES),
            ("sku", self.sku, ITEM_VARIABLES),
            ("pickup_location", self.pickup_location, ITEM_VARIABLES),
            ("digital", self.digital, ITEM_VARIABLES),
        ):
            try:
                Expression(text, variables)
            except ValueError as error:
                problems.append(Problem(path=name, reason=str(error)))
        if problems:
            raise InvalidSettings(problems)

    @property
    def root(self) -> str:
        """The address without a slash at its end."""
        return self.base_url.rstrip("/")
