"""What is kept: invalid bodies, odd ids, nothing of the shopper in the clear where keys are set."""

import asyncio
import json
import threading

import msgspec
import pytest
from acme import Refusing, body_of, error_of, multi_order
from acme.house import opened_journal, take_up, until
from acme.world import BRIEF_SECONDS
from cryptography.fernet import Fernet
from sqlalchemy import event

from multiorder_sync import Secret
from multiorder_sync.config import JournalSettings, ServerSettings
from multiorder_sync.delivery.journal.due import Room
from multiorder_sync.delivery.journal.sealing import Sealer
from multiorder_sync.errors import JournalUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREET = "Geheime Gasse 17 b"
MAIL = "erika.mustermann@example.com"


def personal_order():
    order = multi_order()
    order["orders"][0]["shipping_address"] |= {"address1": STREET, "city": "Musterstadt"}
    return order


INVALID = {
    "no order": b'{"id": "mo-1", "orders": []}',
    "no JSON": b"\x00\xff not JSON",
    "an id with NUL": json.dumps(multi_order(id="a\x00b")).encode(),
    "nothing to tell it by": json.dumps(
        {"orders": [{"order_items": [{"sku": "S", "quantity": 1}]}]}
    ).encode(),
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
async def test_a_signed_body_that_is_no_order_is_kept_once(world, book, body, logged):
    for _ in range(3):
        error_of(await world.post("fail", body), 400, "invalid_order")
    (row,) = book.rows("SELECT * FROM orders")
    assert (row["state"], row["told_status"], row["told_code"]) == ("invalid", 400, "invalid_order")
    assert row["received"] == b"p" + body
    assert row["key"].startswith("invalid:")
    assert row["next_attempt_at"] is None
    assert book.answers(row["key"]) == [(400, "invalid_order")] * 3
    assert book.alarms(row["key"]) == ["invalid"]
    (line,) = [line for line in logged if line["event"] == "alarm"]
    # The operator finds the record by the alarm's order, and the shop's by the id that came.
    assert (line["kind"], line["order"]) == ("invalid", row["key"])
    readable = {INVALID["no order"]: "mo-1", INVALID["an id with NUL"]: "a\x00b"}
    assert line.get("multi_order") == readable.get(body)


async def test_invalid_bodies_at_once_are_kept_once(house, book, logged):
    worlds = [await house.open(by_hand=True) for _ in range(2)]
    body = b'{"id": "mo-x"}'
    answers = await asyncio.gather(*(worlds[number % 2].post("fail", body) for number in range(30)))
    assert {answer.status_code for answer in answers} == {400}
    (row,) = book.rows("SELECT * FROM orders")
    assert len(book.answers(row["key"])) == 30
    assert book.alarms(row["key"]) == ["invalid"]
    assert not any(line["event"] == "journal can't be written" for line in logged)


async def test_a_body_is_called_invalid_once_it_is_kept(world, book, logged):
    space = world.space(deadline_seconds=0.4)
    with book.blocked():
        error = error_of(await world.post(space, b"{}"), 500, "journal_unavailable")
    assert error["details"]["retryable"]
    assert any(line["event"] == "invalid order not kept" for line in logged)
    world.give_time(space)
    error_of(await world.post(space, b"{}"), 400, "invalid_order")
    (kept,) = book.rows("SELECT * FROM orders")
    assert kept["state"] == "invalid"


async def test_a_body_that_is_kept_after_its_call_was_answered_is_alarmed_then(world, book, logged):
    alarmed, hangs, go_on = threading.Event(), threading.Event(), threading.Event()

    def alarms():
        return [line for line in logged if line["event"] == "alarm"]

    @event.listens_for(world.service.journal.engine, "before_cursor_execute")
    def see(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO alarms"):
            alarmed.set()

    @event.listens_for(world.service.journal.engine, "commit")
    def hang(_connection):
        if alarmed.is_set() and not hangs.is_set():
            hangs.set()
            go_on.wait(60)

    space = world.space(deadline_seconds=BRIEF_SECONDS)
    body = b'{"id": "mo-late"}'
    try:
        while not hangs.is_set():  # a slow machine may not come so far in time
            error_of(await world.post(space, body), 500, "journal_unavailable")
        assert alarms() == []
    finally:
        go_on.set()
    (line,) = await until(alarms)
    (row,) = book.rows("SELECT * FROM orders")
    assert (line["kind"], line["order"], line["multi_order"]) == ("invalid", row["key"], "mo-late")
    metrics = await world.service.metrics_text()
    assert f'multiorder_alarms_total{{kind="invalid",space="{space}"}} 1.0'.encode() in metrics
    async with asyncio.timeout(60):  # the journal has caught up once it takes the body again
        while (await world.post(space, body)).status_code != 400:
            continue
    assert len(alarms()) == 1
    assert book.alarms(row["key"]) == ["invalid"]


async def test_an_unsigned_body_is_not_kept(world, book):
    answer = await world.http.post("/spaces/fail/sync/consume", json=multi_order())
    error_of(answer, 401, "unauthenticated")
    assert book.rows("SELECT * FROM orders") == []


async def test_an_order_is_not_taken_for_one_whose_parts_have_its_name(by_hand):
    one, other = multi_order(id="a+b"), multi_order(orders=2)
    del other["id"]
    for order, name in zip(other["orders"], "ab", strict=True):
        order["id"] = name
    for order in (one, other, one, other):
        assert (await by_hand.post("fail", order)).status_code == 200
    assert len(by_hand.oms.held) == 3


ODD = [
    "back\\slash",
    "\\0",
    "\\\\0\\",
    "quote'\"; DROP TABLE orders; --",
    "%s %(key)s :key {key}",
    "ünïcødé \U0001f6d2 \u200b\u202e",
    "\x7f\x1b[31m",
    "x" * 300,
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_odd_ids_are_kept_as_they_are(by_hand, odd, journal_url):
    order = multi_order(orders=2, id=odd)
    order["orders"][0]["id"] = odd
    by_hand.oms.key = "another"
    assert (await by_hand.post("queue", order)).status_code == 200
    by_hand.oms.key = by_hand.oms_key
    async with opened_journal(journal_url) as journal:
        due = await journal.claim_order(1, claim_seconds=0.0)
    assert due.order.key == (odd if len(odd) < 150 else due.order.key)
    assert due.submissions[0].orders == (odd,)
    assert due.submissions[0].ref == f"queue-{odd}"
    assert await take_up(by_hand, due.order.key) == "accepted"
    assert by_hand.oms.refs[0] == f"queue-{odd}"
    creates = by_hand.oms.count("create")
    assert (await by_hand.post("queue", order)).status_code == 200
    assert by_hand.oms.count("create") == creates


async def test_ids_that_only_look_alike_are_different_orders(world):
    for odd in ("a\\0", "a\\\\0", "a0", "a\\\\\\0"):
        assert (await world.post("fail", multi_order(id=odd))).status_code == 200
    assert len(world.oms.held) == 4


@pytest.mark.parametrize("odd", ["nul\x00inside", "\x00", "\\0\x00\\\\0", "0\\"])
async def test_an_oms_and_its_connector_may_use_any_character(by_hand, book, journal_url, odd):
    class Odd(Refusing):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, ref=odd + each.ref, notes=(odd,))
                for each in super().transform(order, context)
            ]

        async def submit(self, submission):
            receipt = await super().submit(submission)
            return msgspec.structs.replace(receipt, oms_id=odd, status=odd, warnings=(odd,))

    order = multi_order(orders=2)
    space = by_hand.space(Odd)
    by_hand.oms.fail("rate_limit", retry_after=60, skip=1)
    error = error_of(await by_hand.post(space, order), 500, "oms_unavailable")
    assert [each["oms_id"] for each in error["details"]["orders"]] == [odd, None]
    async with opened_journal(journal_url) as journal:
        due = await journal.claim_order(1, claim_seconds=0.0)
    first = due.submissions[0]
    assert first.ref == first.receipt.oms_ref == f"{odd}{space}-{order['orders'][0]['id']}"
    assert (first.receipt.oms_id, first.receipt.status) == (odd, odd)
    assert first.receipt.warnings == (odd, odd)
    assert (await by_hand.post(space, order)).status_code == 200


async def test_an_id_that_is_no_text_at_all_is_invalid(world):
    body = json.dumps(multi_order(id="PLACE")).encode().replace(b"PLACE", b"\\ud800")
    answer = await world.post("fail", body)
    error_of(answer, 400, "invalid_order")


async def test_odd_request_ids_are_kept(world, book):
    order = multi_order()
    await world.post("fail", order, headers={"x-request-id": "a\\0'; --"})
    assert book.state(order["id"]) == "accepted"


def fernet_key():
    return Secret(Fernet.generate_key().decode())


def all_bytes(journal_url, book, tmp_path):
    """Return everything that the database holds."""
    if book.sqlite:
        return b"".join(file.read_bytes() for file in tmp_path.glob("journal.db*"))
    found = []
    for table in ("orders", "submissions", "attempts", "answers", "alarms", "owners"):
        for row in book.rows(f"SELECT * FROM {table}"):
            found.extend(
                bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                for value in row.values()
            )
    return b"\n".join(found)


async def eventful(world):
    """Let orders leave all that they can leave in a journal."""
    await world.post("fail", personal_order())
    world.oms.fail("refuse", code="E", message=f"No one lives at {STREET}, {MAIL}.")
    error_of(await world.post("fail", personal_order()), 422, "oms_refused")
    space = world.space(on_outage="queue")
    world.oms.leave_in_doubt()
    assert (await world.post(space, personal_order())).status_code == 200
    world.oms.mend()
    broken = json.dumps({"id": "x", "email": MAIL}).encode()
    error_of(await world.post("fail", broken), 400, "invalid_order")


async def test_with_keys_nothing_of_the_shopper_is_in_the_database(
    house, journal_url, book, tmp_path
):
    world = await house.open(by_hand=True, encryption_keys=(fernet_key(),))
    await eventful(world)
    kept = all_bytes(journal_url, book, tmp_path)
    await house.close(world)
    kept += all_bytes(journal_url, book, tmp_path)
    assert b"acme" in kept
    for personal in (STREET, MAIL, "Musterstadt", "Mustermann"):
        assert personal.encode() not in kept
        assert personal.lower().encode() not in kept


async def test_without_keys_it_is_there(house, journal_url, book, tmp_path):
    """The proof that the test above can fail."""
    world = await house.open(by_hand=True)
    await eventful(world)
    kept = all_bytes(journal_url, book, tmp_path)
    for personal in (STREET, MAIL, "Musterstadt", "Mustermann"):
        assert personal.encode() in kept
    # In the record of calls to the OMS, its words are redacted even so.
    said = b"".join(row["answer"] or b"" for row in book.rows("SELECT answer FROM attempts"))
    assert b"No one lives at ***" in said


async def queued_with(house, *keys):
    world = await house.open(by_hand=True, encryption_keys=keys)
    world.space(space_id="acme", on_outage="queue")
    order = personal_order()
    house.oms.key = "another"
    assert (await world.post("acme", order)).status_code == 200
    house.oms.key = world.oms_key
    await house.close(world)
    return order


async def test_a_key_that_was_rotated_still_reads(house):
    old, new = fernet_key(), fernet_key()
    order = await queued_with(house, old)
    world = await house.open(by_hand=True, encryption_keys=(new, old))
    world.space(space_id="acme", on_outage="queue")
    assert await take_up(world, order["id"]) == "accepted"
    assert world.oms.held[0]["order"]["email"] == MAIL


async def test_what_was_kept_in_the_clear_still_reads_with_a_key(house):
    order = await queued_with(house)
    world = await house.open(by_hand=True, encryption_keys=(fernet_key(),))
    world.space(space_id="acme", on_outage="queue")
    assert await take_up(world, order["id"]) == "accepted"


@pytest.mark.parametrize("keys", [(), (fernet_key(),)], ids=["no key", "another key"])
async def test_a_missing_key_is_told_clearly_and_sends_nothing(house, book, keys, logged):
    queued = await queued_with(house, key := fernet_key())
    first = await house.open(by_hand=True, encryption_keys=(key,))
    doubted = personal_order()
    space = first.space()
    house.oms.leave_in_doubt()
    error_of(await first.post(space, doubted), 500, "outcome_unknown")
    await house.close(first)
    house.oms.mend()
    house.oms.calls.clear()
    world = await house.open(by_hand=True, encryption_keys=keys)
    world.space(space_id="acme", on_outage="queue")
    error = error_of(await world.post(world.space(), doubted), 500, "journal_unavailable")
    assert "encryption_keys" in error["error"]
    book.write("UPDATE orders SET next_attempt_at = 0")
    assert await world.service.journal.claim_due(Room(most=5, each=5), claim_seconds=5) == []
    told = [line for line in logged if line["event"] == "order can't be taken up"]
    assert len(told) == 2
    assert "encryption_keys" in told[0]["reason"]
    with pytest.raises(JournalUnavailable, match="encryption_keys"):
        await world.service.journal.claim_order(1, claim_seconds=5)
    assert house.oms.calls == []
    assert book.state(queued["id"]) == "queued"
    # What was promised stays so, and other orders are not affected.
    assert (await world.post("acme", queued)).status_code == 200
    assert (await world.post("acme", personal_order())).status_code == 200


async def test_an_abandoned_order_that_can_not_be_read_is_answered_as_one(house, book):
    order = await queued_with(house, fernet_key())
    book.write("UPDATE submissions SET error = :junk, notes = :junk", junk=b"fjunk")
    book.write(
        "UPDATE orders SET state = 'abandoned', error = :junk, reason = :reason, "
        "next_attempt_at = NULL",
        junk=b"fjunk",
        reason=b'p"the key is lost"',
    )
    world = await house.open(by_hand=True)
    world.space(space_id="acme", on_outage="queue")
    error = error_of(await world.post("acme", order), 422, "order_abandoned")
    assert "the key is lost" in error["error"]
    assert house.oms.held == []


async def test_keys_can_be_taken_while_it_runs(journal_url, house):
    key = fernet_key()
    order = await queued_with(house, key)
    async with opened_journal(journal_url) as journal:
        assert await journal.claim_due(Room(most=1, each=1), claim_seconds=5) == []
        journal.take_keys(JournalSettings(encryption_keys=(fernet_key(), key)))
        due = await journal.claim_order(1, claim_seconds=5)
    assert json.loads(due.received) == order


async def test_what_is_sealed_opens_by_the_key_alone():
    first, second = fernet_key(), fernet_key()
    plain, one, both = Sealer(), Sealer([first]), Sealer([second, first])
    assert plain.open(plain.seal(b"x")) == b"x"
    assert one.open(plain.seal(b"x")) == both.open(one.seal(b"x")) == b"x"
    assert [each.is_current(plain.seal(b"x")) for each in (plain, one)] == [True, False]
    assert [each.is_current(one.seal(b"x")) for each in (plain, one, both)] == [False, True, False]
    for sealer, sealed in ((plain, one.seal(b"x")), (one, both.seal(b"x")), (one, b"fjunk")):
        with pytest.raises(JournalUnavailable, match="encryption_keys"):
            sealer.open(sealed)


async def test_a_body_of_the_largest_size_is_kept(world, book):
    order = multi_order(comments="x" * 1_990_000)
    assert (await world.post("fail", order)).status_code == 200
    assert book.order(order["id"])["received"] == b"p" + body_of(order)


async def test_counts_are_by_space_and_state(house):
    world = await house.open(by_hand=True, server=ServerSettings(port=0, metrics=True))
    await world.post("fail", multi_order())
    world.oms.key = "another"
    await world.post("fail", multi_order())
    await world.post("queue", multi_order())
    assert world.service.journal.counts() == {
        ("fail", "accepted"): 1,
        ("fail", "unavailable"): 1,
        ("queue", "queued"): 1,
    }
    metrics = (await world.http.get("/metrics")).text
    assert 'multiorder_journal_orders{space="fail",state="unavailable"} 1.0' in metrics


async def test_metrics_are_there_though_the_journal_is_not(house, book, logged):
    world = await house.open(by_hand=True, server=ServerSettings(port=0, metrics=True))
    book.write("ALTER TABLE orders RENAME TO elsewhere")
    answer = await world.http.get("/metrics")
    assert answer.status_code == 200
    assert any(line["event"] == "orders not counted" for line in logged)
    book.write("ALTER TABLE elsewhere RENAME TO orders")
