"""Alarms reach the webhook: signed, again until they are taken, and with the same id each time."""

import asyncio
import contextlib
import json
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from acme import error_of, multi_order
from acme.house import opened_journal, take_up, until
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from multiorder_sync import Secret
from multiorder_sync.config import AlarmSettings
from multiorder_sync.delivery.alarms import SENTENCES, Alarms
from multiorder_sync.delivery.journal.due import Room
from multiorder_sync.delivery.journal.records import AlarmKind
from multiorder_sync.metrics import Metrics
from multiorder_sync.nacelle.signature import verify

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = Secret("webhook-secret-1c5")


class Receiver:
    """Who is told: it proves each call's signature, and answers as it is told to."""

    def __init__(self, street):
        self.status = 200
        self.calls = []
        self.together = None
        self._street = street

    async def take(self, request):
        body = await request.body()
        signature = request.headers["x-multiorder-signature-sha256"]
        assert request.headers["content-type"] == "application/json"
        self.calls.append(json.loads(body) if verify(body, (signature,), [SECRET]) else None)
        if self.together is not None:
            await self.together.wait()
        return Response(status_code=self.status)

    @contextlib.contextmanager
    def serving(self):
        app = Starlette(routes=[Route("/hook", self.take, methods=["POST"])])
        place = self._street.services.add(app)
        url = f"{self._street.url}{place}/hook"
        yield AlarmSettings(webhook_url=url, webhook_secret=SECRET)
        self._street.services.remove(place)


@pytest_asyncio.fixture(loop_scope="session")
async def receiver(street):
    return Receiver(street)


@pytest.fixture
def settings(receiver):
    with receiver.serving() as settings:
        yield settings


@contextlib.asynccontextmanager
async def raising(settings, delays=(0.0, 0.0, 0.0)):
    alarms = Alarms(settings, Metrics(), delays=delays)
    yield alarms
    await alarms.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def alarmed(house, settings, book):
    """The id of an order that is partial; its alarm is not delivered yet."""
    world = await house.open(by_hand=True, alarms=settings)
    order = multi_order(orders=2)
    house.oms.fail("refuse", code="E", message="No.", skip=1)
    error_of(await world.post("fail", order), 422, "oms_refused")
    await house.close(world)
    return order["id"]


async def test_an_alarm_is_delivered_once_and_signed(house, receiver, settings, book):
    world = await house.open(alarms=settings)
    order = multi_order()
    house.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    house.oms.fail("refuse", code="E", message="No.")
    house.oms.key = world.oms_key
    await until(lambda: receiver.calls)
    (call,) = receiver.calls
    assert datetime.fromisoformat(call.pop("sent_at")) <= datetime.now(UTC)
    assert datetime.fromisoformat(call.pop("received_at")) <= datetime.now(UTC)
    assert call == {
        "id": book.rows("SELECT id FROM alarms")[0]["id"],
        "kind": "refused_after_queued",
        "message": SENTENCES[AlarmKind.REFUSED_AFTER_QUEUED],
        "space": "queue",
        "order": order["id"],
        "state": "refused",
        "connector": "acme",
        "told_status": 200,
    }
    (row,) = await until(lambda: book.rows("SELECT * FROM alarms WHERE delivered_at IS NOT NULL"))
    assert (row["tries"], row["next_try_at"]) == (1, None)
    assert len(receiver.calls) == 1


async def test_an_alarm_that_is_not_taken_comes_again_with_the_same_id(
    alarmed, journal_url, receiver, settings, book, logged
):
    receiver.status = 503
    async with opened_journal(journal_url) as journal, raising(settings) as alarms:
        for _ in range(3):
            await alarms.deliver(journal)
        receiver.status = 204
        await alarms.deliver(journal)
        await alarms.deliver(journal)
    ids = [call["id"] for call in receiver.calls]
    assert len(ids) >= 4
    assert len(set(ids)) == 1
    (row,) = book.rows("SELECT * FROM alarms")
    assert (row["tries"], row["next_try_at"]) == (4, None)
    assert row["delivered_at"] is not None
    assert any("503" in line.get("reason", "") for line in logged)


