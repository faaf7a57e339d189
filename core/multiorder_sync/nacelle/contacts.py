"""Who an order is for, and how they are reached, wherever the order says it."""

import msgspec

from multiorder_sync.nacelle.orders import Address, MultiOrder, Order


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A name and the ways to reach it; None where the order says nothing."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def full_name(self) -> str | None:
        """First and last name together."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or None


def contact_at(multi_order: MultiOrder, order: Order, address: Address | None = None) -> Contact:
    """Return the contact at one of an order's addresses.

    The name is the address's, else the customer's. E-mail and phone are the order's, else those
    of its customer, else those of the multi-order's customer.

    Args:
        multi_order: The whole.
        order: The order.
        address: The address in question; None for the customer themselves.
    """
    customers = [each for each in (order.customer, multi_order.customer) if each]
    named = [each for each in (address, *customers) if each and (each.first_name or each.last_name)]
    emails = (order.email, *(each.email for each in customers))
    phones = (order.phone, *(each.phone for each in customers))
    return Contact(
        first_name=named[0].first_name if named else None,
        last_name=named[0].last_name if named else None,
        email=next((email for email in emails if email and email.strip()), None),
        phone=next((phone for phone in phones if phone and phone.strip()), None),
    )


def one_shopper(multi_order: MultiOrder) -> bool:
    """Tell whether all orders are of one shopper, by their e-mails."""
    emails = {contact_at(multi_order, order).email or "" for order in multi_order.orders}
    return len({email.strip().lower() for email in emails}) <= 1
