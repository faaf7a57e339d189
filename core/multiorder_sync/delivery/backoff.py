"""How long to wait between tries."""

import random


class Backoff:
    """Exponential waits with full jitter, so that calls that failed together do not return so.

    Args:
        first: The longest first wait, in seconds.
        longest: The longest of all.
    """

    def __init__(self, first: float = 0.25, longest: float = 5.0) -> None:
        self._limit = first
        self._longest = longest

    def next(self) -> float:
        """Return the next wait, in seconds."""
        wait = random.uniform(self._limit / 2, self._limit)  # noqa: S311 - jitter, not a secret
        self._limit = min(self._limit * 2, self._longest)
        return wait
