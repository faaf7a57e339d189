"""The journal can't be written: nothing is sent that is not on record, and nothing is lost."""

import asyncio
import contextlib
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from acme import body_of, error_of, multi_order
from acme.book import Block
from acme.house import release, take_up, until
from acme.world import BRIEF_SECONDS
from sqlalchemy import event

from multiorder_sync import Secret
from multiorder_sync.config import JournalSettings
from multiorder_sync.config.database import located
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.errors import JournalUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="session")

on_sqlite = pytest.mark.parametrize("journal_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("journal_url", ["postgresql"], indirect=True)


async def readiness(world):
    answer = await world.http.get("/readyz")
    return answer.status_code, answer.json()["journal"]


async def test_an_order_that_can_not_be_opened_is_not_sent(world, book):
    order = multi_order()
    space = world.space(deadline_seconds=0.8)
    with book.blocked():
        error = error_of(await world.post(space, order), 500, "journal_unavailable")
        assert error["details"]["retryable"]
    assert world.oms.calls == []
    world.give_time(space)
    assert (await world.post(space, order)).status_code == 200
    assert book.answers(order["id"]) == [(200, None)]


@pytest.mark.parametrize("orders", [1, 2])
async def test_an_order_that_can_not_be_frozen_is_not_sent(house, book, orders):
    block = Block(book, "opened")
    world = await house.open(step=block, by_hand=True)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    order = multi_order(orders=orders)
    try:
        error_of(await world.post(space, order), 500, "journal_unavailable")
    finally:
        block.lift()
    assert world.oms.calls == []
    await until(lambda: book.state(order["id"]) == "unavailable")
    assert "sending" not in book.states(order["id"])
    world.give_time(space)
    assert (await world.post(space, order)).status_code == 200
    assert len(world.oms.held) == orders


async def test_a_create_that_can_not_be_announced_does_not_leave(house, book):
    # The first order is in the OMS; that stays so.
    block = Block(book, "sent")
    world = await house.open(step=block, by_hand=True)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    order = multi_order(orders=2)
    try:
        error = error_of(await world.post(space, order), 500, "journal_unavailable")
    finally:
        block.lift()
    assert [each["state"] for each in error["details"]["orders"]] == ["accepted", "ready"]
    assert world.oms.calls == ["create"]
    await until(lambda: book.state(order["id"]) == "partial")
    assert book.states(order["id"]) == ["accepted", "ready"]
    world.give_time(space)
    assert (await world.post(space, order)).status_code == 200
    assert len(world.oms.held) == 2


async def test_an_accepted_order_that_can_not_be_closed_is_answered_and_closed_later(house, book):
    block = Block(book, "sent")
    world = await house.open(step=block)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    order = multi_order()
    body = body_of(order)
    try:
        answer = await world.post(space, body)
        assert answer.status_code == 200
        assert answer.content == b'{"order":' + body + b"}"
        assert book.states(order["id"]) == ["sending"]
    finally:
        block.lift()
    await until(lambda: book.state(order["id"]) == "accepted")
    assert book.answers(order["id"]) == [(200, None)]
    assert book.alarms(order["id"]) == []
    assert world.oms.calls == ["create"]


async def test_the_alarms_of_an_order_that_is_closed_later_are_raised_then(house, book, logged):
    block, steps = Block(book, "sent"), []

    def block_at_the_second(step):
        steps.append(step)
        if steps.count("sent") == 2:
            block(step)

    world = await house.open(step=block_at_the_second)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    order = multi_order(orders=2)
    world.oms.fail("refuse", code="E", message="No.", skip=1)
    try:
        error_of(await world.post(space, order), 422, "oms_refused")
        assert not [line for line in logged if line["event"] == "alarm"]
    finally:
        block.lift()
    await until(lambda: [line["kind"] for line in logged if line["event"] == "alarm"])
    (line,) = [line for line in logged if line["event"] == "alarm"]
    assert (line["kind"], line["space"], line["order"]) == ("partial", space, order["id"])
    metrics = await world.service.metrics_text()
    assert f'multiorder_alarms_total{{kind="partial",space="{space}"}} 1.0'.encode() in metrics


async def test_a_server_that_ends_closes_what_it_could_not_close_before(house, book):
    block = Block(book, "sent")
    world = await house.open(step=block, by_hand=True)
    space = world.space(deadline_seconds=BRIEF_SECONDS)
    order = multi_order()
    try:
        assert (await world.post(space, order)).status_code == 200
        ending = asyncio.create_task(house.close(world))
        await asyncio.sleep(0.2)
    finally:
        block.lift()
    await ending
    assert book.state(order["id"]) == "accepted"
    assert book.answers(order["id"]) == [(200, None)]


@contextlib.contextmanager
def broken_disk(engine):
    """Let no transaction begin while the block lasts."""
    on = True

    def fail(_connection):
        if on:
            raise OSError("Input/output error")

    event.listen(engine, "begin", fail)
    try:
        yield
    finally:
        on = False


async def test_a_server_that_ends_while_the_journal_is_away_leaves_it_to_the_next(
    house, book, logged
):
    order = multi_order()
    with contextlib.ExitStack() as stack:

        def break_it(step):
            if step == "sent":
                stack.enter_context(broken_disk(world.service.journal.engine))

        world = await house.open(step=break_it, by_hand=True)
        world.space(space_id="acme")
        assert (await world.post("acme", order)).status_code == 200
        assert await readiness(world) == (503, "not working")
        await house.close(world)
    assert book.states(order["id"]) == ["sending"]
    events = {line["event"] for line in logged}
    assert events >= {"order could not be closed yet", "order not closed"}
    assert "journal could not be left in order" in events
    book.forget_the_dead()
    later = await house.open(by_hand=True)
    later.space(space_id="acme")
    await release(later)
    assert await take_up(later, order["id"]) == "accepted"
    assert house.oms.count("create") == 1


async def test_a_failure_that_nobody_put_on_record_does_not_keep_a_queued_order(house, book):
    # The next process can't tell it from an order of which Nacelle has heard nothing.
    order = multi_order()
    with contextlib.ExitStack() as stack:

        def break_it(step):
            if step == "sent":
                stack.enter_context(broken_disk(world.service.journal.engine))

        world = await house.open(step=break_it, by_hand=True)
        world.space(space_id="acme", on_outage="queue")
        world.oms.fail("refuse", code="E", message="No.")
        error_of(await world.post("acme", order), 422, "oms_refused")
        await house.close(world)
    assert book.answers(order["id"]) == []
    book.forget_the_dead()
    later = await house.open(by_hand=True)
    later.space(space_id="acme", on_outage="queue")
    await release(later)
    assert await take_up(later, order["id"]) == "accepted"
    assert book.alarms(order["id"]) == ["accepted_after_failure"]
    assert len(house.oms.held) == 1


async def test_a_server_whose_writes_hang_is_not_ready_until_they_do_not(house, book):
    world = await house.open(by_hand=True)
    world.space(space_id="patient", deadline_seconds=60)
    go_on = threading.Event()
    event.listen(world.service.journal.engine, "begin", lambda _: go_on.wait(60))
    calling = asyncio.create_task(world.post("patient", multi_order()))
    try:
        # Nothing has failed by then: it only takes its time.
        while (await readiness(world)) == (200, "working"):
            assert not calling.done()
            await asyncio.sleep(0.05)
        assert await readiness(world) == (503, "not working")
        assert not calling.done()
        space = world.space(deadline_seconds=0.3)
        for _ in range(10):  # those that are given up make it no younger
            error_of(await world.post(space, multi_order()), 500, "journal_unavailable")
            assert await readiness(world) == (503, "not working")
    finally:
        go_on.set()
    assert (await calling).status_code == 200
    assert await readiness(world) == (200, "working")


async def test_a_journal_that_is_in_use_for_a_moment_is_waited_for(world, book):
    space = world.space()
    with book.blocked():
        calling = asyncio.create_task(world.post(space, multi_order()))
        await asyncio.sleep(0.3)
        assert not calling.done()
        assert world.oms.calls == []
    assert (await calling).status_code == 200


async def test_a_repeat_is_answered_though_that_can_not_be_noted_yet(house, book):
    block = Block(book)
    world = await house.open(step=block)
    order = multi_order()
    assert (await world.post("fail", order)).status_code == 200
    block.at = "opened"
    try:
        assert (await world.post("fail", order)).status_code == 200
        assert book.answers(order["id"]) == [(200, None)]
    finally:
        block.lift()
    await until(lambda: book.answers(order["id"]) == [(200, None)] * 2)


async def test_a_repeat_that_can_not_be_noted_at_all_is_answered(house, logged):
    order = multi_order()
    with contextlib.ExitStack() as stack:

        def break_it(step):
            if step == "opened" and world.oms.calls:
                stack.enter_context(broken_disk(world.service.journal.engine))

        world = await house.open(step=break_it, by_hand=True)
        assert (await world.post("fail", order)).status_code == 200
        assert (await world.post("fail", order)).status_code == 200
        await until(lambda: any(line["event"] == "answer not recorded" for line in logged))


@contextlib.contextmanager
def full_disk(engine):
    """Let a SQLite file grow no more while the block lasts."""
    on = True

    def limit(connection):
        size = connection.exec_driver_sql("PRAGMA page_count").scalar()
        most = size if on else 1_000_000_000
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    event.listen(engine, "begin", limit)
    try:
        yield
    finally:
        on = False


@on_sqlite
async def test_a_full_disk_sends_nothing_and_is_over_when_there_is_room_again(world, book):
    big = multi_order(comments="x" * 300_000)
    with full_disk(world.service.journal.engine):
        for space in ("fail", "queue"):
            error = error_of(await world.post(space, big), 500, "journal_unavailable")
            assert "full" in error["error"]
        assert world.oms.calls == []
    for space in ("fail", "queue"):
        assert (await world.post(space, big)).status_code == 200
    assert len(world.oms.held) == 2


@on_sqlite
async def test_a_server_that_can_not_write_at_all_is_not_ready_until_it_can(world, tmp_path):
    """No file of this process can grow beyond what the journal's log has by now."""
    assert (await world.post("fail", multi_order())).status_code == 200
    assert await readiness(world) == (200, "working")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "journal.db-wal").stat().st_size, hard))
    try:
        async with asyncio.timeout(60):  # a sign of life may get through in between: it is short
            while await readiness(world) != (503, "not working"):
                error_of(await world.post("fail", multi_order()), 500, "journal_unavailable")
        assert world.oms.count("create") == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    async with asyncio.timeout(60):  # the next sign of life gets through
        while await readiness(world) != (200, "working"):
            await asyncio.sleep(0.05)
    assert (await world.post("fail", multi_order())).status_code == 200


