"""Messages that a save has to say although it succeeded, for the next saves, on request."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from multiorder_manhattan.sandbox.envelope import message


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["INFO", "WARNING", "ERROR"]
    code: str
    description: str
    place: Literal["both", "data"] = "both"
    times: Annotated[int, msgspec.Meta(ge=1)] = 1


class Messages:
    """The messages of the saves to come."""

    def __init__(self) -> None:
        self._wanted: list[_Wanted] = []

    def add(self, data: Any) -> None:
        """Have the next saves say something.

        Raises:
            ValueError: If the data is no message.
        """
        self._wanted.append(msgspec.convert(data, _Wanted))

    def clear(self) -> None:
        """Have them say nothing any more."""
        self._wanted.clear()

    def next(self) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """Return what one save says, beside its data and within, and count it."""
        beside: list[Mapping[str, Any]] = []
        within: list[Mapping[str, Any]] = []
        for wanted in self._wanted:
            text = message(wanted.type, wanted.code, wanted.description)
            within.append(text)
            if wanted.place == "both":
                beside.append(text)
            wanted.times -= 1
        self._wanted = [wanted for wanted in self._wanted if wanted.times]
        return beside, within
