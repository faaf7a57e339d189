"""The connector: saves the order once, and finds it again."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from multiorder_manhattan.answers import NoSuchOrder, Saved, Stands, result_of
from multiorder_manhattan.attributes import FINGERPRINT
from multiorder_manhattan.messages import worded
from multiorder_manhattan.not_carried import NOT_CARRIED
from multiorder_manhattan.payload import OrderPayload, wire
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_manhattan.transform import ManhattanTransform
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

_SAVE: Final = "/order/api/order/order/save"
_SEARCH: Final = "/order/api/order/order/search"


class ManhattanConnector(Connector[ManhattanSettings, OrderPayload]):
    """Manhattan Active Omni, by its order interface."""

    name: ClassVar[str] = "manhattan"
    api_version: ClassVar[int] = API_VERSION
    Settings: ClassVar[type[msgspec.Struct]] = ManhattanSettings
    Payload: ClassVar[type[msgspec.Struct]] = OrderPayload
    not_carried: ClassVar[Mapping[str, str]] = NOT_CARRIED
    reserved: ClassVar[Mapping[str, str]] = {
        "OrderId": "is what the order is found by; the setting order_ref makes it",
        "OrderActions": "keeps the figures as they were paid, and a second create from happening",
        f"OrderAttribute.{FINGERPRINT}": "is what our order is known by",
    }
    destination: ClassVar[tuple[str, ...]] = ("base_url", "organization")
    # A save is an upsert by ids, all of which are stable: a second one changes nothing.
    duplicate_guard: ClassVar[DuplicateGuard] = DuplicateGuard.MERGES

    def __init__(self, settings: ManhattanSettings, http: OutboundClient) -> None:
        self._settings = settings
        self._http = http
        self._transform = ManhattanTransform(settings)
        grant = PasswordGrant(
            url=settings.token_endpoint,
            form={"username": settings.username, "password": settings.password},
            headers=settings.extra_headers,
            basic=(settings.client_id, settings.client_secret),
        )
        self._tokens = TokenSource(grant, http)
        self._encoder = msgspec.json.Encoder(decimal_format="number")

    def transform(self, order: MultiOrder, context: Context) -> Sequence[Submission[OrderPayload]]:
        """Turn a multi-order into orders for `order/save`, one for each order or one for all."""
        return self._transform.submissions(order, context)

    async def submit(self, submission: Submission[OrderPayload]) -> Receipt:
        """Save the order.

        A save that is refused because an order stands there already means, if it is ours, that
        it is there: a success.
        """
        try:
            saved = await self._call("save", _SAVE, wire(submission.payload), creates=True)
        except Stands as refusal:
            return await self._found_after(refusal, submission)
        order = saved.data
        if not isinstance(order, dict) or order.get("OrderId") != submission.ref:
            raise OutcomeUnknown("Manhattan answered without the order that it was to save.")
        return _receipt(submission, created=True, warnings=saved.warnings)

    async def find(self, submission: Submission[OrderPayload]) -> Receipt | None:
        """Search for the order by its id, and make sure that it is ours.

        An empty result is unambiguous, unlike what a read of an unknown id answers.
        """
        query = {
            "Query": f"OrderId = '{_escaped(submission.ref)}'",
            "Template": {
                "OrderId": None,
                "OrderAttribute": {"AttributeName": None, "AttributeValue": None},
            },
            "Size": 2,
            "Page": 0,
        }
        try:
            found = await self._call("search", _SEARCH, query)
        except NoSuchOrder:
            return None
        except Refused as refusal:
            # Refused is the search, which says nothing of the order.
            reason = f"Manhattan refused to look the order up: {refusal}"
            raise Unavailable(reason, oms_errors=refusal.oms_errors) from refusal
        orders = _orders(found)
        if not orders:
            return None
        if not all(
            isinstance(order, dict) and order.get("OrderId") == submission.ref for order in orders
        ):
            raise Unavailable("Manhattan answered a search with something else than the order.")
        if not all(_is_ours(order, submission) for order in orders):
            raise RefTaken(f"Manhattan holds another order under the id {submission.ref}.")
        return _receipt(submission, created=False)

    async def check(self) -> None:
        """Get a token, and search for an order that can't be."""
        await self._call("search", _SEARCH, {"Query": "OrderId = '-'", "Size": 1, "Page": 0})

    async def _found_after(self, refusal: Stands, submission: Submission[OrderPayload]) -> Receipt:
        try:
            receipt = await self.find(submission)
        except Unavailable as error:
            raise OutcomeUnknown(
                f"Manhattan holds an order under our id, and can't be asked which: {error}",
                oms_errors=refusal.oms_errors,
            ) from error
        if receipt is None:
            reason = "Manhattan says that it holds our id already, and does not show the order."
            raise OutcomeUnknown(reason, oms_errors=refusal.oms_errors)
        return receipt

    async def _call(
        self, operation: str, path: str, body: Mapping[str, Any], *, creates: bool = False
    ) -> Saved:
        answer = await self._http.send(
            Call(
                operation=operation,
                method="POST",
                url=f"{self._settings.root}{path}",
                creates=creates,
                headers={**self._settings.headers, "content-type": "application/json"},
                content=self._encoder.encode(body),
                tokens=self._tokens,
            )
        )
        return result_of(answer)


def _escaped(ref: str) -> str:
    # The transform admits no quote into an id; this holds for a ref that was frozen otherwise.
    return ref.replace("'", "''")


def _orders(found: Saved) -> list[Any]:
    if isinstance(found.data, list):
        return found.data
    # Only an empty list is known for an empty result; with the count beside it, null is as clear.
    if found.data is None and found.found == "0":
        return []
    raise Unavailable("Manhattan answered a search without a list of orders.")


def _is_ours(order: Mapping[str, Any], submission: Submission[OrderPayload]) -> bool:
    """Tell an order by its fingerprint; a save that was repeated may have left it twice."""
    attributes = order.get("OrderAttribute")
    found = [
        attribute.get("AttributeValue")
        for attribute in (attributes if isinstance(attributes, list) else ())
        if isinstance(attribute, dict) and attribute.get("AttributeName") == FINGERPRINT
    ]
    return bool(found) and all(value == submission.fingerprint for value in found)


def _receipt(
    submission: Submission[OrderPayload], *, created: bool, warnings: Sequence[OmsMessage] = ()
) -> Receipt:
    # An order's id in Manhattan is the one that we give it.
    return Receipt(
        oms_id=submission.ref,
        oms_ref=submission.ref,
        created=created,
        warnings=tuple(worded(warning) for warning in warnings),
    )
