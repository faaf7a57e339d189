"""One order is in hand of one at a time; who lost it neither sends nor overwrites."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
from acme import AcmePayload, error_of, multi_order
from acme.book import Book
from acme.house import opened_journal, take_up

from multiorder_sync import Receipt, Submission, SubmissionState
from multiorder_sync.delivery.journal.answering import NotHeard, Repeat
from multiorder_sync.delivery.journal.due import Room
from multiorder_sync.delivery.journal.journal import new_token
from multiorder_sync.delivery.journal.opening import Arrival, Waiting
from multiorder_sync.delivery.journal.records import (
    AlarmKind,
    AnswerRecord,
    Closing,
    Failure,
    FrozenSubmission,
    OrderState,
    Standing,
    SubmissionUpdate,
)
from multiorder_sync.oms.payloads import encode_payload

pytestmark = pytest.mark.asyncio(loop_scope="session")


CLAIM_SECONDS = 600.0
"""No test takes so long: a claim ends only where one lets that time pass."""


def arrival(journal, key="k", *, claim_seconds=CLAIM_SECONDS, **fields):
    now = datetime.now(UTC)
    values = {
        "space": "s",
        "key": key,
        "fingerprint": "f",
        "connector": "acme",
        "on_outage": "fail",
        "received": b"{}",
        "received_at": now,
        "token": new_token(),
        "owner": journal.owner,
        "claim_seconds": claim_seconds,
    }
    return Arrival(**{**values, **fields})


def soon():
    return monotonic() + 60


def frozen(*refs):
    payload = AcmePayload(email="e@example.com")
    return [
        FrozenSubmission(
            Submission(ref=ref, payload=payload, orders=(ref,), fingerprint=f"f-{ref}"),
            encode_payload(payload),
        )
        for ref in refs
    ]


def answer(status=200, code=None):
    return AnswerRecord(datetime.now(UTC), "r-1", status, code)


def accepted(position=0, oms_id="A1"):
    receipt = Receipt(oms_id=oms_id, oms_ref="r")
    return SubmissionUpdate(
        position=position,
        state=SubmissionState.ACCEPTED,
        sent=True,
        receipt=receipt,
    )


def unknown(position=0):
    return SubmissionUpdate(
        position=position,
        state=SubmissionState.UNKNOWN,
        sent=True,
        failure=Failure("outcome_unknown", "No answer."),
    )


def let_claims_end(book):
    """Let the time pass for which claims hold."""
    book.write("UPDATE orders SET claim_until = claim_until - :passed", passed=CLAIM_SECONDS + 0.1)


async def opened_and_frozen(journal, *, sending=True, **fields):
    opened = await journal.open(arrival(journal, **fields), soon())
    assert opened.standing is Standing.CLAIMED
    assert await journal.freeze(
        opened.claim,
        frozen("r-1", "r-2"),
        connector="acme",
        destination=None,
        sending=sending,
        deadline=soon(),
    )
    return opened.claim


async def test_an_order_in_hand_is_busy_for_others(journal):
    first = await journal.open(arrival(journal), soon())
    assert first.standing is Standing.CLAIMED
    assert (await journal.open(arrival(journal), soon())).standing is Standing.BUSY
    assert (
        await journal.open(arrival(journal, fingerprint="other"), soon())
    ).standing is Standing.BUSY


async def test_opening_again_with_the_same_token_comes_to_the_same(journal):
    # As when the connection is lost while it is committed, and it is done again.
    call = arrival(journal)
    first = await journal.open(call, soon())
    again = await journal.open(call, soon())
    assert again.standing is Standing.CLAIMED
    assert again.claim == first.claim


async def test_many_at_once_for_one_order_are_one_claim(journal_url):
    async with opened_journal(journal_url) as one, opened_journal(journal_url) as other:
        opened = await asyncio.gather(
            *(journal.open(arrival(journal), soon()) for journal in (one, other) for _ in range(25))
        )
    standings = [each.standing for each in opened]
    assert standings.count(Standing.CLAIMED) == 1
    assert standings.count(Standing.BUSY) == 49


async def test_an_expired_claim_is_taken_over_and_the_stalled_one_does_not_send(journal, book):
    stalled = await opened_and_frozen(journal, sending=False)
    let_claims_end(book)
    taken = await journal.open(arrival(journal), soon())
    assert taken.standing is Standing.CLAIMED
    assert [each.ref for each in taken.submissions] == ["r-1", "r-2"]
    assert not await journal.sending(stalled, 0, soon())
    assert not await journal.freeze(
        stalled, frozen("other"), connector="acme", destination=None, sending=True, deadline=soon()
    )
    assert book.states("k") == ["ready", "ready"]
    assert await journal.sending(taken.claim, 0, soon())


async def test_an_expired_claim_does_not_send_even_if_no_one_took_it_over(journal, book):
    stalled = await opened_and_frozen(journal, sending=False)
    let_claims_end(book)
    assert not await journal.sending(stalled, 0, soon())
    assert book.states("k") == ["ready", "ready"]


async def test_a_stalled_owner_does_not_overwrite(journal, book, logged):
    stalled = await opened_and_frozen(journal)
    book.write("UPDATE orders SET claim_until = 0, next_attempt_at = 0")
    taken = await journal.open(arrival(journal), soon())
    updates = (accepted(0, "A1"), accepted(1, "A2"))
    done = Closing(state=OrderState.ACCEPTED, updates=updates, answer=answer())
    await journal.close(taken.claim, done)
    failed = Closing(
        state=OrderState.UNKNOWN, updates=(unknown(0), unknown(1)), answer=answer(500, "x")
    )
    assert not (await journal.close(stalled, failed)).alarms
    assert book.state("k") == "accepted"
    assert book.states("k") == ["accepted", "accepted"]
    assert book.order("k")["told_status"] == 200
    assert book.answers("k") == [(200, None)]
    assert any("other hands" in line["event"] for line in logged)


async def test_what_a_stalled_owner_brought_in_is_recorded_while_another_has_the_order(
    journal, book
):
    stalled = await opened_and_frozen(journal)
    book.write("UPDATE orders SET claim_until = 0, next_attempt_at = 0")
    taken = await journal.open(arrival(journal), soon())
    await journal.close(stalled, Closing(state=OrderState.ACCEPTED, updates=(accepted(0),)))
    assert book.states("k") == ["accepted", "ready"]
    # The one who has it saw nothing in the OMS, and does not make that undone.
    failed = Closing(state=OrderState.UNKNOWN, updates=(unknown(0),), next_seconds=600)
    await journal.close(taken.claim, failed)
    assert book.states("k") == ["accepted", "ready"]
    assert book.submissions("k")[0]["oms_id"] == "A1"
    # It is settled anew, at once.
    (due,) = await journal.claim_due(Room(most=5, each=5), claim_seconds=5)
    assert [each.state for each in due.submissions] == ["accepted", "ready"]


async def test_what_a_stalled_owner_brought_in_is_settled_when_another_was_done_before(
    journal, book
):
    stalled = await opened_and_frozen(journal)
    book.write("UPDATE orders SET claim_until = 0, next_attempt_at = 0")
    taken = await journal.open(arrival(journal), soon())
    await journal.close(
        taken.claim, Closing(state=OrderState.DEAD, updates=(unknown(0),), answer=answer(500, "x"))
    )
    assert await journal.claim_due(Room(most=5, each=5), claim_seconds=5) == []
    await journal.close(stalled, Closing(state=OrderState.ACCEPTED, updates=(accepted(0),)))
    assert book.states("k") == ["accepted", "ready"]
    (due,) = await journal.claim_due(Room(most=5, each=5), claim_seconds=5)
    assert due.order.redeliveries == 1


async def test_an_abandoned_order_is_not_taken_up_for_what_a_stalled_owner_brought_in(
    journal, book
):
    stalled = await opened_and_frozen(journal)
    book.write("UPDATE orders SET state = 'abandoned', claim = NULL, next_attempt_at = NULL")
    closed = await journal.close(
        stalled, Closing(state=OrderState.ACCEPTED, updates=(accepted(0),))
    )
    assert book.states("k") == ["accepted", "ready"]
    assert book.state("k") == "abandoned"
    assert await journal.claim_due(Room(most=5, each=5), claim_seconds=5) == []
    # Who gave it up may have refunded it.
    assert closed.alarms == (AlarmKind.ACCEPTED_AFTER_FAILURE,)
    assert book.alarms("k") == ["accepted_after_failure"]


async def test_a_call_that_stalls_beyond_its_claim_sends_nothing(house, book):
    # Its claim ends between opening and freezing; the order goes on in other hands.
    def stall(step):
        if step == "opened":
            book.write("UPDATE orders SET claim = 'another', claim_until = claim_until + 60")

    world = await house.open(step=stall, by_hand=True)
    order = multi_order()
    error_of(await world.post("fail", order), 500, "oms_unavailable")
    assert world.oms.calls == []
    assert book.order(order["id"])["claim"] == "another"


async def test_an_order_that_came_in_before_it_was_known_that_its_200_was_not_heard_is_alarmed(
    journal, book
):
    # It was put on record as queued, only not in time for the caller, who was told 500.
    claim = await opened_and_frozen(journal)
    queued = Closing(state=OrderState.QUEUED, next_seconds=0.0, answer=answer())
    await journal.close(claim, queued)
    (due,) = await journal.claim_due(Room(most=1, each=1), claim_seconds=5)
    done = Closing(state=OrderState.ACCEPTED, updates=(accepted(0), accepted(1)))
    assert not (await journal.close(due.claim, done)).alarms
    late = NotHeard(
        due.order.id,
        "r-1",
        answer(500, "journal_unavailable"),
        webhook=False,
    )
    assert await journal.run(late) == (AlarmKind.ACCEPTED_AFTER_FAILURE,)
    assert await journal.run(late) == (AlarmKind.ACCEPTED_AFTER_FAILURE,)
    assert book.alarms("k") == ["accepted_after_failure"]
    assert book.answers("k") == [(500, "journal_unavailable")]
    assert book.order("k")["told_code"] == "not_heard"


async def test_an_order_of_which_it_became_known_in_the_meantime_that_its_200_was_not_heard(
    journal, book
):
    # Redelivery has it in hand by then, and took it for one that was promised.
    claim = await opened_and_frozen(journal)
    queued = Closing(state=OrderState.QUEUED, next_seconds=0.0, answer=answer())
    await journal.close(claim, queued)
    (due,) = await journal.claim_due(Room(most=1, each=1), claim_seconds=5)
    told = answer(500, "journal_unavailable")
    late = NotHeard(due.order.id, "r-1", told, webhook=False)
    assert await journal.run(late) == ()
    updates = (accepted(0), accepted(1))
    done = Closing(state=OrderState.ACCEPTED, updates=updates, redelivered=True)
    for _ in range(2):  # run again, it comes to the same
        closed = await journal.close(due.claim, done)
        assert closed.held
        assert closed.alarms == (AlarmKind.ACCEPTED_AFTER_FAILURE,)[: 1 - _]
    assert book.alarms("k") == ["accepted_after_failure"]


async def test_what_another_call_was_told_stays_when_one_did_not_hear_its_200(journal, book):
    claim = await opened_and_frozen(journal)
    await journal.close(claim, Closing(state=OrderState.QUEUED, next_seconds=60.0, answer=answer()))
    # Another server has answered a repeat by that record, before it is put right.
    answered = AnswerRecord(datetime.now(UTC), "r-2", 200, None)
    await journal.run(Repeat(claim.order_id, answered, webhook=False))
    instead = answer(500, "journal_unavailable")
    late = NotHeard(claim.order_id, "r-1", instead, webhook=False)
    assert await journal.run(late) == ()
    assert book.answers("k") == [(500, "journal_unavailable"), (200, None)]
    assert book.order("k")["told_status"] == 200
    # It was promised: other contents do not take its place.
    changed = await journal.open(arrival(journal, fingerprint="other"), soon())
    assert changed.standing is Standing.CHANGED


async def test_closing_again_comes_to_the_same(journal, book):
    claim = await opened_and_frozen(journal)
    closing = Closing(state=OrderState.ACCEPTED, updates=(accepted(0),), answer=answer())
    await journal.close(claim, closing)
    await journal.close(claim, closing)
    assert book.answers("k") == [(200, None)]


async def test_what_was_not_sent_after_all_is_not_left_in_doubt(journal, book):
    claim = await opened_and_frozen(journal, sending=True)
    assert book.states("k") == ["sending", "ready"]
    closing = Closing(state=OrderState.UNAVAILABLE, answer=answer(500, "x"), nothing_left=True)
    await journal.close(claim, closing)
    assert book.states("k") == ["ready", "ready"]
    assert [row["sent_at"] for row in book.submissions("k")] == [None, None]
    changed = await journal.open(arrival(journal, fingerprint="other"), soon())
    assert changed.standing is Standing.CLAIMED


async def test_who_waited_takes_what_another_process_was_answered(journal):
    claim = await opened_and_frozen(journal)
    came = arrival(journal)
    await journal.close(claim, Closing(state=OrderState.UNAVAILABLE, answer=answer(500, "x")))
    opened = await journal.open(came, soon(), waiting=Waiting(None))
    assert opened.standing is Standing.ANSWERED
    later = Waiting(opened.order.told_at)
    assert (await journal.open(came, soon(), waiting=later)).standing is Standing.CLAIMED


async def test_two_services_never_take_up_the_same_order(journal_url):
    async with opened_journal(journal_url) as one, opened_journal(journal_url) as other:
        for number in range(40):
            opened = await one.open(arrival(one, f"k{number}"), soon())
            queued = Closing(state=OrderState.QUEUED, next_seconds=0.0)
            await one.close(opened.claim, queued)
        taken = []
        while True:
            found = await asyncio.gather(
                *(
                    journal.claim_due(Room(most=3, each=3), claim_seconds=CLAIM_SECONDS)
                    for journal in (one, other) * 3
                )
            )
            if not any(found):
                break
            taken.extend(due.order.key for each in found for due in each)
    assert sorted(taken) == sorted(f"k{number}" for number in range(40))


async def test_an_order_that_is_claimed_by_name_is_left_where_it_is_in_hand(journal):
    opened = await journal.open(arrival(journal), soon())
    assert await journal.claim_order(opened.order.id, claim_seconds=5) is None
    await journal.close(opened.claim, Closing(state=OrderState.REFUSED))
    due = await journal.claim_order(opened.order.id, claim_seconds=5)
    assert due.order.state is OrderState.REFUSED
    assert due.received == b"{}"


async def test_the_longest_due_comes_first(journal, book):
    for number in range(3):
        opened = await journal.open(arrival(journal, f"k{number}"), soon())
        await journal.close(opened.claim, Closing(state=OrderState.QUEUED, next_seconds=0.0))
    book.write("UPDATE orders SET next_attempt_at = next_attempt_at - 100 WHERE key = 'k2'")
    due = await journal.claim_due(Room(most=1, each=1), claim_seconds=5)
    assert [each.order.key for each in due] == ["k2"]


async def test_a_process_that_ends_gives_back_what_it_has_in_hand(journal_url, book):
    async with opened_journal(journal_url) as one:
        await one.open(arrival(one, claim_seconds=600), soon())
        assert book.order("k")["claim"] is not None
    assert book.order("k")["claim"] is None
    assert book.rows("SELECT * FROM owners") == []
    async with opened_journal(journal_url) as other:
        assert [
            due.order.key for due in await other.claim_due(Room(most=1, each=1), claim_seconds=5)
        ] == ["k"]


async def test_a_redelivery_that_ends_with_its_process_was_no_try(journal_url, book):
    async with opened_journal(journal_url) as journal:
        opened = await journal.open(arrival(journal), soon())
        await journal.close(opened.claim, Closing(state=OrderState.QUEUED, next_seconds=0.0))
    for _ in range(3):
        async with opened_journal(journal_url) as journal:
            (due,) = await journal.claim_due(Room(most=1, each=1), claim_seconds=600)
            assert due.order.redeliveries == 1
    assert book.order("k")["redeliveries"] == 0


async def test_no_one_releases_the_orders_of_who_lives(journal_url, book):
    async with opened_journal(journal_url) as one, opened_journal(journal_url) as other:
        await one.open(arrival(one), soon())
        book.write("UPDATE owners SET heartbeat_at = heartbeat_at - 3600")
        assert await other.release_dead() == 0
        assert book.order("k")["claim"] is not None


@pytest.mark.parametrize("journal_url", ["sqlite"], indirect=True)
async def test_who_lives_is_known_by_whatever_path_the_journal_is_opened(
    journal_url, book, tmp_path
):
    linked = tmp_path / "elsewhere"
    linked.mkdir()
    (linked / "link.db").symlink_to(tmp_path / "journal.db")
    async with (
        opened_journal(journal_url) as one,
        opened_journal(f"sqlite:///{linked}/link.db") as other,
    ):
        for here, there, key in ((one, other, "k"), (other, one, "l")):
            await here.open(arrival(here, key), soon())
            assert await there.release_dead() == 0
            assert book.order(key)["claim"] is not None
    assert list(linked.glob("*.lock")) == []


AS_ANOTHER = """
import asyncio, os, sys
from multiorder_sync import Secret
from multiorder_sync.config import JournalSettings
from multiorder_sync.delivery.journal.journal import Journal
import concurrent.futures.thread, sqlalchemy.dialects.sqlite.pysqlite
async def main():
    journal = Journal(JournalSettings(url=Secret(sys.argv[1])))
    if os.geteuid() == 0:  # who may read everything
        os.setuid(65534)
    await journal.start()
    print(await journal.release_dead())
    await journal.aclose()
