"""What must never be, and what is excused, by name."""

from collections.abc import Iterator

LOST = "lost"
DOUBLED = "doubled"
UNKEPT = "answered 200, neither in the OMS nor queued"
BEHIND = "sent after a failure was answered"
UNDECIDED = "undecided after recovery"
DENIED = "said not to be in the OMS, and is"
UNTOLD = "in the OMS after a failure, without an alarm"
UNTRUE = "the journal and the OMS disagree"
MISQUOTED = "the journal and the answer disagree"
UNRECORDED = "a call to the OMS that is not on record"
ALTERED = "another order than was sent"
LATE = "answered late"
BROKEN = "an answer that must not be"

KINDS = (
    LOST,
    DOUBLED,
    UNKEPT,
    BEHIND,
    UNDECIDED,
    DENIED,
    UNTOLD,
    UNTRUE,
    MISQUOTED,
    UNRECORDED,
    ALTERED,
    LATE,
    BROKEN,
)

UNHEARD = "in the OMS, and the 200 that is noted was not heard"
UNSURE = "noted as queued with 200, and 500 journal_unavailable was answered"

UNCLOSED = "delivered from the queue, and the failure that was answered is not on record"

EXCUSES = (UNHEARD, UNSURE, UNCLOSED)
"""What can't be helped; `docs/reliability.md` says so under "What is not promised"."""

Reasons = Iterator[tuple[str, str]]
"""What a check finds: one of the kinds, or of the excuses, and a sentence that says what it was."""
