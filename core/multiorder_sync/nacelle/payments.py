"""Payments, divided exactly over the orders that they paid for."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from multiorder_sync.nacelle.money import ZERO, apportion, exact, smallest_unit
from multiorder_sync.nacelle.orders import MultiOrder, Payment


class PaymentShare(msgspec.Struct, frozen=True):
    """What one payment pays of one order."""

    payment: Payment
    amount: Decimal


def payments_by_order(
    multi_order: MultiOrder, totals: Sequence[Decimal], statuses: Sequence[str]
) -> list[list[PaymentShare]]:
    """Divide the multi-order's payments over its orders.

    Each payment is given out whole, and each order gets exactly its share of all payments, which
    is its total where the payments come to the totals. Payments are taken one after the other,
    each by largest remainder over what the orders still lack, so that no part is negative.
    An order that brings payments of its own, where the multi-order has none, keeps those.

    Args:
        multi_order: The whole.
        totals: What each order costs.
        statuses: Which payments count, by `status`; one without a status counts.

    Returns:
        The shares of each order; a payment that pays nothing of an order is not among them.
    """
    if not multi_order.payments:
        return [
            [
                PaymentShare(payment, payment.amount or ZERO)
                for payment in _counting(order.payments, statuses)
            ]
            for order in multi_order.orders
        ]
    payments = _counting(multi_order.payments, statuses)
    if len(totals) == 1:
        return [[PaymentShare(payment, payment.amount or ZERO) for payment in payments]]
    with exact():
        return _divided(payments, totals, multi_order.currency)


def _divided(
    payments: Sequence[Payment], totals: Sequence[Decimal], currency: str | None
) -> list[list[PaymentShare]]:
    amounts = [payment.amount or ZERO for payment in payments]
    unit = smallest_unit(currency, *amounts)
    lacking = apportion(sum(amounts, ZERO), totals, unit)
    shares: list[list[PaymentShare]] = [[] for _ in totals]
    for payment, amount in zip(payments, amounts, strict=True):
        for index, part in enumerate(apportion(amount, lacking, unit)):
            lacking[index] -= part
            if part:
                shares[index].append(PaymentShare(payment, part))
    return shares


def _counting(payments: Sequence[Payment], statuses: Sequence[str]) -> list[Payment]:
    return [payment for payment in payments if payment.status is None or payment.status in statuses]
