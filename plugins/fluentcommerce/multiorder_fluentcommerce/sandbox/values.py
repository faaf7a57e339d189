"""The rules that a single value keeps, whatever stands beside it."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from multiorder_fluentcommerce.sandbox.leaves import Leaf
from multiorder_fluentcommerce.sandbox.refusal import Refusal

_OTHERWISE: Final = 255
_LIMITS: Final[Mapping[tuple[str, str], int]] = {
    ("CreateCustomerInput", "username"): 250,
    ("CreateCustomerInput", "primaryEmail"): 250,
    ("CreateCustomerInput", "timezone"): 32,
    ("CreateCustomerInput", "title"): 50,
    ("CreateCustomerInput", "firstName"): 50,
    ("CreateCustomerInput", "lastName"): 50,
    ("CreateCustomerInput", "country"): 100,
    ("CreateCustomerInput", "primaryPhone"): 20,
    ("CreateCustomerAddressInput", "state"): 200,
    ("CreateCustomerAddressInput", "postcode"): 100,
    ("CreateCustomerAddressInput", "region"): 250,
    ("CreateCustomerAddressInput", "country"): 100,
    ("CreateCustomerAddressInput", "timeZone"): 32,
    ("CreateFulfilmentChoiceWithOrderInput", "currency"): 3,
    ("CreateFulfilmentChoiceWithOrderInput", "deliveryInstruction"): 250,
    ("CreateOrderItemWithOrderInput", "currency"): 3,
    ("CreateFinancialTransactionWithOrderInput", "currency"): 3,
    ("CreateFinancialTransactionWithOrderInput", "type"): 25,
}
"""The longest text of a field, in characters; any other field has the general limit."""

_LISTED: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("CreateOrderItemWithOrderInput", "taxType"): frozenset({"GST", "VAT", "EXCLTAX"}),
    ("CreateFinancialTransactionWithOrderInput", "cardType"): frozenset(
        {
            "AMEX",
            "DINERS",
            "DISCOVER",
            "INTERAC",
            "JCB",
            "MAESTRO",
            "MASTERCARD",
            "SPAN",
            "UNIONPAY",
            "VISA",
        }
    ),
}
"""The values of a field that Fluent documents as the possible ones."""

_MAY_BE_NEGATIVE: Final = frozenset({"latitude", "longitude"})

_UTC: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|\+00:00)?"
)


def check_values(leaves: Iterable[Leaf]) -> None:
    """Check every value of an input by itself.

    Raises:
        Refusal: For the first one that breaks a rule.
    """
    for leaf in leaves:
        match leaf.value:
            case None:
                raise Refusal("C0160E", f"{leaf.path} is null, which a list can't hold.")
            case str() if leaf.type == "DateTime":
                _check_date(leaf, leaf.value)
            case str() if leaf.type == "String":
                _check_text(leaf, leaf.value)
            case int() | float() if leaf.type in {"Int", "Float"}:
                if leaf.value < 0 and leaf.field not in _MAY_BE_NEGATIVE:
                    raise Refusal("C0122E", f"{leaf.path} must not be negative.")
            case _:
                pass


def _check_text(leaf: Leaf, text: str) -> None:
    limit = _LIMITS.get((leaf.owner, leaf.field), _OTHERWISE)
    if len(text) > limit:
        raise Refusal(
            "C0141E", f"{leaf.path} has {len(text)} characters; the most it can have is {limit}."
        )
    if leaf.required and not text.strip():
        raise Refusal("C0160E", f"{leaf.path} must not be blank.")
    listed = _LISTED.get((leaf.owner, leaf.field))
    if listed is not None and text not in listed:
        raise Refusal("C0160E", f"{leaf.path} must be one of {', '.join(sorted(listed))}.")


def _check_date(leaf: Leaf, text: str) -> None:
    try:
        if not _UTC.fullmatch(text):
            raise ValueError(text)
        datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("C0100E", f"{leaf.path} is no valid date and time in UTC.") from None
