"""Entities as the API gives them back: the shape of the schema's output types."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from multiorder_fluentcommerce.sandbox.pages import connection
from multiorder_fluentcommerce.sandbox.rules import choices_of
from multiorder_fluentcommerce.sandbox.store import Entity

View = dict[str, Any]


def retailer_view(retailer_id: str) -> View:
    """Return a retailer. Of it the sandbox knows the id only, and makes up the rest."""
    return {"id": retailer_id, "ref": f"RETAILER_{retailer_id}", "status": "ACTIVE"}


def customer_view(customer: Entity) -> View:
    """Return a customer; its `ref` is its `username`, as in Fluent."""
    return {
        **customer.input,
        **_stamps(customer),
        "ref": customer.input["username"],
        "retailer": retailer_view(customer.input["retailer"]["id"]),
    }


def order_view(order: Entity, customer: Entity) -> View:
    """Return an order with all that belongs to it."""
    data = order.input
    choices = [
        _choice_view(order, choice, number) for number, choice in enumerate(choices_of(data), 1)
    ]
    items = [_item_view(order, item, number, choices) for number, item in _numbered(data, "items")]
    transactions = [
        _transaction_view(order, transaction, number)
        for number, transaction in _numbered(data, "financialTransactions")
    ]
    billing = data.get("billingAddress")
    return {
        **data,
        **_stamps(order),
        **_workflow("ORDER", data["type"]),
        "retailer": retailer_view(data["retailer"]["id"]),
        "customer": customer_view(customer),
        "fulfilmentChoice": choices[0] if data.get("fulfilmentChoice") is not None else None,
        "fulfilmentChoices": _paged(choices),
        "items": _paged(items),
        "financialTransactions": _paged(transactions),
        "billingAddress": billing and {**billing, "id": _part_id(order, "B", 1)},
    }


def _choice_view(order: Entity, choice: Mapping[str, Any], number: int) -> View:
    kind = choice.get("type") or order.input["type"]
    address = choice.get("deliveryAddress")
    return {
        **choice,
        **_stamps(order),
        **_workflow("FULFILMENT_CHOICE", kind),
        "id": _part_id(order, "C", number),
        "type": kind,
        "deliveryAddress": address
        and {**address, "id": _part_id(order, "A", number), "__typename": "CustomerAddress"},
    }


def _item_view(
    order: Entity, item: Mapping[str, Any], number: int, choices: Sequence[View]
) -> View:
    ref = item.get("fulfilmentChoiceRef")
    product = item["productRef"]
    return {
        **item,
        **_stamps(order),
        "id": _part_id(order, "I", number),
        "fulfilmentChoice": next((one for one in choices if ref and one.get("ref") == ref), None),
        # The sandbox has no catalogue: every product exists and is called by its ref.
        "product": {"id": product, "ref": product, "name": product, "__typename": "VariantProduct"},
    }


def _transaction_view(order: Entity, transaction: Mapping[str, Any], number: int) -> View:
    return {
        **transaction,
        **_stamps(order),
        **_workflow("FINANCIAL_TRANSACTION", transaction["type"]),
        "id": _part_id(order, "T", number),
        "total": transaction["amount"],
        "paymentProviderName": transaction.get("paymentProvider"),
    }


def _stamps(entity: Entity) -> View:
    return {
        "id": entity.id,
        "status": entity.status,
        "createdOn": entity.created_on,
        "updatedOn": entity.created_on,
    }


def _workflow(entity: str, kind: str) -> View:
    return {"workflowRef": f"{entity}::{kind}", "workflowVersion": 1}


def _numbered(data: Mapping[str, Any], name: str) -> enumerate[Mapping[str, Any]]:
    return enumerate(data.get(name) or (), 1)


def _part_id(order: Entity, letter: str, number: int) -> str:
    return f"{order.id}{letter}{number}"


def _paged(nodes: Sequence[View]) -> Callable[..., View]:
    def resolve(_: object, **arguments: Any) -> View:
        return connection(nodes, arguments, keys=lambda node: node, view=lambda node: node)

    return resolve
