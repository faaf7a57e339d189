"""The business rules of a create: of a customer, and of an order.

The package's docstring says of each rule whether it is documented. What the GraphQL types demand
was checked before: here every input has the fields, types and non-null values of the schema.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from graphql import GraphQLInputObjectType

from multiorder_fluentcommerce.sandbox.leaves import leaves_of
from multiorder_fluentcommerce.sandbox.refusal import Refusal
from multiorder_fluentcommerce.sandbox.values import check_values

Input = Mapping[str, Any]

_LARGEST_SCALE: Final = 18
"""Beyond any currency; it bounds the arithmetic."""


def check_customer(kind: GraphQLInputObjectType, customer: Input) -> None:
    """Check a customer by itself.

    Args:
        kind: The customer's input type.
        customer: The coerced input.

    Raises:
        Refusal: For the first rule that it breaks.
    """
    check_values(leaves_of(kind, customer))
    _check_attributes("", customer)


def check_order(kind: GraphQLInputObjectType, order: Input) -> None:
    """Check an order by itself.

    Args:
        kind: The order's input type.
        order: The coerced input.

    Raises:
        Refusal: For the first rule that it breaks.
    """
    check_values(leaves_of(kind, order))
    for path, holder in _holders(order):
        _check_attributes(path, holder)
    _check_choices(order)
    _check_items(order)
    for index, transaction in enumerate(_list(order, "financialTransactions")):
        _check_transaction(f"financialTransactions[{index}]", transaction)


def check_known(path: str, entity_id: str, known: Container[str]) -> None:
    """Check that an entity exists.

    Raises:
        Refusal: If it doesn't.
    """
    if entity_id not in known:
        raise Refusal("C0120E", f"{path}: there is no entity with the id {entity_id}.")


def choices_of(order: Input) -> Sequence[Input]:
    """Return an order's fulfilment choices, whether it names one or several."""
    single = order.get("fulfilmentChoice")
    return [single] if single is not None else _list(order, "fulfilmentChoices")


def _list(holder: Input, name: str) -> Sequence[Input]:
    entries: Sequence[Input] | None = holder.get(name)
    return entries or ()


def _holders(order: Input) -> Iterator[tuple[str, Input]]:
    """Yield everything in an order that can have attributes."""
    yield "", order
    if order.get("fulfilmentChoice") is not None:
        yield "fulfilmentChoice.", order["fulfilmentChoice"]
    for name in ("fulfilmentChoices", "items", "financialTransactions"):
        for index, entry in enumerate(_list(order, name)):
            yield f"{name}[{index}].", entry


def _check_attributes(path: str, holder: Input) -> None:
    names = [attribute["name"] for attribute in _list(holder, "attributes")]
    for name in _repeated(names):
        raise Refusal("C0160E", f"{path}attributes has more than one attribute {name}.")


def _repeated(texts: Iterable[str]) -> list[str]:
    return [text for text, count in Counter(texts).items() if count > 1]


def _check_choices(order: Input) -> None:
    single, several = order.get("fulfilmentChoice"), order.get("fulfilmentChoices")
    if single is not None and several is not None:
        raise Refusal("C0160E", "Only one of fulfilmentChoice and fulfilmentChoices can be given.")
    if single is not None:
        _check_choice("fulfilmentChoice", single, single.get("type") or order["type"])
    for index, choice in enumerate(several or ()):
        _check_choice(f"fulfilmentChoices[{index}]", choice, choice.get("type"))


def _check_choice(path: str, choice: Input, kind: str | None) -> None:
    if kind == "CC" and not choice.get("pickupLocationRef"):
        raise Refusal("C0160E", f"{path}: click and collect needs a pickupLocationRef.")
    if kind == "HD" and choice.get("deliveryAddress") is None:
        raise Refusal("C0160E", f"{path}: home delivery needs a deliveryAddress.")


def _check_items(order: Input) -> None:
    if not order["items"]:
        raise Refusal("C0160E", "An order needs at least one item.")
    refs = [choice.get("ref") for choice in choices_of(order)]
    if len(refs) > 1 and len(set(refs)) != len(refs):
        raise Refusal("C0160E", "Two fulfilmentChoices have the same ref, or none.")
    for index, item in enumerate(order["items"]):
        if item["quantity"] < 1:
            raise Refusal("C0160E", f"items[{index}].quantity must be at least 1.")
        ref = item.get("fulfilmentChoiceRef")
        if ref is None and len(refs) > 1:
            raise Refusal(
                "C0160E", f"items[{index}] must say by fulfilmentChoiceRef which choice is its."
            )
        if ref is not None and ref not in refs:
            raise Refusal(
                "C0120E", f"items[{index}].fulfilmentChoiceRef: no choice has the ref {ref}."
            )


def _check_transaction(path: str, transaction: Input) -> None:
    scale, unscaled = transaction.get("scale"), transaction.get("unscaledValue")
    if (scale is None) != (unscaled is None):
        raise Refusal("C0160E", f"{path}: scale and unscaledValue are given together or not.")
    if scale is None or unscaled is None:
        return
    exact = Decimal(unscaled).scaleb(-scale) if scale <= _LARGEST_SCALE else None
    if exact != Decimal(repr(transaction["amount"])):
        raise Refusal("C0160E", f"{path}: amount is not unscaledValue at that scale.")