async def test_the_waits_between_tries_are_those_of_the_ladder(
    alarmed, journal_url, receiver, settings, book
):
    receiver.status = 500
    async with opened_journal(journal_url) as journal, raising(settings, (600.0, 6000.0)) as alarms:
        before = book.rows("SELECT next_try_at AS at FROM alarms")[0]["at"]
        await alarms.deliver(journal)
        after = book.rows("SELECT next_try_at AS at FROM alarms")[0]["at"]
        assert 600.0 <= after - before < 1200.0
        await alarms.deliver(journal)  # not its turn
        assert book.rows("SELECT tries FROM alarms") == [{"tries": 1}]
        book.write("UPDATE alarms SET next_try_at = 0")
        await alarms.deliver(journal)
        assert book.rows("SELECT next_try_at AS at FROM alarms")[0]["at"] - after > 5000.0


async def test_an_alarm_that_no_one_ever_takes_is_given_up_and_logged(
    alarmed, journal_url, receiver, settings, book, logged
):
    receiver.status = 404
    async with opened_journal(journal_url) as journal, raising(settings, (0.0, 0.0)) as alarms:
        for _ in range(5):
            await alarms.deliver(journal)
    assert len(receiver.calls) == 3
    (row,) = book.rows("SELECT * FROM alarms")
    assert row["next_try_at"] is None
    assert row["delivered_at"] is None  # it never was
    told = [line for line in logged if line["event"] == "alarm not delivered"]
    assert [line["given_up"] for line in told] == [False, False, True]
    assert [line["log_level"] for line in told] == ["warning", "warning", "error"]


async def test_a_webhook_that_is_not_there_is_tried_again(alarmed, journal_url, receiver, book):
    away = AlarmSettings(webhook_url="http://127.0.0.1:1/hook", webhook_secret=SECRET)
    async with opened_journal(journal_url) as journal, raising(away) as alarms:
        await alarms.deliver(journal)
        assert book.rows("SELECT tries FROM alarms") == [{"tries": 1}]
        with receiver.serving() as settings:
            await alarms.take(settings)
            await alarms.deliver(journal)
    assert len(receiver.calls) == 1


async def test_an_alarm_survives_a_restart(alarmed, house, receiver, settings):
    assert receiver.calls == []
    await house.open(alarms=settings)
    await until(lambda: receiver.calls)
    assert receiver.calls[0]["order"] == alarmed


async def test_an_alarm_whose_process_dies_on_the_way_comes_again(
    alarmed, journal_url, receiver, settings, book
):
    async with opened_journal(journal_url) as journal:
        (taken,) = await journal.claim_alarms(most=10)
        assert await journal.claim_alarms(most=10) == []  # no other process takes it meanwhile
    book.write("UPDATE alarms SET next_try_at = next_try_at - 60")
    async with opened_journal(journal_url) as journal, raising(settings) as alarms:
        await alarms.deliver(journal)
    assert [call["id"] for call in receiver.calls] == [taken.id]


async def test_alarms_are_delivered_at_once_so_that_each_is_through_before_its_claim_ends(
    house, receiver, settings, journal_url, book
):
    world = await house.open(by_hand=True, alarms=settings)
    for _ in range(5):
        house.oms.fail("refuse", code="E", message="No.", skip=1)
        error_of(await world.post("fail", multi_order(orders=2)), 422, "oms_refused")
    await house.close(world)
    receiver.together = asyncio.Barrier(5)  # it answers none before it has all of them
    async with opened_journal(journal_url) as journal, raising(settings) as alarms:
        await asyncio.wait_for(alarms.deliver(journal), 60)
    rows = book.rows("SELECT tries, delivered_at FROM alarms")
    assert [row["tries"] for row in rows] == [1] * 5
    assert all(row["delivered_at"] for row in rows)


