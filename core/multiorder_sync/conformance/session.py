"""One run of pytest with suites in it: their benches, their exemptions, their reports."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from multiorder_sync.conformance.bench import Bench
from multiorder_sync.conformance.report import CheckResult, Outcome, SuiteReport, encoded
from multiorder_sync.conformance.standards import Level, standards_of
from multiorder_sync.conformance.suite import ConformanceSuite, flaw_of_suite
from multiorder_sync.conformance.watching import Watch

_PROPERTY: Final = "multiorder_conformance"
_EXEMPT: Final = pytest.StashKey[bool]()
_LEAVING_OUT: Final = frozenset({"skip", "skipif", "xfail"})
_WORSE: Final = ("passed", "exempt", "not run", "failed")

Suite = type[ConformanceSuite]


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a test's report says of the check that it is, on its way from another process too.

    Attributes:
        suite: The class.
        connector: The connector's name.
        distribution: The package that brings it.
        version: That package's version.
        check: The check's name.
        find_lag_seconds: For how long the suite lets the OMS not show an order that it holds.
        stamp: All that the check has found; None as long as it was not run.
    """

    suite: str
    connector: str
    distribution: str = ""
    version: str = ""
    check: str = ""
    find_lag_seconds: float = 0.0
    stamp: tuple[str, ...] | None = None


class Session:
    """All suites of one run."""

    def __init__(self) -> None:
        self._watch: Watch | None = None
        self._benches: dict[Suite, Bench] = {}
        self._suites: dict[str, _Facts] = {}
        self._results: dict[str, dict[str, CheckResult]] = {}
        self._fails_besides = False

    def collect(self, item: pytest.Item, suite: Suite, given: Mapping[str, Any]) -> None:
        """Take a test of a suite in, and mark a check that the suite exempts.

        Raises:
            pytest.UsageError: The suite is not the standard one, or the test is marked to be left
                out in another way.
        """
        flaw = flaw_of_suite(suite) or _foreign_mark(item, suite)
        if flaw is not None:
            raise pytest.UsageError(flaw)
        self._suites.setdefault(_name(suite), _facts(suite, None, given))
        reason = suite.exempt.get(_check(item))
        if reason is not None:
            # Strict: an exemption that is not needed any more is to go.
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
            item.stash[_EXEMPT] = True

    def begin(self, item: pytest.Item, suite: Suite, given: Mapping[str, Any]) -> None:
        """Give a suite its bench before the first of its checks."""
        bench = self._benches.get(suite)
        if bench is None:
            self._watch = self._watch or Watch()
            folder = Path(getattr(sys.modules[suite.__module__], "__file__", None) or ".").parent
            # The suite's own, whatever a subclass makes of it: what is in there decides.
            build = ConformanceSuite.build_bench.__func__  # type: ignore[attr-defined]  # a method
            bench = self._benches[suite] = build(suite, self._watch, given, folder)
            suite.bench = bench
        check = _check(item)
        function = ConformanceSuite.standards.get(check)
        if function is None:
            return
        bench.stamps.pop(check, None)
        facts = msgspec.structs.replace(_facts(suite, bench, given), check=check)
        item.user_properties.append((_PROPERTY, msgspec.to_builtins(facts)))
        flaw = flaw_of_suite(suite) or _foreign_mark(item, suite)
        if flaw is None and getattr(getattr(item, "obj", None), "__func__", None) is not function:
            flaw = f"{suite.__name__} runs something else in the place of {check}"
        if flaw is not None:
            pytest.fail(flaw, pytrace=False)

    def stamp(self, item: pytest.Item, suite: Suite, report: pytest.TestReport) -> None:
        """Write into a report what the check itself has found, or that it was not run at all."""
        bench, check = self._benches.get(suite), _check(item)
        if report.when != "call" or bench is None or check not in ConformanceSuite.standards:
            return
        stamp = bench.stamps.get(check)
        if stamp is not None:
            for number, (name, value) in enumerate(report.user_properties):
                if name == _PROPERTY:
                    stamped = msgspec.structs.replace(msgspec.convert(value, _Facts), stamp=stamp)
                    report.user_properties[number] = (name, msgspec.to_builtins(stamped))
        elif report.passed:
            report.outcome = "failed"
            report.longrepr = f"{check} was not run: something in this run took its place"

    def end(self, suite: Suite) -> None:
        """Close a suite's bench after the last of its checks."""
        bench = self._benches.pop(suite, None)
        if bench is not None:
            bench.close()

    def hear(self, report: pytest.TestReport) -> None:
        """Take note of what came of a test, a check of a suite or another one."""
        facts = next(
            (
                msgspec.convert(value, _Facts)
                for name, value in report.user_properties
                if name == _PROPERTY
            ),
            None,
        )
        if facts is None:
            self._fails_besides |= report.failed
            return
        self._suites[facts.suite] = facts
        outcome = _outcome(report)
        if outcome is None:
            return
        if outcome == "passed" and facts.stamp != ():
            outcome = "failed"
        results = self._results.setdefault(facts.suite, {})
        found = CheckResult(
            name=facts.check,
            level=standards_of(ConformanceSuite)[facts.check].level,
            outcome=outcome,
            reason=_reason(report, outcome),
            wrong=facts.stamp or (),
            seconds=round(report.duration, 3),
        )
        # A check that is run several times is as good as the worst of them.
        before = results.get(facts.check, found)
        results[facts.check] = max(before, found, key=lambda each: _WORSE.index(each.outcome))

    def status(self, level: Level) -> int:
        """Return how a run ends of which a level is asked: 0 if each suite reaches it, else 1."""
        reports = self.reports
        reached = bool(reports) and all(report.reaches(level) for report in reports)
        return 0 if reached and not self._fails_besides else 1

    @property
    def reports(self) -> tuple[SuiteReport, ...]:
        """What came of each suite, with the checks that were not run."""
        return tuple(self._report(facts) for facts in self._suites.values())

    def summarize(self, reporter: pytest.TerminalReporter, asked: Level | None) -> None:
        """Write what came of each suite beneath the tests."""
        for report in self.reports:
            origin = " ".join(filter(None, (report.distribution, report.version)))
            title = f"conformance: {report.connector}" + (f" ({origin})" if origin else "")
            reporter.write_sep("=", title, bold=True)
            for line in report.lines():
                reporter.write_line(line)
            if asked is not None:
                reached = "reached" if report.reaches(asked) else "not reached"
                reporter.write_line(f"the level that is asked for, {asked}, is {reached}")

    def write(self, file: Path) -> None:
        """Write what came of each suite as JSON."""
        file.write_bytes(encoded(self.reports))

    def _report(self, facts: _Facts) -> SuiteReport:
        results = self._results.get(facts.suite, {})
        checks = [
            results.get(name) or CheckResult(name=name, level=each.level, outcome="not run")
            for name, each in standards_of(ConformanceSuite).items()
        ]
        order = list(Level)
        return SuiteReport(
            connector=facts.connector,
            distribution=facts.distribution,
            version=facts.version,
            suite=facts.suite,
            find_lag_seconds=facts.find_lag_seconds,
            checks=tuple(sorted(checks, key=lambda check: order.index(check.level))),
        )


