"""Tax records, with their rates as the fractions that Manhattan takes."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

from multiorder_manhattan.payload import Tax

_RATE: Final = Decimal("0.000001")


def tax_rate(stated: Decimal | None, amount: Decimal, taxable: Decimal) -> Decimal | None:
    """Return a tax's rate as a fraction; None for one that is no fraction from 0 to 1.

    Nacelle does not say whether its rates are fractions or percentages, so of the two readings
    the one counts that the amount bears out. The amount decides in any case: no rate is a reason
    to refuse an order that is paid.
    """
    computed = (amount / taxable).quantize(_RATE, ROUND_HALF_EVEN) if taxable > 0 else None
    rate = computed
    if stated:
        rate = stated if stated <= 1 else stated / 100
        if computed is not None:
            rate = min((stated, stated / 100), key=lambda each: abs(each - computed))
            if abs(rate * taxable - amount) > _rounding(amount):
                rate = computed  # more is on it than the rate says, for instance a duty
    return rate if rate is not None and 0 <= rate <= 1 else None


def _rounding(amount: Decimal) -> Decimal:
    """Return how far rounding takes an amount from its rate: two of the units it is written in."""
    exponent = amount.as_tuple().exponent
    return Decimal(2).scaleb(min(exponent, 0) if isinstance(exponent, int) else 0)


def merged(taxes: Sequence[Tax]) -> tuple[Tax, ...]:
    """Return one tax for each code: an order's header has one record of each.

    Where several orders become one, their taxes of the same code are added up.
    """
    by_code: dict[str | None, Tax] = {}
    for tax in taxes:
        before = by_code.get(tax.tax_code)
        if before is None:
            by_code[tax.tax_code] = tax
            continue
        amount = before.tax_amount + tax.tax_amount
        taxable = before.taxable_amount + tax.taxable_amount
        by_code[tax.tax_code] = msgspec.structs.replace(
            before,
            tax_amount=amount,
            taxable_amount=taxable,
            tax_rate=tax_rate(None, amount, taxable),
        )
    return tuple(by_code.values())