asyncio.run(main())
"""


async def test_a_process_of_another_user_is_not_taken_for_dead(sqlite_template):
    folder = Path(tempfile.mkdtemp())
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'journal.db')}"
    folder.chmod(0o777)
    try:
        async with opened_journal(url) as journal:
            for file in folder.iterdir():
                file.chmod(0o000 if file.suffix == ".lock" else 0o666)
            command = [sys.executable, "-c", AS_ANOTHER, url]
            done = await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
            )
            assert (done.stdout, done.stderr) == ("0\n", "")
            owners = [row["id"] for row in Book(url).rows("SELECT id FROM owners")]
            assert journal.owner in owners
    finally:
        shutil.rmtree(folder)


async def test_a_due_order_that_can_not_be_read_does_not_keep_others_waiting(by_hand, book, logged):
    orders = [multi_order() for _ in range(3)]
    by_hand.oms.key = "another"
    for order in orders:
        assert (await by_hand.post("queue", order)).status_code == 200
    damaged = orders[0]["id"]
    book.write("UPDATE orders SET received = :bytes WHERE key = :key", bytes=b"fXX", key=damaged)
    by_hand.oms.key = by_hand.oms_key
    for order in orders[1:]:
        assert await take_up(by_hand, order["id"]) == "accepted"
    assert await by_hand.service.journal.claim_due(Room(most=5, each=5), claim_seconds=5) == []
    assert book.state(damaged) == "queued"
    assert any(line["event"] == "order can't be taken up" for line in logged)
