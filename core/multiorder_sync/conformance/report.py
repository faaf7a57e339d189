"""What came of a suite: the level, what keeps it from the next one, as text and as JSON."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Final, Literal

import msgspec

from multiorder_sync.conformance.corpus import corpus
from multiorder_sync.conformance.standards import Level

Outcome = Literal["passed", "failed", "exempt", "not run"]

_LEVELS: Final = tuple(Level)
_VERSION: Final = 1


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one check.

    Attributes:
        name: The check's.
        level: The lowest level that asks for it.
        outcome: What came of it.
        reason: Of a failure what is wrong; of an exemption its reason; else why it was not run.
        wrong: All that is wrong, of which the reason names the first.
        seconds: How long it took.
    """

    name: str
    level: Level
    outcome: Outcome
    reason: str | None = None
    wrong: tuple[str, ...] = ()
    seconds: float = 0.0


class SuiteReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one suite.

    Attributes:
        connector: The connector's name.
        distribution: The package that brings it.
        version: That package's version.
        suite: The class that was run.
        checks: What came of its checks, those that were not run included.
        find_lag_seconds: For how long the suite lets the OMS not show an order that it holds.
    """

    connector: str
    distribution: str
    version: str
    suite: str
    checks: tuple[CheckResult, ...]
    find_lag_seconds: float = 0.0

    @property
    def level(self) -> Level | None:
        """The highest level whose checks, and those of the levels below, all passed."""
        reached = None
        for level in _LEVELS:
            if self.kept_from(level):
                break
            reached = level
        return reached

    @property
    def next_level(self) -> Level | None:
        """The level above; None for the highest."""
        level = self.level
        number = 0 if level is None else _LEVELS.index(level) + 1
        return _LEVELS[number] if number < len(_LEVELS) else None

    def reaches(self, level: Level) -> bool:
        """Tell whether a level is reached, whatever keeps it from the next one."""
        return self.level is not None and _LEVELS.index(self.level) >= _LEVELS.index(level)

    def kept_from(self, level: Level) -> tuple[CheckResult, ...]:
        """Return the checks of a level itself that did not pass."""
        checks = (check for check in self.checks if check.level is level)
        return tuple(check for check in checks if check.outcome != "passed")

    def data(self) -> dict[str, object]:
        """Return it as plain data, for JSON."""
        return {
            "connector": self.connector,
            "distribution": self.distribution,
            "version": self.version,
            "suite": self.suite,
            "find_lag_seconds": self.find_lag_seconds,
            "level": self.level,
            "next_level": self.next_level,
            "keeps_from": {
                level: [check.name for check in self.kept_from(level)] for level in _LEVELS
            },
            "exemptions": {
                check.name: check.reason for check in self.checks if check.outcome == "exempt"
            },
            "checks": [msgspec.to_builtins(check) for check in self.checks],
        }

    def lines(self) -> Iterator[str]:
        """Yield it as lines for a person."""
        passed = sum(check.outcome == "passed" for check in self.checks)
        yield f"level: {self.level or 'none'} ({passed} of {len(self.checks)} checks passed)"
        if self.find_lag_seconds:
            yield f"find may see an order {self.find_lag_seconds:g} seconds late (find_lag_seconds)"
        if all(check.outcome == "not run" for check in self.checks):
            yield "it was collected, and none of its checks was run"
            return
        following = self.next_level
        if following is None:
            return
        for level in _LEVELS[_LEVELS.index(following) :]:
            kept = self.kept_from(level)
            if kept:
                yield f"what keeps it from {level}:"
            for check in kept:
                yield f"  {check.name}: {check.outcome}" + _reason(check)


def encoded(reports: Sequence[SuiteReport]) -> bytes:
    """Return reports as the JSON file that is written."""
    kit = {"version": version("multiorder-sync"), "corpus": len(corpus())}
    data = {"version": _VERSION, "kit": kit, "suites": [report.data() for report in reports]}
    return msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"


def _reason(check: CheckResult) -> str:
    if not check.reason:
        return ""
    lines = check.reason.splitlines()
    if check.outcome == "not run":
        return f": {lines[0]}"
    first = lines[0].removeprefix("What is wrong: ")
    more = [line.strip().removeprefix("- ") for line in lines[1:2] if line.startswith("  - ")]
    return f": {': '.join((first, *more))}"