def _facts(suite: Suite, bench: Bench | None, given: Mapping[str, Any]) -> _Facts:
    named = given.get("connector") or suite.connector
    name = named if isinstance(named, str) else getattr(named, "name", None)
    subject = None if bench is None or bench.unusable else bench.subject
    return _Facts(
        suite=_name(suite),
        connector=subject.name if subject else str(name or "not said which"),
        distribution=subject.distribution if subject else "",
        version=subject.version if subject else "",
        find_lag_seconds=0.0 if bench is None else bench.find_lag_seconds,
    )


def _name(suite: Suite) -> str:
    return f"{suite.__module__}.{suite.__qualname__}"


def _check(item: pytest.Item) -> str:
    """Return the name of a test's function: a parametrized test has another one of its own."""
    return getattr(item, "originalname", None) or item.name


def _foreign_mark(item: pytest.Item, suite: Suite) -> str | None:
    """Say by which mark a check would be left out without its being an exemption."""
    check = _check(item)
    if check not in ConformanceSuite.standards:
        return None
    marks = [mark.name for mark in item.iter_markers() if mark.name in _LEAVING_OUT]
    if item.stash.get(_EXEMPT, False):
        marks.remove("xfail")
    if not marks:
        return None
    return (
        f"{suite.__name__} leaves {check} out by the mark {marks[0]}; exempt it with a reason "
        f'instead: exempt = {{"{check}": "why"}}'
    )


def _outcome(report: pytest.TestReport) -> Outcome | None:
    """Return what came of a check, so far as this part of its report decides it."""
    if report.failed:
        return "failed"
    if report.skipped:
        return "exempt" if hasattr(report, "wasxfail") else "not run"
    return "passed" if report.when == "call" else None


def _reason(report: pytest.TestReport, outcome: Outcome) -> str | None:
    if outcome == "passed":
        return None
    if outcome == "exempt":
        return str(getattr(report, "wasxfail", "")).removeprefix("reason: ")
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return report.longreprtext
