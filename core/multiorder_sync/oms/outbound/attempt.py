"""The attempt that calls belong to: until when they may last, and what they may have done."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Final


class Attempt:
    """One try of one connector method. `OutboundClient` reads its deadline and writes its mark.

    Args:
        deadline: The instant, in the time of `time.monotonic`, at which every call must be over.

    Attributes:
        deadline: As given.
        may_have_created: True from just before a call that can create an order may leave us. It
            stays True: a later answer can prove that nothing was created, but proving it is the
            business of the one who saw the answer.
    """

    __slots__ = ("deadline", "may_have_created")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.may_have_created = False

    def remaining(self) -> float:
        """Return the seconds that are left; 0.0 once the deadline has passed."""
        return max(0.0, self.deadline - monotonic())

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the attempt of every call in the block, and of tasks started in it."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)


_current: Final[ContextVar[Attempt | None]] = ContextVar("attempt", default=None)


def current_attempt() -> Attempt | None:
    """Return the attempt that the running code belongs to, if there is one."""
    return _current.get()
