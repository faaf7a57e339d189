"""Whether the merchant's own word on how prices are to be read counts."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.corpus.building import Plain, item, multi_order, order, payment
from multiorder_sync.conformance.payloads import moved
from multiorder_sync.conformance.repeating import listing_of
from multiorder_sync.conformance.transformed import Transformed
from multiorder_sync.nacelle.figures import Figures, PricePolicy, figures_of
from multiorder_sync.nacelle.orders import MultiOrder

TransformBy = Callable[[PricePolicy], Callable[[MultiOrder], Transformed]]


class _Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that can be read in two ways.

    Attributes:
        what: They, in words.
        setting: The merchant's setting that decides.
        ways: Its two values.
        total: What the order comes to in one of them.
        line: A line, by its price.
    """

    what: str
    setting: str
    ways: tuple[str, str]
    total: str
    line: Callable[[str], Plain]

    def policies(self) -> tuple[PricePolicy, PricePolicy]:
        """Return the two ways to read it."""
        one, other = (msgspec.convert({self.setting: way}, PricePolicy) for way in self.ways)
        return one, other


def _without_subtotal(price: str, **changes: Any) -> Plain:
    line = item(1, price=price, **changes)
    del line["subtotal_price"]
    return line


_DOUBTS: Final = (
    _Doubt(
        what="3 units with the price 7.31",
        setting="item_price",
        ways=("unit", "line"),
        total="26.93",
        line=lambda price: _without_subtotal(price, quantity=3),
    ),
    _Doubt(
        what="the price 7.31 with a tax of 0.61",
        setting="tax_behavior",
        ways=("inclusive", "exclusive"),
        total="12.31",
        line=lambda price: _without_subtotal(price, tax="0.61"),
    ),
)


def disregarded(transform_by: TransformBy) -> Iterator[str]:
    """Find settings of prices that change what an order costs, and nothing of what becomes of it.

    Of an OMS that is told no prices, nothing is asked: one that is told them, as they are or by
    what they come to, is told something wrong by one of the two ways.

    Args:
        transform_by: Returns the transform for a merchant's policy.
    """
    for doubt in _DOUBTS:
        one, other = doubt.policies()
        by_one, by_other = transform_by(one), transform_by(other)
        for stated in (True, False):
            bought, dearer = (_order(doubt, price, stated=stated) for price in ("7.31", "7.42"))
            if _costs(bought, one) == _costs(bought, other):
                continue
            before = by_one(bought)
            if not moved(before.submissions, by_one(dearer).submissions):
                continue
            if listing_of(before) == listing_of(by_other(bought)):
                ways = " or ".join(f'"{way}"' for way in doubt.ways)
                yield f"of {doubt.what}, it makes the same whether {doubt.setting} is {ways}"
                break


def _order(doubt: _Doubt, price: str, *, stated: bool) -> MultiOrder:
    """Return an order of one line that says what it comes to, or nothing but its line."""
    bought = order(price=doubt.total) | {"order_items": [doubt.line(price)]}
    unsaid = {"subtotal_price", "tax"} if stated else {"subtotal_price", "tax", "price"}
    kept = {name: value for name, value in bought.items() if name not in unsaid}
    data = multi_order(kept, price=doubt.total if stated else None, payments=[payment(doubt.total)])
    return Case(name="", data=data).order()


def _costs(bought: MultiOrder, policy: PricePolicy) -> list[Figures]:
    return [msgspec.structs.replace(each, notes=()) for each in figures_of(bought, policy)]
