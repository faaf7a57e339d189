"""What holds for every test of the workspace."""

import fcntl
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


@pytest.fixture(autouse=True)
def _in_its_turn(request, worker_id, tmp_path_factory):
    """Let a test that is marked `alone` run while no other process runs one."""
    if worker_id == "master":
        yield
        return
    shared = tmp_path_factory.getbasetemp().parent
    alone = request.node.get_closest_marker("alone") is not None
    with (shared / "door").open("w") as door, (shared / "room").open("w") as room:
        # Who wants the room for itself keeps the door until it is done: nobody comes in meanwhile.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        yield
        fcntl.flock(room, fcntl.LOCK_UN)
        fcntl.flock(door, fcntl.LOCK_UN)
