"""The field table of docs/merchant.md is true: each field is changed, and what follows is watched.

A row stands for the field that it names, or for all fields below it. Its second column names the
places in what Fluent is sent that change with it, or says why there are none.
"""

import re
from pathlib import Path

import pytest
from field_walk import base, inheriting, own_payments, paths, places_of, written

from multiorder_fluentcommerce.not_carried import NOT_CARRIED

DOCUMENT = Path(__file__).parents[3] / "docs" / "merchant.md"
NOT_SENT = "not carried: "
SETTINGS = {"payment_statuses"}


def table():
    text = DOCUMENT.read_text("utf-8")
    between = text.split("<!-- fields:fluentcommerce -->")[1].split("<!-- /fields:fluentcommerce -->")[0]
    rows = [line.strip("| \n").split(" | ") for line in between.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[1].strip() for row in rows}


ROWS = table()


def row_of(field):
    """Return the row that stands for a field: its own, or that of what it is a part of."""
    candidates = [name for name in ROWS if field == name or field.startswith((f"{name}.", f"{name}[]"))]
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


@pytest.mark.parametrize(("field", "order", "path"), CASES, ids=[case[0] for case in CASES])
def test_the_table_says_where_the_field_goes(field, order, path):
    places = places_of(order(), path)
    said = ROWS[row_of(field)]
    if said.startswith("as `"):
        # "as `customer` of the multi-order": what the multi-order's own row says.
        field = field.removeprefix("orders[].")
        said = ROWS[row_of(field)]
    if said.startswith(NOT_SENT):
        assert not places
        reasons = {why for name, why in NOT_CARRIED.items() if field.startswith(name)}
        assert said.removeprefix(NOT_SENT) in reasons
    elif said.startswith("the figures"):
        # No single place; the tests of the transform hold the figures to the last decimal.
        assert field.rpartition(".")[2] in {"price", "subtotal_price", "discounts", "tax"}
    else:
        named = set(re.findall(r"`([a-zA-Z[][^`]*)`", said)) - SETTINGS
        assert named
        assert named <= places
        unsaid = {place for place in places - named if ".nacelle_" not in place}
        assert not unsaid or "among others" in said


def test_every_row_is_of_a_field_that_there_is():
    used = {row_of(field) for field, _, _ in CASES}
    assert used == set(ROWS)


def test_every_reason_is_in_the_table():
    said = {row.removeprefix(NOT_SENT) for row in ROWS.values() if row.startswith(NOT_SENT)}
    assert said == set(NOT_CARRIED.values())
