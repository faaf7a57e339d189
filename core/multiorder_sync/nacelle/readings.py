"""How an order's figures can be read, and which reading makes them add up.

Nacelle's public pages do not settle whether an item's `price` is for one unit or for the line,
whether prices include tax, and whether `subtotal_price` is meant before or after discounts. An
order's own figures nearly always do: only one reading makes both

    price    = lines - discounts + shipping (+ tax, where prices exclude it)
    subtotal = lines (- discounts) (- tax, where prices include it and the subtotal does not)

come out exactly. Readings are tried in the order of their likelihood; the first that satisfies
both wins, and if none does, the one that comes nearest.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from multiorder_sync.nacelle.money import ZERO
from multiorder_sync.nacelle.orders import Discount, Order, OrderItem
from multiorder_sync.nacelle.taxes import Taxes

ItemPrice = Literal["auto", "unit", "line"]
TaxBehavior = Literal["auto", "inclusive", "exclusive"]


class PricePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How a space's item prices and taxes are to be read.

    Attributes:
        item_price: Whether an item's `price` is for one unit or for the whole line.
        tax_behavior: Whether prices include tax.
    """

    item_price: ItemPrice = "auto"
    tax_behavior: TaxBehavior = "auto"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One way to read an order's figures.

    Attributes:
        item_price: "unit" or "line".
        inclusive: Whether the item prices include tax.
        shipping_inclusive: Whether the shipping amount includes tax.
        lines: What each line costs after its own discounts, in the order's tax basis.
        discount: The order's discount, on top of those of the lines.
        discounted_subtotal: Whether `subtotal_price` is meant after that discount.
        off_price: By how much `price` misses what the figures come to; 0 if it is not given.
        off_subtotal: The same of `subtotal_price`.
    """

    item_price: Literal["unit", "line"]
    inclusive: bool
    shipping_inclusive: bool
    lines: tuple[Decimal, ...]
    discount: Decimal
    discounted_subtotal: bool
    off_price: Decimal
    off_subtotal: Decimal

    @property
    def exact(self) -> bool:
        """Whether every figure that the order states comes out."""
        return not self.off_price and not self.off_subtotal


def best_reading(order: Order, taxes: Taxes, policy: PricePolicy) -> Reading:
    """Return the reading under which the order's figures add up, or come nearest to it."""
    best: Reading | None = None
    for reading in _readings(order, taxes, policy):
        if reading.exact:
            return reading
        if best is None or _distance(reading) < _distance(best):
            best = reading
    if best is None:  # _line_amounts yields for every policy
        raise AssertionError(policy)
    return best


def _distance(reading: Reading) -> tuple[Decimal, Decimal]:
    return abs(reading.off_price), abs(reading.off_subtotal)


def _readings(order: Order, taxes: Taxes, policy: PricePolicy) -> Iterator[Reading]:
    shipping = order.shipping_rate.amount if order.shipping_rate else None
    rate_behavior = order.shipping_rate.tax_behavior if order.shipping_rate else None
    for item_price, lines in _line_amounts(order.order_items, policy.item_price):
        on_lines = sum(lines, ZERO)
        for stated in _order_discounts(order):
            # A voucher can be worth more than the order; no more than the order is taken off.
            discount = min(stated, on_lines + (shipping or ZERO))
            for inclusive in _tax_behaviors(taxes, policy.tax_behavior):
                shipping_inclusive = {"inclusive": True, "exclusive": False}.get(
                    rate_behavior or "", inclusive
                )
                total = on_lines - discount + (shipping or ZERO)
                total += ZERO if inclusive else taxes.total - taxes.shipping
                total += ZERO if shipping_inclusive else taxes.shipping
                off, discounted = _off_subtotal(order, taxes, on_lines, discount, inclusive)
                yield Reading(
                    item_price=item_price,
                    inclusive=inclusive,
                    shipping_inclusive=shipping_inclusive,
                    lines=lines,
                    discount=discount,
                    discounted_subtotal=discounted,
                    off_price=ZERO if order.price is None else order.price - total,
                    off_subtotal=off,
                )


def _off_subtotal(
    order: Order, taxes: Taxes, on_lines: Decimal, discount: Decimal, inclusive: bool
) -> tuple[Decimal, bool]:
    stated = order.subtotal_price
    if stated is None:
        return ZERO, False
    candidates = [(stated - on_lines, False), (stated - (on_lines - discount), True)]
    if inclusive:
        line_tax = taxes.total - taxes.shipping
        candidates += [(off + line_tax, discounted) for off, discounted in candidates]
    return min(candidates, key=lambda candidate: (abs(candidate[0]), candidate[1]))


def _tax_behaviors(taxes: Taxes, policy: TaxBehavior) -> tuple[bool, ...]:
    if policy != "auto":
        return (policy == "inclusive",)
    if not taxes.total:
        return (False,)
    return (True, False) if taxes.inclusive else (False, True)


def _line_amounts(
    items: tuple[OrderItem, ...], policy: ItemPrice
) -> Iterator[tuple[Literal["unit", "line"], tuple[Decimal, ...]]]:
    """Yield what the lines can come to, the likeliest first.

    What the lines state as their subtotals comes before what their prices make.
    """
    own = tuple(line_discount(item) for item in items)
    kinds: tuple[Literal["unit", "line"], ...] = ("unit", "line")
    chosen = [kind for kind in kinds if policy in ("auto", kind)]
    prices = {kind: tuple(_before_discount(item, kind) for item in items) for kind in chosen}
    for kind, before in prices.items():
        after = tuple(amount - off for amount, off in zip(before, own, strict=True))
        fits = [
            item.subtotal_price in (None, amount, reduced)
            for item, amount, reduced in zip(items, before, after, strict=True)
        ]
        if all(fits) or policy == kind:
            yield kind, _stated(items, after)
    for kind, before in prices.items():
        after = tuple(amount - off for amount, off in zip(before, own, strict=True))
        if min(after) >= 0:
            yield kind, after
        yield kind, before
    if policy == "auto":
        # The lines state their subtotals, which fit neither reading of their prices.
        yield "unit", _stated(items, prices["unit"])


def _stated(items: tuple[OrderItem, ...], otherwise: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    return tuple(
        amount if item.subtotal_price is None else item.subtotal_price
        for item, amount in zip(items, otherwise, strict=True)
    )


def _before_discount(item: OrderItem, kind: Literal["unit", "line"]) -> Decimal:
    if item.price is None:
        return item.subtotal_price or ZERO
    return item.price * item.quantity if kind == "unit" else item.price


def line_discount(item: OrderItem) -> Decimal:
    """Return a line's own discount, as a positive amount."""
    if item.discounts is not None:
        return abs(item.discounts)
    return sum_of(item.applied_discounts)


def sum_of(discounts: tuple[Discount, ...]) -> Decimal:
    """Return what discounts come to, as a positive amount; senders differ in the sign."""
    return sum((abs(discount.amount or ZERO) for discount in discounts), ZERO)


def _order_discounts(order: Order) -> list[Decimal]:
    """What the order's own discount can be: its total may or may not count those of the lines."""
    on_lines = sum((line_discount(item) for item in order.order_items), ZERO)
    applied = sum_of(order.applied_discounts)
    stated = applied if order.discounts is None else abs(order.discounts)
    candidates = [stated, stated - on_lines, applied, ZERO]
    return list(dict.fromkeys(amount for amount in candidates if amount >= 0))
