"""The rules of charges, discounts and taxes, on the order and on its lines."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from multiorder_manhattan.sandbox.refusal import Problem
from multiorder_manhattan.sandbox.totals import Node, code

_DISCOUNTS: Final = frozenset({"Appeasement", "Coupon", "Discount", "Promotion"})
_DEFAULT_TAX_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {"Shipping": "Shipping", **dict.fromkeys(_DISCOUNTS, "Discount")}
)
_ONE_TAX: Final = (
    "TaxCode",
    "TaxTypeId",
    "Jurisdiction",
    "JurisdictionTypeId",
    "FulfillmentGroupId",
)


class _Holder(msgspec.Struct, frozen=True, kw_only=True):
    """An order or a line, with its charges and taxes."""

    path: str
    node: Node
    prefix: str

    @property
    def charges_path(self) -> str:
        return f"{self.path}{self.prefix}ChargeDetail"

    @property
    def taxes_path(self) -> str:
        return f"{self.path}{self.prefix}TaxDetail"

    @property
    def charges(self) -> Sequence[Node]:
        return self.node.get(f"{self.prefix}ChargeDetail") or ()

    @property
    def taxes(self) -> Sequence[Node]:
        return self.node.get(f"{self.prefix}TaxDetail") or ()


def charge_problems(order: Node) -> Iterator[Problem]:
    """Yield what is wrong with the charges and taxes of an order."""
    for holder in _holders(order):
        for index, charge in enumerate(holder.charges):
            yield from _charge_problems(f"{holder.charges_path}[{index}]", charge, holder)
        for index, tax in enumerate(holder.taxes):
            yield from _tax_problems(f"{holder.taxes_path}[{index}]", tax, holder)


def repeated_taxes(order: Node) -> Iterator[Problem]:
    """Yield the taxes of which a save brings more than one record, where there must be one.

    It is checked upon what is sent, not upon what is held: there, a second record is what comes of
    an update without the ids of its children, and it is to be seen as that.
    """
    for holder in _holders(order):
        records = Counter(tuple(tax.get(name) for name in _ONE_TAX) for tax in holder.taxes)
        if any(count > 1 for count in records.values()):
            yield Problem(
                f"{holder.prefix}TaxDetail",
                f"{holder.taxes_path} has more than one record for one {', '.join(_ONE_TAX)}.",
            )


def _holders(order: Node) -> Iterator[_Holder]:
    yield _Holder(path="", node=order, prefix="Order")
    for index, line in enumerate(order.get("OrderLine") or ()):
        yield _Holder(path=f"OrderLine[{index}].", node=line, prefix="OrderLine")


def _charge_problems(path: str, charge: Node, holder: _Holder) -> Iterator[Problem]:
    kind = code(charge, "ChargeType")
    is_discount = kind in _DISCOUNTS
    for name in ("ChargeTotal", "RequestedAmount"):
        amount = charge.get(name) or 0
        if is_discount and amount > 0:
            yield Problem(name, f"{path}.{name} must not be positive: {kind} is a discount.")
        if not is_discount and amount < 0:
            # One customer sends a negative Shipping charge; a discount on it says more.
            yield Problem(name, f"{path}.{name} must not be negative: {kind} is a charge.")
    discount_on = code(charge, "DiscountOn")
    if is_discount and discount_on is None:
        yield Problem("DiscountOn", f"{path}.DiscountOn is required for a discount.")
    if not is_discount and discount_on is not None:
        yield Problem("DiscountOn", f"{path}.DiscountOn must be null for a charge.")
    if discount_on == "Charges":
        related = charge.get("RelatedChargeType")
        kinds = {code(other, "ChargeType") for other in holder.charges} - _DISCOUNTS
        if related not in kinds:
            yield Problem(
                "RelatedChargeType",
                f"{path}.RelatedChargeType must name the type of a charge beside the discount.",
            )


def _tax_problems(path: str, tax: Node, holder: _Holder) -> Iterator[Problem]:
    """Check that a tax is that of a charge, or of the item, and whether the price includes it."""
    tax_code = tax.get("TaxCode")
    of_item = holder.prefix == "OrderLine" and tax_code in {None, holder.node.get("ItemTaxCode")}
    taxed = [holder.node] if of_item else []
    taxed += [charge for charge in holder.charges if tax_code and _tax_code(charge) == tax_code]
    if not taxed:
        yield Problem("TaxCode", f"{path}.TaxCode must be the TaxCode of a charge beside it.")
    elif all(bool(one.get("IsTaxIncluded")) != bool(tax.get("IsInformational")) for one in taxed):
        yield Problem(
            "IsInformational",
            f"{path}.IsInformational must be true where IsTaxIncluded is, and only there.",
        )


def _tax_code(charge: Node) -> str | None:
    return charge.get("TaxCode") or _DEFAULT_TAX_CODES.get(code(charge, "ChargeType") or "")
