"""Work that waits for a row which another session has locked, so that no other work has to."""

from time import monotonic
from typing import Final

import msgspec

from multiorder_sync.delivery.journal.jobs import Job

_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 0.5

_AT_ONCE: Final = 4
"""How many are tried again before new work has its turn: each of them can cost a wait."""

_SEVERAL: Final = 3
"""So many orders that are locked, while none gets through, are no accident of one order."""


class _Wait(msgspec.Struct, eq=False):
    since: float
    pause: float
    again_at: float


class Aside:
    """The work that is put aside. All but `stuck` and `in` is used on the writer's thread."""

    def __init__(self) -> None:
        self._waits: dict[Job, _Wait] = {}
        self._given_up: dict[str, float] = {}
        self._passed_at = monotonic()

    def put(self, job: Job) -> None:
        """Put work aside that has met a lock, once more or for the first time."""
        now = monotonic()
        wait = self._waits.get(job)
        if wait is None:
            self._waits[job] = _Wait(now, _FIRST_PAUSE_SECONDS, now + _FIRST_PAUSE_SECONDS)
            return
        wait.pause = min(wait.pause * 2, _LONGEST_PAUSE_SECONDS)
        wait.again_at = now + wait.pause

    def holds(self, key: str) -> bool:
        """Tell whether work for an order is put aside: more for it would meet the same lock."""
        return bool(key) and any(job.key == key for job in self._waits)

    def __contains__(self, job: Job) -> bool:
        """Tell whether this very work is put aside."""
        return job in self._waits

    def forget(self, job: Job) -> None:
        """Forget work that has failed for another reason."""
        self._waits.pop(job, None)

    def through(self, job: Job) -> None:
        """Note that work is done."""
        self.forget(job)
        if job.key:
            self._passed_at = monotonic()
            self._given_up.clear()

    def due(self) -> list[Job]:
        """Return what to try again now: a few, and for each order what came first."""
        now = monotonic()
        seen: set[str] = set()
        found = []
        for job, wait in self._waits.items():
            first = not job.key or job.key not in seen
            seen.add(job.key)
            if first and wait.again_at <= now:
                found.append(job)
        found.sort(key=lambda job: self._waits[job].again_at)
        return found[:_AT_ONCE]

    def given_up(self) -> list[Job]:
        """Forget the work that nobody waits for any more, and return it."""
        gone = [job for job in self._waits if job.given_up]
        for job in gone:
            wait = self._waits.pop(job)
            if job.key:
                self._given_up[job.key] = wait.since
        return gone

    def rest(self) -> list[Job]:
        """Return all of it."""
        return list(self._waits)

    def pause(self) -> float | None:
        """Return for how long nothing of it is to be tried; None if there is nothing."""
        if not self._waits:
            return None
        return max(0.0, min(wait.again_at for wait in self._waits.values()) - monotonic())

    def stuck(self, seconds: float = 0.0) -> bool:
        """Tell whether several orders have been locked for so long, and none got through since.

        One that is locked is a matter of its own; if all are, the journal can't be written.
        """
        until = monotonic() - seconds
        waits = [(job.key, wait.since) for job, wait in tuple(self._waits.items())]
        since = [*waits, *tuple(self._given_up.items())]
        held = {key for key, at in since if key and self._passed_at < at <= until}
        return len(held) >= _SEVERAL
