"""The addresses of an order, in ShipStation's form."""

from multiorder_sync import (
    Address as NacelleAddress,
    Contact,
    MultiOrder,
    Order,
    Untransformable,
    contact_at,
)

from multiorder_shipstation.payload import Address


def ship_to(multi_order: MultiOrder, order: Order) -> Address:
    """Return where the order goes: its shipping address, else, if nothing is shipped, its payer's.

    Raises:
        Untransformable: If the order says neither, or no country: ShipStation asks for it.
    """
    address = order.shipping_address or _billing(multi_order, order)
    if address is None:
        raise Untransformable("ShipStation takes no order without an address.")
    return _address(address, contact_at(multi_order, order, address))


def bill_to(multi_order: MultiOrder, order: Order) -> Address:
    """Return who pays: the billing address, else the one that it is shipped to.

    Raises:
        Untransformable: As `ship_to`.
    """
    address = _billing(multi_order, order)
    if address is None:
        return ship_to(multi_order, order)
    return _address(address, contact_at(multi_order, order, address))


def email(multi_order: MultiOrder, order: Order) -> str | None:
    """Return the shopper's e-mail."""
    return contact_at(multi_order, order).email


def _billing(multi_order: MultiOrder, order: Order) -> NacelleAddress | None:
    return order.billing_address or multi_order.billing_address


def _address(address: NacelleAddress, contact: Contact) -> Address:
    country = (address.country_iso2 or "").strip().upper()
    if not country:
        raise Untransformable("ShipStation takes no address without a country.")
    return Address(
        name=contact.full_name or contact.email or "?",
        street1=address.address1,
        street2=address.address2,
        city=address.city,
        state=address.state or address.province,
        postal_code=address.postal_code,
        country=country,
        phone=contact.phone,
    )
