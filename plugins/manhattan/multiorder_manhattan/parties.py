"""Addresses and contacts in Manhattan's terms."""

from multiorder_manhattan.payload import Address, PlacedAddress
from multiorder_sync import Address as NacelleAddress
from multiorder_sync import MultiOrder, Order, contact_at


def placed_address(multi_order: MultiOrder, order: Order, address: NacelleAddress) -> PlacedAddress:
    """Return an address of an order with the contact there."""
    contact = contact_at(multi_order, order, address)
    return PlacedAddress(
        address=Address(
            first_name=contact.first_name,
            last_name=contact.last_name,
            address1=address.address1,
            address2=address.address2,
            city=address.city,
            state=address.state or address.province,
            postal_code=address.postal_code,
            country=address.country_iso2.upper() if address.country_iso2 else None,
            email=contact.email,
            phone=contact.phone,
        )
    )
