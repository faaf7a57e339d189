"""What `multiorder transform` says of one order, to a script and to a person."""

from typing import Any, Literal

import msgspec

from multiorder_sync.config import Space
from multiorder_sync.delivery.preview import Preview
from multiorder_sync.errors import MultiOrderError, Problem


class Unsendable(msgspec.Struct, frozen=True, kw_only=True):
    """An order of which nothing can be made, and why.

    Attributes:
        state: `"refused"` if the order is at fault, `"failed"` if what was to make something of it.
        space: For which.
        connector: Its connector.
        code: The error's, as Nacelle would be answered.
        reason: The error's sentence.
        problems: All that is wrong with the order, each with its place, where that is known.
    """

    state: Literal["refused", "failed"]
    space: str
    connector: str
    code: str
    reason: str
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        rest = "".join(f"\n  {problem}" for problem in self.problems[1:])
        return f"{self.reason} ({self.code}){rest}"


def unsendable(error: MultiOrderError, space: Space) -> Unsendable:
    """Return what an error says of an order."""
    at_fault = not error.retryable and type(error).code != MultiOrderError.code
    return Unsendable(
        state="refused" if at_fault else "failed",
        space=space.id,
        connector=space.connector,
        code=error.code,
        reason=str(error),
        problems=tuple(getattr(error, "problems", ())),
    )


def made_data(made: Preview | Unsendable) -> dict[str, Any]:
    """Return what would be sent for an order, or why nothing, for a script.

    Whatever came of it, `state` says what, and `code`, `reason` and `problems` why it is not sent.
    """
    data: dict[str, Any] = msgspec.structs.asdict(made)
    if isinstance(made, Unsendable):
        return data
    if made.vetoed is None:
        why: dict[str, Any] = {"state": "sendable", "code": None, "reason": None}
    else:
        why = {"state": "vetoed", "code": "vetoed", "reason": made.vetoed}
    return {**why, "problems": (), **data}
