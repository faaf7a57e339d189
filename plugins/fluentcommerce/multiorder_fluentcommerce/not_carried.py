"""The Nacelle fields that Fluent does not get, and why."""

from collections.abc import Mapping
from typing import Final

_OURS = "it is Nacelle's own record of when the order changed there"
_CHECKOUT = "it belongs to the checkout, which is over"

NOT_CARRIED: Final[Mapping[str, str]] = {}
