"""What holds for every test of the workspace."""

import os

import pytest
import structlog
from hypothesis import settings

# No test asserts how fast something is. In continuous integration the same examples come every time:
# what fails there fails for everyone.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    """Undo what a test set up for logs: its stream is closed once it is over."""
    yield
    structlog.reset_defaults()
