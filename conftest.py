"""What holds for every test of the workspace."""

import os

import pytest
import structlog
from hypothesis import settings

# In continuous integration the same examples every time: what fails there fails for everyone.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    """Undo what a test set up for logs: its stream is closed once it is over."""
    yield
    structlog.reset_defaults()
