"""Fixtures for the tests of the whole."""

import pytest
from whole import running_whole


@pytest.fixture
def whole(tmp_path):
    """Give a function that starts the whole for a configuration and stops it with the test."""
    running = []

    def start(*, space="", oms="", deadline=5.0, **sandbox):
        context = running_whole(tmp_path, space, oms, deadline, sandbox)
        running.append(context)
        return context.__enter__()

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)
