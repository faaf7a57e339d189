"""The HTTP client that core gives to each connector.

It knows no OMS. It keeps every call within the deadline of the attempt it belongs to, sends a call
that can create an order once, tells "nothing left us" from "it may have arrived", holds OAuth
tokens, and lets no secret out. It gives calls their turns, and leaves a host alone that does not
answer.
"""

from multiorder_sync.oms.outbound.answer import Answer, Headers
from multiorder_sync.oms.outbound.attempt import Attempt
from multiorder_sync.oms.outbound.call import Call
from multiorder_sync.oms.outbound.circuit import Circuit, Circuits
from multiorder_sync.oms.outbound.client import Limits, OutboundClient
from multiorder_sync.oms.outbound.limiter import Limiter
from multiorder_sync.oms.outbound.redaction import Redactor
from multiorder_sync.oms.outbound.tokens import PasswordGrant, TokenSource

__all__ = [
    "Answer",
    "Attempt",
    "Call",
    "Circuit",
    "Circuits",
    "Headers",
    "Limiter",
    "Limits",
    "OutboundClient",
    "PasswordGrant",
    "Redactor",
    "TokenSource",
]
