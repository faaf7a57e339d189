"""What every group of checks stands on."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from multiorder_sync.conformance.bench import Bench
from multiorder_sync.conformance.standards import standard_of


class Checks:
    """A group of standard checks.

    Attributes:
        bench: What the suite's checks share. The plugin puts it there before the first of them.
        standards: The checks of the group by their names, as they were when it was defined: what is
            taken from the class or put in later changes nothing of what has to be run.
    """

    bench: ClassVar[Bench]
    standards: ClassVar[Mapping[str, Callable[..., None]]]

    def __init_subclass__(cls, **options: Any) -> None:
        """Keep the checks that a group is defined with."""
        super().__init_subclass__(**options)
        if Checks in cls.__bases__:  # a group, and not a suite of them
            own = {name: each for name, each in vars(cls).items() if standard_of(each)}
            cls.standards = MappingProxyType(own)
