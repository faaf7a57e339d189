"""The kit that proves a connector right: offline, in seconds, against its own sandbox.

It needs pytest, which the extra `conformance` brings. From the command line:

    pytest --pyargs multiorder_sync.conformance --connector NAME --config FILE

In the connector's own tests:

    from multiorder_sync.conformance import ConformanceSuite

    class TestAcme(ConformanceSuite):
        connector = "acme"
        config = "config.toml"

docs/conformance.md says what is checked, and what the levels ask for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiorder_sync.conformance.standards import Level
    from multiorder_sync.conformance.suite import ConformanceSuite

__all__ = ["ConformanceSuite", "Level"]


def __getattr__(name: str) -> Any:
    # pytest loads `plugin` in every run where core is installed, so nothing else comes with it.
    if name == "ConformanceSuite":
        from multiorder_sync.conformance.suite import ConformanceSuite  # noqa: PLC0415

        return ConformanceSuite
    if name == "Level":
        from multiorder_sync.conformance.standards import Level  # noqa: PLC0415

        return Level
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
