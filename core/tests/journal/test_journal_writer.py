"""The one thread that writes: in groups, each piece of work for itself, and never dead."""

import asyncio
import contextlib
import itertools
import threading
from collections import Counter

import pytest
import pytest_asyncio
from acme import multi_order
from acme.house import until
from sqlalchemy import event, text

from multiorder_sync import Secret
from multiorder_sync.delivery.journal.databases import connect
from multiorder_sync.delivery.journal.writer import Writer
from multiorder_sync.errors import InternalError, JournalUnavailable

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Counting:
    """How many transactions an engine has committed, and what they were."""

    def __init__(self, engine):
        self.commits = 0
        event.listen(engine, "commit", self._commit)

    def _commit(self, _connection):
        self.commits += 1


@pytest.fixture
def engine(journal_url):
    engine = connect(Secret(journal_url))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def hurry(connection, _record):
            connection.execute("PRAGMA busy_timeout = 100")
    else:

        @event.listens_for(engine, "begin")
        def hurry(connection):
            connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")

    return engine


@pytest_asyncio.fixture(loop_scope="session")
async def writer(engine):
    writer = Writer(engine)
    yield writer
    await asyncio.to_thread(writer.close)


def note(name):
    """Return work that leaves a trace."""

    def work(connection):
        connection.execute(
            text(
                "INSERT INTO orders (space, key, connector, on_outage, state, received_at, "
                "updated_at) VALUES ('s', :key, 'acme', 'fail', 'received', 0, 0)"
            ),
            {"key": name},
        )
        return name

    return work


@contextlib.asynccontextmanager
async def held_up(writer):
    """Keep the writer from all else while the block lasts; what is begun in it is there at once."""
    begun, held = threading.Event(), threading.Event()

    def hold(_connection):
        begun.set()
        held.wait(60)

    holding = asyncio.create_task(writer.run("", hold, seconds=60))
    await asyncio.to_thread(begun.wait, 60)
    try:
        yield
        await asyncio.sleep(0)  # each task has its first turn, in which it asks for its work
    finally:
        held.set()
    await holding


async def together(writer, *works):
    """Let the writer find all of these at once, and return what comes of each."""
    async with held_up(writer):
        running = [asyncio.create_task(writer.run(str(n), work)) for n, work in enumerate(works)]
    return await asyncio.gather(*running, return_exceptions=True)


async def test_work_that_comes_together_shares_a_transaction(writer, engine, book):
    counting = Counting(engine)
    names = [f"k{number}" for number in range(100)]
    assert await together(writer, *map(note, names)) == names
    assert counting.commits == 2  # one for what held it up
    assert len(book.rows("SELECT * FROM orders")) == 100


async def test_more_than_fit_into_a_transaction_take_another(writer, engine):
    counting = Counting(engine)
    names = [f"k{number}" for number in range(200)]
    assert await together(writer, *map(note, names)) == names
    assert counting.commits == 3


async def test_within_a_transaction_the_order_is_that_of_the_keys(writer):
    # Two processes that write the same orders then never wait for each other.
    done = []
    async with held_up(writer):
        running = [
            asyncio.create_task(writer.run(key, lambda _, key=key: done.append(key)))
            for key in ("c", "a", "b")
        ]
    await asyncio.gather(*running)
    assert done == ["a", "b", "c"]


async def test_one_piece_of_work_that_fails_does_not_fail_the_others(writer, book):
    def bad(_connection):
        raise ValueError("not this one")

    def worse(connection):
        connection.execute(text("SELECT * FROM nowhere"))

    answers = await together(writer, note("k0"), bad, note("k2"), worse, note("k4"))
    assert answers[0::2] == ["k0", "k2", "k4"]
    assert isinstance(answers[1], ValueError)
    assert isinstance(answers[3], JournalUnavailable)
    assert "nowhere" in str(answers[3])
    assert "SELECT" not in str(answers[3])
    assert [row["key"] for row in book.rows("SELECT key FROM orders ORDER BY key")] == [
        *("k0", "k2", "k4")
    ]


async def test_work_that_fails_leaves_nothing(writer, book):
    def half(connection):
        note("half")(connection)
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await writer.run("k", half)
    assert book.rows("SELECT * FROM orders") == []
    assert await writer.run("k", note("k")) == "k"


async def test_work_that_no_one_waits_for_any_more_is_not_done(writer, book):
    with book.blocked(), pytest.raises(JournalUnavailable):
        await writer.run("", note("first"), seconds=0.05)
    async with held_up(writer):
        with pytest.raises(JournalUnavailable, match="in time"):
            await writer.run("k", note("second"), seconds=0.03)
    assert await writer.run("k", note("third")) == "third"
    assert [row["key"] for row in book.rows("SELECT key FROM orders")] == ["third"]


async def test_work_that_is_given_up_while_it_is_done_is_undone(writer, book):
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        note("slow")(connection)
        begun.set()
        go_on.wait(60)

    running = asyncio.create_task(writer.run("a", slow, seconds=0.5))
    await asyncio.to_thread(begun.wait, 5)
    other = asyncio.create_task(writer.run("b", note("other")))
    with pytest.raises(JournalUnavailable, match="in time"):
        await running
    go_on.set()
    assert await other == "other"
    assert [row["key"] for row in book.rows("SELECT key FROM orders")] == ["other"]


