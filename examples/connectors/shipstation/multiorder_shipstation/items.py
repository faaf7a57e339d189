"""The items of an order, so that ShipStation's own total is Nacelle's to the last decimal.

ShipStation knows a price for one unit only, and adds up `orderTotal` from unit prices, tax and
shipping. What does not fit into that goes into adjustments, its way to express a discount.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from multiorder_sync import Destination, Figures, LineFigures, OrderItem, smallest_unit

from multiorder_shipstation.payload import ItemOption, OrderItem as Item

_NOTHING: Final = Decimal(0)


def product(
    item: OrderItem,
    sku: str,
    index: int,
    figures: LineFigures,
    destination: Destination,
    unit: Decimal,
) -> Item:
    """Return the item that a line becomes.

    Args:
        item: The line.
        sku: What ShipStation is to call the product.
        index: The line's place, which stands for an id where it has none.
        figures: The line's amounts.
        destination: How it reaches the shopper.
        unit: The smallest amount of the order's currency.
    """
    return Item(
        line_item_key=item.id or item.source_external_id or str(index + 1),
        sku=sku,
        name=item.description or sku,
        quantity=figures.quantity,
        unit_price=(figures.subtotal / figures.quantity).quantize(unit, ROUND_FLOOR),
        tax_amount=_of_one(figures.tax, figures.quantity, unit),
        options=_options(item, destination),
    )


def adjustments(
    items: Sequence[Item], figures: Figures, tax: Decimal, shipping: Decimal, discounts: str
) -> list[Item]:
    """Return what is lacking between the items and the order's total, as items.

    Args:
        items: The products.
        figures: The order's amounts.
        tax: What the order is sent as its tax.
        shipping: What it is sent as its shipping.
        discounts: What the order's discounts are called.
    """
    made = []
    off = sum((line.order_discount for line in figures.lines), _NOTHING)
    if off:
        made.append(_adjustment(discounts or "Discount", -off))
    held = sum((item.unit_price * item.quantity for item in [*items, *made]), _NOTHING)
    rest = figures.total - held - tax - shipping
    if rest:
        made.append(_adjustment("Rounding and differences", rest))
    return made


def unit_of(currency: str | None, figures: Figures) -> Decimal:
    """Return the smallest amount in which the order's lines are priced."""
    return smallest_unit(currency, *(line.subtotal for line in figures.lines))


def _of_one(amount: Decimal, quantity: int, unit: Decimal) -> Decimal | None:
    """Divide a line's amount by its quantity, if that comes out even."""
    one = (amount / quantity).quantize(unit, ROUND_FLOOR)
    return one if one * quantity == amount else None


def _adjustment(name: str, amount: Decimal) -> Item:
    return Item(name=name, quantity=1, unit_price=amount, adjustment=True)


def _options(item: OrderItem, destination: Destination) -> tuple[ItemOption, ...]:
    options = []
    if item.comment:
        options.append(ItemOption(name="Comment", value=item.comment))
    if destination.kind == "digital":
        options.append(ItemOption(name="Delivery", value="Digital"))
    elif destination.kind == "collect":
        options.append(ItemOption(name="Pickup at", value=destination.location or "?"))
    return tuple(options)
