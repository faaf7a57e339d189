"""An OMS of two steps: connectors that are right pass every check, and those that repeat a step do not."""

import pytest
from acme.drafting import Drafting, Drafts, MarkingConfirmation

from multiorder_sync import OutcomeUnknown
from multiorder_sync.conformance import ConformanceSuite
from multiorder_sync.conformance.standards import standards_of

CHECKS = [name.removeprefix("test_") for name in standards_of(ConformanceSuite)]


def drafts():
    return Drafts().sandbox()


@pytest.fixture
def of_drafts(checked):
    return lambda kind, *names, **given: checked(
        kind, *names, sandbox=staticmethod(drafts), **given
    )


@pytest.mark.parametrize("kind", [Drafting, MarkingConfirmation])
def test_drafted_and_confirmed_is_gold(of_drafts, kind):
    assert of_drafts(kind, *CHECKS, cases="few") == ""


class DraftingAgain(Drafting):
    """Drafts again what was not answered, under another token."""

    number = 0

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        try:
            return await super()._ask(operation, method, path, content, creates=creates)
        except OutcomeUnknown:
            if operation != self.again:
                raise
            self.number += 1
            content += f"&token={self.number}".encode()
            return await super()._ask(operation, method, path, content, creates=creates)

    again = "draftOrder"


class ConfirmingAgain(DraftingAgain):
    """Confirms again what was not answered."""

    again = "confirmOrder"


class Twice(Drafting):
    """Drafts everything twice."""

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        if operation == "draftOrder":
            await super()._ask(operation, method, path, content, creates=creates)
        return await super()._ask(operation, method, path, content, creates=creates)


class TwiceUnmarked(Drafting):
    """Drafts everything twice, and says so of one of them."""

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        if operation == "draftOrder":
            await super()._ask("prepare", method, path, content)
        return await super()._ask(operation, method, path, content, creates=creates)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (
            DraftingAgain,
            (
                "answered with HTTP 500 and a text submit sends 2 creates (draftOrder, draftOrder), "
                "where an order takes 1 of them"
            ),
        ),
        (
            ConfirmingAgain,
            (
                "with confirmOrder, call 2 of 2, answered with HTTP 503 submit sends 2 creates "
                "(confirmOrder, confirmOrder), where an order takes 1 of them"
            ),
        ),
        (Twice, "undisturbed, submit sends 2 creates (draftOrder, draftOrder)"),
        (TwiceUnmarked, "undisturbed, submit sends 2 creates (prepare, draftOrder)"),
    ],
)
def test_a_step_that_is_repeated_is_caught(of_drafts, kind, wrong):
    said = of_drafts(kind, "submit_sends_one_create")
    assert wrong in said
    assert "take out every loop and retry around a create" in said


def test_amounts_are_read_in_the_draft(of_drafts):
    class Rounding(MarkingConfirmation):
        def content(self, submission):
            return super().content(submission).replace(b"76.54", b"76.5")

    said = of_drafts(Rounding, "amounts_arrive_exactly", "the_payload_is_what_is_sent")
    assert "of the amount 98765432109876.54, the OMS was sent" in said


def test_the_time_of_a_draft_is_no_part_of_the_payload(of_drafts):
    class Numbering(MarkingConfirmation):
        numbers = 0

        def content(self, submission):
            type(self).numbers += 1
            return super().content(submission) + f"&number={self.numbers}".encode()

    said = of_drafts(Numbering, "the_payload_is_what_is_sent")
    assert "submitted twice, number of draftOrder differs" in said
