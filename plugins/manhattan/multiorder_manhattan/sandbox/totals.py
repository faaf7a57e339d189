"""What an order comes to, computed from what is held of it.

The amounts are exact, not rounded. A discount is a negative charge and is counted apart; that
`TotalDiscounts` is the negative sum, and that `TotalCharges` leaves it out, is inferred. What is
informational is excluded, which is how a tax that the price includes is not added again.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

Node = Mapping[str, Any]

_NOTHING: Final = Decimal(0)


class Totals(msgspec.Struct, frozen=True):
    """What an order, or one line of it, comes to.

    Attributes:
        sub_total: Prices times quantities.
        total_charges: Charges of the order and its lines, discounts left out.
        total_discounts: Discounts, a negative amount.
        total_taxes: Taxes on lines and charges.
    """

    sub_total: Decimal
    total_charges: Decimal
    total_discounts: Decimal
    total_taxes: Decimal

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.sub_total + self.total_charges + self.total_discounts + self.total_taxes

    def of_order(self) -> dict[str, Decimal]:
        """Return them under the names that they have on the order."""
        return {**self._shared(), "OrderSubTotal": self.sub_total, "OrderTotal": self.total}

    def of_line(self) -> dict[str, Decimal]:
        """Return them under the names that they have on a line; that of the last is inferred."""
        return {**self._shared(), "OrderLineSubTotal": self.sub_total, "OrderLineTotal": self.total}

    def _shared(self) -> dict[str, Decimal]:
        return {
            "TotalCharges": self.total_charges,
            "TotalDiscounts": self.total_discounts,
            "TotalTaxes": self.total_taxes,
        }


def line_totals(line: Node) -> Totals:
    """Return what one line comes to; a header charge's share in it is left out."""
    price, quantity = line.get("UnitPrice") or _NOTHING, line.get("Quantity") or _NOTHING
    return _totals(price * quantity, line, "OrderLine")


def order_totals(order: Node) -> Totals:
    """Return what an order comes to."""
    parts = [line_totals(line) for line in order.get("OrderLine") or ()]
    parts.append(_totals(_NOTHING, order, "Order"))
    return Totals(
        sum((part.sub_total for part in parts), _NOTHING),
        sum((part.total_charges for part in parts), _NOTHING),
        sum((part.total_discounts for part in parts), _NOTHING),
        sum((part.total_taxes for part in parts), _NOTHING),
    )


def payment_methods(order: Node) -> list[Node]:
    """Return all payment methods of an order."""
    return [
        method
        for payment in order.get("Payment") or ()
        for method in payment.get("PaymentMethod") or ()
    ]


def payment_total(order: Node) -> Decimal:
    """Return what the payment methods come to; one that is void or suspended does not count."""
    return sum(
        (
            method.get("Amount") or _NOTHING
            for method in payment_methods(order)
            if not (method.get("IsVoided") or method.get("IsSuspended"))
        ),
        _NOTHING,
    )


def processed_total(order: Node, kinds: Iterable[str]) -> Decimal:
    """Return what successful transactions of some types have processed."""
    wanted = frozenset(kinds)
    return sum(
        (
            transaction.get("ProcessedAmount") or _NOTHING
            for method in payment_methods(order)
            for transaction in method.get("PaymentTransaction") or ()
            if code(transaction, "TransactionType") in wanted
            and code(transaction, "Status") == "Closed"
            and code(transaction, "PaymentResponseStatus") == "Success"
        ),
        _NOTHING,
    )


def code(holder: Node, name: str) -> str | None:
    """Return the id in a reference object, for instance of `{"DocType": {"DocTypeId": "X"}}`."""
    reference = holder.get(name)
    return next(iter(reference.values())) if reference else None


def _totals(sub_total: Decimal, holder: Node, prefix: str) -> Totals:
    charges = _amounts(holder, f"{prefix}ChargeDetail", "ChargeTotal")
    return Totals(
        sub_total,
        sum((amount for amount in charges if amount > 0), _NOTHING),
        sum((amount for amount in charges if amount < 0), _NOTHING),
        sum(_amounts(holder, f"{prefix}TaxDetail", "TaxAmount"), _NOTHING),
    )


def _amounts(holder: Node, entries: str, amount: str) -> list[Decimal]:
    return [
        entry[amount]
        for entry in holder.get(entries) or ()
        if entry.get(amount) is not None and not entry.get("IsInformational")
    ]
