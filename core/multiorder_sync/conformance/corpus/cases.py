"""The cases by name: ordinary orders, odd ones, and one for each field that is not there."""

from collections.abc import Iterator
from functools import cache, cached_property
from typing import Final

import msgspec

from multiorder_sync.conformance.corpus.building import Plain
from multiorder_sync.conformance.corpus.fields import complete, inheriting, paths, without, written
from multiorder_sync.conformance.corpus.odd import odd_orders
from multiorder_sync.conformance.corpus.ordinary import ordinary_orders
from multiorder_sync.errors import InvalidOrder
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.orders import MultiOrder

_DECODER: Final = OrderDecoder()


class Case(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One multi-order of the corpus.

    Attributes:
        name: What it is called in reports.
        data: It, as plain data.
        ordinary: Whether shoppers place such orders every day: an OMS that can't take it is of
            little use. Any other may be refused, by name.
    """

    name: str
    data: Plain
    ordinary: bool = False

    @cached_property
    def body(self) -> bytes:
        """It, as Nacelle sends it."""
        return msgspec.json.encode(self.data)

    def order(self) -> MultiOrder:
        """Return it decoded, anew with each call."""
        return _DECODER.decode(self.body)


@cache
def corpus() -> tuple[Case, ...]:
    """Return every case; the same ones in the same order with each call, which are to be read only."""
    return (
        *(Case(name=name, data=data, ordinary=True) for name, data in ordinary_orders()),
        *(Case(name=name, data=data) for name, data in odd_orders()),
        *_incomplete(),
    )


def _incomplete() -> Iterator[Case]:
    """Yield a case for every field, in which that field alone is missing."""
    for data in (complete(), inheriting()):
        for path in paths(data):
            if (path[0] == "orders") is (data["orders"][0].get("currency") is not None):
                case = Case(name=f"without {written(path)}", data=without(data, path))
                if _is_read(case):
                    yield case


def _is_read(case: Case) -> bool:
    """Tell whether core reads it: without some of the fields there is no order."""
    try:
        case.order()
    except InvalidOrder:
        return False
    return True
