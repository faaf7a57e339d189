"""Charges and taxes, such that what Manhattan computes is what the shopper paid."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Final

from multiorder_manhattan.payload import Charge, ChargeType, DiscountOn, Tax
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_manhattan.taxes import tax_rate
from multiorder_sync import (
    Discount,
    Figures,
    LineFigures,
    Order,
    apportion,
    currency_exponent,
    smallest_unit,
)

_SHIPPING: Final = "Shipping"
_ZERO: Final = Decimal(0)

# What a discount is taken off: the DiscountOnId, and the type of the charge if it is one.
_ON_ORDER: Final = ("Order", None)
_ON_LINE: Final = ("Line", None)
_ON_SHIPPING: Final = ("Charges", _SHIPPING)


class Amounts:
    """Makes the amounts of one order in one currency.

    Args:
        order: The order.
        figures: Its figures.
        ref: The OMS's order id, of which the ids of charges and taxes are made.
        settings: The space's settings.
        gross_shipping: False to send shipping without its tax even where prices include theirs:
            an OMS order has one record of the tax on shipping, which is in the charge or is not.

    Attributes:
        notes: What was decided where the order left it open.
    """

    def __init__(
        self,
        order: Order,
        figures: Figures,
        ref: str,
        settings: ManhattanSettings,
        *,
        gross_shipping: bool = True,
    ) -> None:
        self._order = order
        self._figures = figures
        self._ref = ref
        self._tax_type = settings.tax_type_id
        self._unit = Decimal(1).scaleb(-currency_exponent(order.currency))
        self._inclusive = True if figures.tax_behavior == "inclusive" else None
        self._gross_shipping = self._inclusive if gross_shipping else None
        self._shipping = figures.shipping + figures.shipping_discount
        if self._gross_shipping:
            self._shipping += figures.shipping_tax
        self._shipping_tax = figures.shipping_tax if self._shipping else _ZERO
        # Manhattan wants a charge for a discount on it, as large as that at least.
        self._off_shipping = min(figures.shipping_discount, max(self._shipping, _ZERO))
        self.notes: tuple[str, ...] = ()
        self._more_tax = self._unplaced_tax()

    @property
    def inclusive(self) -> bool | None:
        """True where prices are sent with their tax; None where they are sent without."""
        return self._inclusive

    def unit_price(self, index: int) -> Decimal:
        """Return the price of one unit, before any discount, in whole units of the currency.

        Where the line's price does not divide evenly it is rounded up, and `line_charges` takes
        the rest off again, so that the line comes to what it is, to the last decimal.
        """
        line = self._figures.lines[index]
        return (self._before_discount(line) / line.quantity).quantize(self._unit, ROUND_CEILING)

    def line_charges(self, index: int, line_id: str) -> tuple[Charge, ...]:
        """Return a line's own discounts, and what rounding its unit price added."""
        item, line = self._order.order_items[index], self._figures.lines[index]
        ref = self._line_ref(line_id)
        charges = self._discounts(item.applied_discounts, line.discount, _ON_LINE, ref)
        rounded = self.unit_price(index) * line.quantity - self._before_discount(line)
        if rounded:
            charges.append(
                _discount(f"{ref}-rounding", rounded, _ON_LINE, "Rounding", self._inclusive)
            )
        return tuple(charges)

    def line_taxes(self, index: int, line_id: str) -> tuple[Tax, ...]:
        """Return a line's tax; one that is in the price already is informational."""
        item, line = self._order.order_items[index], self._figures.lines[index]
        more = self._more_tax[index]
        tax = line.tax + more
        if not tax:
            return ()
        return (
            Tax(
                tax_detail_id=f"{self._line_ref(line_id)}-tax",
                tax_type_id=self._tax_type,
                tax_amount=tax,
                taxable_amount=max(line.paid, _ZERO),
                tax_rate=tax_rate(None if more else item.tax_rate, tax, line.paid),
                is_informational=self._inclusive,
            ),
        )

    def order_charges(self) -> tuple[Charge, ...]:
        """Return the shipping charge, and the order's discounts on lines and on shipping."""
        charges = []
        if self._shipping:
            rate = self._order.shipping_rate
            charges.append(
                Charge(
                    charge_detail_id=f"{self._ref}-shipping",
                    charge_type=ChargeType(charge_type_id=_SHIPPING),
                    charge_total=self._shipping,
                    charge_display_name=rate.display_name if rate else None,
                    tax_code=_SHIPPING if self._shipping_tax else None,
                    is_tax_included=self._gross_shipping,
                )
            )
        on_order = self._figures.discount - self._off_shipping
        charges += self._discounts(self._order.applied_discounts, on_order, _ON_ORDER, self._ref)
        if self._off_shipping:
            charges.append(
                _discount(
                    f"{self._ref}-shipping-discount",
                    self._off_shipping,
                    _ON_SHIPPING,
                    "Shipping discount",
                    self._gross_shipping,
                )
            )
        return tuple(charges)

    def order_taxes(self) -> tuple[Tax, ...]:
        """Return the tax on shipping: an order's header has the taxes on its own charges."""
        if not self._shipping_tax:
            return ()
        taxable = max(self._figures.shipping, _ZERO)
        return (
            Tax(
                tax_detail_id=f"{self._ref}-shipping-tax",
                tax_type_id=self._tax_type,
                tax_amount=self._shipping_tax,
                taxable_amount=taxable,
                tax_rate=tax_rate(None, self._shipping_tax, taxable),
                tax_code=_SHIPPING,
                is_informational=self._gross_shipping,
            ),
        )

    def _unplaced_tax(self) -> list[Decimal]:
        """Divide over the lines what tax the order states of no line and of no charge.

        Manhattan has no place for it: a tax on the header is that of a charge there.
        """
        figures = self._figures
        on_lines = sum((line.tax for line in figures.lines), _ZERO)
        rest = figures.tax - on_lines - self._shipping_tax
        if rest <= 0:
            return [_ZERO] * len(figures.lines)
        self.notes = (f"tax of {rest} is of no line and no charge; it was divided over the lines",)
        weights = [max(line.paid, _ZERO) for line in figures.lines]
        return apportion(rest, weights, smallest_unit(self._order.currency, rest))

    def _before_discount(self, line: LineFigures) -> Decimal:
        whole = line.paid + line.order_discount + line.discount
        return whole + line.tax if self._inclusive else whole

    def _line_ref(self, line_id: str) -> str:
        # A line may have any id: without the word between, that of a charge of the header, too.
        return f"{self._ref}-line-{line_id}"

    def _discounts(
        self, applied: Sequence[Discount], total: Decimal, on: tuple[str, str | None], ref: str
    ) -> list[Charge]:
        """Name the discounts where they come to the total, else give them as one."""
        named = [abs(each.amount or _ZERO) for each in applied]
        if not total:
            return []
        if sum(named, _ZERO) != total:
            return [_discount(f"{ref}-discount", total, on, "Discount", self._inclusive)]
        return [
            _discount(
                f"{ref}-discount-{number}", amount, on, each.name or "Discount", self._inclusive
            )
            for number, (each, amount) in enumerate(zip(applied, named, strict=True), start=1)
            if amount
        ]


def _discount(
    ref: str,
    amount: Decimal,
    on: tuple[str, str | None],
    name: str,
    inclusive: bool | None,
) -> Charge:
    discount_on, related = on
    return Charge(
        charge_detail_id=ref,
        charge_type=ChargeType(charge_type_id="Discount"),
        charge_total=-amount,
        charge_display_name=name,
        discount_on=DiscountOn(discount_on_id=discount_on),
        related_charge_type=related,
        is_tax_included=inclusive,
    )
