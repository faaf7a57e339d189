"""An order's figures, exact and net of tax, however Nacelle stated them.

Both sides need them: an OMS wants line amounts with and without tax, each line's share of the
order's discount and the shipping charge, and they must come to what the shopper paid.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from multiorder_sync.nacelle.money import ZERO, apportion, exact, smallest_unit
from multiorder_sync.nacelle.orders import MultiOrder, Order, OrderItem
from multiorder_sync.nacelle.readings import (
    ItemPrice,
    PricePolicy,
    Reading,
    TaxBehavior,
    best_reading,
    line_discount,
)
from multiorder_sync.nacelle.taxes import tax_by_line, taxes_of

__all__ = ["Figures", "ItemPrice", "LineFigures", "PricePolicy", "TaxBehavior", "figures_of"]


class LineFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one line, all for the whole line and net of tax but `tax`.

    Attributes:
        quantity: How many units.
        subtotal: What the line adds to the order's subtotal.
        paid: What the shopper paid for it, after its share of the order's discount.
        tax: The tax on it.
        discount: Its own discount, already taken off `subtotal`.
        order_discount: Its share of the order's discount, already taken off `paid`.
    """

    quantity: int
    subtotal: Decimal
    paid: Decimal
    tax: Decimal
    discount: Decimal
    order_discount: Decimal


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one order.

    `paid` of all lines, `shipping`, `tax` and nothing else come to `total`, unless `difference`
    says by how much the order's own `price` departs from that.

    Attributes:
        lines: Those of the lines, in their order.
        subtotal: The lines' `subtotal` together.
        shipping: The shipping charge, net of tax, after what a discount took off it.
        shipping_tax: The tax on it.
        shipping_discount: What the order's discount took off shipping, beyond all lines.
        discount: The order's discount.
        tax: The order's tax.
        total: What the order costs: its `price`, else what its figures come to.
        difference: `total` less what the figures come to; 0 for a consistent order.
        item_price: How the item prices were read.
        tax_behavior: How the tax was read.
        notes: What was decided or does not add up, in words for a person.
    """

    lines: tuple[LineFigures, ...]
    subtotal: Decimal
    shipping: Decimal
    shipping_tax: Decimal
    shipping_discount: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    difference: Decimal
    item_price: Literal["unit", "line"]
    tax_behavior: Literal["inclusive", "exclusive"]
    notes: tuple[str, ...]


def figures_of(multi_order: MultiOrder, policy: PricePolicy) -> tuple[Figures, ...]:
    """Return the figures of each order of a multi-order.

    A discount that only the multi-order states, and that its price shows was given, is divided
    over its orders by their prices.
    """
    with exact():
        return tuple(_figures(order, policy) for order in _discounted(multi_order))


def _discounted(multi_order: MultiOrder) -> tuple[Order, ...]:
    orders = multi_order.orders
    if len(orders) == 1:
        return orders
    prices = [order.price for order in orders if order.price is not None]
    if not prices:
        return _with_shares_of_the_whole(multi_order)
    whole = multi_order.price
    if len(prices) < len(orders) or whole is None or multi_order.discounts is None:
        return orders
    given = sum((abs(order.discounts or ZERO) for order in orders), ZERO)
    rest = abs(multi_order.discounts) - given
    if rest <= 0 or sum(prices) - whole != rest:
        return orders
    shares = apportion(rest, prices, smallest_unit(multi_order.currency, rest))
    return tuple(
        msgspec.structs.replace(
            order, price=price - share, discounts=abs(order.discounts or ZERO) + share
        )
        for order, price, share in zip(orders, prices, shares, strict=True)
    )


def _with_shares_of_the_whole(multi_order: MultiOrder) -> tuple[Order, ...]:
    """Divide tax and discount over orders that state none, by what their lines come to."""
    orders = multi_order.orders
    weights = [sum((_roughly(item) for item in order.order_items), ZERO) for order in orders]
    changes: list[dict[str, Decimal]] = [{} for _ in orders]
    for name in ("tax", "discounts"):
        stated = getattr(multi_order, name)
        if stated is None or any(_states(order, name) for order in orders):
            continue
        shares = apportion(abs(stated), weights, smallest_unit(multi_order.currency, stated))
        for change, share in zip(changes, shares, strict=True):
            change[name] = share
    return tuple(
        msgspec.structs.replace(order, **change)
        for order, change in zip(orders, changes, strict=True)
    )


def _states(order: Order, name: str) -> bool:
    """Tell whether an order states tax or discount itself, as a whole or by line."""
    if getattr(order, name) is not None:
        return True
    if name == "tax":
        return order.tax_data is not None or any(item.tax is not None for item in order.order_items)
    return bool(order.applied_discounts)


def _roughly(item: OrderItem) -> Decimal:
    if item.subtotal_price is not None:
        return item.subtotal_price
    return (item.price or ZERO) * item.quantity


def _figures(order: Order, policy: PricePolicy) -> Figures:
    taxes = taxes_of(order)
    reading = best_reading(order, taxes, policy)
    amounts = list(reading.lines)
    on_lines = min(reading.discount, sum(amounts, ZERO))
    on_shipping = reading.discount - on_lines
    shares = apportion(on_lines, amounts, smallest_unit(order.currency, on_lines))
    stated = tax_by_line(taxes, order.order_items, amounts, order.currency)
    line_taxes = _within_prices(stated, amounts, shares) if reading.inclusive else stated
    on_all = sum(line_taxes, taxes.shipping)
    order_tax = on_all if line_taxes != stated else taxes.total
    lines = [
        _line(item, amount, tax, share, reading)
        for item, amount, tax, share in zip(
            order.order_items, amounts, line_taxes, shares, strict=True
        )
    ]
    charge = order.shipping_rate.amount if order.shipping_rate else None
    shipping = (charge or ZERO) - on_shipping
    if reading.shipping_inclusive:
        shipping -= taxes.shipping
    # Prices that include tax come to the same whatever part of them the order calls tax.
    comes_to = sum((line.paid for line in lines), shipping)
    comes_to += on_all if reading.inclusive else order_tax
    total = comes_to if order.price is None else order.price
    notes = _notes(order, reading, policy, total - comes_to)
    unplaced = sum(stated, ZERO) - sum(taxes.lines or stated, ZERO)
    if unplaced:
        notes.append(
            f"tax of {unplaced} is of no line and no charge; it was divided over the lines"
        )
    if order_tax < taxes.total:
        notes.append(f"the order's tax {taxes.total} is more than was paid; {order_tax} is carried")
    elif on_all > order_tax:
        notes.append(f"the lines have tax of {on_all - taxes.shipping}, the order of {order_tax}")
    return Figures(
        lines=tuple(lines),
        subtotal=sum((line.subtotal for line in lines), ZERO),
        shipping=shipping,
        shipping_tax=taxes.shipping,
        shipping_discount=on_shipping,
        discount=reading.discount,
        tax=order_tax,
        total=total,
        difference=total - comes_to,
        item_price=reading.item_price,
        tax_behavior="inclusive" if reading.inclusive else "exclusive",
        notes=tuple(notes),
    )


def _within_prices(
    taxes: list[Decimal], amounts: list[Decimal], shares: list[Decimal]
) -> list[Decimal]:
    """Cap tax that is inside of prices at what the discount left of them."""
    return [
        min(tax, max(ZERO, amount - share))
        for tax, amount, share in zip(taxes, amounts, shares, strict=True)
    ]


def _line(
    item: OrderItem, amount: Decimal, tax: Decimal, share: Decimal, reading: Reading
) -> LineFigures:
    net = amount - tax if reading.inclusive else amount
    return LineFigures(
        quantity=item.quantity,
        subtotal=net - share if reading.discounted_subtotal else net,
        paid=net - share,
        tax=tax,
        discount=line_discount(item),
        order_discount=share,
    )


def _notes(order: Order, reading: Reading, policy: PricePolicy, difference: Decimal) -> list[str]:
    notes = []
    if policy.item_price == "auto":
        basis = "one unit" if reading.item_price == "unit" else "the whole line"
        notes.append(f"item_price: auto read item prices as being for {basis}")
    if policy.tax_behavior == "auto":
        kind = "including" if reading.inclusive else "excluding"
        notes.append(f"tax_behavior: auto read prices as {kind} tax")
    if difference:
        notes.append(
            f"the order's price {order.price} is {abs(difference)} "
            f"{'more' if difference > 0 else 'less'} than its lines, discounts, shipping and tax come to"
        )
    elif reading.off_subtotal:
        notes.append(
            f"the order's subtotal_price {order.subtotal_price} is {abs(reading.off_subtotal)} "
            f"{'more' if reading.off_subtotal > 0 else 'less'} than its lines come to"
        )
    return notes
