"""A small disk for the files of a database, which can be filled."""

import contextlib
import subprocess
import tempfile
from pathlib import Path

_MEGABYTES = 256
"""Far more than the journal of a run takes; what is free is filled for moments only."""

_PIECES = (1 << 20, 1 << 12)

NOT_PERMITTED = "disk not filled: mounting is not permitted"
"""What is counted instead where there can be no such disk."""


class Disk:
    """A file system in memory.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder):
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self):
        """Leave no room on it. It blocks."""
        with self._filler.open("wb", buffering=0) as filler:
            for size in _PIECES:
                with contextlib.suppress(OSError):
                    while filler.write(bytes(size)):
                        pass

    def clear(self):
        """Give the room back."""
        self._filler.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk():
    """Give a disk that is there for as long as the context lasts; None where it can't be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-disk-"))
    options = f"size={_MEGABYTES}m,mode=0755"
    try:
        mounted = _did("mount", "-t", "tmpfs", "-o", options, "chaos", folder)
        try:
            yield Disk(folder) if mounted else None
        finally:
            if mounted:
                _did("umount", "--lazy", folder)
    finally:
        folder.rmdir()


def _did(*command):
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
