"""The kit's part of pytest: its options, its exemptions, its report.

It is loaded in every run of pytest where core is installed. So it does nothing, and loads nothing,
until a `ConformanceSuite` is collected.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from multiorder_sync.conformance.session import Session
    from multiorder_sync.conformance.standards import Level
    from multiorder_sync.conformance.suite import ConformanceSuite

_LEVELS: Final = ("bronze", "silver", "gold")
_TESTS_WERE_RUN: Final = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
_SUITE: Final = "multiorder_sync.conformance.suite"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the kit's options."""
    group = parser.getgroup("multiorder-sync", "conformance of connectors")
    group.addoption("--connector", metavar="NAME", help="the connector to test")
    group.addoption(
        "--config",
        metavar="FILE",
        dest="multiorder_config",
        help="a config.toml with a space that uses the connector",
    )
    group.addoption("--space", metavar="ID", help="which of its spaces; default: the first")
    group.addoption(
        "--conformance-level",
        metavar="LEVEL",
        choices=_LEVELS,
        help="exit with 0 if each suite reaches bronze, silver or gold, whatever fails of the "
        "levels above it, and with 1 if one does not",
    )
    group.addoption(
        "--conformance-json", metavar="FILE", help="write what came of the checks as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch for suites."""
    config.pluginmanager.register(_Suites(config), "multiorder-sync-suites")


class _Suites:
    """Hands suites, and what comes of them, to the `Session`, which is made for the first one."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._session: Session | None = None

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        suite = _suite_of(item)
        if suite is not None:
            self._loaded().collect(item, suite, self._given())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Any:
        suite = _suite_of(item)
        if suite is not None:
            self._loaded().begin(item, suite, self._given())
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Any:
        result = yield
        suite = _suite_of(item)
        if suite is not None and (nextitem is None or _suite_of(nextitem) is not suite):
            self._loaded().end(suite)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Any:
        report = yield
        suite = _suite_of(item)
        if suite is not None:
            self._loaded().stamp(item, suite, report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        ours = any(name == "multiorder_conformance" for name, _ in report.user_properties)
        if ours or self._asked() is not None:
            self._loaded().hear(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._session is not None:
            self._session.summarize(terminalreporter, self._asked())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        asked = self._asked()
        if asked is not None and session.exitstatus in _TESTS_WERE_RUN:
            session.exitstatus = self._loaded().status(asked)
        file = self._config.getoption("conformance_json")
        if self._session is not None and file and not hasattr(self._config, "workerinput"):
            self._session.write(Path(self._config.invocation_params.dir, file))

    def _loaded(self) -> Session:
        if self._session is None:
            from multiorder_sync.conformance.session import Session  # noqa: PLC0415 - see above

            self._session = Session()
        return self._session

    def _asked(self) -> Level | None:
        level = self._config.getoption("conformance_level")
        if level is None or hasattr(self._config, "workerinput"):
            return None
        from multiorder_sync.conformance.standards import Level  # noqa: PLC0415 - see above

        return Level(level)

    def _given(self) -> dict[str, Any]:
        config = self._config.getoption("multiorder_config")
        return {
            "connector": self._config.getoption("connector"),
            "config": config and Path(self._config.invocation_params.dir, config),
            "space": self._config.getoption("space"),
        }


def _suite_of(item: pytest.Item) -> type[ConformanceSuite] | None:
    kind = getattr(item, "cls", None)
    # Where no suite is defined, the module that defines them was never imported.
    module = sys.modules.get(_SUITE)
    if (
        module is None
        or not isinstance(kind, type)
        or not issubclass(kind, module.ConformanceSuite)
    ):
        return None
    return kind
