"""Keeping the shopper out of the log."""

import re
from collections.abc import Iterator
from typing import Final

from multiorder_sync.errors import InvalidOrder
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.orders import Address, Customer, MultiOrder
from multiorder_sync.oms.outbound import Redactor
from multiorder_sync.secret import Secret

_LONGEST: Final = 100
"""How much of a text is looked for: a stranger's order has no bounds."""

_MOST: Final = 300
"""How many texts are taken out of one text; one that seems to hold more of them is not shown."""

_WITHHELD: Final = "***"
_PLAIN: Final = re.compile(r"[0-9A-Za-z]+")
_ESCAPES: Final = ("\\u", "%", "&#", "\ufffd")


class Discretion:
    """Takes what is the shopper's own out of texts: an OMS likes to quote what it refuses."""

    def __init__(self) -> None:
        self._hints: dict[str, str] = {}
        self._last: tuple[frozenset[str], Redactor] = (frozenset(), Redactor())
        self._others: list[Redactor] = []
        self._blind = False

    def also(self, redactor: Redactor) -> None:
        """Take out, too, what this one takes out: a space's secrets."""
        if redactor not in self._others:
            self._others.append(redactor)

    def learn(self, multi_order: MultiOrder) -> None:
        """Learn who the shopper and the recipients are and where they live."""
        for text in _personal(multi_order):
            known = (text or "").strip()[:_LONGEST]
            # A single letter would take every word apart.
            if len(known) > 1:
                # Any case is found, but not in an escape: there each of them is another.
                self._hints |= {each: _hint(each) for each in (known, known.lower(), known.upper())}

    def learn_again(self, received: bytes | None, decoder: OrderDecoder) -> None:
        """Learn from what was received before, whatever its space asks of an order by now.

        If it can't be read any more, no text is shown at all: each may name the shopper.
        """
        try:
            if received is None:
                self._blind = True
            else:
                self.learn(decoder.decode(received))
        except InvalidOrder:
            self._blind = True

    def keep(self, text: str) -> str:
        """Return the text with `***` in place of what is the shopper's, or secret."""
        if self._blind:
            return _WITHHELD
        found = self._found(text)
        if len(found) > _MOST:
            return _WITHHELD
        if found != self._last[0]:
            self._last = found, Redactor(map(Secret, found), ignore_case=True)
        for each in (self._last[1], *self._others):
            text = each.redact(text)
        return text

    def _found(self, text: str) -> frozenset[str]:
        """Return what may stand in a text: to look for all of it in every escaping takes far longer."""
        lower = text.lower()
        escaped = any(each in lower for each in _ESCAPES)
        return frozenset(
            known
            for known, hint in self._hints.items()
            if (hint in lower if hint else escaped or known[0].lower() in lower)
        )


def _hint(text: str) -> str:
    """Return the longest part of a text that nothing escapes; empty if there is none."""
    return max(_PLAIN.findall(text), key=len, default="").lower()


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
