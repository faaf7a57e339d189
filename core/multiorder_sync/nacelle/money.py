"""Exact money: the smallest unit of a currency, and dividing an amount without losing any."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Final

ZERO: Final = Decimal(0)

# ISO 4217: the currencies whose minor unit is not a hundredth.
_EXPONENTS: Final = {
    **dict.fromkeys(
        (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
            *("PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def exact() -> AbstractContextManager[Context]:
    """Return a context in which sums and products of amounts are never rounded.

    Amounts have at most 20 digits and quantities 10, so that 60 hold any of their products.
    """
    return localcontext(prec=60)


def currency_exponent(currency: str | None) -> int:
    """Return how many decimals the currency has (ISO 4217): 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get((currency or "").upper(), 2)


def decimals(amount: Decimal) -> int:
    """Return how many decimals the amount needs: 2 for 1.50 written as 1.500, 0 for 1E+2."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def smallest_unit(currency: str | None, *amounts: Decimal) -> Decimal:
    """Return the unit in which the amounts are divided.

    It is the currency's own, or a finer one where an amount has more decimals than the currency.
    """
    places = max([currency_exponent(currency), *(decimals(amount) for amount in amounts)])
    return Decimal(1).scaleb(-places)


def apportion(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Divide an amount by weights, by largest remainder, so that the parts sum to it exactly.

    Args:
        amount: A whole number of units; may be negative.
        weights: Not negative; if all are zero, the parts are as equal as can be.
        unit: The smallest unit of a part.

    Returns:
        As many parts as weights, each within one unit of its exact share.
    """
    units = int(abs(amount) / unit)
    total = sum(weights, ZERO)
    if not total:
        weights, total = [Decimal(1)] * len(weights), Decimal(len(weights))
    quotas = [Fraction(weight) * units / Fraction(total) for weight in weights]
    parts = [int(quota) for quota in quotas]
    by_remainder = sorted(
        range(len(quotas)), key=lambda index: (parts[index] - quotas[index], index)
    )
    for index in by_remainder[: units - sum(parts)]:
        parts[index] += 1
    sign = -1 if amount < 0 else 1
    return [sign * part * unit for part in parts]
