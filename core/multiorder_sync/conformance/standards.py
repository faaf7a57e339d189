"""Levels, the standard checks, and how one that fails is worded."""

import functools
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec
import pytest

from multiorder_sync.conformance.watching import Hung

_MOST_SHOWN: Final = 12
_ATTRIBUTE: Final = "multiorder_standard"

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Level(StrEnum):
    """How much of the contract a connector is proved to keep, the least first."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Standard(msgspec.Struct, frozen=True, kw_only=True):
    """One standard check.

    Attributes:
        level: The lowest level that asks for it.
        why: Why it matters.
        mend: How to mend a connector that fails it.
    """

    level: Level
    why: str
    mend: str


class Nonconforming(Exception):
    """A connector does not do what a check asks for.

    Args:
        *wrong: What is wrong, each in words for the connector's author.
        mend: How to mend it, where the check's own advice does not fit.
    """

    def __init__(self, *wrong: str, mend: str | None = None) -> None:
        super().__init__(*wrong)
        self.wrong = wrong
        self.mend = mend


class NotRun(Exception):
    """A check can't be made; the text says which one failed before that."""


def standard(
    level: Level, *, why: str, mend: str, needs_order: bool = False
) -> Callable[[FunctionT], FunctionT]:
    """Make a test method a standard check: what it raises is told with why and with a remedy.

    Args:
        level: The lowest level that asks for it.
        why: Why it matters.
        mend: How to mend a connector that fails it.
        needs_order: Whether nothing is to be seen by it where no order can be created.
    """
    facts = Standard(level=level, why=why, mend=mend)

    def decorate(check: FunctionT) -> FunctionT:
        @functools.wraps(check)
        def checked(suite: Any) -> None:
            stamps: dict[str, tuple[str, ...]] = suite.bench.stamps
            stamps.pop(check.__name__, None)
            try:
                if needs_order:
                    suite.bench.require_order()
                check(suite)
                found = None
            except Nonconforming as nonconforming:
                found = nonconforming
            except Hung as hung:
                found = Nonconforming(f"the connector {hung}")
            except NotRun as reason:
                pytest.skip(str(reason))
            # That it was run, and all that it found, is taken from here alone.
            stamps[check.__name__] = () if found is None else found.wrong
            if found is not None:
                pytest.fail(worded(found, facts), pytrace=False)

        setattr(checked, _ATTRIBUTE, facts)
        return checked  # type: ignore[return-value]  # of the same signature, by functools.wraps

    return decorate


def standard_of(function: Any) -> Standard | None:
    """Return what a test function is as a standard check; None if it is none."""
    facts = getattr(function, _ATTRIBUTE, None)
    return facts if isinstance(facts, Standard) else None


def standards_of(suite: Any) -> dict[str, Standard]:
    """Return the standard checks of a suite by their names, whatever was taken from the class."""
    found = ((name, standard_of(check)) for name, check in sorted(suite.standards.items()))
    return {name: facts for name, facts in found if facts is not None}


def worded(found: Nonconforming, facts: Standard) -> str:
    """Return what is wrong, why it matters and how to mend it, as a text of several lines."""
    return "\n".join(
        (
            f"What is wrong: {_listed(found.wrong)}",
            f"Why it matters: {facts.why}",
            f"How to mend it: {found.mend or facts.mend}",
        )
    )


def _listed(wrong: Sequence[str]) -> str:
    if len(wrong) == 1:
        return wrong[0]
    lines = [f"\n  - {each}" for each in wrong[:_MOST_SHOWN]]
    if len(wrong) > _MOST_SHOWN:
        lines.append(
            f"\n  - and {len(wrong) - _MOST_SHOWN} more; --conformance-json FILE has them all"
        )
    return f"{len(wrong)} things" + "".join(lines)
