"""The time of day in payloads, however it is spelled: every order was received long ago."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_SPELLINGS: Final = (
    *("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    *("%Y-%j", "%Y%j", "%d %b %Y", "%b %d %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%G-W%V"),
)
_DAY: Final = timedelta(days=1)
_DAY_SECONDS: Final = 86_400
_UNITS: Final = (1, 1_000, 1_000_000, 1_000_000_000)
_EPOCH_DAY: Final = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


class Today:
    """Tells the day of a run, and the ones beside it, in every spelling that is known."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        # In other time zones it is another day.
        days = [now - _DAY, now, now + _DAY]
        self._iso = [f"{day:%Y-%m-%d}" for day in days]
        self._texts = [day.strftime(spelling) for day in days for spelling in _SPELLINGS]
        self._numbers = {day.toordinal() + shift for day in days for shift in (0, -_EPOCH_DAY)}
        self._numbers |= {int(text) for text in self._texts if text.isdigit()}
        self._seconds = (days[0].timestamp(), days[2].timestamp())

    def is_in(self, data: Any) -> bool:
        """Tell whether an order itself is of about today, so that its payload may be too."""
        return any(day in str(data) for day in self._iso)

    def told_by(self, value: Any) -> bool:
        """Tell whether a value of a payload holds the day."""
        if isinstance(value, bool) or value is None:
            return False
        text = str(value)
        if any(each in text for each in self._texts):
            return True
        return any(each in self._numbers for each in _whole(text)) or any(
            self._seconds[0] <= number / unit <= self._seconds[1]
            for number in _numbers(text)
            for unit in _UNITS
        )


def _whole(text: str) -> Iterator[int]:
    if text.isdecimal():
        yield int(text)


def _numbers(text: str) -> Iterator[float]:
    try:
        yield float(text)
    except ValueError:
        return
