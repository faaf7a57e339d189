"""Connectors that give what is not what it should be: what became of the order is not lost by it."""

import msgspec
import pytest
from acme import Merging, Refusing, Unguarded, error_of, multi_order
from acme.house import take_up, until
from acme.world import BRIEF_SECONDS

from multiorder_sync import (
    CredentialsRefused,
    OmsMessage,
    OutcomeUnknown,
    Receipt,
    Refused,
    Unavailable,
    Untransformable,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_warnings_in_a_list_are_warnings(by_hand, book):
    class Listing(Refusing):
        async def submit(self, submission):
            receipt = await super().submit(submission)
            return msgspec.structs.replace(receipt, warnings=["Careful."])

    order = multi_order()
    assert (await by_hand.post(by_hand.space(Listing), order)).status_code == 200
    assert book.states(order["id"]) == ["accepted"]


@pytest.mark.parametrize("field", [{"oms_id": 17}, {"warnings": [1]}, {"status": b"NEW"}])
async def test_a_receipt_that_can_not_be_kept_leaves_the_order_in_doubt(by_hand, book, field):
    class Slipping(Refusing):
        async def submit(self, submission):
            return Receipt(
                **{"oms_id": (await super().submit(submission)).oms_id, **given, **field}
            )

        async def find(self, submission):
            found = await super().find(submission)
            return found and msgspec.structs.replace(found, **field)

    given = {"oms_ref": "A"}
    order = multi_order()
    space = by_hand.space(Slipping)
    error_of(await by_hand.post(space, order), 500, "outcome_unknown")
    assert book.states(order["id"]) == ["unknown"]
    assert len(by_hand.oms.held) == 1


class Speechless(OutcomeUnknown):
    """Breaks whoever wants to know what happened."""

    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize("connector", [Refusing, Merging, Unguarded])
async def test_what_breaks_after_a_create_leaves_the_order_in_doubt(by_hand, book, connector):
    class Breaking(connector):
        async def submit(self, submission):
            await super().submit(submission)
            if submission.orders == (last,):
                raise Speechless("no")
            return Receipt(oms_id="1", oms_ref=submission.ref)

    order = multi_order(orders=2)
    last = order["orders"][1]["id"]
    by_hand.oms.on_duplicate = "create" if connector is Unguarded else by_hand.oms.on_duplicate
    space = by_hand.space(Breaking)
    error = error_of(await by_hand.post(space, order), 500, "outcome_unknown")
    # What is known of the first is not lost with the second.
    assert [each["state"] for each in error["details"]["orders"]] == ["accepted", "unknown"]
    assert book.states(order["id"]) == ["accepted", "unknown"]
    assert (await by_hand.post(space, order)).status_code == 200
    assert len(by_hand.oms.held) == 2


async def test_what_breaks_over_a_look_up_leaves_the_order_in_doubt(by_hand, book):
    class Breaking(Refusing):
        async def find(self, submission):
            raise Speechless("no")

    order = multi_order()
    space = by_hand.space(Breaking, space_id="breaking")
    by_hand.oms.fail("drop", when="after")
    error_of(await by_hand.post(space, order), 500, "outcome_unknown")
    assert await take_up(by_hand, order["id"]) == "unknown"
    assert book.states(order["id"]) == ["unknown"]


async def test_words_of_any_kind_are_kept(by_hand, book):
    class Rambling(Unguarded):
        async def submit(self, submission):
            await super().submit(submission)
            raise OutcomeUnknown("Whatever.", oms_errors=["boom", 17])

        async def find(self, submission):
            return None

    order = multi_order()
    by_hand.oms.on_duplicate = "create"
    space = by_hand.space(Rambling, deadline_seconds=BRIEF_SECONDS)
    for _ in range(2):
        error = error_of(await by_hand.post(space, order), 500, "outcome_unknown")
        await until(
            lambda: book.state(order["id"]) == "unknown"
        )  # it may be closed after the answer
    assert book.states(order["id"]) == ["unknown"]
    assert len(by_hand.oms.held) == 1
    assert error["details"]["code"] == "outcome_unknown"


@pytest.mark.parametrize("wait", ["soon", float("nan"), float("inf"), -1, None])
async def test_a_wait_that_makes_no_sense_is_none(by_hand, book, wait):
    tries = []

    class Hasty(Refusing):
        async def submit(self, submission):
            tries.append(submission.ref)
            if len(tries) == 1:
                raise Unavailable("Later.", retry_after=wait)
            return await super().submit(submission)

    order = multi_order()
    assert (await by_hand.post(by_hand.space(Hasty), order)).status_code == 200
    assert book.states(order["id"]) == ["accepted"]


@pytest.mark.parametrize(
    "field",
    [{"notes": (5,)}, {"notes": None}, {"ref": 17}, {"fingerprint": None}, {"orders": None}],
    ids=str,
)
async def test_a_submission_that_can_not_be_kept_is_not_sent(by_hand, book, field):
    class Slipping(Refusing):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, **field) for each in super().transform(order, context)
            ]

    order = multi_order()
    error_of(await by_hand.post(by_hand.space(Slipping), order), 500, "internal")
    assert (book.state(order["id"]), book.states(order["id"])) == ("unavailable", [])
    assert by_hand.oms.calls == []
    assert by_hand.service.journal.working


