"""Payments, divided exactly over the orders that they paid for."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from multiorder_sync.errors import Untransformable
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
    A payment in a currency pays orders in that currency, if there are any. What an order brings of
    its own, and the multi-order does not list, pays that order.

    Args:
        multi_order: The whole.
        totals: What each order costs; one figure for all orders gives one list of shares.
        statuses: Which payments count, by `status`; one without a status counts.

    Returns:
        The shares of each order; a payment that pays nothing of an order is not among them.

    Raises:
        Untransformable: If it can't be told what a payment comes to.
    """
    shared = _counting(multi_order.payments, statuses)
    listed = {name for payment in multi_order.payments for name in _names(payment)}
    own = [
        [
            each
            for each in _counting(order.payments, statuses)
            if not listed & _names(each) and each not in multi_order.payments
        ]
        for order in multi_order.orders
    ]
    alone = len(shared) + sum(map(len, own)) == 1
    whole = sum(totals, ZERO) if alone else None
    with exact():
        kept = [[PaymentShare(each, _amount(each, whole)) for each in payments] for payments in own]
        amounts = [PaymentShare(each, _amount(each, whole)) for each in shared]
        if len(totals) == 1:
            return [[*amounts, *(share for shares in kept for share in shares)]]
        if shared:
            lacking = [
                max(ZERO, total - sum((share.amount for share in shares), ZERO))
                for total, shares in zip(totals, kept, strict=True)
            ]
            _divide(multi_order, amounts, lacking, kept)
    return kept


def _divide(
    multi_order: MultiOrder,
    payments: Sequence[PaymentShare],
    lacking: Sequence[Decimal],
    shares: list[list[PaymentShare]],
) -> None:
    """Add to each order's shares what the payments pay of it."""
    currencies = [_code(order.currency or multi_order.currency) for order in multi_order.orders]
    by_currency: dict[str, list[PaymentShare]] = {}
    for payment in payments:
        code = _code(payment.payment.currency or multi_order.currency)
        by_currency.setdefault(code if code in currencies else "", []).append(payment)
    for code, group in by_currency.items():
        chosen = [at for at, currency in enumerate(currencies) if code in ("", currency)]
        unit = smallest_unit(code or currencies[0], *(each.amount for each in group))
        paid = sum((each.amount for each in group), ZERO)
        rest = apportion(paid, [lacking[at] for at in chosen], unit)
        for payment in group:
            parts = apportion(payment.amount, rest, unit)
            rest = [left - part for left, part in zip(rest, parts, strict=True)]
            for at, part in zip(chosen, parts, strict=True):
                if part:
                    shares[at].append(PaymentShare(payment.payment, part))


def _amount(payment: Payment, whole: Decimal | None) -> Decimal:
    """Return what a payment comes to; one that is alone and says nothing pays for all."""
    if payment.amount is not None:
        return payment.amount
    if whole is None:
        name = payment.external_id or payment.id or "without an id"
        raise Untransformable(f"The payment {name} has no amount, and it is not the only one.")
    return whole


def _names(payment: Payment) -> set[str]:
    return {name for name in (payment.id, payment.external_id) if name}


def _code(currency: str | None) -> str:
    return (currency or "").upper()


def _counting(payments: Sequence[Payment], statuses: Sequence[str]) -> list[Payment]:
    return [payment for payment in payments if payment.status is None or payment.status in statuses]
