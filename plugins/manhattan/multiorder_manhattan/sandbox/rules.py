"""The rules of an order as a whole, checked upon what would be held after a save.

The package's docstring says of each rule how well it is known.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from multiorder_manhattan.sandbox.charges import charge_problems
from multiorder_manhattan.sandbox.payments import payment_problems
from multiorder_manhattan.sandbox.refusal import Problem
from multiorder_manhattan.sandbox.schema import Entity, Schema
from multiorder_manhattan.sandbox.totals import (
    Node,
    code,
    line_totals,
    order_totals,
    payment_methods,
)

_MOST_LINES: Final[Mapping[str, int]] = MappingProxyType(
    {"CustomerOrder": 250, "RetailOrder": 5000}
)
_FLAGS: Final = ("IsAlreadyPriced", "IsAlreadyCharged", "IsAlreadyTaxed")
_TO_A_LOCATION: Final = frozenset({"PickUpAtStore", "ShipToStore"})
_NOT_IN_AN_ID: Final = re.compile(r"[#+?/]")


def imports(actions: Node) -> bool:
    """Tell whether a save is an import of history; both spellings are documented."""
    return bool(actions.get("IsImport") or actions.get("IsImported"))


def order_problems(
    schema: Schema, order: Node, *, sent: Node, actions: Node, new: bool
) -> list[Problem]:
    """Return all that is wrong with an order.

    Args:
        schema: The entities.
        order: What would be held.
        sent: What was sent for it, without its actions.
        actions: Its `OrderActions`.
        new: Whether it is created.
    """
    missing = list(_missing(schema, schema.order, order, ""))
    if missing:
        return missing  # the other rules take for granted what is required
    problems = [*_header_problems(order), *_line_problems(order)]
    problems += charge_problems(order)
    problems += payment_problems(order, imported=imports(actions))
    problems += _total_problems(order, sent)
    if new:
        problems += _new_problems(order, actions)
    return problems


def _missing(schema: Schema, entity: Entity, node: Node, path: str) -> Iterator[Problem]:
    for name, field in entity.fields.items():
        child, value = schema.entity(field), node.get(name)
        where = f"{path}.{name}" if path else name
        if name in entity.required and _is_nothing(value):
            yield Problem(name, f"{where} is required.")
        elif child and value is not None:
            entries = [(where, value)]
            if field.many:
                entries = [(f"{where}[{index}]", entry) for index, entry in enumerate(value)]
            for place, entry in entries:
                yield from _missing(schema, child, entry, place)


def _is_nothing(value: Any) -> bool:
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def _header_problems(order: Node) -> Iterator[Problem]:
    order_id = order["OrderId"]
    if _NOT_IN_AN_ID.search(order_id):
        yield Problem("OrderId", f"OrderId {order_id} must hold none of # + ? and /.")
    kind = code(order, "DocType") or ""
    most, lines = _MOST_LINES.get(kind), order["OrderLine"]
    if most is not None and len(lines) > most:
        yield Problem("OrderLine", f"OrderLine: a {kind} has at most {most} lines.")


def _line_problems(order: Node) -> Iterator[Problem]:
    for index, line in enumerate(order["OrderLine"]):
        where = f"OrderLine[{index}]"
        quantity: Decimal = line["Quantity"]
        if quantity <= 0:
            yield Problem("Quantity", f"{where}.Quantity must be more than 0.")
        if quantity != round(quantity, 4):
            yield Problem("Quantity", f"{where}.Quantity must have at most 4 decimals.")
        for name in ("UnitPrice", "OriginalUnitPrice"):
            if (line.get(name) or 0) < 0:
                yield Problem(name, f"{where}.{name} must not be negative.")
        yield from _delivery_problems(line, where)


def _delivery_problems(line: Node, where: str) -> Iterator[Problem]:
    method = code(line, "DeliveryMethod")
    if method == "ShipToAddress":
        needed: tuple[str, ...] = ("ShipToAddress", "ShippingMethodId")
    elif method in _TO_A_LOCATION:
        needed = ("ShipToLocationId",)
    else:
        needed = ()
    for name in needed:
        if _is_nothing(line.get(name)):
            yield Problem(name, f"{where}.{name} is required where the delivery is {method}.")


def _total_problems(order: Node, sent: Node) -> Iterator[Problem]:
    """Compare the totals that were sent with what the order comes to."""
    yield from _differing("", sent, order_totals(order).of_order())
    lines = {line["OrderLineId"]: line for line in order["OrderLine"]}
    for index, line in enumerate(sent.get("OrderLine") or ()):
        computed = line_totals(lines[line["OrderLineId"]]).of_line()
        yield from _differing(f"OrderLine[{index}].", line, computed)


def _differing(path: str, sent: Node, computed: Mapping[str, Decimal]) -> Iterator[Problem]:
    for name, amount in computed.items():
        said = sent.get(name)
        if said is not None and said != amount:
            yield Problem(name, f"{path}{name} is {said}, but it comes to {amount.normalize():f}.")


def _new_problems(order: Node, actions: Node) -> Iterator[Problem]:
    if payment_methods(order):
        for name in _FLAGS:
            if actions.get(name) is not True:
                yield Problem(
                    name,
                    f"OrderActions.{name} must be true: an order that is paid for must not be "
                    "calculated anew.",
                )
    if actions.get("IsAlreadyPriced"):
        for index, line in enumerate(order["OrderLine"]):
            if line.get("UnitPrice") is None:
                yield Problem(
                    "UnitPrice", f"OrderLine[{index}].UnitPrice is required where IsAlreadyPriced."
                )
