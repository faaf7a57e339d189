"""The campaign as a command: `python -m chaos`, or `make chaos`."""

import argparse
import shutil
import signal
import sys
import time

import typer

from chaos import report
from chaos.campaign import run_once
from chaos.plan import long_plans, short_plan

_ORDERS = 3000
_MINUTES = 10.0
_SENDING = 0.3
"""How much of the time of all is spent on sending a run's orders; the rest is recovery."""

_MOST_STORIES = 20


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=_ORDERS, help="multi-orders of a run")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="for all, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), help="only runs on this one"
    )
    parser.add_argument("--duplicates", action="store_true", help="only the run that takes them")
    parser.add_argument("--short", action="store_true", help="as `make test` runs it")
    chosen = parser.parse_args(arguments)
    if chosen.short:
        plans = [short_plan(name, seed=chosen.seed) for name in ("sqlite", "postgresql")]
    else:
        seconds = chosen.minutes * 60 * _SENDING
        plans = long_plans(orders=chosen.orders, seconds=seconds, seed=chosen.seed)
    if chosen.database:
        plans = [each for each in plans if each.database == chosen.database]
    if chosen.duplicates:
        plans = [each for each in plans if each.accept_duplicates]
    # As Ctrl-C does, it ends all that was started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    verdicts = []
    for plan in plans:
        verdict = run_once(plan, say=_Progress(plan))
        verdicts.append(verdict)
        for story in report.told(verdict, most=_MOST_STORIES):
            typer.echo(f"{story}\n")
        for each in verdict.unproven:
            typer.echo(f"{plan.name}: this run proves nothing about {each}")
        if verdict.violations:
            typer.echo(
                f"{len(verdict.violations)} violations; what they left is in {verdict.folder}"
            )
        else:
            shutil.rmtree(verdict.folder)
    typer.echo(report.table(verdicts))
    return 1 if any(verdict.violations or verdict.unproven for verdict in verdicts) else 0


class _Progress:
    """Says how far a run is."""

    def __init__(self, plan):
        self._name = plan.name
        self._started = time.monotonic()

    def __call__(self, text):
        seconds = time.monotonic() - self._started
        typer.echo(f"{self._name}, {seconds:4.0f} s: {text}", err=True)


if __name__ == "__main__":
    sys.exit(main())
