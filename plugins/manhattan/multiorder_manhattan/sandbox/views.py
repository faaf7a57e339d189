"""Orders as Manhattan gives them back: what is held, and what it adds of its own."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from multiorder_manhattan.sandbox.refusal import invalid
from multiorder_manhattan.sandbox.schema import Entity, Schema
from multiorder_manhattan.sandbox.store import Held
from multiorder_manhattan.sandbox.totals import (
    line_totals,
    order_totals,
    payment_methods,
    processed_total,
)

View = dict[str, Any]

_ORDER_NAMES: Final = frozenset(order_totals({}).of_order())
_LINE_NAMES: Final = frozenset(line_totals({}).of_line())
_NAMES: Final = {"Order": _ORDER_NAMES, "OrderLine": _LINE_NAMES}


def order_view(held: Held, user: str) -> View:
    """Return an order with its computed totals, its statuses and its stamps."""
    order = held.order
    return {
        **order,
        **order_totals(order).of_order(),
        **_statuses(held.status),
        "OrderLine": [_line_view(line, held.status) for line in order["OrderLine"]],
        "PaymentStatus": {"StatusId": _payment_status(order)},
        "ConfirmedDate": held.created if order.get("IsConfirmed") else None,
        "VersionTimestamp": held.version,
        "OrderToken": f"sandbox-token-{held.number}",
        "CreatedBy": user,
        "CreatedTimestamp": held.created,
        "UpdatedBy": user,
        "UpdatedTimestamp": held.updated,
    }


def check_template(schema: Schema, entity: Entity, template: Any) -> None:
    """Check that a template names what there is: fields with null, or with a template below.

    Raises:
        Invalid: If it does not.
    """
    if not isinstance(template, dict):
        raise invalid("Template", f"The template of {entity.name} must be an object.")
    for name, below in template.items():
        field = entity.fields.get(name)
        if field is None and not is_given_back(entity, name):
            raise invalid("Template", f"Template: {entity.name} has no {name}.")
        child = schema.entity(field) if field else None
        if below is not None and child is None:
            raise invalid("Template", f"Template: {name} must be null.")
        if below is not None and child is not None:
            check_template(schema, child, below)


def is_given_back(entity: Entity, name: str) -> bool:
    """Tell whether a name is one that Manhattan gives back without ever taking it."""
    return name in entity.output or name in _NAMES.get(entity.name, ())


def selected(view: Any, template: Mapping[str, Any] | None) -> Any:
    """Return what a template asks for; what is absent is given as null."""
    if template is None or view is None:
        return view
    if isinstance(view, list):
        return [selected(entry, template) for entry in view]
    return {name: selected(view.get(name), below) for name, below in template.items()}


def _line_view(line: Mapping[str, Any], status: str) -> View:
    view = {**line, **line_totals(line).of_line(), **_statuses(status)}
    place = line.get("ShipToAddress")
    if place:
        content = msgspec.json.encode(place.get("Address"), order="sorted")
        # Manhattan computes the id from the content as well; how, is not known.
        computed = hashlib.sha256(content).hexdigest()[:32]
        view["ShipToAddress"] = {**place, "AddressId": place.get("AddressId") or computed}
    return view


def _statuses(status: str) -> View:
    return {name: {"StatusId": status} for name in ("MaxFulfillmentStatus", "MinFulfillmentStatus")}


def _payment_status(order: Mapping[str, Any]) -> str:
    """Return how far the payment has come; the codes are documented, the way there is inferred."""
    total = order_totals(order).total
    settled = processed_total(order, ["Settlement"])
    if not payment_methods(order):
        return "1000.000"
    if settled >= total:
        return "5000.000"
    if settled + processed_total(order, ["Authorization"]) >= total:
        return "3000.000"
    return "2000.000"
