"""A strict stand-in of Manhattan Active Omni: its order interface, its upsert, its envelopes.

It is written from what is public of Manhattan alone and shares nothing with the connector, so that
an order it takes was not merely agreed upon between the two. `entities.toml` lists every field that
it takes. It calls no services: it holds what it is sent, and computes what that comes to.

Beside the calls of every sandbox there are these:

| call | does |
|---|---|
| `GET /_sandbox/orders` | lists each order: `OrderId` (as `id` too), `status`, `order` (what the saves made of it), `sent` (every save that took effect), `totals` |
| `POST /_sandbox/orders/{OrderId}/status` | moves an order on: `{"status": "3000"}` |
| `POST /_sandbox/messages` | has saves that succeed say something: `type` (INFO, WARNING, ERROR), `code`, `description`, `place` (`both`, `data`), `times` |
| `DELETE /_sandbox/messages` | has them say nothing |

Operations, where faults are set: `token`, `save`, `search`, `get`.

How well each rule is known: *confirmed* by Manhattan's own pages or by real messages; known from
*one customer*, so perhaps that tenant's; *inferred*; or *strict on purpose*, where Manhattan is
known or likely to take what is refused here, because to send it can hardly be meant. All that is
wrong with a save is named at once, each problem with the field's name as its code; that the code is
the field's name is confirmed, as are the words for a text that is too long. Every refusal is a 400
with its envelope; for the codes `10208` and `ord::…` that status is inferred.

| rule | code | standing |
|---|---|---|
| the body is one order, neither wrapped nor in a list | Order | confirmed |
| no unknown names | the name | strict on purpose: some are known to be ignored |
| nothing that is only given back (stamps, statuses) | the name | strict on purpose |
| texts are strings | the field | strict on purpose: one customer sends a number for a line's id |
| amounts are numbers or numeric strings | the field | confirmed |
| dates are ISO 8601 in UTC, `""` is null | the field | confirmed; that no other offset is taken: strict on purpose |
| rates are fractions from 0 to 1 | the field | confirmed |
| forms of currency, country, locale, expiry | the field | strict on purpose |
| reference objects `{"XxxId": …}`, no bare strings | the field | strict on purpose: samples have both |
| values out of the code sets | the `XxxId` | sets that Manhattan fixes: confirmed; the tenant's: strict on purpose |
| VasInstructions has at most 750 characters | the field | confirmed; no other length is public, none is checked |
| required fields | the field | inferred from the smallest samples |
| an OrderId without `# + ? /` | OrderId | strict on purpose: taken, but later steps fail |
| at most 250 lines (RetailOrder: 5000) | OrderLine | confirmed |
| at most 20 payment methods | PaymentMethod | confirmed |
| one payment header | Payment | confirmed |
| a key once in its list | the key | confirmed for lines, inferred for the rest |
| quantity more than 0 | Quantity | inferred |
| quantity with at most 4 decimals | Quantity | confirmed |
| prices, payments and their transactions not negative | the field | inferred |
| ShipToAddress: address and shipping method | the field | strict on purpose: saved on hold |
| PickUpAtStore, ShipToStore: ShipToLocationId | ShipToLocationId | inferred |
| Coupon, Promotion, Discount, Appeasement are negative | ChargeTotal, RequestedAmount | confirmed; that Appeasement is among them: inferred |
| other charges are positive | ChargeTotal, RequestedAmount | strict on purpose: one customer sends negative shipping |
| DiscountOn for discounts, and for nothing else | DiscountOn | confirmed |
| DiscountOn Charges: RelatedChargeType, and such a charge beside it | RelatedChargeType | inferred |
| a tax's TaxCode is that of a charge beside it (default: Shipping, Discount) | TaxCode | confirmed; that an item's tax has none, or its ItemTaxCode: inferred |
| one record for each tax, jurisdiction and group, in what is sent | …TaxDetail | confirmed |
| IsInformational on a tax just where IsTaxIncluded is on what is taxed | IsInformational | confirmed as their meaning; that one without the other is refused: strict on purpose |
| totals that are sent are what the order comes to | the field | strict on purpose |
| payments come to the order's total, in an import | Amount | confirmed |
| a payment's currency is the order's | CurrencyCode | inferred |
| AccountNumber is no card number | AccountNumber | strict on purpose |
| a Closed transaction: response and processed amount | the field | inferred |
| a new order with payment: IsAlreadyPriced, -Charged, -Taxed | the flag | confirmed as what must be sent; that it is refused otherwise: strict on purpose |
| IsAlreadyPriced: every line has a UnitPrice | UnitPrice | inferred |
| a VersionTimestamp is an integer, higher than the order's stamp | 10208 | confirmed; that an equal one is stale, and that a create needs an integer: inferred |
| no modification from status 3000 on, but by an import | ord::10007 | code, and the import's freedom, confirmed; the status is the tenant's |
| an order that is got exists | ord::10006 | code confirmed; status 400 or 404: a setting |
| a query: `=`, `>=`, `<`, `IN`, `and`, `or`, values in single quotes | Query | confirmed |
| no quote and no backslash in a value | Query | strict on purpose: how they are escaped is unknown |
| a template names what there is; templateName is `*` | Template, templateName | strict on purpose |
| no, unknown, expired or revoked bearer | 401 | confirmed; its envelope: one customer |
| organization headers and OrgId name the user's own, if it has one | 403, OrgId | inferred |
| token request: password grant, client by Basic, form body | 400, 401 | confirmed; the statuses of its refusals: inferred |
| JSON content type | 415 | confirmed as what must be sent; the status: inferred |

The upsert: absent attributes stay untouched, children are found by their keys (confirmed); a child
without its key is added each time (confirmed for one entity, inferred for the rest), and so is one
that has no key; a null takes a value away, an empty list touches nothing (inferred). An order without
an OrderId is given one (confirmed), and is therefore a new one each time.

Totals: what is informational does not count (confirmed); `TotalDiscounts` is negative, and
`TotalCharges` leaves it out (inferred).
"""

