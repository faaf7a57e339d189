"""A server process that kills itself at a chosen step: `python -m chaos.server FILE STEP TIMES`.

It is `multiorder serve` but for that.
"""

import os
import signal
from pathlib import Path

import typer

from multiorder_sync.cli.serve import run


class Fatal:
    """A step that is taken so many times, and not once more.

    Args:
        name: Of the step.
        times: At which of its times the process dies.
    """

    def __init__(self, name, times):
        self._name = name
        self._left = times

    def __call__(self, name):
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main(file: Path, step: str, times: int) -> None:
    """Serve, and die."""
    run(file, step=Fatal(step, times))


if __name__ == "__main__":
    typer.run(main)
