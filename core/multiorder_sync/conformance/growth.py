"""How the time of a transform grows with the lines of an order."""

from collections.abc import Callable
from typing import Final

from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.corpus.building import item, multi_order, order
from multiorder_sync.nacelle.orders import MultiOrder

_FEW: Final = 100
_MANY: Final = 400
_MOST: Final = 8.0
"""How many times as long four times the lines may take: a square would make it sixteen times."""
_NOTICED_SECONDS: Final = 0.02
_LEAST_SECONDS: Final = 0.001
_RUNS: Final = (3, 12)
_FEW_RUNS: Final = 4
"""How many runs of the few there are beside each of the many: one that is short is quickly drowned
in what a busy machine takes from it, and would make a square look like a proportion."""


def growing(seconds_of: Callable[[MultiOrder, int], float]) -> str | None:
    """Say by how much the time grows with the lines, if it is more than in proportion.

    Args:
        seconds_of: Returns the shortest time of several runs, on a processor: other programs do
            not count. The few and the many take turns, so that a machine that is slow for a while
            is so for both. What looks wrong is measured again, more often.
    """
    ratio = 0.0
    try:
        few_lines, many_lines = _order(_FEW), _order(_MANY)
        for times in _RUNS:
            turns = [
                (seconds_of(few_lines, _FEW_RUNS), seconds_of(many_lines, 1)) for _ in range(times)
            ]
            few, many = (min(seconds) for seconds in zip(*turns, strict=True))
            ratio = many / max(few, _LEAST_SECONDS)
            if many < _NOTICED_SECONDS or ratio <= _MOST:
                return None
    except Exception:  # noqa: BLE001 - some OMS does not take as much; what breaks, another check says
        return None
    return (
        f"{_MANY} lines keep the transform busy {ratio:.0f} times as long as {_FEW}, where four "
        "times would be in proportion"
    )


def _order(lines: int) -> MultiOrder:
    data = multi_order(order(items=[item(number) for number in range(1, lines + 1)]))
    return Case(name="", data=data).order()
