"""The connector for Acme."""

from typing import Any
from urllib.parse import quote

import msgspec

from multiorder_sync import (
    API_VERSION,
    Call,
    Connector,
    CredentialsRefused,
    DuplicateGuard,
    OmsMessage,
    Receipt,
    RefTaken,
    Refused,
    Secret,
    Submission,
    Unavailable,
    fingerprint,
    order_identity,
)


class AcmeSettings(msgspec.Struct, frozen=True, kw_only=True):
    base_url: str
    api_key: Secret


class AcmePayload(msgspec.Struct, frozen=True, kw_only=True):
    email: str | None = None
    lines: tuple[dict[str, Any], ...] = ()


class AcmeConnector(Connector[AcmeSettings, AcmePayload]):
    """Speaks to Acme. Its subclasses say what the Acme at hand does with duplicates."""

    name = "acme"
    api_version = API_VERSION
    Settings = AcmeSettings
    Payload = AcmePayload

    def __init__(self, settings, http):
        self._settings = settings
        self._http = http

    def transform(self, order, context):
        return [
            Submission(
                ref=f"{context.space}-{order_identity(order, index)}",
                payload=AcmePayload(
                    email=each.email,
                    lines=tuple(
                        {"sku": item.sku, "quantity": item.quantity} for item in each.order_items
                    ),
                ),
                orders=(order_identity(order, index),),
                fingerprint=fingerprint(order, [each]),
            )
            for index, each in enumerate(order.orders)
        ]

    async def submit(self, submission):
        content = msgspec.json.encode(
            {
                "ref": submission.ref,
                "fingerprint": submission.fingerprint,
                "order": submission.payload,
            }
        )
        answer = await self._send("createOrder", "POST", "/orders", content, creates=True)
        created = answer.json()
        if not created.get("id"):
            raise answer.unexpected("gave no order id")
        return Receipt(
            oms_id=created["id"], oms_ref=submission.ref, status=created.get("status"), created=True
        )

    async def find(self, submission):
        path = f"/orders?ref={quote(submission.ref, safe='')}"
        answer = await self._send("findOrder", "GET", path)
        found = answer.json().get("orders")
        if not isinstance(found, list):
            raise answer.unexpected("gave no list of orders")
        if not found:
            return None
        if found[0].get("fingerprint") != submission.fingerprint:
            raise RefTaken(f"Acme holds another order under {submission.ref}.")
        return Receipt(oms_id=found[0]["id"], oms_ref=submission.ref, created=False)

    async def check(self):
        await self._send("check", "GET", "/orders?ref=none")

    async def _send(self, operation, method, path, content=b"", *, creates=False):
        answer = await self._http.send(
            Call(
                operation=operation,
                method=method,
                url=self._settings.base_url + path,
                creates=creates,
                headers={"content-type": "application/json", "x-api-key": self._settings.api_key},
                content=content,
            )
        )
        if answer.status == 200:
            return answer
        if answer.status == 429:
            raise Unavailable("Acme is busy.", retry_after=answer.retry_after)
        if answer.status >= 500:
            raise answer.unexpected("failed")
        said = answer.json()
        messages = [OmsMessage(code=said.get("code"), text=answer.redact(str(said.get("message"))))]
        if answer.status in (401, 403):
            raise CredentialsRefused("Acme does not take our key.", oms_errors=messages)
        raise Refused(f"Acme refused: {messages[0].text}", oms_errors=messages)


class Refusing(AcmeConnector):
    duplicate_guard = DuplicateGuard.REFUSES


class Merging(AcmeConnector):
    duplicate_guard = DuplicateGuard.MERGES


class Unguarded(AcmeConnector):
    duplicate_guard = DuplicateGuard.NONE
