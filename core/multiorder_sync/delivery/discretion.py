"""Keeping the shopper out of the log."""

from collections.abc import Iterator
from typing import Final

from multiorder_sync.nacelle.orders import Address, Customer, MultiOrder
from multiorder_sync.oms.outbound import Redactor
from multiorder_sync.secret import Secret

# What is looked for in every text of an order's log: bounded, for a stranger's order has no bounds.
_LONGEST: Final = 100
_MOST: Final = 300


class Discretion:
    """Takes what is the shopper's own out of texts: an OMS likes to quote what it refuses."""

    def __init__(self) -> None:
        self._redactor = Redactor()
        self._others: list[Redactor] = []

    def also(self, redactor: Redactor) -> None:
        """Take out, too, what this one takes out: a space's secrets."""
        if redactor not in self._others:
            self._others.append(redactor)

    def learn(self, multi_order: MultiOrder) -> None:
        """Learn who the shopper is and where they live."""
        texts = {text.strip()[:_LONGEST] for text in _personal(multi_order) if text}
        spelled = {form for text in texts for form in (text, text.lower(), text.upper())}
        # A single letter would take every word apart.
        known = [Secret(text) for text in sorted(spelled) if len(text) > 1]
        self._redactor.keep(*known[:_MOST])

    def keep(self, text: str) -> str:
        """Return the text with `***` in place of what is the shopper's, or secret."""
        for each in (self._redactor, *self._others):
            text = each.redact(text)
        return text


def _personal(multi_order: MultiOrder) -> Iterator[str | None]:
    for placed in (multi_order, *multi_order.orders):
        yield from (placed.email, placed.phone)
        yield from _of_customer(placed.customer)
        yield from _of_address(placed.billing_address)
    for order in multi_order.orders:
        yield from _of_address(order.shipping_address)


def _of_customer(customer: Customer | None) -> Iterator[str | None]:
    if customer is not None:
        yield from (customer.email, customer.phone, customer.first_name, customer.last_name)


def _of_address(address: Address | None) -> Iterator[str | None]:
    if address is not None:
        yield from (address.first_name, address.last_name, address.address1, address.address2)
        yield from (address.city, address.postal_code)