@pytest.fixture
def open_folder(sqlite_template):
    """A folder that every user can enter, with a journal that its owner alone can write."""
    folder = Path(tempfile.mkdtemp())
    shutil.copy(sqlite_template, folder / "journal.db")
    folder.chmod(0o755)
    (folder / "journal.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


READ_ONLY = """
import asyncio, os, sys
from multiorder_sync import Secret
from multiorder_sync.config import JournalSettings
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.errors import JournalUnavailable
import sqlalchemy.dialects.sqlite.pysqlite
journal = Journal(JournalSettings(url=Secret(sys.argv[1])))
if os.geteuid() == 0:  # to whom nothing is read-only
    os.setuid(65534)
try:
    journal.prepare()
    asyncio.run(journal.start())
except JournalUnavailable as error:
    print(error)
"""


async def test_a_journal_that_can_only_be_read_is_refused_with_a_clear_word(open_folder):
    url = f"sqlite:///{open_folder}/journal.db"
    command = [sys.executable, "-W", "error", "-c", READ_ONLY, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("The journal")
    assert "readonly" in done.stdout or "unable to open" in done.stdout


async def test_a_folder_in_which_no_lock_can_be_made_is_told_clearly(sqlite_url, tmp_path):
    # The lock of a process is a file beside the journal.
    journal = Journal(JournalSettings(url=Secret(sqlite_url)))
    (tmp_path / f"journal.db-{journal.owner}.lock").mkdir()
    with pytest.raises(JournalUnavailable, match="directory"):
        await journal.start()
    (tmp_path / f"journal.db-{journal.owner}.lock").rmdir()
    await journal.aclose()


@pytest.mark.parametrize("name", ["a b", "50%20off", "ä#ö?ü&x=1"])
async def test_a_journal_can_lie_in_any_folder(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    settings = JournalSettings(url=located(Secret("sqlite:///the journal.db"), folder))
    journal = Journal(settings)
    journal.prepare()
    await journal.start()
    lock = folder / f"the journal.db-{journal.owner}.lock"
    assert lock.exists()
    await journal.aclose()
    assert not lock.exists()
    assert (folder / "the journal.db").exists()


async def test_a_journal_whose_folder_is_missing_is_told_clearly(tmp_path):
    with pytest.raises(JournalUnavailable, match="unable to open database file"):
        Journal(JournalSettings(url=Secret(f"sqlite:///{tmp_path}/none/j.db"))).prepare()


async def test_a_journal_that_is_not_open_takes_nothing(journal_url):
    journal = Journal(JournalSettings(url=Secret(journal_url)))
    with pytest.raises(JournalUnavailable, match="not open"):
        await journal.release_dead()
    assert not journal.working
    await journal.aclose()


async def test_what_is_no_database_is_told_clearly(tmp_path):
    (tmp_path / "journal.db").write_text("This is no database, but a text. " * 100)
    with pytest.raises(JournalUnavailable, match="file is not a database"):
        Journal(JournalSettings(url=Secret(f"sqlite:///{tmp_path}/journal.db"))).prepare()


@on_postgresql
async def test_a_database_that_stops_and_starts_again(house, book, postgres, logged):
    world = await house.open(by_hand=True)
    first, second, third = (multi_order() for _ in range(3))
    assert (await world.post("fail", first)).status_code == 200
    house.oms.key = "another"
    assert (await world.post("queue", second)).status_code == 200
    creates = house.oms.count("create")
    postgres.stop(immediate=True)
    # From now on: before, it could have had a create on the way just then.
    redelivering = asyncio.create_task(world.service.redelivery.run())
    try:
        for space in ("fail", "queue"):
            error = error_of(await world.post(space, third), 500, "journal_unavailable")
            assert "postgres" not in error["error"].lower() or "password" not in error["error"]
        assert await readiness(world) == (503, "not working")
        await until(
            lambda: any(line["event"] == "redelivery waits for the journal" for line in logged)
        )
        assert house.oms.count("create") == creates
        house.oms.key = world.oms_key
    finally:
        postgres.start()
    assert (await world.post("fail", third)).status_code == 200
    assert await readiness(world) == (200, "working")
    await until(lambda: book.state(second["id"]) == "accepted")
    redelivering.cancel()
    assert (await world.post("fail", first)).status_code == 200
    assert len(house.oms.held) == 3


@on_postgresql
async def test_a_database_that_restarts_while_an_order_is_under_way(house, book, postgres):
    world = await house.open()
    space = world.space(deadline_seconds=60)
    order = multi_order()
    gate = house.oms.gate()
    calling = asyncio.create_task(world.post(space, order))
    await until(lambda: gate.holds)
    postgres.stop(immediate=True)
    postgres.start()
    gate.open()
    assert (await calling).status_code == 200
    await until(lambda: book.state(order["id"]) == "accepted")
    assert house.oms.calls == ["create"]


@on_postgresql
async def test_lost_connections_are_made_anew_without_a_word(house, book):
    world = await house.open()
    assert (await world.post("fail", multi_order())).status_code == 200
    for _ in range(3):
        book.write(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'multiorder' AND datname = current_database()"
        )
        answers = await asyncio.gather(*(world.post("fail", multi_order()) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {200}


LOCKS = (
    "SELECT l.pid, (l.classid::bigint << 32) | l.objid::bigint AS lock FROM pg_locks l "
    "JOIN pg_database d ON d.oid = l.database "
    "WHERE l.locktype = 'advisory' AND d.datname = current_database()"
)
HELD_LOCKS = f"{LOCKS} AND l.granted"
AWAITED_LOCKS = f"{LOCKS} AND NOT l.granted"


@on_postgresql
async def test_a_lock_that_the_server_still_keeps_for_a_lost_connection_holds_nothing_up(
    house, book
):
    # As when the way to the database breaks, and the database does not know yet.
    world = await house.open(by_hand=True)
    (held,) = book.rows(HELD_LOCKS)
    with book.engine.connect() as connection:
        # Who waits for the lock has it before the connection is made anew.
        lock = f"SELECT pg_advisory_lock({held['lock']})"
        locking = asyncio.create_task(asyncio.to_thread(connection.exec_driver_sql, lock))
        await until(lambda: book.rows(AWAITED_LOCKS))
        book.rows(f"SELECT pg_terminate_backend({held['pid']})")
        await locking
        await asyncio.sleep(1.2)  # a sign of life is due meanwhile
        assert (await world.post("fail", multi_order())).status_code == 200
        assert world.service.journal.working
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({held['lock']})")
    again = await until(lambda: book.rows(HELD_LOCKS))
    assert [each["lock"] for each in again] == [held["lock"]]


@on_postgresql
async def test_a_database_that_has_just_come_up_proves_no_one_dead(house, book, postgres):
    one, other = await house.open(by_hand=True), await house.open(by_hand=True)
    postgres.stop(immediate=True)
    postgres.start()
    book.forget_the_dead()
    assert await one.service.journal.release_dead() == 0
    assert await other.service.journal.release_dead() == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:very-secret@127.0.0.1:1/journal",
        "postgresql://127.0.0.1:1/journal?user=user&password=very-secret",
        "postgresql+psycopg:///journal?host=127.0.0.1&port=1&sslpassword=very-secret",
    ],
)
async def test_a_postgresql_that_is_not_there_is_told_without_its_password(url):
    journal = Journal(JournalSettings(url=Secret(url)))
    for use in (journal.prepare, journal.check):
        with pytest.raises(JournalUnavailable, match=r"127\.0\.0\.1") as raised:
            use()
        assert "very-secret" not in str(raised.value)
    with pytest.raises(JournalUnavailable):
        journal.counts()
    with pytest.raises(JournalUnavailable):
        await journal.start()
    await journal.aclose()


@pytest.mark.parametrize("on_outage", ["fail", "queue"])
async def test_an_order_that_is_on_record_only_after_its_call_was_answered_is_given_back(
    house, book, on_outage
):
    # The disk takes its time with the very commit that puts the order on record.
    world = await house.open(by_hand=True)
    space = world.space(on_outage=on_outage, deadline_seconds=BRIEF_SECONDS)
    order, put_down, answered = multi_order(), threading.Event(), threading.Event()
    engine = world.service.journal.engine

    @event.listens_for(engine, "after_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO orders"):
            put_down.set()

    @event.listens_for(engine, "commit")
    def slow(_connection):
        if put_down.is_set():
            answered.wait(60)

    try:
        error_of(await world.post(space, order), 500, "journal_unavailable")
    finally:
        answered.set()
    await until(lambda: book.answers(order["id"]) == [(500, "journal_unavailable")])
    row = book.order(order["id"])
    assert (row["state"], row["claim"], row["next_attempt_at"]) == ("unavailable", None, None)
    assert world.oms.calls == []
    world.give_time(space)
    assert (await world.post(space, order)).status_code == 200
    assert book.alarms(order["id"]) == []
    assert len(world.oms.held) == 1


def let_nothing_be_accepted(book):
    """Let the database take no submission as accepted."""
    if book.sqlite:
        book.write(
            "CREATE TRIGGER stubborn BEFORE UPDATE ON submissions WHEN new.state = 'accepted' "
            "BEGIN SELECT RAISE(ABORT, 'not today'); END"
        )
        return
    book.write("ALTER TABLE submissions ADD CONSTRAINT stubborn CHECK (state <> 'accepted')")


def give_way(book):
    """Let it take them again."""
    book.write(
        "DROP TRIGGER stubborn"
        if book.sqlite
        else "ALTER TABLE submissions DROP CONSTRAINT stubborn"
    )


async def test_an_accepted_order_is_answered_whatever_breaks_as_it_is_closed(house, book, logged):
    world = await house.open()
    order = multi_order()
    let_nothing_be_accepted(book)
    assert (await world.post("fail", order)).status_code == 200
    (line,) = [line for line in logged if line["event"] == "order could not be closed yet"]
    assert (line["order"], bool(line["exc_info"])) == (order["id"], True)
    assert await readiness(world) == (200, "working")
    await until(lambda: book.answers(order["id"]) == [(200, None)])
    give_way(book)
    book.write("UPDATE orders SET claim_until = 0, next_attempt_at = 0")  # its claim has ended
    await until(lambda: book.state(order["id"]) == "accepted")
    assert book.states(order["id"]) == ["accepted"]
    assert book.alarms(order["id"]) == []
    assert world.oms.count("create") == 1


async def test_an_order_is_not_promised_if_something_breaks_as_it_is_closed(by_hand, book):
    order = multi_order(orders=2)
    let_nothing_be_accepted(book)
    by_hand.oms.fail("drop", skip=1, times=None)
    error_of(await by_hand.post("queue", order), 500, "internal")
    assert book.order(order["id"])["told_status"] is None
