"""The connector: looks up or creates the customer, creates the order, finds it again."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from multiorder_fluentcommerce import graphql
from multiorder_fluentcommerce.answers import (
    AlreadyExists,
    Data,
    NotFound,
    TokenNotRead,
    data_of,
    worded,
)
from multiorder_fluentcommerce.attributes import FINGERPRINT
from multiorder_fluentcommerce.not_carried import NOT_CARRIED
from multiorder_fluentcommerce.payload import Customer, OrderPayload, order_input, wire
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.transform import FluentTransform
from multiorder_sync import (
    API_VERSION,
    Call,
    Connector,
    Context,
    DuplicateGuard,
    MultiOrder,
    OmsMessage,
    OutboundClient,
    OutcomeUnknown,
    PasswordGrant,
    Receipt,
    RefTaken,
    Refused,
    Submission,
    TokenSource,
    Unavailable,
)

# Fluent answers 413 to more.
_MAX_BODY: Final = 2_000_000


class FluentConnector(Connector[FluentSettings, OrderPayload]):
    """Fluent Commerce (Fluent Order Management), by its GraphQL API."""

    name: ClassVar[str] = "fluentcommerce"
    api_version: ClassVar[int] = API_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = FluentSettings
    Payload: ClassVar[type[msgspec.Struct]] = OrderPayload
    not_carried: ClassVar[Mapping[str, str]] = NOT_CARRIED
    reserved: ClassVar[Mapping[str, str]] = {
        "ref": "is what the order is found by; the setting order_ref makes it",
        "retailer": "is what the order is found by; the setting retailer_id says it",
        "customer.retailer": "is the order's retailer",
        f"attributes.{FINGERPRINT}": "is what our order is known by",
    }
    destination: ClassVar[tuple[str, ...]] = ("base_url", "account", "retailer_id")
    # An order's ref is unique in Fluent: a second create is refused.
    duplicate_guard: ClassVar[DuplicateGuard] = DuplicateGuard.REFUSES

    def __init__(self, settings: FluentSettings, http: OutboundClient) -> None:
        self._settings = settings
        self._http = http
        self._transform = FluentTransform(settings)
        grant = PasswordGrant(
            url=f"{settings.root}/oauth/token",
            form={
                "scope": "api",
                "username": settings.username,
                "password": settings.password,
                "client_id": settings.client_id,
                "client_secret": settings.client_secret,
            },
            headers={"fluent.account": settings.account},
        )
        self._tokens = TokenSource(grant, http)
        self._encoder = msgspec.json.Encoder(decimal_format="number")

    def transform(self, order: MultiOrder, context: Context) -> Sequence[Submission[OrderPayload]]:
        """Turn a multi-order into `createOrder` inputs, one for each order or one for all."""
        return self._transform.submissions(order, context)

    async def submit(self, submission: Submission[OrderPayload]) -> Receipt:
        """Look up or create the customer, then create the order.

        A ref that is already taken by this very order means that it is there: a success.
        """
        payload = submission.payload
        customer_id = await self._customer_id(payload.customer)
        variables = {"input": order_input(payload, customer_id)}
        try:
            found = await self._ask("createOrder", graphql.CREATE_ORDER, variables, creates=True)
        except AlreadyExists as refusal:
            return await self._found_after(refusal, submission)
        order = found.value
        if not isinstance(order, dict) or order.get("ref") != submission.ref or not order.get("id"):
            raise OutcomeUnknown("Fluent answered without the order that it was to create.")
        return _receipt(order, created=True, warnings=found.warnings)

    async def find(self, submission: Submission[OrderPayload]) -> Receipt | None:
        """Look the order up by its ref, and make sure that it is ours.

        `orders(ref:)` would match wildcards; `order(ref:)` does not.
        """
        try:
            found = await self._ask("order", graphql.FIND_ORDER, {"ref": submission.ref})
        except NotFound:
            return None
        except Refused as refusal:
            # Refused is the look-up, which says nothing of the order.
            reason = f"Fluent refused to look the order up: {refusal}"
            raise Unavailable(reason, oms_errors=refusal.oms_errors) from refusal
        order = found.value
        if order is None:
            return None
        if not isinstance(order, dict) or order.get("ref") != submission.ref or not order.get("id"):
            raise Unavailable("Fluent answered a look-up by ref with something else.")
        if found.warnings:
            # What it left out may be what tells our order from another one.
            raise Unavailable(f"Fluent did not show the whole order: {worded(found.warnings[0])}")
        if not self._is_ours(order, submission):
            raise RefTaken(f"Fluent holds another order under the ref {submission.ref}.")
        return _receipt(order, created=False)

    async def check(self) -> None:
        """Get a token and ask Fluent who we are."""
        me = await self._ask("me", graphql.WHO_AM_I, {})
        if me.value is None:
            raise Refused("Fluent gave a token, but knows no user for it.")

    def _is_ours(self, order: Mapping[str, Any], submission: Submission[OrderPayload]) -> bool:
        retailer = order.get("retailer")
        retailer_id = str(retailer.get("id")) if isinstance(retailer, dict) else None
        fingerprints = [
            attribute.get("value")
            for attribute in order.get("attributes") or ()
            if isinstance(attribute, dict) and attribute.get("name") == FINGERPRINT
        ]
        ours = [submission.fingerprint]
        return retailer_id == self._settings.retailer_id and fingerprints == ours

    async def _found_after(
        self, refusal: AlreadyExists, submission: Submission[OrderPayload]
    ) -> Receipt:
        """Return our order, which Fluent said that it holds already."""
        try:
            receipt = await self.find(submission)
        except Unavailable as error:
            raise OutcomeUnknown(
                f"Fluent holds an order under our ref, and can't be asked which: {error}",
                oms_errors=refusal.oms_errors,
            ) from error
        if receipt is not None:
            return receipt
        if refusal.names_ref:
            reason = "Fluent says that it holds our ref already, and does not show the order."
            raise OutcomeUnknown(reason, oms_errors=refusal.oms_errors)
        raise refusal

    async def _customer_id(self, customer: Customer) -> str:
        """Return the id of the customer, who is created if Fluent does not have them."""
        found = await self._customer_by_ref(customer.username)
        if found is not None:
            return found
        try:
            created = await self._ask(
                "createCustomer", graphql.CREATE_CUSTOMER, {"input": wire(customer)}
            )
        except AlreadyExists:
            # Another call created them in between, or they exist under another user name.
            found = await self._customer_by_ref(customer.username)
            found = found or await self._customer_by_email(customer.primary_email)
            if found is None:
                raise
            return found
        return _id(created.value, "customer")

    async def _customer_by_ref(self, ref: str) -> str | None:
        # A customer's ref is the user name that they were created with.
        try:
            found = await self._ask("customer", graphql.FIND_CUSTOMER, {"ref": ref})
        except NotFound:
            return None
        return None if found.value is None else _id(found.value, "customer")

    async def _customer_by_email(self, email: str) -> str | None:
        found = await self._ask("customers", graphql.FIND_CUSTOMERS_BY_EMAIL, {"email": [email]})
        edges = found.value.get("edges") if isinstance(found.value, dict) else None
        for edge in edges or ():
            node = edge.get("node") if isinstance(edge, dict) else None
            # The filter knows wildcards; only the very address counts.
            if isinstance(node, dict) and str(node.get("primaryEmail")).lower() == email.lower():
                return _id(node, "customer")
        return None

    async def _ask(
        self,
        operation: str,
        document: str,
        variables: Mapping[str, Any],
        *,
        creates: bool = False,
    ) -> Data:
        """Run one GraphQL operation and return its one field; see `data_of` for the errors."""
        content = self._encoder.encode(
            {"operationName": operation, "query": document, "variables": variables}
        )
        if len(content) > _MAX_BODY:
            raise Refused(f"The order takes {len(content)} bytes; Fluent takes {_MAX_BODY}.")
        answer = await self._http.send(
            Call(
                operation=operation,
                method="POST",
                url=f"{self._settings.root}/graphql",
                creates=creates,
                headers={"content-type": "application/json"},
                content=content,
                tokens=self._tokens,
            )
        )
        try:
            return data_of(answer, operation)
        except TokenNotRead:
            self._tokens.drop(await self._tokens.token())
            raise


def _receipt(
    order: Mapping[str, Any], *, created: bool, warnings: Sequence[OmsMessage] = ()
) -> Receipt:
    status = order.get("status")
    return Receipt(
        oms_id=str(order["id"]),
        oms_ref=str(order["ref"]),
        status=None if status is None else str(status),
        created=created,
        warnings=tuple(worded(warning) for warning in warnings),
    )


def _id(node: Any, what: str) -> str:
    value = node.get("id") if isinstance(node, dict) else None
    if not value:
        raise Unavailable(f"Fluent answered without the id of the {what}.")
    return str(value)
