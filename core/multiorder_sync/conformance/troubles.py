"""What kind of trouble a call can get into, and what may be made of each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from multiorder_sync.errors import OmsError, OutcomeUnknown, Refused, Unavailable

Kinds = tuple[type[OmsError], ...]


class Trouble(StrEnum):
    """What kind of trouble a call got into; `PERMITTED` says what may be made of each."""

    FAILED = "HTTP 5xx or 408"
    GARBAGE = "HTTP 200 and what is no answer of the OMS"
    UNANSWERED = "no whole answer"
    GATEWAY = "HTTP 302, 401 or 403 in a gateway's words"
    FOREIGN = "HTTP 404 in another form than that in which the OMS refuses"
    TURNED_AWAY = "another 4xx"
    BUSY = "HTTP 429"
    LOOK_UP = "a look-up that fails before the create"
    TOKENLESS = "no token, for whatever reason"
    WRONG_CREDENTIALS = "credentials that the OMS does not take"
    UNREACHABLE = "a host that can't be reached"


PERMITTED: Final[Mapping[Trouble, Kinds]] = {
    Trouble.FAILED: (OutcomeUnknown,),
    Trouble.GARBAGE: (OutcomeUnknown,),
    Trouble.UNANSWERED: (OutcomeUnknown,),
    Trouble.GATEWAY: (Unavailable, OutcomeUnknown),
    Trouble.FOREIGN: (Unavailable, OutcomeUnknown),
    Trouble.TURNED_AWAY: (Unavailable, OutcomeUnknown, Refused),
    Trouble.BUSY: (Unavailable, OutcomeUnknown),
    Trouble.LOOK_UP: (Unavailable, OutcomeUnknown),
    Trouble.TOKENLESS: (Unavailable,),
    Trouble.WRONG_CREDENTIALS: (Unavailable,),
    Trouble.UNREACHABLE: (Unavailable,),
}
"""Which errors submit may raise in which trouble; docs/conformance.md shows the same table.

Refused stands for a 4xx in the OMS's own shape and nothing else: it is final, and the order is lost.
Which shape that is, the kit does not know, but for its form (JSON, XML, a form's pairs, text), by how the
sandbox refuses an order. No OMS refuses one with 302, 401 or 403, and a 404 in other words is of a place, not of an order.
"""
