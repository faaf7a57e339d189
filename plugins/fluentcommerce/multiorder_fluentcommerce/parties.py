"""The shopper and the addresses of an order, in Fluent's terms and lengths."""

import re
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
from multiorder_sync import Address, MultiOrder, Order, Untransformable
from multiorder_sync import Customer as Shopper

# Fluent's documented lengths; 255 holds where none is stated.
_LONGEST: Final = {"state": 200, "postcode": 100, "country": 100, "region": 250}
NAME_LENGTH: Final = 50
PHONE_LENGTH: Final = 20
EMAIL_LENGTH: Final = 250
INSTRUCTION_LENGTH: Final = 250
TEXT_LENGTH: Final = 255


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
        email = order_email(multi_order, order)
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
        first, last = (shopper.first_name, shopper.last_name) if shopper else (None, None)
        if not (first or last):
            first, last = order_name(order, order.billing_address)
        phone = (shopper.phone if shopper else None) or order_phone(multi_order, order)
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
        email = order_email(multi_order, order)
        return BillingAddress(**_address_fields(order, address, "billing_address"), email=email)

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
        fields = _address_fields(order, address, "shipping_address")
        return DeliveryAddress(
            ref=needed(address.id or ref, TEXT_LENGTH, "an address's ref"),
            **fields,
            email=order_email(multi_order, order),
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


def order_email(multi_order: MultiOrder, order: Order) -> str | None:
    """Return the e-mail of the order, else its customer's, else the multi-order's customer's."""
    customers = (order.customer, multi_order.customer)
    return order.email or next((each.email for each in customers if each and each.email), None)


def order_phone(multi_order: MultiOrder, order: Order) -> str | None:
    """Return the phone number of the order, else its customer's."""
    customers = (order.customer, multi_order.customer)
    return order.phone or next((each.phone for each in customers if each and each.phone), None)


def order_name(order: Order, address: Address | None) -> tuple[str | None, str | None]:
    """Return first and last name: as the address has them, else as the customer has."""
    if address and (address.first_name or address.last_name):
        return address.first_name, address.last_name
    if order.customer:
        return order.customer.first_name, order.customer.last_name
    return None, None


def full_name(order: Order, address: Address | None) -> str | None:
    """Return the whole name, or None if there is none."""
    return " ".join(part for part in order_name(order, address) if part) or None


def short_phone(phone: str | None) -> str | None:
    """Return a phone number in Fluent's length, without what only makes it readable if need be."""
    if phone is None or len(phone) <= PHONE_LENGTH:
        return phone
    digits = re.sub(r"[^\d+]", "", phone)
    return digits if 0 < len(digits) <= PHONE_LENGTH else None


def fitting(text: str, length: int, what: str) -> str:
    """Return the text if Fluent can hold it; what matters is never cut.

    Raises:
        Untransformable: It is too long.
    """
    if len(text) > length:
        raise Untransformable(f"Fluent holds at most {length} characters of {what}.")
    return text


def needed(text: str, length: int, what: str) -> str:
    """Return a text that Fluent can't do without.

    Raises:
        Untransformable: It is blank or too long.
    """
    if not text.strip():
        raise Untransformable(f"Fluent takes no blank text as {what}.")
    return fitting(text, length, what)


def optional(text: str | None, length: int, what: str) -> str | None:
    """Return a text that there may be.

    Raises:
        Untransformable: It is too long.
    """
    return None if text is None else fitting(text, length, what)


def currency_code(code: str | None) -> str | None:
    """Return a currency as ISO 4217 writes it.

    Raises:
        Untransformable: It is longer than such a code.
    """
    return code and fitting(code.upper(), 3, "a currency")


def _address_fields(order: Order, address: Address, path: str) -> dict[str, Any]:
    province = address.province
    state = address.state if address.state and address.state.strip() else None
    fields = {
        "name": full_name(order, address),
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
