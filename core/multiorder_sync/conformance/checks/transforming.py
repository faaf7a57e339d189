"""Checks of the transform: pure, deterministic, total, and exact in money."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from multiorder_sync.conformance.amounts import indifferent, rounded
from multiorder_sync.conformance.bench import RECEIVED_AT
from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.clocks import Today
from multiorder_sync.conformance.contents import (
    breaches,
    inexact,
    not_kept,
    sent_again,
    unstable,
)
from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.corpus.fields import complete
from multiorder_sync.conformance.growth import growing
from multiorder_sync.conformance.payloads import Listing, places_of
from multiorder_sync.conformance.policies import disregarded
from multiorder_sync.conformance.repeating import differences, elsewhere, listing_of
from multiorder_sync.conformance.standards import Level, Nonconforming, standard
from multiorder_sync.conformance.transformed import Transformed
from multiorder_sync.errors import Untransformable

_LATER: Final = RECEIVED_AT + timedelta(days=400, hours=7, seconds=11)


class TransformChecks(Checks):
    """The transform is a function of the order, and of nothing else."""

    @standard(
        Level.BRONZE,
        why="the endpoint waits for the transform, and with it everyone else who has paid",
        mend="take out whatever waits or loops, look things up in a dict that is made once, and keep "
        "regular expressions from backtracking; a transform only computes",
    )
    def test_transform_comes_to_an_end(self) -> None:
        """Transform every case, each within its time, and many lines beside few."""
        if self.bench.hung is not None:
            raise Nonconforming(f"transform hangs at the case {self.bench.hung}")
        wrong = growing(self.bench.seconds_of)
        if wrong is not None:
            raise Nonconforming(wrong)

    @standard(
        Level.BRONZE,
        why="an order is transformed while others are; what one transform changes or waits for, "
        "another one sees, and the order that Nacelle is answered is not the one that came",
        mend="work on copies, and leave I/O to submit and find",
    )
    def test_transform_is_pure(self) -> None:
        """Transform every case, and see what it changed and what it reached for."""
        wrong = []
        for name, made in self._made():
            if made.changed:
                wrong.append(f"transform changes the order that it is given (case {name})")
            wrong += [f"transform {each} (case {name})" for each in made.reached_out]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="what is sent again after a failure must be what was sent before, or one order becomes "
        "two that differ",
        mend="use no clock but context.received_at, no environment, no random numbers, no order of "
        "sets, and keep nothing of one order for the next",
    )
    def test_transform_is_deterministic(self) -> None:
        """Transform every case again: in this process, and in one of other hashes."""
        wrong = [*self._clocks()]
        if self.bench.hung is None:
            with elsewhere(self.bench.subject) as finished:
                wrong += [*self._again()]
                wrong += [*self._compared(finished(), "in another process")]
            first = self.bench.first_pass
            wrong += [
                f"transform asks the environment for {name} (case {case})"
                for name, case in first.asked.items()
            ]
            wrong += [*self._compared(first.made, "in a process of another environment")]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="every order in the corpus can come, signed and paid; one that ends in a traceback is "
        "answered with 500 and never gets anywhere",
        mend="return a submission for each order, or raise Untransformable with a sentence that "
        "says what the OMS can't express",
    )
    def test_transform_is_total(self) -> None:
        """Transform every case into submissions that keep the contract, or a named refusal."""
        wrong = []
        for case in self.bench.corpus:
            made = self.bench.transformed.get(case.name)
            if made is not None:
                wrong += [f"{flaw} (case {case.name})" for flaw in self._flaws(case, made)]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="a float can't hold most amounts, so that orders do not add up and refunds are off; a "
        'text like "2E+1" is read as 2, or not at all',
        mend="keep amounts as Decimal up to the encoder of the call "
        '(msgspec.json.Encoder(decimal_format="number")), write one into a text as '
        'f"{amount:f}", and round nowhere; where the OMS wants '
        "the price of one unit, send what a line comes to beside it, or what rounding has added",
    )
    def test_money_is_exact(self) -> None:
        """Look for floats in every payload, and for amounts that lost a digit."""
        wrong = [*rounded(self.bench.transform())]
        for case in self.bench.corpus:
            made = self.bench.transformed.get(case.name)
            for submission in made.submissions if made and made.error is None else ():
                wrong += [f"{each} (case {case.name})" for each in inexact(submission, case)]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="a merchant's item_price and tax_behavior say what their prices mean; a connector that "
        "reads them otherwise sends wrong money with every order of theirs",
        mend="give context.prices to figures_of, and take amounts from what it returns; where the OMS "
        "gets prices as Nacelle states them, tell it in a place or by a note how they are meant",
    )
    def test_prices_are_read_as_the_merchant_says(self) -> None:
        """Transform orders whose prices can be read in two ways, each way as the merchant's own."""
        wrong = [*disregarded(lambda prices: self.bench.transform(prices=prices))]
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="the journal keeps every payload before it is sent, and what is sent is what it kept",
        mend="use types for Payload that msgspec writes and reads again: structs, texts, numbers, "
        "Decimal, aware datetimes, tuples, dicts with texts for keys",
    )
    def test_payloads_can_be_kept(self) -> None:
        """Write and read every payload as the journal does."""
        wrong = []
        for name, made in self._made():
            for submission in made.submissions:
                flaw = not_kept(submission.payload)
                if flaw:
                    wrong.append(f"{flaw} (case {name})")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.BRONZE,
        why="an order is found again by its ref alone: one that changes makes a second order, and "
        "one that two orders share loses one of them; a fingerprint that says nothing takes "
        "another content for this one",
        mend="make the ref of order_identity(multi_order, index) and of nothing that can change, "
        "shorten with a digest of the whole, and give fingerprint(multi_order, orders)",
    )
    def test_refs_are_stable_and_distinct(self) -> None:
        """Transform every case as it comes when it is sent again, and compare the refs."""
        later = self.bench.transform(_LATER)
        wrong = [*indifferent(self.bench.transform())]
        for case in self.bench.corpus:
            made = self.bench.transformed.get(case.name)
            if made is None or made.error is not None or self.bench.hung:
                continue
            refs = [submission.ref for submission in made.submissions]
            wrong += [
                f"two submissions have the ref {ref!r:.80} (case {case.name})"
                for ref in sorted({ref for ref in refs if refs.count(ref) > 1})
            ]
            wrong += [
                f"{each} (case {case.name})"
                for each in unstable(made, later(sent_again(case).order()))
            ]
        if wrong:
            raise Nonconforming(*wrong)

    def _made(self) -> Iterator[tuple[str, Transformed]]:
        yield from self.bench.transformed.items()

    def _flaws(self, case: Case, made: Transformed) -> Iterator[str]:
        error = made.error
        if isinstance(error, Untransformable):
            if not str(error).strip():
                yield "transform raises Untransformable without a word"
            return
        if error is not None:
            yield f"transform raises {type(error).__name__}: {str(error)[:200]}"
            return
        yield from breaches(made.returned, case, self.bench.subject.connector.Payload)

    def _clocks(self) -> Iterator[str]:
        """Look for the time of day in payloads: every order was received long ago."""
        today = Today()
        for case in self.bench.corpus:
            made = self.bench.transformed.get(case.name)
            if made is None or made.error is not None or today.is_in(case.data):
                continue
            for submission in made.submissions:
                for place, value in places_of(submission):
                    if today.told_by(value):
                        yield f"{place} holds the time of the transform, {value} (case {case.name})"

    def _again(self) -> Iterator[str]:
        """Compare with a second connector, and with the first one after it has seen all orders."""
        again = self.bench.transform()
        firsts = {name: listing_of(made) for name, made in self._made()}
        for case in self.bench.corpus:
            places = differences(firsts[case.name], listing_of(again(case.order())))
            if places:
                yield f"transformed twice, {places} differs (case {case.name})"
        everything = Case(name="", data=complete()).order()
        for case in reversed(self.bench.corpus):
            # What this one leaves behind differs from what any order says that lacks something.
            self.bench.transform_again(everything)
            used = self.bench.transform_again(case.order())
            places = differences(firsts[case.name], listing_of(used))
            if places:
                yield f"transformed after other orders, {places} differs (case {case.name})"

    def _compared(self, found: Mapping[str, Listing], where: str) -> Iterator[str]:
        """Compare with another process, whose sets and dicts of texts have other orders."""
        for case in self.bench.corpus:
            made = self.bench.transformed.get(case.name)
            if made is not None and case.name in found:
                places = differences(listing_of(made), found[case.name])
                if places:
                    yield f"{where}, {places} differs (case {case.name})"
