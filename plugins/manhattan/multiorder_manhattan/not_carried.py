"""The Nacelle fields that Manhattan does not get, and why."""

from collections.abc import Mapping
from typing import Final

NOT_CARRIED: Final[Mapping[str, str]] = {}
