"""The first pass over the corpus, in a forked process that can be killed.

Code that holds Python's own lock while it hangs, as a regular expression does, hangs every thread of
its process, the one included that would say so. The fork has another environment, and what the
transform makes there is kept for comparison.
"""

import faulthandler
import os
import re
import signal
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from linecache import getline
from select import select
from typing import Any, BinaryIO, Final

import msgspec

from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.payloads import Listing, listed
from multiorder_sync.conformance.surroundings import watch_environment
from multiorder_sync.conformance.watching import is_theirs
from multiorder_sync.nacelle.orders import MultiOrder

_GRACE_SECONDS: Final = 5.0
_FRAME: Final = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)

Transform = Callable[[MultiOrder], Any]


class FirstPass(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the first pass.

    Attributes:
        hung: The name of the case whose transform did not come to an end.
        where: Where it was, in words.
        made: What the transform made of the cases, by their names.
        asked: What the connector's own code asked of the environment, each with the first case.
    """

    hung: str | None = None
    where: str = ""
    made: Mapping[str, Listing] = {}
    asked: Mapping[str, str] = {}


def first_pass(
    transform: Transform,
    cases: Sequence[Case],
    seconds: float,
    environment: Mapping[str, str],
    package: str,
) -> FirstPass:
    """Transform every case, each within its time.

    Where processes can't be forked, nothing is done: the watch on the threads is all there is then.

    Args:
        transform: The transform.
        cases: The cases.
        seconds: How long each may take.
        environment: The environment in which it is done.
        package: Where the connector's own code is.
    """
    if not hasattr(os, "fork"):
        return FirstPass()
    found = _forked(transform, cases, seconds, environment, package)
    if found.hung is None:
        return found
    case = next(each for each in cases if each.name == found.hung)
    # A fork can lack what another thread of its parent held: it takes two to say that it hangs.
    again = _forked(transform, [case], seconds, environment, package)
    return found if again.hung is not None else FirstPass()


def _forked(
    transform: Transform,
    cases: Sequence[Case],
    seconds: float,
    environment: Mapping[str, str],
    package: str,
) -> FirstPass:
    reading, writing = os.pipe()
    # pytest sets one where its `faulthandler_timeout` is given. The child would wait for that one's
    # thread for ever, which no fork has, before it sets its own.
    faulthandler.cancel_dump_traceback_later()
    with tempfile.TemporaryFile() as traces, tempfile.TemporaryFile() as listings:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks of threaded processes
            child = os.fork()
        if child == 0:
            try:
                os.environ.clear()
                os.environ.update(environment)
                _pass(transform, cases, seconds, (writing, traces, listings), package)
            finally:
                os._exit(1)
        os.close(writing)
        begun = _watched(reading, seconds + _GRACE_SECONDS)
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        ended_well = os.waitpid(child, 0)[1] == 0
        listings.seek(0)
        traces.seek(0)
        text = listings.read()
        if ended_well or begun == 0:
            return msgspec.json.decode(text, type=FirstPass) if ended_well else FirstPass()
        where = _where(traces.read().decode(errors="replace"))
        return FirstPass(
            hung=cases[begun - 1].name,
            where=f"did not end within {seconds:g} seconds; it was {where}",
        )


def _pass(
    transform: Transform,
    cases: Sequence[Case],
    seconds: float,
    files: tuple[int, BinaryIO, BinaryIO],
    package: str,
) -> None:
    """Do it, in the child: each case that is begun is one byte."""
    begun, traces, listings = files
    made: dict[str, Listing] = {}
    asked: dict[str, str] = {}
    name = ""

    def hear(variable: str) -> None:
        asked.setdefault(variable, name)

    watch_environment(package, hear)
    for case in cases:
        name = case.name
        order = case.order()
        os.write(begun, b".")
        # A thread in C, which needs no lock of Python's. It ends the process.
        faulthandler.dump_traceback_later(seconds, exit=True, file=traces)
        try:
            made[case.name] = listed(transform(order))
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            made[case.name] = [["transform", f"{type(error).__name__}: {error}"]]
        finally:
            faulthandler.cancel_dump_traceback_later()
    listings.write(msgspec.json.encode(FirstPass(made=made, asked=asked)))
    listings.flush()
    os._exit(0)


def _watched(reading: int, seconds: float) -> int:
    """Return how many cases were begun until the child ended, or nothing came any more."""
    begun = 0
    while select([reading], [], [], seconds)[0]:
        got = os.read(reading, 4096)
        if not got:
            break
        begun += len(got)
    return begun


def _where(trace: str) -> str:
    """Say where a process was, by the innermost line of its trace that is of the connector."""
    # The thread that hangs comes first, and in it the innermost call.
    for file, line, name in _FRAME.findall(trace):
        if is_theirs(file):
            return f"in {name} ({file}:{line}: {getline(file, int(line)).strip()})"
    return "in code of its own"
