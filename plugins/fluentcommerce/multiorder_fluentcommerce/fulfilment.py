"""How an order's lines reach the shopper: shipped, collected or digital; Fluent's choices."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from multiorder_fluentcommerce.parties import (
    INSTRUCTION_LENGTH,
    TEXT_LENGTH,
    Parties,
    currency_code,
    optional,
    order_email,
    order_name,
    order_phone,
)
from multiorder_fluentcommerce.payload import FulfilmentChoice
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_sync import Figures, MultiOrder, Order, ShippingRate, Untransformable

Kind = Literal["home", "collect", "digital"]


class Way(msgspec.Struct, frozen=True):
    """How one line reaches the shopper; lines that go the same way share a choice.

    Attributes:
        kind: Shipped, collected, or neither.
        location: Where it is collected.
    """

    kind: Kind
    location: str | None = None


class Fulfilment:
    """Makes fulfilment choices for one space's settings."""

    def __init__(self, settings: FluentSettings, parties: Parties) -> None:
        self._settings = settings
        self._parties = parties
        self._pickup_location = settings.expression("pickup_location")
        self._digital = settings.expression("digital")

    def ways(self, multi_order: MultiOrder, order: Order) -> list[Way]:
        """Return for each line of the order how it reaches the shopper."""
        variables: dict[str, Any] = {"multi_order": multi_order.source, "order": order.source}
        ways = []
        for item in order.order_items:
            variables["item"] = item.source
            location = self._pickup_location.evaluate(variables)
            if self._digital.evaluate(variables):
                ways.append(Way("digital"))
            elif location:
                ways.append(Way("collect", str(location)))
            else:
                ways.append(Way("home"))
        return ways

    def order_type(self, ways: Sequence[Way]) -> str:
        """Return the Fluent order type for lines that go these ways."""
        types = self._settings.order_types
        if len(ways) > 1:
            return types.mixed
        return str(getattr(types, ways[0].kind))

    def choice(
        self,
        multi_order: MultiOrder,
        order: Order,
        way: Way,
        ref: str,
        charge: Figures | None,
    ) -> FulfilmentChoice:
        """Return the fulfilment choice for the lines of an order that go one way.

        Args:
            multi_order: The whole.
            order: The order.
            way: The way.
            ref: The choice's ref.
            charge: The figures whose shipping charge this choice carries, if it carries one.

        Raises:
            Untransformable: No delivery type is configured, or the address is missing.
        """
        settings = self._settings
        home = way.kind == "home"
        first, last = order_name(order, order.shipping_address)
        comment = order.shipping_address.comment if home and order.shipping_address else None
        return FulfilmentChoice(
            ref=ref,
            type=str(getattr(settings.order_types, way.kind))
            if way.kind != "digital"
            else settings.fulfilment_types.digital,
            currency=currency_code(order.currency),
            fulfilment_type=str(getattr(settings.fulfilment_types, way.kind)),
            delivery_type=settings.digital_delivery_type
            if way.kind == "digital"
            else self._delivery_type(order.shipping_rate),
            fulfilment_price=charge.shipping if charge else None,
            fulfilment_tax_price=charge.shipping_tax if charge else None,
            pickup_location_ref=optional(way.location, TEXT_LENGTH, "a pickup location's ref"),
            delivery_instruction=comment and comment[:INSTRUCTION_LENGTH],
            delivery_first_name=optional(first, TEXT_LENGTH, "the first name"),
            delivery_last_name=optional(last, TEXT_LENGTH, "the last name"),
            delivery_contact=optional(
                order_phone(multi_order, order), TEXT_LENGTH, "the phone number"
            ),
            delivery_email=optional(order_email(multi_order, order), TEXT_LENGTH, "the e-mail"),
            delivery_address=self._parties.delivery_address(multi_order, order, f"{ref}-address")
            if home
            else None,
        )

    def _delivery_type(self, rate: ShippingRate | None) -> str:
        types = self._settings.delivery_types
        names = [name for name in (rate.external_id, rate.service_name) if name] if rate else []
        for name in (*names, "*"):
            if name in types:
                return types[name]
        rate_name = " / ".join(names) or "none"
        raise Untransformable(
            f"No delivery type is configured for the shipping rate {rate_name}; "
            'delivery_types needs it, or "*" for the rest.'
        )
