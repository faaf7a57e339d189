"""The field table of docs/merchant.md is true: each field is changed, and what follows is watched.

A row stands for the field that it names, or for all fields below it. The columns of the connectors
name the places in what their OMS is sent that change with it, or say why there are none.
"""

import re

import pytest
from field_walk import CONNECTORS, base, inheriting, own_payments, paths, places_of, written
from whole import ROOT

NOT_SENT = "not carried: "
SETTINGS = {"payment_statuses"}


def table():
    text = (ROOT / "docs" / "merchant.md").read_text("utf-8")
    between = text.split("<!-- fields -->")[1].split("<!-- /fields -->")[0]
    rows = [
        line.strip("| \n").split(" | ") for line in between.splitlines() if line.startswith("| `")
    ]
    return {
        connector: {row[0].strip("`"): row[column].strip() for row in rows}
        for column, connector in enumerate(CONNECTORS, start=1)
    }


ROWS = table()


def row_of(field, rows):
    """Return the row that stands for a field: its own, or that of what it is a part of."""
    candidates = [
        name for name in rows if field == name or field.startswith((f"{name}.", f"{name}[]"))
    ]
    assert candidates, f"docs/merchant.md has no row for {field}"
    return max(candidates, key=len)


CASES = [
    *((written(path), inheriting, path) for path in paths(inheriting()) if path[0] != "orders"),
    *(
        (written(path), base, path)
        for path in paths(base())
        if path[0] == "orders" and path[2] != "payments"
    ),
    *(
        (written(path), own_payments, path)
        for path in paths(own_payments())
        if path[0] == "orders" and path[2] == "payments"
    ),
]


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize(("field", "order", "path"), CASES, ids=[case[0] for case in CASES])
def test_the_table_says_where_the_field_goes(field, order, path, connector):
    rows, not_carried = ROWS[connector], CONNECTORS[connector][3]
    places = places_of(order(), path, connector)
    said = rows[row_of(field, rows)]
    if said.startswith("as `"):
        # "as `customer` of the multi-order": what the multi-order's own row says.
        field = field.removeprefix("orders[].")
        said = rows[row_of(field, rows)]
    if said.startswith(NOT_SENT):
        assert not places
        reasons = {why for name, why in not_carried.items() if field.startswith(name)}
        assert said.removeprefix(NOT_SENT) in reasons
    elif said.startswith("the figures"):
        # No single place; the tests of the transforms hold the figures to the last decimal.
        figures = {"price", "subtotal_price", "discounts", "tax", "tax_rate", "amount"}
        assert field.rpartition(".")[2] in figures
    else:
        named = set(re.findall(r"`([a-zA-Z[][^`]*)`", said)) - SETTINGS
        assert named
        assert named <= places
        unsaid = {place for place in places - named if ".nacelle_" not in place}
        assert not unsaid or "among others" in said


@pytest.mark.parametrize("connector", CONNECTORS)
def test_every_row_is_of_a_field_that_there_is(connector):
    used = {row_of(field, ROWS[connector]) for field, _, _ in CASES}
    assert used == set(ROWS[connector])


@pytest.mark.parametrize("connector", CONNECTORS)
def test_every_reason_is_in_the_table(connector):
    said = {
        row.removeprefix(NOT_SENT) for row in ROWS[connector].values() if row.startswith(NOT_SENT)
    }
    assert said == set(CONNECTORS[connector][3].values())
