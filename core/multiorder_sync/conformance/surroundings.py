"""What code asks of the environment, whether it is there or not."""

import os
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

_OF_PYTHON: Final = frozenset({__name__, "os", "_collections_abc", "collections.abc"})
_ALL: Final = "all that is in it"


def watch_environment(package: str, hear: Callable[[str], None]) -> None:
    """Have it told from here on, for good, what a package's own code asks of the environment.

    Args:
        package: The package's name, as it is imported.
        hear: Is told the name of each variable.
    """

    class Watched(os._Environ[str]):  # noqa: SLF001 - there is no other way to be told
        def __getitem__(self, name: str) -> str:
            if _asker() == package:
                hear(name)
            return super().__getitem__(name)

        def __iter__(self) -> Iterator[str]:
            if _asker() == package:
                hear(_ALL)
            return super().__iter__()

    # Not another object: whoever has imported it by its name has this one.
    os.environ.__class__ = Watched


def _asker() -> str:
    """Return the package of the code that asks, Python's own ways to the environment left out."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented, and the only way
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name not in _OF_PYTHON:
            return name.partition(".")[0]
        frame = frame.f_back
    return ""
