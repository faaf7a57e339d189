"""Charges and taxes, such that what Manhattan computes is what the shopper paid."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

import msgspec

from multiorder_manhattan.payload import Charge, ChargeType, DiscountOn, Tax
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_sync import (
    Discount,
    Figures,
    LineFigures,
    Order,
    OrderItem,
    currency_exponent,
)

_RATE: Final = Decimal("0.000001")
_SHIPPING: Final = "Shipping"


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
            tax_rate=_rate(amount, taxable),
        )
    return tuple(by_code.values())


def _rate(amount: Decimal, taxable: Decimal) -> Decimal | None:
    return (amount / taxable).quantize(_RATE, ROUND_HALF_EVEN) if taxable > 0 else None


class Amounts:
    """Makes the amounts of one order in one currency.

    Args:
        order: The order.
        figures: Its figures.
        ref: The OMS's order id, of which the ids of charges and taxes are made.
        settings: The space's settings.
    """

    def __init__(
        self, order: Order, figures: Figures, ref: str, settings: ManhattanSettings
    ) -> None:
        self._order = order
        self._figures = figures
        self._ref = ref
        self._tax_type = settings.tax_type_id
        self._unit = Decimal(1).scaleb(-currency_exponent(order.currency))
        self._inclusive = figures.tax_behavior == "inclusive"

    @property
    def lines(self) -> tuple[LineFigures, ...]:
        """The figures of the order's lines."""
        return self._figures.lines

    @property
    def inclusive(self) -> bool | None:
        """True where prices are sent with their tax; None where they are sent without."""
        return True if self._inclusive else None

    def unit_price(self, line: LineFigures) -> Decimal:
        """Return the price of one unit, before any discount, in whole units of the currency.

        Where the line's price does not divide evenly it is rounded up, and `line_charges` takes
        the rest off again, so that the line comes to what it is, to the last decimal.
        """
        with localcontext(prec=60):
            unit = self._before_discount(line) / line.quantity
            return unit.quantize(self._unit, ROUND_CEILING)

    def line_charges(self, item: OrderItem, line: LineFigures, line_id: str) -> tuple[Charge, ...]:
        """Return a line's own discounts, and what rounding its unit price added."""
        charges = self._discounts(
            item.applied_discounts, line.discount, "Line", f"{self._ref}-{line_id}"
        )
        rounded = self.unit_price(line) * line.quantity - self._before_discount(line)
        if rounded:
            charges.append(
                self._discount(f"{self._ref}-{line_id}-rounding", rounded, "Line", "Rounding")
            )
        return tuple(charges)

    def line_taxes(self, item: OrderItem, line: LineFigures, line_id: str) -> tuple[Tax, ...]:
        """Return a line's tax; one that is in the price already is informational."""
        if not line.tax:
            return ()
        ref = f"{self._ref}-{line_id}-tax"
        return (self._tax(ref, line.tax, line.paid, item.tax_rate, None),)

    def order_charges(self) -> tuple[Charge, ...]:
        """Return the shipping charge, and the order's discounts on lines and on shipping."""
        figures, charges = self._figures, []
        shipping = figures.shipping + figures.shipping_discount
        if self._inclusive:
            shipping += figures.shipping_tax
        if shipping:
            charges.append(
                Charge(
                    charge_detail_id=f"{self._ref}-shipping",
                    charge_type=ChargeType(charge_type_id=_SHIPPING),
                    charge_total=shipping,
                    charge_display_name=self._order.shipping_rate.display_name
                    if self._order.shipping_rate
                    else None,
                    tax_code=_SHIPPING if figures.shipping_tax else None,
                    is_tax_included=self.inclusive,
                )
            )
        on_lines = figures.discount - figures.shipping_discount
        charges += self._discounts(self._order.applied_discounts, on_lines, "Order", self._ref)
        if figures.shipping_discount:
            charges.append(
                self._discount(
                    f"{self._ref}-shipping-discount",
                    figures.shipping_discount,
                    "Charges",
                    "Shipping discount",
                    related=_SHIPPING,
                )
            )
        return tuple(charges)

    def order_taxes(self) -> tuple[Tax, ...]:
        """Return the tax on shipping, and tax that the order states of nothing in particular."""
        figures = self._figures
        on_lines = sum((line.tax for line in figures.lines), Decimal(0))
        rest = figures.tax - on_lines - figures.shipping_tax
        taxes = []
        if figures.shipping_tax:
            taxes.append(
                self._tax(
                    f"{self._ref}-shipping-tax",
                    figures.shipping_tax,
                    figures.shipping,
                    None,
                    _SHIPPING,
                )
            )
        if rest > 0:
            taxable = sum((line.paid for line in figures.lines), Decimal(0))
            taxes.append(self._tax(f"{self._ref}-tax", rest, taxable, None, None))
        return tuple(taxes)

    def _before_discount(self, line: LineFigures) -> Decimal:
        whole = line.paid + line.order_discount + line.discount
        return whole + line.tax if self._inclusive else whole

    def _discounts(
        self, applied: Sequence[Discount], total: Decimal, on: str, ref: str
    ) -> list[Charge]:
        """Name the discounts where they come to the total, else give them as one."""
        named = [abs(each.amount or Decimal(0)) for each in applied]
        if not total:
            return []
        if sum(named, Decimal(0)) != total:
            return [self._discount(f"{ref}-discount", total, on, "Discount")]
        return [
            self._discount(f"{ref}-discount-{number}", amount, on, each.name or "Discount")
            for number, (each, amount) in enumerate(zip(applied, named, strict=True), start=1)
            if amount
        ]

    def _discount(
        self, ref: str, amount: Decimal, on: str, name: str, *, related: str | None = None
    ) -> Charge:
        return Charge(
            charge_detail_id=ref,
            charge_type=ChargeType(charge_type_id="Discount"),
            charge_total=-amount,
            charge_display_name=name,
            discount_on=DiscountOn(discount_on_id=on),
            related_charge_type=related,
            is_tax_included=self.inclusive,
        )

    def _tax(
        self, ref: str, amount: Decimal, taxable: Decimal, rate: Decimal | None, code: str | None
    ) -> Tax:
        if rate is None:
            rate = _rate(amount, taxable)
        elif rate > 1:
            rate /= 100  # a percentage; Manhattan takes a fraction
        return Tax(
            tax_detail_id=ref,
            tax_type_id=self._tax_type,
            tax_amount=amount,
            taxable_amount=max(taxable, Decimal(0)),
            tax_rate=rate,
            tax_code=code,
            is_informational=self.inclusive,
        )
