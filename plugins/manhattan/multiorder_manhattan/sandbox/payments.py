"""The rules of payment methods and their transactions."""

import re
from collections.abc import Iterator
from typing import Final

from multiorder_manhattan.sandbox.refusal import Problem
from multiorder_manhattan.sandbox.totals import (
    Node,
    code,
    order_totals,
    payment_methods,
    payment_total,
)

_MOST_METHODS: Final = 20
_CARD_NUMBER: Final = re.compile(r"[0-9]{13,19}")


def payment_problems(order: Node, *, imported: bool) -> Iterator[Problem]:
    """Yield what is wrong with the payment of an order.

    Args:
        order: The order.
        imported: Whether it is an import of history, where the amounts must agree.
    """
    methods = payment_methods(order)
    if len(methods) > _MOST_METHODS:
        yield Problem("PaymentMethod", f"An order has at most {_MOST_METHODS} payment methods.")
    for index, method in enumerate(methods):
        yield from _method_problems(f"Payment[0].PaymentMethod[{index}]", method, order)
    paid, total = payment_total(order), order_totals(order).total
    if imported and methods and paid != total:
        yield Problem(
            "Amount",
            f"The payment methods come to {paid.normalize():f}, "
            f"the order to {total.normalize():f}.",
        )


def _method_problems(path: str, method: Node, order: Node) -> Iterator[Problem]:
    if method["Amount"] < 0:
        yield Problem("Amount", f"{path}.Amount must not be negative.")
    if method["CurrencyCode"] != order["CurrencyCode"]:
        yield Problem("CurrencyCode", f"{path}.CurrencyCode is not that of the order.")
    if _looks_like_a_card(method.get("AccountNumber") or ""):
        # The number itself is not repeated in the message.
        yield Problem("AccountNumber", f"{path}.AccountNumber must be a token, not a card number.")
    for index, transaction in enumerate(method.get("PaymentTransaction") or ()):
        where = f"{path}.PaymentTransaction[{index}]"
        yield from _transaction_problems(where, transaction)


def _transaction_problems(path: str, transaction: Node) -> Iterator[Problem]:
    for name in ("RequestedAmount", "ProcessedAmount"):
        if (transaction.get(name) or 0) < 0:
            yield Problem(name, f"{path}.{name} must not be negative.")
    if code(transaction, "Status") == "Closed":
        for name in ("PaymentResponseStatus", "ProcessedAmount"):
            if transaction.get(name) is None:
                yield Problem(name, f"{path}.{name} is required where the Status is Closed.")


def _looks_like_a_card(number: str) -> bool:
    digits = re.sub(r"[ -]", "", number)
    if not _CARD_NUMBER.fullmatch(digits):
        return False
    # Luhn: every second digit from the right counts double, and its digits are summed.
    singles, doubles = digits[::-2], digits[-2::-2]
    luhn = sum(map(int, singles)) + sum(sum(divmod(2 * int(digit), 10)) for digit in doubles)
    return luhn % 10 == 0
