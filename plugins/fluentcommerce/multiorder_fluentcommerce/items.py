"""An order's lines as Fluent order items."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, localcontext
from typing import Any, Final

from multiorder_fluentcommerce.attributes import item_attributes
from multiorder_fluentcommerce.payload import Item
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.texts import TEXT_LENGTH, currency_code, needed
from multiorder_sync import (
    Figures,
    LineFigures,
    MultiOrder,
    Order,
    OrderItem,
    Untransformable,
)

# Prices for one unit that do not come out even; what counts are the line's totals, always exact.
_UNIT_PRICE: Final = Decimal("0.000001")


class Items:
    """Makes order items for one space's settings."""

    def __init__(self, settings: FluentSettings) -> None:
        self._settings = settings
        self._product_ref = settings.expression("product_ref")

    def item(
        self,
        multi_order: MultiOrder,
        order: Order,
        index: int,
        figures: Figures,
        choice_ref: str | None,
    ) -> Item:
        """Return one line of an order as a Fluent order item; its ref is made unique elsewhere.

        Raises:
            Untransformable: If the line names no product, or a figure of it is negative.
        """
        item, line = order.order_items[index], figures.lines[index]
        variables = {
            "multi_order": multi_order.source,
            "order": order.source,
            "item": item.source,
        }
        for name, amount in (
            ("total", line.subtotal),
            ("paid amount", line.paid),
            ("tax", line.tax),
        ):
            if amount < 0:
                raise Untransformable(
                    f"The {name} of line {index + 1} comes to {amount}, and Fluent takes no "
                    "negative figures."
                )
        return Item(
            ref=item.id or item.source_external_id or str(index + 1),
            product_ref=self._product(item, variables),
            product_catalogue_ref=self._settings.product_catalogue_ref or None,
            fulfilment_choice_ref=choice_ref,
            quantity=item.quantity,
            currency=currency_code(order.currency),
            price=_per_unit(line.subtotal, line),
            paid_price=_per_unit(line.paid, line),
            total_price=line.subtotal,
            tax_price=_per_unit(line.tax, line),
            total_tax_price=line.tax,
            tax_type=self._settings.tax_type,
            attributes=item_attributes(item, line),
        )

    def _product(self, item: OrderItem, variables: Mapping[str, Any]) -> str:
        ref = self._product_ref.evaluate(variables)
        if not isinstance(ref, str) or not ref:
            raise Untransformable(
                f"product_ref names no product for the item {item.id or item.product_reference}."
            )
        return needed(ref, TEXT_LENGTH, "a product's ref")


def _per_unit(amount: Decimal, line: LineFigures) -> Decimal:
    with localcontext(Context(prec=60)) as context:
        unit = amount / line.quantity
        return unit.quantize(_UNIT_PRICE, ROUND_HALF_EVEN) if context.flags[Inexact] else unit
