"""The schema as the steps make it, on machines that are upgraded one by one."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from acme.house import prepared
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from multiorder_sync import Secret
from multiorder_sync.config import JournalSettings
from multiorder_sync.delivery.journal import migrating
from multiorder_sync.delivery.journal.databases import connect
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.schema import metadata
from multiorder_sync.errors import JournalUnavailable


def journal_at(url, **settings):
    return Journal(JournalSettings(url=Secret(url), **settings))


def test_the_steps_make_the_schema_that_the_code_works_with(empty_url):
    prepared(empty_url)
    with connect(Secret(empty_url)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for table in metadata.sorted_tables:
            there = found.get_foreign_keys(table.name)
            meant = [key for key in table.foreign_key_constraints if key.elements]
            assert len(there) == len(meant), table.name
            for key in there:
                assert key["options"] == {"ondelete": "CASCADE"}, table.name
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key.columns
            ]


def test_preparing_again_changes_nothing(empty_url):
    engine = connect(Secret(empty_url))
    assert migrating.migrate(engine) == (0, migrating.HEAD)
    assert migrating.migrate(engine) == (migrating.HEAD, migrating.HEAD)
    prepared(empty_url)


PREPARE = """
import sys
import threading
from multiorder_sync import Secret
from multiorder_sync.config import JournalSettings
from multiorder_sync.delivery.journal.journal import Journal
journal = Journal(JournalSettings(url=Secret(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
journal.prepare()
"""


def test_a_file_that_another_process_is_setting_up_is_waited_for(tmp_path):
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE anything (x)")
    done = threading.Timer(0.5, other.execute, ("COMMIT",))
    done.start()
    prepared(f"sqlite:///{tmp_path}/journal.db")
    done.join()
    other.close()


def test_processes_that_migrate_at_once_do_not_disturb_each_other(empty_url):
    command = [sys.executable, "-W", "error", "-c", PREPARE, empty_url]
    running = [
        subprocess.Popen(command, text=True, stdin=-1, stdout=-1, stderr=-1) for _ in range(3)
    ]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    journal_at(empty_url, migrate=False).prepare()


@pytest.mark.asyncio
async def test_journals_that_are_prepared_at_once_do_not_disturb_each_other(empty_url):
    journals = [journal_at(empty_url) for _ in range(8)]
    await asyncio.gather(*(asyncio.to_thread(journal.prepare) for journal in journals))


def at_step(url, step):
    """Let a database look as another version has left it."""
    engine = create_engine(connect(Secret(url)).url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{step:04}'")
    engine.dispose()


@pytest.mark.parametrize("migrate", [True, False])
def test_a_schema_that_is_one_step_newer_is_worked_with(journal_url, migrate):
    at_step(journal_url, migrating.HEAD + 1)
    journal_at(journal_url, migrate=migrate).prepare()
    with connect(Secret(journal_url)).connect() as connection:
        assert migrating.revision(connection) == migrating.HEAD + 1


@pytest.mark.parametrize("migrate", [True, False])
def test_a_schema_that_is_two_steps_newer_is_refused_with_a_remedy(journal_url, migrate):
    at_step(journal_url, migrating.HEAD + 2)
    with pytest.raises(JournalUnavailable, match="upgrade multiorder-sync"):
        journal_at(journal_url, migrate=migrate).prepare()


def test_an_empty_database_that_is_left_to_the_operator_says_what_to_do(empty_url):
    with pytest.raises(JournalUnavailable, match="multiorder journal migrate"):
        journal_at(empty_url, migrate=False).prepare()


def test_checking_a_journal_changes_nothing(empty_url, tmp_path):
    journal_at(empty_url).check()
    if empty_url.startswith("sqlite"):
        assert list(tmp_path.iterdir()) == []  # it is made at the start
        return
    with pytest.raises(JournalUnavailable, match="multiorder journal migrate"):
        journal_at(empty_url, migrate=False).check()
    prepared(empty_url)
    journal_at(empty_url, migrate=False).check()


def test_checking_a_file_that_is_no_database_says_so(tmp_path):
    (tmp_path / "journal.db").write_text("no database " * 100)
    with pytest.raises(JournalUnavailable, match="file is not a database"):
        journal_at(f"sqlite:///{tmp_path}/journal.db").check()


def test_a_step_that_fails_leaves_the_database_as_it_was(empty_url):
    engine = connect(Secret(empty_url))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE answers (id INTEGER)")  # it is in the way
    with pytest.raises(JournalUnavailable, match="already exists"):
        journal_at(empty_url).prepare()
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["answers"]


def test_a_missing_driver_is_told_with_its_remedy(tmp_path):
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from multiorder_sync import Secret\n"
        "from multiorder_sync.config import JournalSettings\n"
        "from multiorder_sync.delivery.journal.journal import Journal\n"
        "from multiorder_sync.errors import JournalUnavailable\n"
        "try: Journal(JournalSettings(url=Secret('postgresql://h/d')))\n"
        "except JournalUnavailable as error: print(error)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "pip install 'multiorder-sync[postgres]'" in done.stdout


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def database_of_another_encoding(request, postgres):
    name = f"of_{request.param.lower()}"
    postgres.execute(
        f"CREATE DATABASE {name} ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C' "
        "TEMPLATE template0"
    )
    yield postgres.url(name), request.param
    postgres.drop(name)


def test_a_database_that_can_not_hold_every_text_is_refused_with_a_remedy(
    database_of_another_encoding,
):
    url, encoding = database_of_another_encoding
    for migrate in (True, False):
        journal = journal_at(url, migrate=migrate)
        for start in (journal.prepare, journal.check):
            with pytest.raises(
                JournalUnavailable, match="CREATE DATABASE name ENCODING"
            ) as refused:
                start()
            assert f"has the encoding {encoding};" in str(refused.value)
    with connect(Secret(url)).connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_texts_are_sent_in_utf_8_whatever_the_database_has_for_a_default(postgres):
    name = postgres.create(template="journal")
    postgres.execute(f"ALTER DATABASE {name} SET client_encoding = 'LATIN1'")
    with connect(Secret(postgres.url(name))).connect() as connection:
        assert connection.exec_driver_sql("SHOW client_encoding").scalar() == "UTF8"
    postgres.drop(name)


def test_a_file_is_made_for_its_owner_alone(tmp_path):
    before = os.umask(0o022)
    try:
        prepared(f"sqlite:///{tmp_path}/journal.db")
    finally:
        os.umask(before)
    with connect(Secret(f"sqlite:///{tmp_path}/journal.db")).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE anything (x)")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}


def test_a_file_that_is_there_keeps_its_mode(tmp_path):
    file = tmp_path / "journal.db"
    file.touch()
    file.chmod(0o640)
    prepared(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
