"""What a transform made of an order."""

from collections.abc import Sequence
from typing import Any

import msgspec

from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.outcome import Submission


class Transformed(msgspec.Struct, frozen=True, kw_only=True):
    """What a transform made of one order.

    Attributes:
        returned: What it returned, whatever that is.
        error: What it raised.
        changed: Whether it changed the order that it was given.
        reached_out: What it did to the world outside of the process.
    """

    returned: Any = ()
    error: BaseException | None = None
    changed: bool = False
    reached_out: Sequence[str] = ()

    @property
    def submissions(self) -> Sequence[AnySubmission]:
        """The submissions; none if what was returned is something else."""
        found = self.returned
        if isinstance(found, Sequence) and all(isinstance(each, Submission) for each in found):
            return found
        return ()
