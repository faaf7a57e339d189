"""A strict stand-in of Fluent Commerce: its GraphQL types, its rules, its ways of refusing.

It is written from Fluent's schema and documentation alone and shares nothing with the connector,
so that an order it takes was not merely agreed upon between the two. GraphQL's own coercion holds
without leniency: a string is no Float, an unknown field is an error, and so is a missing non-null
one. `GET /_sandbox/orders` and `GET /_sandbox/customers` list what it took, each input with `id`,
`status` and `createdOn`; the status never changes, since the sandbox runs no workflow.

Where a rule comes from: *documented* by Fluent; a *workflow* rule, which Fluent documents as the
business of the account's workflow; or *inferred* by this sandbox, because a payload that breaks it
can hardly be meant. Codes of inferred rules are inferred as well.

| rule | code | from |
|---|---|---|
| input is given | C0140E | documented |
| retailer and customer exist | C0120E | documented |
| order ref is unique | C0121E | documented; that its scope is the account is inferred |
| customer username and primaryEmail are unique | C0123E | inferred for both; the code's use too |
| text within its limit: as listed, else 255 | C0141E | documented; the code only in the SDK |
| no negative quantity, price, total, tax, scale, amount | C0122E | documented for quantities |
| dates are ISO 8601 in UTC (`Z`, `+00:00`, or no zone) | C0100E | documented |
| pickupLocationRef where the choice is CC | C0160E | workflow |
| deliveryAddress where the choice is HD | C0160E | workflow |
| quantity at least 1; at least one item | C0160E | inferred |
| only one of fulfilmentChoice, fulfilmentChoices | C0160E | inferred |
| several choices have distinct refs, and each item names one | C0160E | documented for mixed baskets |
| a fulfilmentChoiceRef names a choice of the order | C0120E | inferred |
| amount = unscaledValue / 10^scale; both given or neither | C0160E | documented as their meaning |
| cardType and taxType among the listed values | C0160E | documented as the possible values |
| attribute names are unique in their list | C0160E | inferred: Fluent lets a later one overwrite |
| required texts are not blank; lists hold no null | C0160E | inferred |
| body of at most 2 MB | 413 | documented |
| token request: form body only, header fluent.account, scope api | 400 | inferred in its strictness |
| wrong credentials | 400 | documented |
| no, unknown, expired or revoked bearer | 401 | documented |
| JSON content type; a body that is a GraphQL request | 415, 400 | inferred |

A choice is CC or HD by its own `type`, or, where it is the order's one `fulfilmentChoice` without
a type, by the order's. Every other type is a free text. Of several broken rules the first is named.
"""

import time
from collections.abc import Callable
from typing import Final

from multiorder_fluentcommerce.sandbox.api import TOKEN, Account, FluentApi
from multiorder_fluentcommerce.sandbox.refusal import ErrorStyle
from multiorder_fluentcommerce.sandbox.schema import OPERATIONS, Root, load_schema
from multiorder_fluentcommerce.sandbox.store import Store
from multiorder_sync.sandbox import (
    Client,
    CreateCalls,
    Credentials,
    Faults,
    Sandbox,
    Tokens,
)

__all__ = ["DEMO_ACCOUNT", "Account", "ErrorStyle", "create_sandbox"]

DEMO_ACCOUNT: Final = Account(
    name="SANDBOX",
    credentials=Credentials(
        client=Client("SANDBOX", "sandbox-client-secret"),
        username="integration",
        password="sandbox-password",  # noqa: S106 - guards nothing but the stand-in
    ),
    retailer_id="1",
)
"""The account that the local demo's configuration names."""


def create_sandbox(
    *,
    account: Account = DEMO_ACCOUNT,
    token_lifetime: float = 3600,
    error_style: ErrorStyle = "top",
    accept_duplicate_refs: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Sandbox:
    """Return a new, empty sandbox.

    Args:
        account: The account that it plays.
        token_lifetime: How many seconds a token lives.
        error_style: Where a business error carries its code: `"top"`, `"extensions"`, `"message"`.
        accept_duplicate_refs: Whether it takes an order whose ref is in use.
        clock: Gives the time in seconds that tokens live by.
    """
    store = Store([account.retailer_id], accept_duplicates=accept_duplicate_refs)
    tokens = Tokens(token_lifetime, clock=clock)
    faults = Faults([*OPERATIONS, TOKEN], revoke_tokens=tokens.revoke_all)
    creates = CreateCalls()
    api = FluentApi(
        account=account,
        root=Root(
            schema=load_schema(),
            store=store,
            username=account.credentials.username,
            retailer_id=account.retailer_id,
        ),
        tokens=tokens,
        faults=faults,
        creates=creates,
        error_style=error_style,
    )
    return Sandbox(
        "fluentcommerce",
        api.routes(),
        faults=faults,
        tokens=tokens,
        holdings=store,
        creates=creates,
        port=8401,
    )
