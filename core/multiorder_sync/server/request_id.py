"""What a call is named by in the answer and in every log line."""

import re
import uuid
from collections.abc import Mapping
from typing import Final

REQUEST_ID: Final = "x-request-id"
"""The header that tells the caller."""

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def request_id(headers: Mapping[str, tuple[str, ...]]) -> str:
    """Return the trace id of a valid `traceparent` (W3C Trace Context), else a new id."""
    values = headers.get("traceparent", ())
    match = _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
    if match and match[1] != "0" * 32 and not values[0].startswith("ff"):
        return match[1]
    return uuid.uuid4().hex
