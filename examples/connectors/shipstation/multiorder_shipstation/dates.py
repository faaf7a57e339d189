"""Dates as ShipStation takes them: Pacific time, and no offset.

That its dates are in Pacific time (PST/PDT) is from its requirements page as client libraries
quote it; that a date without an offset is read so is inferred.
"""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

_PACIFIC: Final = ZoneInfo("America/Los_Angeles")


def pacific(moment: datetime) -> str:
    """Write an aware moment as ShipStation's `yyyy-mm-ddThh:mm:ss`."""
    return moment.astimezone(_PACIFIC).replace(tzinfo=None).isoformat(timespec="seconds")
