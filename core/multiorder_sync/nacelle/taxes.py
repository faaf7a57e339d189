"""What tax each line and the shipping of an order carry, from wherever the order says it."""

from collections import defaultdict
from decimal import Decimal

import msgspec

from multiorder_sync.nacelle.money import ZERO, apportion, smallest_unit
from multiorder_sync.nacelle.orders import Order, OrderItem, TaxTotals


class Taxes(msgspec.Struct, frozen=True):
    """The tax of an order.

    Attributes:
        total: The order's tax.
        lines: The tax of each line, or None where the order says none of a line.
        shipping: The tax on shipping.
        inclusive: What the tax service says of the item prices, if it says one thing of all.
    """

    total: Decimal
    lines: tuple[Decimal, ...] | None
    shipping: Decimal
    inclusive: bool | None


def taxes_of(order: Order) -> Taxes:
    """Read the tax of the lines and of the shipping from the order.

    A line's `tax` counts first, then `tax_data`; shipping's is what `tax_data` says, else what
    the order's `tax` leaves beyond its lines, if there is a shipping charge.
    """
    data = order.tax_data
    lines = _line_taxes(order)
    on_lines = sum(lines or (), ZERO)
    shipping = _total(data.shipping) if data else None
    total = order.tax
    if total is None:
        total = on_lines + (shipping or ZERO)
    if shipping is None:
        charged = order.shipping_rate is not None and bool(order.shipping_rate.amount)
        shipping = max(total - on_lines, ZERO) if lines is not None and charged else ZERO
    behaviors = (
        {entry.tax_behavior for entry in data.items.entries} if data and data.items else {None}
    )
    known = {"inclusive": True, "exclusive": False}
    inclusive = known.get(behaviors.pop() or "") if len(behaviors) == 1 else None
    return Taxes(total, lines, min(shipping, total), inclusive)


def tax_by_line(
    taxes: Taxes, items: tuple[OrderItem, ...], amounts: list[Decimal], currency: str | None
) -> list[Decimal]:
    """Return each line's tax; what the order states of no line is apportioned.

    It can state only a sum, or more than its lines and shipping have: a duty, for instance.

    Args:
        taxes: What the order says.
        items: The order's lines.
        amounts: What each line costs, the weights if no line states a rate.
        currency: The order's.
    """
    known = list(taxes.lines or [ZERO] * len(items))
    on_lines = taxes.total - taxes.shipping - sum(known, ZERO)
    if on_lines <= 0:
        return known
    rates = [item.tax_rate for item in items]
    if any(rates):
        amounts = [amount * (rate or ZERO) for amount, rate in zip(amounts, rates, strict=True)]
    shares = apportion(on_lines, amounts, smallest_unit(currency, on_lines))
    return [tax + share for tax, share in zip(known, shares, strict=True)]


def _line_taxes(order: Order) -> tuple[Decimal, ...] | None:
    items = order.order_items
    if any(item.tax is not None for item in items):
        return tuple(item.tax or ZERO for item in items)
    if not (order.tax_data and order.tax_data.items):
        return None
    by_item: defaultdict[str | None, Decimal] = defaultdict(lambda: ZERO)
    for entry in order.tax_data.items.entries:
        by_item[entry.order_item_id] += entry.tax_amount or ZERO
    if None in by_item or set(by_item) - {item.id for item in items} or not by_item:
        return None
    return tuple(by_item[item.id] for item in items)


def _total(totals: TaxTotals | None) -> Decimal | None:
    if totals is None:
        return None
    if totals.total_tax_amount is not None:
        return totals.total_tax_amount
    amounts = [entry.tax_amount for entry in totals.entries if entry.tax_amount is not None]
    return sum(amounts, ZERO) if amounts else None
