"""What holds for every test of the workspace."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    """Undo what a test set up for logs: its stream is closed once it is over."""
    yield
    structlog.reset_defaults()