import time
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from multiorder_manhattan.sandbox.api import GET, SAVE, SEARCH, ManhattanApi
from multiorder_manhattan.sandbox.codes import tenant_codes
from multiorder_manhattan.sandbox.controls import Controls
from multiorder_manhattan.sandbox.messages import Messages
from multiorder_manhattan.sandbox.schema import load_schema
from multiorder_manhattan.sandbox.store import Store
from multiorder_manhattan.sandbox.tenant import TOKEN, Tenant, TokenApi
from multiorder_sync.sandbox import (
    Client,
    CreateCalls,
    Credentials,
    Faults,
    Sandbox,
    Tokens,
)

__all__ = ["DEMO_TENANT", "Tenant", "create_sandbox"]

DEMO_TENANT: Final = Tenant(
    credentials=Credentials(
        client=Client("sandbox-client", "sandbox-client-secret"),
        username="integration@sandbox",
        password="sandbox-password",  # noqa: S106 - guards nothing but the stand-in
    )
)
"""The tenant that the local demo's configuration names."""

_DEFAULT_CODES: Final[Mapping[str, Collection[str] | None]] = MappingProxyType({})


def create_sandbox(  # noqa: PLR0913 - what it plays, by keyword
    *,
    tenant: Tenant = DEMO_TENANT,
    codes: Mapping[str, Collection[str] | None] = _DEFAULT_CODES,
    merge_children: bool = True,
    accept_duplicate_ids: bool = False,
    token_lifetime: float = 3600,
    clock: Callable[[], float] = time.monotonic,
) -> Sandbox:
    """Return a new, empty sandbox.

    Args:
        tenant: The tenant that it plays.
        codes: Its code sets that differ from the default, by name, for instance
            `{"OrderTypeId": ["web"]}`; None in place of a set lets any value through.
        merge_children: Whether a save updates the children whose keys it names. If not, it adds
            them again, as it does those that it sends without a key.
        accept_duplicate_ids: Whether every save makes an order of its own, although its OrderId
            is in use.
        token_lifetime: How many seconds a token lives.
        clock: Gives the time in seconds that tokens live by.

    Raises:
        ValueError: If there is no code set of a name.
    """
    store = Store(
        load_schema(),
        tenant_codes(codes),
        organization=tenant.organization,
        merge_children=merge_children,
        accept_duplicates=accept_duplicate_ids,
    )
    tokens = Tokens(token_lifetime, clock=clock)
    faults = Faults([TOKEN, SAVE, SEARCH, GET], revoke_tokens=tokens.revoke_all)
    creates = CreateCalls()
    messages = Messages()
    token_api = TokenApi(tenant=tenant, tokens=tokens, faults=faults)
    api = ManhattanApi(
        tenant=tenant,
        store=store,
        tokens=tokens,
        faults=faults,
        creates=creates,
        messages=messages,
    )
    controls = Controls(store=store, messages=messages)
    return Sandbox(
        "manhattan",
        [*token_api.routes(), *api.routes(), *controls.routes()],
        faults=faults,
        tokens=tokens,
        holdings=store,
        creates=creates,
        port=8402,
    )
