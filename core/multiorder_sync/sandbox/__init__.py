"""The frame for a local stand-in of an OMS: what every sandbox is, with faults on demand.

A package that brings a connector can bring a `Sandbox` of its OMS as well, so that the whole way
of an order can be walked, and broken, without an account anywhere. The frame knows no OMS. It
gives what they share: being served, listing what they hold, the tokens of an OAuth password
grant, and faults.

What a sandbox adds to its OMS's own routes:

| call | does |
|---|---|
| `GET /_sandbox/orders` | lists the orders it holds: `{"orders": [...]}` |
| `DELETE /_sandbox/orders` | forgets everything it was sent (tokens and faults stay) |
| `GET /_sandbox/tokens` | counts its tokens: `{"issued": 3, "live": 1}` |
| `GET /_sandbox/faults` | lists the faults that are set, with what is left of each |
| `POST /_sandbox/faults` | sets a fault; `multiorder_sync.sandbox.faults` says which there are |
| `DELETE /_sandbox/faults` | takes all faults away |
"""

from multiorder_sync.sandbox.answers import json_answer
from multiorder_sync.sandbox.bodies import read_body
from multiorder_sync.sandbox.faults import Faults
from multiorder_sync.sandbox.oauth import (
    Client,
    Credentials,
    GrantRefused,
    Tokens,
    check_password_grant,
    client_from_basic,
    client_from_form,
    read_form,
)
from multiorder_sync.sandbox.serving import run_sandbox, serving
from multiorder_sync.sandbox.stand_in import Holdings, Sandbox

__all__ = [
    "Client",
    "Credentials",
    "Faults",
    "GrantRefused",
    "Holdings",
    "Sandbox",
    "Tokens",
    "check_password_grant",
    "client_from_basic",
    "client_from_form",
    "json_answer",
    "read_body",
    "read_form",
    "run_sandbox",
    "serving",
]
