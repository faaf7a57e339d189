"""Connectors that do not tell our order from one that says nothing of itself are caught."""

from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from acme.conforming import Conforming

from multiorder_sync import Receipt, RefTaken

CHECK = "find_tells_ours_from_anothers_and_absent"
WORDS = "of an order under our ref that has no fingerprint, find returned a receipt (found), not R"


class Trusting(Conforming):
    """Takes an order that does not say whose it is for ours."""

    async def find(self, submission):
        try:
            return await super().find(submission)
        except RefTaken:
            path = f"/orders?ref={quote(submission.ref, safe='')}"
            answer = await self._ask("findOrder", "GET", path)
            held = answer.json()["orders"][0]
            if held.get("fingerprint"):
                raise
            return Receipt(oms_id=held["id"], oms_ref=submission.ref, created=False)


def stamping(base, **types):
    """Return a connector whose payload holds the fingerprint, in a field of some type."""
    payload = msgspec.defstruct(
        "Stamped", [("order", dict[str, Any]), *types.items()], frozen=True, kw_only=True
    )

    class Stamping(base):
        Payload = payload

        def transform(self, order, context):
            return [
                msgspec.structs.replace(
                    each, payload=payload(order=each.payload.order, **self.stamp(each.fingerprint))
                )
                for each in super().transform(order, context)
            ]

        def stamp(self, fingerprint):
            if "attributes" in types:
                return {"attributes": [{"name": "nacelle", "value": fingerprint}]}
            return {"stamp": fingerprint}

        def content(self, submission):
            said = msgspec.to_builtins(submission.payload)
            stamps = [said.get("stamp"), *(each["value"] for each in said.get("attributes", ()))]
            if said.get("attributes") == [{"name": "nacelle", "value": ""}]:
                raise ValueError("an attribute has a value")
            return msgspec.json.encode(
                {"ref": submission.ref, "fingerprint": "".join(filter(None, stamps)), "order": said}
            )

    return Stamping


FIELDS = [
    {},
    {"stamp": str},
    {"stamp": str | None},
    {"attributes": list[dict[str, str]]},
]


@pytest.mark.parametrize("types", FIELDS, ids=["none", "text", "optional", "attribute"])
def test_an_order_without_a_fingerprint_is_another_one(checked, types):
    assert WORDS in checked(stamping(Trusting, **types) if types else Trusting, CHECK)
    assert checked(stamping(Conforming, **types) if types else Conforming, CHECK) == ""


def test_an_order_that_can_not_be_without_one_is_not_asked_for(checked):
    class Strict(Trusting):
        async def submit(self, submission):
            if not submission.fingerprint:
                raise ValueError("there is none")
            return await super().submit(submission)

    assert checked(Strict, CHECK) == ""
