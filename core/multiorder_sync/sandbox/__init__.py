"""The frame for a local stand-in of an OMS: what every sandbox is, with faults on demand.

A package that brings a connector can bring a `Sandbox` of its OMS as well, so that the whole way
of an order can be walked, and broken, without an account anywhere. The frame knows no OMS. It
gives what they share: being served, listing what they hold, the tokens of an OAuth password
grant, and faults.

What a sandbox adds to its OMS's own routes:

| call | does |
|---|---|
| `GET /_sandbox/orders` | lists the orders it holds: `{"orders": [...]}` |
| `DELETE /_sandbox/orders` | forgets everything it was sent (tokens, faults and settings stay) |
| `GET /_sandbox/calls` | lists the calls that were to create an order, whatever came of them: `{"calls": [{"ref", "arrived_at", "took_effect_at"}, ...]}`; the last is null unless the order was taken by that very call |
| `GET /_sandbox/tokens` | counts its tokens: `{"issued": 3, "live": 1}` |
| `GET /_sandbox/faults` | lists the faults that are set, with what is left of each |
| `POST /_sandbox/faults` | sets a fault; `multiorder_sync.sandbox.faults` says which there are |
| `DELETE /_sandbox/faults` | takes all faults away |
| `GET /_sandbox/settings` | shows its settings: `{"accept_duplicates": false}` |
| `POST /_sandbox/settings` | changes them: `{"accept_duplicates": true}` makes another order of every create, although its ref is in use. No OMS does that: it lets a caller's own care be measured |

A sandbox is strict unless it is told otherwise. One that issues no tokens, keeps no record of its
calls, or can't take duplicates, does not have the calls for it.
"""

from multiorder_sync.sandbox.answers import json_answer
from multiorder_sync.sandbox.bodies import read_body
from multiorder_sync.sandbox.creates import CreateCall, CreateCalls
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
from multiorder_sync.sandbox.stand_in import Holdings, Sandbox, TakesDuplicates

__all__ = [
    "Client",
    "CreateCall",
    "CreateCalls",
    "Credentials",
    "Faults",
    "GrantRefused",
    "Holdings",
    "Sandbox",
    "TakesDuplicates",
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
