"""The connector: creates an order in ShipStation, and finds it again."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import msgspec
from multiorder_sync import (
    Answer,
    Call,
    Connector,
    Context,
    DuplicateGuard,
    MultiOrder,
    OutboundClient,
    Receipt,
    RefTaken,
    Secret,
    Submission,
    Unavailable,
)

from multiorder_shipstation.answers import order_id, status, understood
from multiorder_shipstation.not_carried import NOT_CARRIED
from multiorder_shipstation.payload import OrderPayload
from multiorder_shipstation.settings import ShipStationSettings
from multiorder_shipstation.transform import Transform

# ShipStation's largest page, and how many of them a look-up is worth.
_PAGE_SIZE: Final = 500
_MOST_PAGES: Final = 10


class ShipStationConnector(Connector[ShipStationSettings, OrderPayload]):
    """ShipStation, by its V1 REST API.

    A create under an `orderKey` that ShipStation holds is an update of that order. So it is core's
    look-up beforehand that keeps another's order under our key from being written to.
    """

    name: ClassVar[str] = "shipstation"
    # The version of the contract that this was written for, not the one that is installed.
    api_version: ClassVar[int] = 1
    Settings: ClassVar[type[msgspec.Struct]] = ShipStationSettings
    Payload: ClassVar[type[msgspec.Struct]] = OrderPayload
    not_carried: ClassVar[Mapping[str, str]] = NOT_CARRIED
    reserved: ClassVar[Mapping[str, str]] = {
        "orderKey": "is what the order is known by; the setting order_ref makes it",
        "orderNumber": "is what the order is looked up by; the setting order_ref makes it",
        "advancedOptions.customField3": "holds the fingerprint that our order is told by",
    }
    duplicate_guard: ClassVar[DuplicateGuard] = DuplicateGuard.MERGES

    def __init__(self, settings: ShipStationSettings, http: OutboundClient) -> None:
        self._settings = settings
        self._http = http
        self._transform = Transform(settings)
        pair = f"{settings.api_key.reveal()}:{settings.api_secret.reveal()}"
        self._authorization = Secret(f"Basic {b64encode(pair.encode()).decode()}")
        # Money stays Decimal until here, and becomes a JSON number digit by digit.
        self._encoder = msgspec.json.Encoder(decimal_format="number")

    def transform(self, order: MultiOrder, context: Context) -> Sequence[Submission[OrderPayload]]:
        """Turn a multi-order into one order for each of its orders."""
        return self._transform(order, context)

    async def submit(self, submission: Submission[OrderPayload]) -> Receipt:
        """Create the order, once."""
        content = self._encoder.encode(submission.payload)
        answer = understood(
            await self._ask("createOrder", "POST", "/orders/createorder", content, creates=True)
        )
        order = answer.json()
        if order.get("orderKey") != submission.ref:
            raise answer.unexpected("answered with another order")
        return Receipt(oms_id=order_id(answer, order), oms_ref=submission.ref, status=status(order))

    async def find(self, submission: Submission[OrderPayload]) -> Receipt | None:
        """Look the order up by its number, tell it by its key, and make sure that it is ours."""
        number = submission.payload.order_number
        for page in range(1, _MOST_PAGES + 1):
            query = urlencode({"orderNumber": number, "page": page, "pageSize": _PAGE_SIZE})
            answer = understood(await self._ask("listOrders", "GET", f"/orders?{query}"))
            orders, pages = _listed(answer)
            for order in orders:
                if order.get("orderKey") == submission.ref:
                    return _ours(answer, order, submission)
            if page >= pages:
                return None
        raise Unavailable(f"ShipStation has too many orders whose numbers begin with {number}.")

    async def check(self) -> None:
        """Ask for the store that gets the orders, or for any order where none is set."""
        store = self._settings.store_id
        if store is None:
            _listed(understood(await self._ask("listOrders", "GET", "/orders?pageSize=1")))
            return
        answer = await self._ask("getStore", "GET", f"/stores/{store}")
        if answer.status == 404 or understood(answer).json().get("storeId") != store:
            raise answer.unexpected(f"knows no store {store}")

    async def _ask(
        self, operation: str, method: str, path: str, content: bytes = b"", *, creates: bool = False
    ) -> Answer:
        return await self._http.send(
            Call(
                operation=operation,
                method=method,
                url=f"{self._settings.root}{path}",
                creates=creates,
                retry_after_header="X-Rate-Limit-Reset",
                headers={
                    "authorization": self._authorization,
                    "content-type": "application/json",
                },
                content=content,
            )
        )


def _listed(answer: Answer) -> tuple[list[dict[str, Any]], int]:
    """Return the orders of a page, and how many pages there are."""
    said = answer.json()
    orders, pages = said.get("orders"), said.get("pages")
    if not isinstance(orders, list) or not all(isinstance(each, dict) for each in orders):
        raise answer.unexpected("gave no list of orders")
    if not isinstance(pages, int):
        raise answer.unexpected("did not say how many pages there are")
    return orders, pages


def _ours(answer: Answer, order: dict[str, Any], submission: Submission[OrderPayload]) -> Receipt:
    options = order.get("advancedOptions")
    if not isinstance(options, dict):
        raise answer.unexpected("gave an order without its advancedOptions")
    if options.get("customField3") != submission.fingerprint:
        raise RefTaken(f"ShipStation holds another order under {submission.ref}.")
    return Receipt(
        oms_id=order_id(answer, order),
        oms_ref=submission.ref,
        status=status(order),
        created=False,
    )