async def test_a_code_of_any_kind_is_kept_as_a_text(by_hand, book):
    class Closed(CredentialsRefused):
        code = 4711

    class Resting(Refusing):
        async def submit(self, submission):
            raise Closed("Acme is closed today.")

    order = multi_order()
    space = by_hand.space(Resting, space_id="resting")
    error_of(await by_hand.post(space, order), 500, "4711")
    assert book.attempts(order["id"])[-1]["result"] == "4711"
    assert book.answers(order["id"]) == [(500, "4711")]
    # A call for it, or redelivery, reads what was kept.
    by_hand.space(space_id="resting")
    assert (await by_hand.post(space, order)).status_code == 200


HALF = "\ud83d"
"""The first half of an emoji, as JSON can bring it: no UTF-8 has it."""


async def test_half_a_character_in_a_receipt_is_no_obstacle(by_hand, book):
    class Halving(Refusing):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, notes=(f"Gift {HALF}.",))
                for each in super().transform(order, context)
            ]

        async def submit(self, submission):
            receipt = await super().submit(submission)
            return msgspec.structs.replace(
                receipt, oms_id=f"7{HALF}", status=HALF, warnings=(f"Careful {HALF}.",)
            )

    order = multi_order()
    assert (await by_hand.post(by_hand.space(Halving), order)).status_code == 200
    assert book.state(order["id"]) == "accepted"
    (row,) = book.submissions(order["id"])
    assert (row["state"], row["oms_id"], row["oms_status"]) == ("accepted", "7?", "?")
    assert row["warnings"] == b'p["Gift ?.","Careful ?."]'


class Curt(Refused):
    """Has words of its own, and a code."""

    code = f"no{HALF}"

    def __str__(self):
        return f"No {HALF}."


REFUSALS = {
    "its sentence": (Refused(f"No {HALF}."), "oms_refused"),
    "its words": (
        Refused("No ?.", oms_errors=[OmsMessage(code=HALF, text=f"Boom {HALF}")]),
        "oms_refused",
    ),
    "its own kind of error": (Curt("No"), "no?"),
}


@pytest.mark.parametrize(("refusal", "code"), REFUSALS.values(), ids=REFUSALS)
async def test_half_a_character_in_a_refusal_is_no_obstacle(by_hand, book, refusal, code):
    class Halving(Refusing):
        async def submit(self, submission):
            raise refusal

    order = multi_order()
    error = error_of(await by_hand.post(by_hand.space(Halving), order), 422, code)
    assert error["error"] == "No ?."
    assert book.state(order["id"]) == "refused"
    assert book.answers(order["id"]) == [(422, code)]
    assert len(book.attempts(order["id"])) == 2


async def test_half_a_character_in_what_a_transform_says_is_no_obstacle(by_hand, book):
    class Halving(Refusing):
        def transform(self, order, context):
            raise Untransformable(f"No {HALF}.")

    order = multi_order()
    error = error_of(await by_hand.post(by_hand.space(Halving), order), 422, "untransformable")
    assert error["error"] == "No ?."
    assert book.state(order["id"]) == "refused"
