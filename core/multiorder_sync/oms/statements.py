"""The amounts of an order, each with everything else that says the same.

An order says its money several times over: a line's price, its subtotal, the sums of the order and
of the multi-order. One of them changed by itself makes an order that contradicts itself, and what a
connector makes of that tells nothing of where a value comes from. So all that says the same is
changed together, and the order still adds up.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from multiorder_sync.nacelle.figures import Figures
from multiorder_sync.nacelle.money import smallest_unit
from multiorder_sync.nacelle.orders import MultiOrder, Order, OrderItem
from multiorder_sync.oms.amounts import add, add_discount, key, number
from multiorder_sync.oms.documents import Draft, Path, at

_COUPLED: Final = 100
"""A discount or tax that is divided over lines changes by so many units, so that each line's part
changes with it."""


class Statement(msgspec.Struct, frozen=True):
    """An amount, or a quantity, that an order states.

    Attributes:
        field: What states it.
        also: What says the same.
        change: Makes it another amount, and all that follows from it.
        parts: If it is a sum: of what.
    """

    field: Path
    also: tuple[Path, ...]
    change: Callable[[Draft], None]
    parts: tuple[Path, ...] = ()


def statements_of(document: Any, figures: Sequence[Figures]) -> list[Statement]:
    """Return what a multi-order states of its money.

    Args:
        document: The multi-order as plain data; a single order counts as one.
        figures: Those of its orders: how their amounts are read.
    """
    whole = "orders" in document
    return [
        statement
        for index, read in enumerate(figures)
        for statement in _Order(document, ("orders", index) if whole else (), read).statements()
    ]


class _Order:
    """The amounts of one order, where they are in its document."""

    def __init__(self, document: Any, path: Path, figures: Figures) -> None:
        self._document = document
        self._path = path
        self._figures = figures
        self._above: tuple[Path, ...] = ((),) if path else ()
        self._alone = len(order_paths(document)) == 1
        currency = at(document, (*path, "currency")) or at(document, ("currency",))
        amounts = [number(at(document, self._own(name))) for name in ("price", "tax")]
        self._unit = smallest_unit(
            currency if isinstance(currency, str) else None, *filter(None, amounts)
        )

    def statements(self) -> Iterator[Statement]:
        items = self._items()
        by_line = [list(self._of_line(path)) for path in items]
        prices = tuple(line[0].field for line in by_line if line and not _is_tax(line[0]))
        taxes = tuple(each.field for line in by_line for each in line if _is_tax(each))
        shipping = list(self._of_shipping())
        yield from self._sum("price", (*prices, *(each.field for each in shipping), *taxes))
        yield from self._sum("subtotal_price", prices)
        yield from self._discount()
        yield from self._tax(taxes)
        for line in by_line:
            yield from line
        yield from shipping

    def _items(self) -> list[Path]:
        path = self._own("order_items")
        found = at(self._document, path)
        return [(*path, index) for index in range(len(found) if isinstance(found, list) else 0)]

    def _of_line(self, line: Path) -> Iterator[Statement]:
        price, subtotal = (*line, "price"), (*line, "subtotal_price")
        stated = self._stated(price, subtotal)
        quantity = (*line, "quantity")
        entries = self._tax_entries(line)
        by_unit = self._figures.item_price == "unit" and price in stated

        def dearer(draft: Draft) -> None:
            count = number(at(draft.document, quantity)) if by_unit else None
            more = self._unit * (count or 1)
            add(draft, price, self._unit)
            add(draft, subtotal, more)
            self._add_to_sums(draft, more, "price", "subtotal_price")

        def another_one(draft: Draft) -> None:
            each = number(at(draft.document, price)) if by_unit else None
            add(draft, quantity, Decimal(1))
            for entry in entries:
                add(draft, (*entry, "quantity"), Decimal(1))
            if each:
                add(draft, subtotal, each)
                self._add_to_sums(draft, each, "price", "subtotal_price")

        if stated:
            yield Statement(stated[0], tuple(stated[1:]), dearer)
        if self._stated(quantity):
            yield Statement(quantity, (), another_one)
        yield from self._discount_of_line(line, price, quantity, subtotal)
        tax = (*line, key(OrderItem, "tax", at(self._document, line)))
        in_data = [(*entry, "tax_amount") for entry in entries]
        yield from self._taxed(tax, *in_data, total=("items",))

    def _discount_of_line(
        self, line: Path, price: Path, quantity: Path, subtotal: Path
    ) -> Iterator[Statement]:
        table = at(self._document, line)
        field = (*line, key(OrderItem, "discounts", table))
        given = number(at(self._document, field))
        each, count, costs = (number(at(self._document, p)) for p in (price, quantity, subtotal))
        by_unit = self._figures.item_price == "unit"
        before = each * (count or 1) if each is not None and by_unit else each
        if given is None or (given and costs == before):
            # The subtotal is meant before the discount: nothing else follows from that.
            return
        applied = (*line, key(OrderItem, "applied_discounts", table))
        also = self._only_one_of(applied)
        counted = number(at(self._document, self._own("discounts")))
        in_sum = counted is not None and abs(counted) > self._figures.discount

        def more(draft: Draft) -> None:
            for path in (field, *also):
                add_discount(draft, path, self._unit)
            if in_sum:
                self._add_to_sums(draft, self._unit, "discounts")
            add(draft, subtotal, -self._unit)
            self._add_to_sums(draft, -self._unit, "price", "subtotal_price")

        yield Statement(field, tuple(also), more)

    def _of_shipping(self) -> Iterator[Statement]:
        amount = self._own("shipping_rate", "amount")

        def dearer(draft: Draft) -> None:
            add(draft, amount, self._unit)
            self._add_to_sums(draft, self._unit, "price")

        if self._stated(amount):
            yield Statement(amount, (), dearer)
        data = self._own("tax_data", "shipping")
        entries = at(self._document, (*data, "entries"))
        if isinstance(entries, list):
            entry: Path = (*data, "entries", 0)
        else:
            entry = (*data, "entries")
        yield from self._taxed((*data, "total_tax_amount"), (*entry, "tax_amount"), total=())

    def _taxed(self, *fields: Path, total: tuple[str, ...]) -> Iterator[Statement]:
        stated = self._stated(*fields)
        if not stated:
            return
        data = self._own("tax_data", *total)
        sums = [(*data, "total_tax_amount"), (*data, "total_with_tax_amount")] if total else []

        def more(draft: Draft) -> None:
            for field in (*stated, *sums):
                add(draft, field, self._unit)
            self._add_tax(draft, self._unit)

        yield Statement(stated[0], tuple(stated[1:]), more)

    def _discount(self) -> Iterator[Statement]:
        field = self._own("discounts")
        if not self._stated(field):
            return
        also = self._alike(field) + self._only_one_of(self._own("applied_discounts"))

        def more(draft: Draft) -> None:
            off = self._unit * _COUPLED
            for path in (field, *also):
                add_discount(draft, path, off)
            self._add_to_sums(draft, -off, "price")

        yield Statement(field, tuple(also), more)

    def _tax(self, parts: tuple[Path, ...]) -> Iterator[Statement]:
        field = self._own("tax")
        if self._stated(field):
            also = self._alike(field)

            def more(draft: Draft) -> None:
                self._add_tax(draft, self._unit * _COUPLED)

            yield Statement(field, tuple(also), more, parts)

    def _sum(self, name: str, parts: tuple[Path, ...]) -> Iterator[Statement]:
        field = self._own(name)
        if self._stated(field):

            def more(draft: Draft) -> None:
                self._add_to_sums(draft, self._unit, name)

            yield Statement(field, tuple(self._alike(field)), more, parts)

    def _add_tax(self, draft: Draft, more: Decimal) -> None:
        self._add_to_sums(draft, more, "tax")
        if self._figures.tax_behavior == "exclusive":
            self._add_to_sums(draft, more, "price")

    def _add_to_sums(self, draft: Draft, more: Decimal, *names: str) -> None:
        for name in names:
            add(draft, self._own(name), more)
            for path in self._above:
                add(draft, (*path, key(MultiOrder, name, self._document)), more)
        if "price" in names and not self._alone:
            # Payments are divided by what the orders come to: they come to the same still.
            add(draft, ("payments", 0, "amount"), more)

    def _tax_entries(self, line: Path) -> list[Path]:
        name = at(self._document, (*line, "id"))
        path = self._own("tax_data", "items", "entries")
        entries = at(self._document, path)
        if name is None or not isinstance(entries, list):
            return []
        return [
            (*path, index)
            for index in range(len(entries))
            if at(entries, (index, "order_item_id")) == name
        ]

    def _own(self, name: str, *inner: str) -> Path:
        return (*self._path, key(Order, name, at(self._document, self._path)), *inner)

    def _alike(self, field: Path) -> list[Path]:
        """Return what says of the multi-order what a field says of its order."""
        name = "discounts" if str(field[-1]).startswith("discounts") else str(field[-1])
        name = "tax" if name.startswith("tax") else name
        paths = [(*above, key(MultiOrder, name, self._document)) for above in self._above]
        return self._stated(*paths)

    def _only_one_of(self, applied: Path) -> list[Path]:
        """Return the amount of a discount that is all there is to a sum of discounts."""
        listed = at(self._document, applied)
        alone = isinstance(listed, list) and len(listed) == 1
        return self._stated((*applied, 0, "amount")) if alone else []

    def _stated(self, *paths: Path) -> list[Path]:
        return [path for path in paths if number(at(self._document, path)) is not None]


def order_paths(document: Any) -> list[Path]:
    """Return where a multi-order's orders are; a single order is its own."""
    orders = document.get("orders")
    return [("orders", index) for index in range(len(orders))] if isinstance(orders, list) else [()]


def _is_tax(statement: Statement) -> bool:
    return str(statement.field[-1]).startswith("tax")
