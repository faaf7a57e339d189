"""The corpus holds every field, in orders that are read, and the same ones each time."""

import msgspec
import pytest

from multiorder_sync import MultiOrder
from multiorder_sync.conformance.corpus import corpus
from multiorder_sync.conformance.corpus.fields import (
    alone,
    changed,
    complete,
    inheriting,
    own_payments,
    paths,
    written,
)
from multiorder_sync.nacelle.figures import PricePolicy, figures_of

CASES = corpus()


def test_every_case_has_a_name_of_its_own_and_is_read():
    assert len({case.name for case in CASES}) == len(CASES) > 300
    for case in CASES:
        assert case.order().orders


def test_the_corpus_is_the_same_each_time():
    assert [(case.name, case.body) for case in corpus.__wrapped__()] == [
        (case.name, case.body) for case in CASES
    ]


def structs_in(value, path=""):
    """Yield every struct with its path."""
    if isinstance(value, msgspec.Struct):
        yield path, value
        for name in value.__struct_fields__:
            yield from structs_in(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, tuple):
        for each in value:
            yield from structs_in(each, path)


def test_the_complete_order_has_every_field():
    (case,) = (case for case in CASES if case.name == "everything set")
    order = case.order()
    assert isinstance(order, MultiOrder)
    missing = [
        f"{path}.{name}"
        for path, struct in structs_in(order)
        for name in struct.__struct_fields__
        if getattr(struct, name) in (None, (), {})
    ]
    assert missing == []


@pytest.mark.parametrize("make", [complete, inheriting, own_payments])
def test_every_field_can_be_changed_and_each_change_is_seen(make):
    data = make()
    order = MultiOrderReader.read(data)
    for path in paths(data):
        assert MultiOrderReader.read(changed(data, path)) != order, written(path)


def test_a_field_is_changed_in_an_ordinary_order_too():
    for path in paths(complete()):
        data = alone(path)
        before, after = MultiOrderReader.read(data), MultiOrderReader.read(changed(data, path))
        assert before != after, written(path)


def test_ordinary_orders_add_up():
    for case in CASES:
        if case.ordinary:
            for figures in figures_of(case.order(), PricePolicy()):
                assert figures.difference == 0, case.name


def test_each_field_is_missing_in_a_case():
    names = {case.name for case in CASES}
    required = {"orders[].order_items[].quantity"}
    for path in paths(complete()):
        if path[0] == "orders":
            assert f"without {written(path)}" in names or written(path) in required


class MultiOrderReader:
    """Reads plain data as an order."""

    @staticmethod
    def read(data):
        from multiorder_sync.conformance.corpus import Case

        return Case(name="", data=data).order()
