"""Checks of what a connector makes of answers: created, refused, not told, or no answer at all."""

from typing import Final

from multiorder_sync.conformance.arriving import changed_on_their_way
from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.corpus.building import item, multi_order, order
from multiorder_sync.conformance.corpus.fields import complete, doubled
from multiorder_sync.conformance.corpus.texts import distinct, own_texts
from multiorder_sync.conformance.currencies import scaled_otherwise
from multiorder_sync.conformance.faults import creating
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import FAIR_SECONDS, Ended, Scene
from multiorder_sync.conformance.sent import Sent, dated, inconstant, sent_by, unsent
from multiorder_sync.conformance.standards import Level, Nonconforming, NotRun, standard
from multiorder_sync.conformance.steering import refusing
from multiorder_sync.conformance.steps import lost_midway
from multiorder_sync.conformance.trials import (
    falsely_unavailable,
    misnamed,
    swallowed,
    unclassified,
)
from multiorder_sync.errors import RefTaken, Refused

_CODE: Final = "KIT-1"
_WORDS: Final = "The kit told the sandbox to refuse this."


class AnsweringChecks(Checks):
    """An order is created, and what becomes of it is told as it is."""

    @standard(
        Level.SILVER,
        why="this is what the connector is for",
        mend="let submit return Receipt(oms_id=…, oms_ref=submission.ref, created=True) once the "
        "OMS says that it has the order",
    )
    def test_an_order_is_created(self) -> None:
        """Submit an ordinary order to the sandbox."""
        ended, held = self._submitted()
        submission = self.bench.ordinary[0]
        wrong = []
        if ended.receipt is None:
            wrong.append(f"of an ordinary order, submit {ended}")
        else:
            if not ended.receipt.created:
                wrong.append("the receipt of a new order says created=False")
            if not ended.receipt.oms_id or ended.receipt.oms_ref != submission.ref:
                wrong.append(
                    f"the receipt holds oms_id {ended.receipt.oms_id!r} and oms_ref "
                    f"{ended.receipt.oms_ref!r}; the submission's ref is {submission.ref!r}"
                )
        if held != 1:
            wrong.append(f"the sandbox holds {held} orders after one was submitted")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="whether a call is repeated depends on what the connector says of it: a create that is "
        "not marked is repeated by the client, and makes a second order",
        mend="make every call through the OutboundClient that __init__ is given, with creates=True "
        "for each that can create an order, and with creates=False for all others",
    )
    def test_every_create_is_marked(self) -> None:
        """Watch at the sandbox's door which calls make an order."""
        submission, stage = self.bench.ordinary[0], self.bench.stage

        async def scene(opened: Scene) -> None:
            await opened.submit(submission)
            await opened.find(submission)
            await opened.check()

        stage.run(scene)
        wrong = [
            f"the connector {each}, past the settings that say where the OMS is"
            for each in dict.fromkeys(stage.play.elsewhere)
        ]
        for arrival in stage.door.arrivals:
            called = arrival.mark.operation if arrival.mark else f"{arrival.method} {arrival.path}"
            if arrival.mark is None:
                wrong.append(f"{called} was not called through the OutboundClient")
            elif arrival.made and not arrival.creates:
                wrong.append(f"{called} made an order, and was sent with creates=False")
        if not any(arrival.creates for arrival in stage.door.arrivals):
            wrong.append("submit made no call with creates=True")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="only Refused, Unavailable and OutcomeUnknown tell core what to do next; anything else "
        "is a broken connector, and a receipt for an order that is not there, or a final no to one "
        "that was never looked at, is a paid order lost",
        mend="raise answer.unexpected(…) for what does not tell, Unavailable for what was turned "
        "away and where there is no token, Refused for a 4xx in the OMS's own shape and nothing "
        "else; catch no error to carry on as if there was none",
        needs_order=True,
    )
    def test_errors_are_classified(self) -> None:
        """Spoil every call of a submit in every way, and see what it makes of it."""
        trials = [*self.bench.submit_trials, *self.bench.token_trials]
        wrong = swallowed(trials) + unclassified(trials) + misnamed(trials)
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="Unavailable says that the order was certainly not created: core then sends it again, "
        "or tells Nacelle that it failed, and the shopper gets it twice or is refunded for it",
        mend="raise OutcomeUnknown (answer.unexpected does) for every answer to a create that does "
        "not prove that the OMS turned it away: 5xx, 408, HTML, broken JSON, no answer; and for "
        "every later call of the same submit, which says creates=True too from the create on",
        needs_order=True,
    )
    def test_unavailable_is_never_said_of_a_created_order(self) -> None:
        """Let the OMS take the order, spoil its answer in every way, and see what submit says."""
        wrong = [*lost_midway(self.bench.step_trials)]
        wrong += falsely_unavailable(self.bench.submit_trials)
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="a refused order is final, and the OMS's own words are all that a merchant has to mend "
        "it by",
        mend="raise Refused with the OMS's message, and its codes and texts as oms_errors",
        needs_order=True,
    )
    def test_a_refusal_is_passed_on(self) -> None:
        """Let the sandbox refuse an order in the OMS's own words."""
        submission = self.bench.ordinary[0]

        async def scene(opened: Scene) -> Ended:
            return await opened.submit(submission)

        ended = self.bench.stage.run(scene, refusing(_CODE, _WORDS, creating))
        if not isinstance(ended.error, Refused) or isinstance(ended.error, RefTaken):
            raise Nonconforming(f"of an order that the OMS refuses, submit {ended}, not Refused")
        said = [str(ended.error), *(message.text for message in ended.error.oms_errors)]
        if not any(_WORDS.rstrip(".") in each for each in said):
            raise Nonconforming(f"the refusal does not hold the OMS's words; it says {said}")

    @standard(
        Level.SILVER,
        why="an amount that changed on its way is not what the shopper paid",
        mend='encode Decimals as they are: msgspec.json.Encoder(decimal_format="number"), or as '
        "texts where the OMS takes them; of an OMS that holds money to the currency's decimals, "
        "refuse an amount of more decimals with Untransformable; where it takes whole numbers, shift "
        "each amount by its currency_exponent",
        needs_order=True,
    )
    def test_amounts_arrive_exactly(self) -> None:
        """Send amounts that no float can hold, or of other currencies, and read them at the door."""
        wrong = [*scaled_otherwise(self.bench), *changed_on_their_way(self.bench)]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="the payload is what the journal keeps, what mappings and hooks have changed, and what "
        "is sent again: what submit leaves out or adds by itself, nobody sees",
        mend="let transform put all that is sent into the payload, and let submit encode it as it "
        "is, with no clock, no random numbers and nothing left out",
    )
    def test_the_payload_is_what_is_sent(self) -> None:
        """Submit an order with every field twice, and look for each part of the payload."""
        submission, own, one = self._whole()
        line = item(9, price="4.56", quantity=9, tax="0.78")
        others = self.bench.made_of(multi_order(order(items=[line], shipping="3.90"))).submissions

        async def scene(opened: Scene) -> tuple[Sent, list[str]]:
            again = await sent_by(opened, submission)
            return again, await unsent(opened, submission, again, own, others)

        another, missing = self.bench.stage.run(scene, counting=False)
        wrong = [f"{place} of the payload is not sent" for place in missing]
        wrong += [*inconstant(one, another), *dated(submission, one)]
        if wrong:
            raise Nonconforming(*dict.fromkeys(wrong))

    def _whole(self) -> tuple[AnySubmission, list[str], Sent]:
        """Return the fullest submission that the sandbox takes, its own texts, and what was sent."""
        whole, _ = complete(), self.bench.ordinary  # without that one, nothing can be checked
        for data in (distinct(doubled(whole)), distinct(whole), multi_order()):
            try:
                submission = self.bench.submissions(data)[0]
            except NotRun:  # an OMS need not take each
                continue

            async def scene(opened: Scene, submission: AnySubmission = submission) -> Sent:
                return await sent_by(opened, submission)

            sent = self.bench.stage.run(scene, counting=False)
            if sent.ended.receipt is not None:
                return submission, [*own_texts(data)], sent
        raise NotRun("no order can be created; see test_an_order_is_created")

    def _submitted(self) -> tuple[Ended, int]:
        submission = self.bench.ordinary[0]

        async def scene(opened: Scene) -> tuple[Ended, int]:
            ended = await opened.submit(submission, FAIR_SECONDS)
            return ended, len(await opened.orders())

        return self.bench.stage.run(scene)
