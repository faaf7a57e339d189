"""The suite: the class that a connector's authors subclass."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

import msgspec

from multiorder_sync.conformance.bench import (
    MOST_FIND_LAG_SECONDS,
    MOST_TRANSFORM_SECONDS,
    TRANSFORM_SECONDS,
    Bench,
)
from multiorder_sync.conformance.checks.answering import AnsweringChecks
from multiorder_sync.conformance.checks.carrying import CarryingChecks
from multiorder_sync.conformance.checks.doubling import DoublingChecks
from multiorder_sync.conformance.checks.finding import FindingChecks
from multiorder_sync.conformance.checks.pressure import PressureChecks
from multiorder_sync.conformance.checks.secrecy import SecrecyChecks
from multiorder_sync.conformance.checks.settings import SettingsChecks
from multiorder_sync.conformance.checks.taking import TakingChecks
from multiorder_sync.conformance.checks.transforming import TransformChecks
from multiorder_sync.conformance.subject import AnyConnector, SandboxFactory, at, find_subject
from multiorder_sync.conformance.watching import Watch

_GROUPS: Final = (
    SettingsChecks,
    TransformChecks,
    CarryingChecks,
    AnsweringChecks,
    FindingChecks,
    DoublingChecks,
    PressureChecks,
    TakingChecks,
    SecrecyChecks,
)


class ConformanceSuite(
    # pytest runs the checks of the last base first.
    SecrecyChecks,
    TakingChecks,
    PressureChecks,
    DoublingChecks,
    FindingChecks,
    AnsweringChecks,
    CarryingChecks,
    TransformChecks,
    SettingsChecks,
):
    """The standard checks of a connector.

    A subclass whose name starts with `Test`, in a test module, runs them all. None of them can be
    removed or replaced; one that a connector can't pass is exempted, with a reason that is shown.

    Attributes:
        connector: The connector's name, if its package is installed, or its class.
        config: A `config.toml` with a space that uses it, with settings that its sandbox takes. A
            relative path starts at the folder of the subclass's module.
        space: Which space; by default the first one that uses it.
        sandbox: Builds the sandbox, as a static method; by default the one that the connector's
            package registers.
        exempt: Name of a check to the reason why the connector need not pass it. One that passes
            all the same fails, so that no exemption outlives its reason.
        transform_seconds: How long the transform of one order may take, at most ten.
        find_lag_seconds: For how long the OMS's look-ups may not show an order that it holds, at most
            two: so long a `find` that sees none is called again. The report says so.
        standards: Every check by its name. What runs under the name has to be this function.
    """

    connector: ClassVar[str | type[AnyConnector] | None] = None
    config: ClassVar[str | Path | None] = None
    space: ClassVar[str | None] = None
    sandbox: ClassVar[SandboxFactory | None] = None
    exempt: ClassVar[Mapping[str, str]] = {}
    transform_seconds: ClassVar[float] = TRANSFORM_SECONDS
    find_lag_seconds: ClassVar[float] = 0.0

    standards: ClassVar[Mapping[str, Callable[..., None]]] = MappingProxyType(
        {name: check for group in _GROUPS for name, check in group.standards.items()}
    )

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a subclass that leaves a standard check out.

        Raises:
            TypeError: If it does, or if an exemption is none.
        """
        super().__init_subclass__(**options)
        flaw = flaw_of_suite(cls)
        if flaw is not None:
            raise TypeError(flaw)

    @classmethod
    def settings_at(cls, settings: msgspec.Struct, base_url: str) -> Any:
        """Return settings that lead to another host; by default every URL in them does.

        Args:
            settings: As the configuration has them.
            base_url: Scheme, host and port of a sandbox.
        """
        return at(settings, base_url)

    @classmethod
    def build_bench(cls, watch: Watch, given: Mapping[str, Any], folder: Path) -> Bench:
        """Return what the suite's checks share.

        Args:
            watch: Sees what the connector's code reaches for.
            given: What the command line says instead of the class's attributes.
            folder: Of the module that the class is in.
        """
        config = given.get("config")
        if config is None and cls.config is not None:
            config = folder / cls.config
        return Bench(
            lambda: find_subject(
                given.get("connector") or cls.connector,
                config,
                space=given.get("space") or cls.space,
                sandbox=cls.sandbox,
            ),
            watch,
            rehosted=cls.settings_at,
            transform_seconds=cls.transform_seconds,
            find_lag_seconds=cls.find_lag_seconds,
        )


def flaw_of_suite(suite: type[ConformanceSuite]) -> str | None:
    """Say what a suite lacks of the standard, or replaces; None if it is whole.

    It is asked when a subclass is defined, and again when pytest collects it: a class can be
    changed after its definition, and a subclass can keep its own subclasses from being looked at.
    """
    standards = ConformanceSuite.standards
    name = suite.__name__
    for check, function in standards.items():
        if inspect.getattr_static(suite, check, None) is not function:
            return (
                f"{name} replaces {check}, a standard check, which can't be removed or changed; "
                f'exempt it with a reason instead: exempt = {{"{check}": "why"}}'
            )
    exempt: Mapping[str, Any] = suite.exempt
    for check, reason in exempt.items():
        if check not in standards:
            known = ", ".join(sorted(standards))
            return f"{name} exempts {check}, which is no check; known: {known}"
        if not isinstance(reason, str) or not reason.strip():
            return f"{name} exempts {check} without a reason"
    if suite.transform_seconds > MOST_TRANSFORM_SECONDS:
        return (
            f"{name} lets a transform take {suite.transform_seconds:g} seconds; the endpoint waits "
            f"for it, and {MOST_TRANSFORM_SECONDS:g} are the most that can be set"
        )
    if suite.find_lag_seconds > MOST_FIND_LAG_SECONDS:
        return (
            f"{name} lets look-ups lag behind by {suite.find_lag_seconds:g} seconds; what is in "
            f"doubt waits for them, and {MOST_FIND_LAG_SECONDS:g} are the most that can be set"
        )
    return None
