"""Fixtures for the tests of the whole."""

from contextlib import ExitStack

import pytest
from desk import Commands, at_desk, kept_in
from postgres import running_postgres
from whole import running_whole


@pytest.fixture
def whole(tmp_path):
    """Give a function that starts the whole for a configuration and stops it with the test."""
    running = []

    def start(*, space="", oms="", deadline=20.0, **sandbox):
        context = running_whole(tmp_path, space, oms, deadline, sandbox)
        running.append(context)
        return context.__enter__()

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def commands():
    """Run `multiorder`, each time in a process of its own."""
    with Commands() as running:
        yield running


@pytest.fixture(scope="module")
def desk(tmp_path_factory, commands):
    """An operator's desk beside an endpoint that the module's tests share."""
    with at_desk(tmp_path_factory.mktemp("desk"), commands.run) as running:
        yield running


@pytest.fixture
def alone(tmp_path, commands):
    """Give a function that starts an endpoint with a journal of its own, and gives its desk."""
    with ExitStack() as running:

        def start(*, plugins="", **options):
            run = commands.run
            if plugins:
                run = running.enter_context(Commands(PYTHONPATH=plugins)).run
            return running.enter_context(at_desk(tmp_path, run, **options))

        yield start


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """Give what edits a configuration so that its journal is in such a database."""
    if request.param == "sqlite":
        return str
    server = request.getfixturevalue("postgres")
    return kept_in(server.url(server.create()))
