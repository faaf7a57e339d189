"""The faults of the sandboxes, as the cards of a deck."""

from collections.abc import Callable
from typing import Any

import msgspec

_TIMED = ("hang", "drop", "html", "garbage", "status")
"""The kinds of fault that leave the choice whether the operation takes effect."""

_SHORT = 0.6
"""How many seconds a call is late at most whose caller still waits for the answer."""

_OUR_FAULT = (400, 401, 403, 404, 408, 409, 413, 429)
_THEIR_FAULT = (500, 502, 503, 504)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A fault where it is to be met.

    Attributes:
        role: Of the operation that it meets.
        kind: Of the fault.
        when: Whether the operation takes effect, where the fault leaves a choice.
        long: Whether a call is so late that its caller is gone by then.
        draw: Chooses the fault's other fields.
    """

    role: str
    kind: str
    when: str | None = None
    long: bool = False
    draw: Callable[[Any], dict[str, Any]] = lambda _rng: {}

    @property
    def shown(self):
        """What is counted of it."""
        return _shown(self.kind, self.when, self.long)

    def fault(self, rng):
        """Return the fault, but for the operation."""
        when = {} if self.when is None else {"when": self.when}
        return {"kind": self.kind, **when, **self.draw(rng)}


def shown(fault):
    """Return what is counted of a fault that is set."""
    kind = fault["kind"]
    when = fault["when"] if kind in _TIMED else None
    return _shown(kind, when, kind == "latency" and fault["seconds"] > _SHORT)


def _shown(kind, when, long):
    if when is not None:
        return f"{kind}, {when} it took effect"
    return f"{kind}, beyond the deadline" if long else kind


def cards(plan):
    """Return every fault of the sandboxes with the operations where it is to be met.

    An OMS may say too little, or nothing, or that it failed. What it may not do is lie: say with
    a 4xx that it did not take an order that it took, or that it does not hold one that it holds.
    """
    return tuple(_cards(plan))


def _cards(plan):
    for role in ("create", "create", "find", "other", "token"):
        yield Card(role=role, kind="latency", draw=_seconds(0.05, _SHORT))
        for when in ("before", "after"):
            for kind in ("hang", "drop", "html", "garbage"):
                yield Card(role=role, kind=kind, when=when)
            yield _status(role, _THEIR_FAULT, when)
        yield Card(role=role, kind="rate_limit", draw=lambda _rng: {"retry_after": 1})
        yield Card(role=role, kind="revoke_tokens")
        if role != "token":
            yield _refusal(role, "S0002E", "Something broke.")
    draw = _seconds(plan.deadlines[0] * 0.75, plan.longest_latency)
    for _ in range(16):  # the client is gone by then, and the order comes all the same
        yield Card(role="create", kind="latency", long=True, draw=draw)
    yield Card(role="find", kind="latency", long=True, draw=draw)
    yield _status("create", _OUR_FAULT, "before")
    yield _status("create", _OUR_FAULT, "before")
    yield _status("find", (401, 403, 404, 429), "before")
    yield _status("token", (404, 429), "before")
    if plan.locks_out:
        yield _status("token", (401, 403), "before")
        yield _refusal("token", "invalid_grant", "The user is locked.")
    for _ in range(2):
        yield _refusal("create", "C0160E", "No.")
        yield _refusal("create", "C0121E", "There is one already.")
        yield _refusal("create", "ord::10002", "Not reached.")


def _status(role, statuses, when):
    return Card(
        role=role, kind="status", when=when, draw=lambda rng: {"status": rng.choice(statuses)}
    )


def _refusal(role, code, message):
    return Card(role=role, kind="refuse", draw=lambda _rng: {"code": code, "message": message})


def _seconds(least, most):
    return lambda rng: {"seconds": round(rng.uniform(least, most), 2)}