async def test_a_try_is_counted_once_though_two_processes_make_it(alarmed, journal_url, book):
    async with opened_journal(journal_url) as one, opened_journal(journal_url) as other:
        (first,) = await one.claim_alarms(most=10)
        book.write("UPDATE alarms SET next_try_at = 0")  # as if its claim had ended
        (second,) = await other.claim_alarms(most=10)
        assert first == second
        for journal, due in ((one, first), (other, second)):
            await journal.alarm_tried(due, arrived=False, again_seconds=0.0)
        assert book.rows("SELECT tries FROM alarms") == [{"tries": 1}]
        (third,) = await one.claim_alarms(most=10)
        await one.alarm_tried(third, arrived=True, again_seconds=None)
        # What was delivered is not tried again, whatever a slower one says.
        await other.alarm_tried(third, arrived=False, again_seconds=0.0)
        assert await other.claim_alarms(most=10) == []
    (row,) = book.rows("SELECT * FROM alarms")
    assert (row["tries"], row["next_try_at"]) == (2, None)


async def test_each_kind_of_alarm_is_raised_once_for_an_order(house, receiver, settings, book):
    world = await house.open(alarms=settings, by_hand=True)
    order = multi_order(orders=2)
    for _ in range(3):
        house.oms.fail("refuse", code="E", message="No.", skip=0 if house.oms.held else 1)
        error_of(await world.post("fail", order), 422, "oms_refused")
    assert book.alarms(order["id"]) == ["partial"]
    assert b'multiorder_alarms_total{kind="partial",space="fail"} 1.0' in (
        await world.service.metrics_text()
    )
    await world.service._alarms.deliver(world.service.journal)
    assert [call["kind"] for call in receiver.calls] == ["partial"]


