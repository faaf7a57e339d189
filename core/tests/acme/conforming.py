"""A connector for Acme that keeps the whole contract, to be broken in one way at a time."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from acme.connector import AcmeConnector
from acme.oms import KEY, AcmeOms
from multiorder_sync import (
    Call,
    CredentialsRefused,
    DuplicateGuard,
    OmsMessage,
    OutcomeUnknown,
    Receipt,
    RefTaken,
    Refused,
    Secret,
    Submission,
    Unavailable,
    fingerprint,
    order_identity,
)

CONFIG = f"""
[spaces.shop]
connector = "acme"
secrets = ["nacelle-signing-secret"]

[spaces.shop.oms]
base_url = "http://127.0.0.1:1"
api_key = "{KEY}"
"""


class ConformingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How Acme is reached.

    Attributes:
        api_key: The key of Acme's API.
    """

    base_url: Annotated[str, msgspec.Meta(description="root of Acme's API")]
    api_key: Secret


class ConformingPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Acme takes Nacelle's orders as they are, and is told how their prices are meant."""

    multi_order: dict[str, Any]
    order: dict[str, Any]
    prices: dict[str, str] = {}


class Conforming(AcmeConnector):
    """Nothing is wrong with it."""

    Settings = ConformingSettings
    Payload = ConformingPayload
    duplicate_guard = DuplicateGuard.REFUSES
    content_type = "application/json"

    def transform(self, order, context):
        return [
            Submission(
                ref=f"{context.space}-{order_identity(order, index)}",
                payload=ConformingPayload(
                    multi_order={k: v for k, v in order.source.items() if k != "orders"},
                    order=each.source,
                    prices=msgspec.to_builtins(context.prices),
                ),
                orders=(order_identity(order, index),),
                fingerprint=fingerprint(order, [each]),
            )
            for index, each in enumerate(order.orders)
        ]

    async def submit(self, submission):
        answer = await self._ask(
            "createOrder", "POST", "/orders", self.content(submission), creates=True
        )
        said = answer.json()
        if said.get("ref") != submission.ref:
            raise answer.unexpected("gave another order")
        return self._receipt(answer, said, submission, created=True)

    async def find(self, submission):
        path = f"/orders?ref={quote(submission.ref, safe='')}"
        answer = await self._ask("findOrder", "GET", path)
        found = answer.json().get("orders")
        if not isinstance(found, list):
            raise answer.unexpected("gave no list of orders")
        if not found:
            return None
        if not isinstance(found[0], dict):
            raise answer.unexpected("gave no order")
        if found[0].get("fingerprint") != submission.fingerprint:
            raise RefTaken(f"Acme holds another order under {submission.ref}.")
        return self._receipt(answer, found[0], submission, created=False)

    async def check(self):
        (await self._ask("check", "GET", "/orders?ref=none")).json()

    def content(self, submission):
        """Return the body of a create."""
        order = {"ref": submission.ref, "fingerprint": submission.fingerprint}
        return msgspec.json.encode({**order, "order": submission.payload})

    def _receipt(self, answer, order, submission, *, created):
        oms_id, status = order.get("id"), order.get("status")
        if not isinstance(oms_id, str) or not oms_id:
            raise answer.unexpected("gave no order id")
        known = status if isinstance(status, str) else None
        return Receipt(oms_id=oms_id, oms_ref=submission.ref, status=known, created=created)

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        answer = await self._http.send(
            Call(
                operation=operation,
                method=method,
                url=self._settings.base_url + path,
                creates=creates,
                headers={"content-type": self.content_type, "x-api-key": self._settings.api_key},
                content=content,
            )
        )
        return self._understood(answer, creates=creates)

    def _understood(self, answer, *, creates):
        if answer.status == 200:
            return answer
        if answer.status == 429:
            raise Unavailable("Acme is busy.", retry_after=answer.retry_after)
        said = {} if answer.status >= 500 or answer.status == 408 else answer.json()
        code = said.get("code")
        if not isinstance(code, str):
            raise answer.unexpected("failed")
        text = answer.redact(str(said.get("message")))
        messages = [OmsMessage(code=answer.redact(code), text=text)]
        if answer.status in (401, 403):
            raise CredentialsRefused("Acme does not take our key.", oms_errors=messages)
        if not creates:
            raise Unavailable(f"Acme can't be asked: {text}", oms_errors=messages)
        raise Refused(f"Acme refused: {text}", oms_errors=messages)


class Merging(Conforming):
    """For an Acme that makes one order of two."""

    duplicate_guard = DuplicateGuard.MERGES


class Doubling(Conforming):
    """For an Acme that makes a second order."""

    duplicate_guard = DuplicateGuard.NONE


def sandbox(on_duplicate="refuse"):
    """Return a sandbox of Acme."""
    oms = AcmeOms()
    oms.on_duplicate = on_duplicate
    return oms.sandbox()


def final(base, *words, of=OutcomeUnknown):
    """Return a connector that takes what it says in some of these words for the OMS's no."""

    class Final(base):
        async def submit(self, submission):
            try:
                return await super().submit(submission)
            except of as error:
                if any(each in str(error) for each in words):
                    raise Refused("Acme said no.") from None
                raise

    return Final


def payload_changed(change):
    """Return a connector that changes its payloads."""

    class Changing(Conforming):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, payload=change(each.payload, order))
                for each in super().transform(order, context)
            ]

    return Changing


def with_line(**fields):
    """Return a change that sets something of the order."""
    return lambda payload, _: msgspec.structs.replace(payload, order={**payload.order, **fields})
