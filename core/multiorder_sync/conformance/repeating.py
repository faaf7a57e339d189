"""Transforming the corpus again, in this process and in another one, and comparing."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from multiorder_sync.conformance.payloads import Listing, listed
from multiorder_sync.conformance.standards import Nonconforming
from multiorder_sync.conformance.subject import Subject
from multiorder_sync.conformance.transformed import Transformed

NOT_HERE: Final = 3
"""How the other process exits if the connector's class can't be had there."""

_CHILD_SECONDS: Final = 60.0
_NEEDED: Final = ("PATH", "SYSTEMROOT", "LD_", "DYLD_", "TMP", "TEMP", "COV")


def environment_of(subject: Subject) -> dict[str, str]:
    """Return another environment: what a process needs to run, what the settings name, and no more."""
    settings = subject.config.read_text("utf-8")
    kept = {
        name: text
        for name, text in os.environ.items()
        if name.startswith(_NEEDED) or name in settings
    }
    return {**kept, "HOME": tempfile.gettempdir(), "LANG": "C.UTF-8", "USER": "another"}


@contextmanager
def elsewhere(subject: Subject) -> Iterator[Callable[[], Mapping[str, Listing]]]:
    """Let another process, of other hashes and in another time zone, do the same meanwhile."""
    kind = subject.connector
    command = (
        *(sys.executable, "-m", "multiorder_sync.conformance.again"),
        *(f"{kind.__module__}:{kind.__qualname__}", str(subject.config), subject.space),
    )
    environment = {
        **environment_of(subject),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONHASHSEED": "4711",
        "TZ": "Etc/GMT-14" if time.gmtime().tm_hour >= 10 else "Etc/GMT+12",
    }
    with subprocess.Popen(  # noqa: S603 - our own interpreter, with a module of our own
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield lambda: _finished(process)
        finally:
            process.kill()


def listing_of(made: Transformed) -> Listing:
    """Return all that came of a transform."""
    if made.error is not None:
        return [["transform", f"{type(made.error).__name__}: {made.error}"]]
    return listed(made.submissions)


def differences(one: Listing, other: Listing) -> str | None:
    """Say which places differ; None if none does."""
    if one == other:
        return None
    pairs = zip(one, other, strict=False)
    places = [str(mine[0]) for mine, theirs in pairs if list(mine) != list(theirs)]
    return _named(list(dict.fromkeys(places)) or ["the number of places"])


def _named(places: Sequence[str]) -> str:
    return ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")


def _finished(process: "subprocess.Popen[bytes]") -> Mapping[str, Listing]:
    try:
        out, err = process.communicate(timeout=_CHILD_SECONDS)
    except subprocess.TimeoutExpired:
        raise Nonconforming("transform does not come to an end in another process") from None
    if process.returncode == NOT_HERE:  # the class is made in a test module
        return {}
    if process.returncode:
        words = "".join(err.decode(errors="replace").strip().splitlines()[-1:])
        raise Nonconforming(f"transform fails in another process: {words}")
    found: Mapping[str, Listing] = msgspec.json.decode(out)
    return found