async def test_what_shares_a_transaction_with_work_that_is_given_up_is_done(writer, book):
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        note("slow")(connection)
        begun.set()
        go_on.wait(60)

    async with held_up(writer):
        slowly = asyncio.create_task(writer.run("a", slow, seconds=0.5))
        other = asyncio.create_task(writer.run("b", note("other")))
    await asyncio.to_thread(begun.wait, 5)
    with pytest.raises(JournalUnavailable, match="in time"):
        await slowly
    go_on.set()
    assert await other == "other"
    assert [row["key"] for row in book.rows("SELECT key FROM orders")] == ["other"]


async def test_a_database_that_is_in_use_for_long_does_not_end_the_writer(writer, book, logged):
    with book.blocked():
        for _ in range(4):  # these are given up before they are begun, too
            tries = [writer.run(str(n), note(f"k{n}"), seconds=0.05) for n in range(3)]
            for error in await asyncio.gather(*tries, return_exceptions=True):
                assert isinstance(error, JournalUnavailable)
        await until(
            lambda: (
                any(line["event"] == "journal can't be written" for line in logged)
                and writer.broken
            )
        )
    assert await writer.run("k", note("k")) == "k"
    assert not writer.broken


async def test_a_closed_writer_takes_no_more_work_and_has_finished_what_there_was(engine, book):
    writer = Writer(engine)
    async with held_up(writer):
        running = [asyncio.create_task(writer.run(str(n), note(f"k{n}"))) for n in range(50)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(writer.close))
    await closing
    await asyncio.to_thread(writer.close)
    assert await asyncio.gather(*running) == [f"k{n}" for n in range(50)]
    with pytest.raises(JournalUnavailable, match="closed"):
        await writer.run("k", note("k"))


async def test_orders_that_come_together_share_their_waits_for_the_disk(house, book):
    # Each order is written three times, after each of these steps. The writer is held up until all
    # have come so far; it has some of them in hand by then, and the rest are for its next turn.
    all_at = {step: threading.Event() for step in ("received", "opened", "sent")}
    waits = dict(zip((1, 3, 5), all_at.values(), strict=True))
    steps, turns = Counter(), itertools.count(1)

    def step(name):
        steps[name] += 1
        if steps[name] == 60 and name in all_at:
            # Once it has asked for what it takes this step for.
            asyncio.get_running_loop().call_soon(all_at[name].set)

    def hold(_connection):
        if (wait := waits.get(next(turns))) is not None:
            wait.wait(60)

    world = await house.open(by_hand=True, step=step)
    engine = world.service.journal.engine
    counting = Counting(engine)
    event.listen(engine, "begin", hold)
    orders = [multi_order() for _ in range(60)]
    calling = [asyncio.create_task(world.post("fail", order)) for order in orders]
    answers = await asyncio.gather(*calling)
    assert {answer.status_code for answer in answers} == {200}
    assert len(world.oms.held) == 60
    assert counting.commits < 20  # and not three for each order


async def test_what_is_committed_is_on_disk(house, book):
    world = await house.open()
    found = {}

    @event.listens_for(world.service.journal.engine, "begin")
    def look(connection):
        if connection.get_execution_options().get("reading"):
            return
        if book.sqlite:
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete"):
                found[name] = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        else:
            found["synchronous_commit"] = connection.exec_driver_sql(
                "SHOW synchronous_commit"
            ).scalar()

    assert (await world.post("fail", multi_order())).status_code == 200
    if book.sqlite:
        assert found == {
            "journal_mode": "wal",
            "synchronous": 2,  # FULL
            "foreign_keys": 1,
            "secure_delete": 1,
        }
    else:
        assert found == {"synchronous_commit": "on"}


WRONG = {
    "no state": "UPDATE orders SET state = NULL",
    "a key twice": "UPDATE orders SET key = 'a'",
}


@pytest.mark.parametrize("statement", WRONG.values(), ids=WRONG)
async def test_what_the_database_does_not_take_is_that_works_own_matter(
    writer, book, logged, statement
):
    assert await together(writer, note("a"), note("b")) == ["a", "b"]

    def wrong(connection):
        connection.execute(text(statement))

    failed, done = await together(writer, wrong, note("c"))
    assert isinstance(failed, InternalError)
    assert done == "c"
    with pytest.raises(InternalError):
        await writer.run("", wrong)
    assert not writer.broken
    assert len(book.rows("SELECT * FROM orders")) == 3
    events = {line["event"] for line in logged}
    assert "journal does not take what is written" in events
    assert "journal can't be written" not in events


@pytest.mark.parametrize("journal_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("code", ["40001", "40P01"], ids=["serialization failure", "deadlock"])
async def test_work_that_another_session_was_in_the_way_of_is_done_again(writer, book, code):
    tries = []

    def unlucky(connection):
        tries.append(code)
        if len(tries) <= 4:
            connection.exec_driver_sql(
                f"DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '{code}'; END $$"
            )
        return note("unlucky")(connection)

    assert await together(writer, note("a"), unlucky, note("c")) == ["a", "unlucky", "c"]
    assert len(tries) == 5
    assert not writer.broken
    assert len(book.rows("SELECT * FROM orders")) == 3


async def test_work_is_isolated_as_it_is_made_for_whatever_the_database_has_for_a_default(postgres):
    name = postgres.create(template="journal")
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    with connect(Secret(postgres.url(name))).connect() as connection:
        isolation = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
    assert isolation == "read committed"
    postgres.drop(name)
