"""What becomes of amounts: whether each digit gets into the payload, and whether they count."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.corpus.building import (
    Plain,
    address,
    item,
    multi_order,
    order,
    payment,
    plain,
)
from multiorder_sync.conformance.payloads import moved
from multiorder_sync.conformance.transformed import Transformed
from multiorder_sync.nacelle.orders import MultiOrder

LONG: Final = "98765432109876.54"
"""An amount of which no float can hold the last digit."""

FINE: Final = "98765432109876.5432"
"""The same, of more decimals than its currency has. There are OMSs that can't hold it."""

_MUCH: Final = "200000000000000.00"
_MUCH_MORE: Final = Decimal(1000)

Transform = Callable[[MultiOrder], Transformed]


def long_amounts(amount: str) -> dict[str, Plain]:
    """Return orders whose figures add up, with an amount in one place each, by what it is."""
    return {
        "a tax": multi_order(order(items=[item(1, tax=amount)], shipping=None)),
        "a price of shipping": multi_order(order(shipping=amount)),
        "a discount": multi_order(
            order(items=[item(1, price=_MUCH)], discount=amount, shipping=None)
        ),
        "a payment": multi_order(order(items=[item(1, price=amount)], shipping=None)),
    }


def rounded(transform: Transform) -> Iterator[str]:
    """Find what of the payload follows large changes of an amount and not its last digit."""
    for name, lost, _ in _without_the_last_digit(transform, LONG):
        for place in sorted(lost):
            yield f"{place} does not hold the last digit of {name} of {LONG}"
    for name, lost, told in _without_the_last_digit(transform, FINE):
        # What a place of the currency's decimals does not hold, another one may: a charge for it.
        if lost and not told:
            yield f"no place and no note tells the last digit of {name} of {FINE}"
    yield from _of_units(transform)


def _without_the_last_digit(
    transform: Transform, amount: str
) -> Iterator[tuple[str, set[str], bool]]:
    """Yield what an amount is, the places that do not hold its last digit, and if others tell it."""
    last = Decimal((0, (1,), -len(amount.partition(".")[2])))
    little, much = (plain(Decimal(amount) + more) for more in (last, _MUCH_MORE))
    of_little, of_much = long_amounts(little), long_amounts(much)
    for name, data in long_amounts(amount).items():
        before, one, other = map(transform, map(_order, (data, of_little[name], of_much[name])))
        if any(each.error is not None for each in (before, one, other)):
            continue  # there are OMSs which do not take as much, and say so
        follows = moved(before.submissions, one.submissions)
        told = bool(follows) or _notes(before) != _notes(one)
        yield name, moved(before.submissions, other.submissions) - follows, told


def _of_units(transform: Transform) -> Iterator[str]:
    """Find prices of one unit that do not say what a line of several costs.

    Two lines change places in what they cost, so that all that is summed up stays what it is.
    """
    orders = (("20.00", "20.01"), ("20.01", "20.00"), ("5.00", "35.01"))
    before, after, far = (
        transform(_order(multi_order(order(items=_costing(costs))))) for costs in orders
    )
    if any(each.error is not None for each in (before, after, far)):
        return
    if not moved(before.submissions, far.submissions):
        return  # what lines cost is not carried, which another check looks at
    if not moved(before.submissions, after.submissions) and _notes(before) == _notes(after):
        yield (
            "no place and no note tells whether a line of 3 costs 20.00 or 20.01; the price of one "
            "unit is rounded"
        )


def _costing(costs: Sequence[str]) -> list[Plain]:
    return [
        {**item(number, quantity=3), "price": None, "subtotal_price": cost}
        for number, cost in enumerate(costs, 1)
    ]


def _notes(made: Transformed) -> list[tuple[str, ...]]:
    return [each.notes for each in made.submissions]


def indifferent(transform: Transform) -> Iterator[str]:
    """Find what another order has other than this one, and the fingerprint does not tell."""
    for bought, others, always in (
        (_of_one_line(), _others_of_one_line(), True),
        (_bought(), _others(), False),
    ):
        before = transform(_order(bought))
        for name, data in others:
            after = transform(_order(data))
            # What is beside the first line need not be carried; where it is, it has to be told.
            if not always and not moved(before.submissions, after.submissions):
                continue
            for one, other in zip(before.submissions, after.submissions, strict=False):
                if one.fingerprint == other.fingerprint:
                    yield f"the fingerprint is the same when the {name} is another one"


def _of_one_line(**changes: Any) -> Plain:
    return multi_order(order(items=[item(1, **{"quantity": 2, **changes})]))


def _others_of_one_line() -> Iterator[tuple[str, Plain]]:
    yield "quantity of a line", _of_one_line(quantity=3)
    yield "price of a line", _of_one_line(price="11.00")
    yield "sku of a line", _of_one_line(sku="SKU-9")


def _bought(second: Plain | None = None, **changes: Any) -> Plain:
    """Return an order of two lines that is paid in two parts."""
    lines = [item(1, quantity=2), second or item(2, price="7.00")]
    made = order(items=lines, **{"discount": "1.00", **changes})
    parts = [payment("4.00"), payment(Decimal(made["price"]) - 4, id="pay-2", external_id="ch-2")]
    return multi_order(made, payments=parts)


def _others() -> Iterator[tuple[str, Plain]]:
    """Yield orders that differ from that one in one thing, by what it is."""
    yield "quantity of the second line", _bought(item(2, price="7.00", quantity=2))
    yield "price of the second line", _bought(item(2, price="8.00"))
    yield "sku of the second line", _bought(item(2, price="7.00", sku="SKU-9"))
    for field, value in (("address1", "9 Mill Lane"), ("city", "Perth"), ("postal_code", "6000")):
        yield (
            f"{field} of the shipping address",
            _bought(shipping_address=address(**{field: value})),
        )
    yield "discount", _bought(discount="2.00")
    yield "price of shipping", _bought(shipping="6.00")
    otherwise = _bought()
    last = {**otherwise["payments"][1], "amount": "26.00"}
    yield "amount of a payment", {**otherwise, "payments": [payment("5.00"), last]}


def _order(data: Plain) -> MultiOrder:
    return Case(name="", data=data).order()
