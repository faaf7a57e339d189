"""Other values that might stand in the place of one, to see what follows from it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

_DIGITS: Final = "0123456789"


def alternatives(value: Any) -> Iterator[Any]:
    """Yield other values, the most alike first."""
    for other in _alternatives(value):
        if other != value:
            yield other


def longer(value: Any) -> Iterator[Any]:
    """Yield other values of which none can be that of a neighbour: several are changed at once."""
    if not isinstance(value, str):
        yield from alternatives(value)
        return
    yield f"{value}x"
    yield f"{value}1"
    yield from _times(value)


def _alternatives(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float | Decimal):
        yield value + 1
        yield value * 2
    elif isinstance(value, str):
        yield from _texts(value)


def _texts(text: str) -> Iterator[str]:
    if text[-1:] in _DIGITS and text:
        yield text[:-1] + ("1" if text[-1] != "1" else "2")
    last = "y" if text[-1:] == "x" else "x"
    yield text[:-1] + (last.upper() if text.isupper() else last) if text else last
    yield text + last
    yield from _times(text)
    # Words that mean something to somebody: currencies, countries, the states of payments.
    yield from ("USD", "EUR", "US", "DE", "succeeded", "failed", "visa", "paypal")


def _times(text: str) -> Iterator[str]:
    if text.count("-") >= 2 and text[:4].isdigit():
        yield str(int(text[:4]) - 1).zfill(4) + text[4:]
