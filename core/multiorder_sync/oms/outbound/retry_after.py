"""How long a server asks us to wait."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_AFTER: Final = "retry-after"

LONGEST_WAIT: Final = 86_400.0
"""No server's word makes us wait longer than a day; more is taken as a day."""

_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def parse_retry_after(value: str | None, date: str | None = None) -> float | None:
    """Read a header like `Retry-After`, in either of its forms.

    Args:
        value: The header.
        date: The `Date` header of the same answer: a moment to wait for is meant in the server's
            time, so it is measured by the server's clock where that is known.

    Returns:
        The seconds to wait, more than 0 and at most `LONGEST_WAIT`; None if there is nothing to
        wait for or the header makes no sense, so that the caller's own pace holds.
    """
    text = (value or "").strip()
    seconds: float
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        moment = _moment(text)
        if moment is None:
            return None
        seconds = (moment - (_moment(date or "") or datetime.now(UTC))).total_seconds()
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        # An HTTP date is always in GMT, said or not.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
