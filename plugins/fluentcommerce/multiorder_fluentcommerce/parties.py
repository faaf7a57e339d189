"""The shopper and the addresses of an order, in Fluent's terms and lengths."""

from typing import Any, Final

from multiorder_fluentcommerce.attributes import present
from multiorder_fluentcommerce.payload import (
    Attributes,
    BillingAddress,
    Customer,
    DeliveryAddress,
    Retailer,
)
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.texts import (
    EMAIL_LENGTH,
    NAME_LENGTH,
    TEXT_LENGTH,
    fitting,
    needed,
    optional,
    short_phone,
)
from multiorder_sync import Address, Contact, MultiOrder, Order, Untransformable, contact_at
from multiorder_sync import Customer as Shopper

_LONGEST: Final = {"state": 200, "postcode": 100, "country": 100, "region": 250}


class Parties:
    """Makes customers and addresses for one space's settings."""

    def __init__(self, settings: FluentSettings) -> None:
        self._settings = settings
        self._customer_ref = settings.expression("customer_ref")

    def customer(self, multi_order: MultiOrder, order: Order) -> Customer:
        """Return the order's customer; a guest is known by their e-mail.

        Raises:
            Untransformable: Fluent needs an e-mail and a ref, and the order gives none.
        """
        shopper = order.customer
        contact = contact_at(multi_order, order)
        email = contact.email
        if email is None:
            raise Untransformable("Fluent needs the shopper's e-mail, and the order has none.")
        customer_source = (order.source.get("customer") or multi_order.source.get("customer")) or {}
        variables = {
            "multi_order": multi_order.source,
            "order": order.source,
            "customer": customer_source,
            "email": email,
        }
        ref = self._customer_ref.evaluate(variables)
        if not isinstance(ref, str) or not ref:
            raise Untransformable(f"customer_ref gives no text for this order but {ref!r}.")
        named = (
            contact if contact.full_name else contact_at(multi_order, order, order.billing_address)
        )
        first, last = named.first_name, named.last_name
        phone = (shopper.phone if shopper else None) or contact.phone
        defaults = self._settings.customer_defaults
        address = order.billing_address or order.shipping_address
        return Customer(
            username=needed(ref, EMAIL_LENGTH, "the customer's ref"),
            primary_email=needed(email, EMAIL_LENGTH, "the e-mail"),
            timezone=defaults.timezone,
            promotion_opt_in=defaults.promotion_opt_in,
            retailer=Retailer(id=self._settings.retailer_id),
            country=optional(
                defaults.country or (address.country_iso2 if address else None),
                _LONGEST["country"],
                "the customer's country",
            ),
            first_name=first and first[:NAME_LENGTH],
            last_name=last and last[:NAME_LENGTH],
            primary_phone=short_phone(phone),
            attributes=_customer_attributes(shopper, email) if shopper else {},
        )

    def billing_address(self, multi_order: MultiOrder, order: Order) -> BillingAddress | None:
        """Return the order's billing address, if it has one."""
        address = order.billing_address
        if address is None:
            return None
        contact = contact_at(multi_order, order, address)
        fields = _address_fields(contact, address, "billing_address")
        return BillingAddress(**fields, email=contact.email)

    def delivery_address(self, multi_order: MultiOrder, order: Order, ref: str) -> DeliveryAddress:
        """Return where the order is shipped to.

        Raises:
            Untransformable: The order has lines to be shipped, and no address.
        """
        address = order.shipping_address
        if address is None:
            raise Untransformable(
                "The order has lines to be shipped and no shipping_address. If they are collected "
                "or digital, the settings pickup_location and digital must say so."
            )
        contact = contact_at(multi_order, order, address)
        fields = _address_fields(contact, address, "shipping_address")
        return DeliveryAddress(
            ref=needed(address.id or ref, TEXT_LENGTH, "an address's ref"),
            **fields,
            email=contact.email,
        )


def _customer_attributes(shopper: Shopper, email: str) -> Attributes:
    # What Fluent's own fields hold in full is not said again.
    first, last, phone = shopper.first_name, shopper.last_name, shopper.phone
    return present(
        nacelle_customer_id=shopper.id,
        nacelle_customer_source_external_id=shopper.source_external_id,
        nacelle_customer_email=shopper.email if shopper.email != email else None,
        nacelle_customer_first_name=first if first and len(first) > NAME_LENGTH else None,
        nacelle_customer_last_name=last if last and len(last) > NAME_LENGTH else None,
        nacelle_customer_phone=phone if phone != short_phone(phone) else None,
        nacelle_customer_metadata=shopper.metadata,
        nacelle_customer_created_at=shopper.merchant_created_at,
    )


def _address_fields(contact: Contact, address: Address, path: str) -> dict[str, Any]:
    province = address.province
    state = address.state if address.state and address.state.strip() else None
    fields = {
        "name": contact.full_name,
        "street": address.address1,
        "street2": address.address2,
        "city": address.city,
        "state": state or province,
        "region": province if state else None,
        "postcode": address.postal_code,
        "country": address.country_iso2,
    }
    return {
        name: fitting(value, _LONGEST.get(name, TEXT_LENGTH), f"{path}'s {name}")
        for name, value in fields.items()
        if value and value.strip()
    }
