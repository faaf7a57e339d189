"""How an order's lines reach the shopper: shipped, collected or digital; Fluent's choices."""

from collections.abc import Sequence

from multiorder_fluentcommerce.parties import Parties
from multiorder_fluentcommerce.payload import FulfilmentChoice
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.texts import INSTRUCTION_LENGTH, TEXT_LENGTH, currency_code, optional
from multiorder_sync import (
    Destination,
    Destinations,
    Figures,
    MultiOrder,
    Order,
    ShippingRate,
    Untransformable,
    contact_at,
)


class Fulfilment:
    """Makes fulfilment choices for one space's settings."""

    def __init__(self, settings: FluentSettings, parties: Parties) -> None:
        self._settings = settings
        self._parties = parties
        self._destinations = Destinations(settings.pickup_location, settings.digital)

    def destinations(self, multi_order: MultiOrder, order: Order) -> list[Destination]:
        """Return for each line of the order how it reaches the shopper."""
        return self._destinations.of(multi_order, order)

    def order_type(self, destinations: Sequence[Destination]) -> str:
        """Return the Fluent order type for lines that go to these."""
        types = self._settings.order_types
        if len(destinations) > 1:
            return types.mixed
        return str(getattr(types, destinations[0].kind))

    def choice(
        self,
        multi_order: MultiOrder,
        order: Order,
        destination: Destination,
        ref: str,
        charge: Figures | None,
    ) -> FulfilmentChoice:
        """Return the fulfilment choice for the lines of an order that go to one destination.

        Args:
            multi_order: The whole.
            order: The order.
            destination: Where they go.
            ref: The choice's ref.
            charge: The figures whose shipping charge this choice carries, if it carries one.

        Raises:
            Untransformable: No delivery type is configured, or the address is missing.
        """
        settings = self._settings
        home = destination.kind == "home"
        contact = contact_at(multi_order, order, order.shipping_address)
        comment = order.shipping_address.comment if home and order.shipping_address else None
        return FulfilmentChoice(
            ref=ref,
            type=str(getattr(settings.order_types, destination.kind))
            if destination.kind != "digital"
            else settings.fulfilment_types.digital,
            currency=currency_code(order.currency),
            fulfilment_type=str(getattr(settings.fulfilment_types, destination.kind)),
            delivery_type=settings.digital_delivery_type
            if destination.kind == "digital"
            else self._delivery_type(order.shipping_rate),
            fulfilment_price=charge.shipping if charge else None,
            fulfilment_tax_price=charge.shipping_tax if charge else None,
            pickup_location_ref=optional(
                destination.location, TEXT_LENGTH, "a pickup location's ref"
            ),
            delivery_instruction=comment and comment[:INSTRUCTION_LENGTH],
            delivery_first_name=optional(contact.first_name, TEXT_LENGTH, "the first name"),
            delivery_last_name=optional(contact.last_name, TEXT_LENGTH, "the last name"),
            delivery_contact=optional(contact.phone, TEXT_LENGTH, "the phone number"),
            delivery_email=optional(contact.email, TEXT_LENGTH, "the e-mail"),
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
