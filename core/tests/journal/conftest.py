"""Databases of a test's own, and what shares them.

Every test with a journal runs on SQLite and on PostgreSQL.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

import certifi
import pytest
import pytest_asyncio
import structlog

if "acme" not in sys.modules:  # a package beside the folders of tests, which are none
    place = Path(__file__).parents[1] / "acme"
    spec = importlib.util.spec_from_file_location(
        "acme", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    sys.modules["acme"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["acme"])

from acme.book import Book
from acme.house import House, opened_journal, prepared, running_street


@pytest.fixture(autouse=True)
def logged():
    """Every log line of the test, as the dictionaries that they are, and none on the screen."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture(autouse=True)
def one_authority(monkeypatch):
    """Leave out the public certificate authorities: reading them takes longer than most tests."""
    small = Path(__file__).parents[1] / "outbound" / "loopback.pem"
    monkeypatch.setattr(certifi, "where", lambda: str(small))


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server whose database `journal` has the schema, and is a template."""
    from postgres import running_postgres

    with running_postgres() as server:
        server.execute("CREATE DATABASE journal")
        prepared(server.url("journal"))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A SQLite file that has the schema."""
    file = tmp_path_factory.mktemp("template") / "journal.db"
    prepared(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path):
    shutil.copy(sqlite_template, tmp_path / "journal.db")
    return f"sqlite:///{tmp_path}/journal.db"


@pytest.fixture
def postgresql_url(postgres):
    name = postgres.create(template="journal")
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request):
    """The address of a database of the test's own, with the schema and nothing else."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """The address of a database of the test's own, with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/journal.db"
        return
    postgres = request.getfixturevalue("postgres")
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def book(journal_url):
    return Book(journal_url)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def street():
    async with running_street() as street:
        yield street


@pytest_asyncio.fixture(loop_scope="session")
async def house(street, journal_url, book):
    """Acme, and services that a test opens as it needs them."""
    house = House(street, journal_url, book)
    yield house
    await house.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def world(house):
    """One service."""
    return await house.open()


@pytest_asyncio.fixture(loop_scope="session")
async def by_hand(house):
    """One service that takes no order up again by itself."""
    return await house.open(by_hand=True)


@pytest_asyncio.fixture(loop_scope="session")
async def journal(journal_url):
    """One process's journal."""
    async with opened_journal(journal_url) as journal:
        yield journal