@pytest.fixture
def five_minutes_ahead(monkeypatch):
    """Let whoever serves during the block have a clock that is ahead of the database's."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + timedelta(minutes=5)

    @contextlib.contextmanager
    def ahead():
        with monkeypatch.context() as patched:
            for name, module in tuple(sys.modules.items()):
                if name.startswith("multiorder_sync.delivery.") and hasattr(module, "datetime"):
                    patched.setattr(module, "datetime", Ahead)
            yield

    return ahead


async def test_what_lasts_is_told_once_though_the_clock_of_who_answered_was_ahead(
    house, book, five_minutes_ahead
):
    order = multi_order()
    with five_minutes_ahead():
        first = await house.open(by_hand=True)
        first.space(space_id="gone", on_outage="queue")
        house.oms.key = "another"
        assert (await first.post("gone", order)).status_code == 200
        await house.close(first)
    assert abs(book.order(order["id"])["told_at"] - time.time()) < 60
    world = await house.open(by_hand=True)
    for _ in range(3):
        book.write("UPDATE orders SET next_attempt_at = 0")  # it comes in a minute
        assert await take_up(world, order["id"]) == "queued"
    assert book.alarms(order["id"]) == ["not_served"]


async def test_what_was_told_last_is_known_though_the_clock_of_who_told_the_rest_was_ahead(
    house, book, five_minutes_ahead
):
    order = multi_order()
    with five_minutes_ahead():
        first = await house.open(by_hand=True)
        house.oms.key = "another"
        error_of(await first.post("fail", order), 500, "oms_unavailable")
        await house.close(first)
    book.write("UPDATE orders SET state = 'abandoned'")
    world = await house.open(by_hand=True)
    error_of(await world.post("fail", order), 422, "order_abandoned")
    await until(lambda: len(book.answers(order["id"])) == 2)
    assert book.order(order["id"])["told_code"] == "order_abandoned"


async def test_without_a_webhook_alarms_are_on_record_and_in_the_log(house, book, logged):
    world = await house.open()
    order = multi_order(orders=2)
    house.oms.fail("refuse", code="E", message="No.", skip=1)
    error_of(await world.post("fail", order), 422, "oms_refused")
    (row,) = book.rows("SELECT * FROM alarms")
    assert (row["kind"], row["next_try_at"]) == ("partial", None)
    (line,) = [line for line in logged if line["event"] == "alarm"]
    assert (line["kind"], line["order"], line["log_level"]) == ("partial", order["id"], "error")


@pytest_asyncio.fixture(loop_scope="session")
async def two_alarmed(house, settings):
    """Leave two orders that are partial; their alarms are not delivered yet."""
    world = await house.open(by_hand=True, alarms=settings)
    for _ in range(2):
        house.oms.fail("refuse", code="E", message="No.", skip=1)
        error_of(await world.post("fail", multi_order(orders=2)), 422, "oms_refused")
    await house.close(world)


@pytest.mark.parametrize(
    ("column", "value"), [("reason", b"fjunk"), ("error", b"p{"), ("state", "parked")]
)
async def test_the_alarm_of_an_order_that_can_not_be_read_is_delivered_too(
    two_alarmed, receiver, settings, journal_url, book, column, value
):
    book.write(f"UPDATE orders SET {column} = :value WHERE id = 1", value=value)
    async with opened_journal(journal_url) as journal, raising(settings) as alarms:
        await alarms.deliver(journal)
    states = [call["state"] for call in receiver.calls]
    assert sorted(states) == (["parked", "partial"] if column == "state" else ["partial"] * 2)
    assert all(row["delivered_at"] for row in book.rows("SELECT * FROM alarms"))


async def test_an_order_that_can_not_be_read_is_alarmed_once(
    house, receiver, settings, book, logged
):
    world = await house.open(by_hand=True, alarms=settings)
    order = multi_order()
    house.oms.key = "another"
    assert (await world.post("queue", order)).status_code == 200
    book.write("UPDATE submissions SET error = :junk", junk=b"p{")
    for _ in range(3):
        book.write("UPDATE orders SET next_attempt_at = 0")
        room = Room(most=5, each=5)
        assert await world.service.journal.claim_due(room, claim_seconds=5) == []
    assert book.alarms(order["id"]) == ["unreadable"]
    (line,) = [line for line in logged if line["event"] == "alarm"]
    assert (line["kind"], line["order"], line["space"]) == ("unreadable", order["id"], "queue")
    assert b'multiorder_alarms_total{kind="unreadable",space="queue"} 1.0' in (
        await world.service.metrics_text()
    )
    await world.service._alarms.deliver(world.service.journal)
    assert [(call["kind"], call["order"]) for call in receiver.calls] == [
        ("unreadable", order["id"])
    ]
    # Once it can be read again, it goes on.
    book.write("UPDATE submissions SET error = NULL")
    house.oms.key = world.oms_key
    book.write("UPDATE orders SET next_attempt_at = 0")
    assert await take_up(world, order["id"]) == "accepted"


async def test_an_alarm_of_a_later_version_is_left_to_it(
    two_alarmed, receiver, settings, journal_url, book, logged
):
    book.write("UPDATE alarms SET kind = 'of_tomorrow' WHERE order_id = 1")
    async with opened_journal(journal_url) as journal, raising(settings) as alarms:
        await alarms.deliver(journal)
    assert [call["kind"] for call in receiver.calls] == ["partial"]
    assert any(line["event"] == "alarm of an unknown kind" for line in logged)
    (row,) = book.rows("SELECT * FROM alarms WHERE order_id = 1")
    assert (row["tries"], row["delivered_at"]) == (0, None)
    assert row["next_try_at"] is not None


async def test_alarms_that_fail_do_not_keep_what_is_past_its_retention(
    house, settings, book, logged
):
    first = await house.open(by_hand=True)
    order = multi_order()
    assert (await first.post("fail", order)).status_code == 200
    await house.close(first)
    book.write("UPDATE orders SET updated_at = 0")
    book.write("ALTER TABLE alarms RENAME TO elsewhere")
    await house.open(alarms=settings)
    await until(lambda: book.order(order["id"])["received"] is None)
    await until(lambda: any(line["event"] == "upkeep waits for the journal" for line in logged))


async def test_a_broken_round_does_not_end_the_upkeep(house, receiver, settings, book, logged):
    world = await house.open(alarms=settings)
    book.write("ALTER TABLE alarms RENAME TO elsewhere")
    await until(lambda: any(line["event"] == "upkeep waits for the journal" for line in logged))
    book.write("ALTER TABLE elsewhere RENAME TO alarms")
    house.oms.fail("refuse", code="E", message="No.", skip=1)
    error_of(await world.post("fail", multi_order(orders=2)), 422, "oms_refused")
    await until(lambda: receiver.calls)


async def test_every_kind_of_alarm_has_its_sentence():
    assert set(SENTENCES) == set(AlarmKind)
