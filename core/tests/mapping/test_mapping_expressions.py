"""JMESPath with exact numbers."""

from decimal import Decimal

import pytest

from multiorder_sync.errors import Untransformable
from multiorder_sync.oms.mapping import Expression, InvalidExpression

DATA = {
    "multi_order": {
        "price": Decimal("1.10"),
        "text_price": "1.10",
        "count": 3,
        "tiny": 1e-7,
        "prices": [Decimal("0.10"), Decimal("0.20"), 3],
        "items": [
            {"sku": "a", "price": Decimal("2.50")},
            {"sku": "b", "price": 10},
            {"sku": "c", "price": Decimal("9.99")},
        ],
        "texts": [{"sku": "dear", "price": "100.00"}, {"sku": "cheap", "price": "9.00"}],
        "tags": ["x", "y"],
        "name": "  Zoë ",
        "gift": True,
        "missing": None,
    },
    "order": {"id": "o-1"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.id", "o-1"),
        ("order.nothing.there", None),
        ("sum(multi_order.prices)", Decimal("3.30")),
        ("sum(`[]`)", 0),
        ("sum(`[0.1, 0.2]`)", Decimal("0.3")),
        ("max(multi_order.prices)", 3),
        ("min(multi_order.prices)", Decimal("0.10")),
        ("max(`[]`)", None),
        ("avg(multi_order.prices)", Decimal("1.1")),
        ("avg(`[1, 2]`)", Decimal("1.5")),
        ("avg(`[]`)", None),
        ("abs(multi_order.price)", Decimal("1.10")),
        ("ceil(multi_order.price)", 2),
        ("floor(multi_order.price)", 1),
        ("sort(multi_order.prices)", [Decimal("0.10"), Decimal("0.20"), 3]),
        ("sort_by(multi_order.items, &price)[].sku", ["a", "c", "b"]),
        ("max_by(multi_order.items, &price).sku", "b"),
        ("min_by(multi_order.items, &price).sku", "a"),
        ("multi_order.text_price > '1.09'", True),
        ("multi_order.text_price < '10'", True),
        ("multi_order.text_price > `1`", True),
        ("multi_order.text_price >= multi_order.price", True),
        ("multi_order.text_price < 'x'", True),
        ('sum(`["9.00", "100.00"]`)', Decimal("109.00")),
        ('avg(`["9.00", "100.00"]`)', Decimal("54.5")),
        ('max(`["9.00", "100.00"]`)', "100.00"),
        ('min(`["9.00", "100.00"]`)', "9.00"),
        ('sort(`["9.00", "100.00", "10"]`)', ["9.00", "10", "100.00"]),
        ('sort(`["9.00", "100.00", "a"]`)', ["100.00", "9.00", "a"]),
        ("sort_by(multi_order.texts, &price)[].sku", ["cheap", "dear"]),
        ("max_by(multi_order.texts, &price).sku", "dear"),
        ("min_by(multi_order.texts, &price).sku", "cheap"),
        ("max_by(`[]`, &price)", None),
        ("sort_by(`[]`, &price)", []),
        ("multi_order.items[?price > `9.98`].sku", ["b", "c"]),
        ("multi_order.items[?price == `9.99`].sku", ["c"]),
        ("multi_order.price == `1.1`", True),
        ("multi_order.price != `1.1`", False),
        ("multi_order.price >= `1.1`", True),
        ("multi_order.price < multi_order.count", True),
        ("multi_order.tiny == `0.0000001`", True),
        ("sum(multi_order.prices[:2]) == `0.3`", True),
        ("multi_order.gift == `1`", False),
        ("`12345678901234567890123`", 12345678901234567890123),
        ("to_number('12345678901234567.12345')", Decimal("12345678901234567.12345")),
        ("`1234567890.12345`", Decimal("1234567890.12345")),
        ("'`12345678901234567.12345`'", "`12345678901234567.12345`"),
        ('`"a \\` 12345678901234567.12345"`', "a ` 12345678901234567.12345"),
        ("multi_order.price < 'text'", None),
        ("'a' < 'b'", True),
        ("multi_order.gift < `2`", None),
        ("contains(multi_order.prices, `0.1`)", True),
        ("contains('abc', 'b')", True),
        ("contains('abc', `1`)", False),
        ("type(multi_order.price)", "number"),
        ("type(multi_order.gift)", "boolean"),
        ("to_number('1.10')", Decimal("1.10")),
        ("to_number('-12')", -12),
        ("to_number(multi_order.price)", Decimal("1.10")),
        ("to_number('1e5')", None),
        ("to_number('NaN')", None),
        ("to_number('1_0')", None),
        ("to_number(' 1')", None),
        ("to_number('')", None),
        ("to_number(multi_order.gift)", None),
        ("to_number(multi_order.tags)", None),
        ("to_string(multi_order.price)", "1.10"),
        ("to_string(multi_order.items[0])", '{"sku":"a","price":2.50}'),
        ("to_string(`1.50`)", "1.5"),
        ("to_string('as it is')", "as it is"),
        ("lower(multi_order.name)", "  zoë "),
        ("upper(trim(multi_order.name))", "ZOË"),
        ("lower(multi_order.missing)", None),
        ("upper(multi_order.missing)", None),
        ("trim(multi_order.missing)", None),
        ("join('-', multi_order.tags)", "x-y"),
        ("sum([multi_order.text_price, multi_order.count])", Decimal("4.10")),
        ("sum([multi_order.count, multi_order.text_price, multi_order.price])", Decimal("5.20")),
        ("avg([multi_order.text_price, multi_order.price])", Decimal("1.1")),
        ("max([multi_order.text_price, multi_order.count])", 3),
        ("min([multi_order.text_price, multi_order.count])", "1.10"),
        ("sort([multi_order.count, multi_order.text_price])", ["1.10", 3]),
        ("max_by([{a: multi_order.text_price}, {a: `1`}], &a).a", "1.10"),
        ("sort_by([{a: multi_order.text_price}, {a: `1`}, {b: `0`}], &a)[].a", [1, "1.10"]),
        ("sort_by([{b: 'x'}, {a: `1`, b: 'y'}], &a)[].b", ["y", "x"]),
        ("min_by([{b: 'x'}, {a: `1`, b: 'y'}], &a).b", "y"),
        ("abs('-10.05')", Decimal("10.05")),
        ("floor(multi_order.text_price)", 1),
        ("ceil(multi_order.text_price)", 2),
        ("sum([multi_order.text_price, multi_order.missing])", Decimal("1.10")),
        ("avg([multi_order.missing, multi_order.count])", Decimal(3)),
        ("avg([multi_order.missing])", None),
        ("max([multi_order.missing, multi_order.price])", Decimal("1.10")),
        ("sort([multi_order.missing, multi_order.price])", [Decimal("1.10")]),
        ("join('-', ['a', multi_order.missing, 'b'])", "a-b"),
        ("sum(multi_order.missing)", None),
        ("avg(multi_order.missing)", None),
        ("max(multi_order.missing)", None),
        ("sort(multi_order.missing)", None),
        ("sort_by(multi_order.missing, &price)", None),
        ("abs(multi_order.missing)", None),
        ("floor(multi_order.missing)", None),
        ("length(multi_order.missing)", None),
        ("keys(multi_order.missing)", None),
        ("join('-', multi_order.missing)", None),
        ("merge(multi_order.items[0], multi_order.missing)", None),
        ("starts_with(order.id, multi_order.missing)", None),
        ("contains(multi_order.tags, multi_order.missing)", False),
        ("not_null(multi_order.missing, order.id)", "o-1"),
        ("to_array(multi_order.missing)", [None]),
        ("type(multi_order.missing)", "null"),
    ],
)
def test_what_an_expression_comes_to(text, expected):
    value = Expression(text).evaluate(DATA)
    assert value == expected
    assert not isinstance(value, float)
    assert type(value) is type(expected)


def test_a_sum_is_not_rounded():
    numbers = [Decimal("12345678901234567890.12"), Decimal("0.0000000000000000000001")]
    value = Expression("sum(order.n)").evaluate({"order": {"n": numbers}})
    assert value == Decimal("12345678901234567890.1200000000000000000001")


def test_long_decimals_are_not_rounded_by_abs():
    value = Expression("abs(order.n)").evaluate(
        {"order": {"n": Decimal("-1234567890123456789012345678901.25")}}
    )
    assert value == Decimal("1234567890123456789012345678901.25")


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 1, "is empty"),
        ("order.", 7, "ends too early"),
        ("length(order", 13, "ends too early"),
        ("order..id", 7, '"." can\'t stand there'),
        ("order ^ id", 7, "Unknown token ^"),
        ("order.'x", 7, "Unclosed ' delimiter"),
        ("`{bad`", 1, "not JSON"),
        ("`1e999`", 1, "too large"),
        ("`NaN`", 1, "is none"),
        ("nope(order)", 1, "no function nope()"),
        ("order.id == length()", 13, "length() takes 1 argument, not 0"),
        ("contains(order)", 1, "contains() takes 2 arguments, not 1"),
        ("not_null()", 1, "not_null() takes at least 1 argument, not 0"),
        ("ordr.id", 1, "there is no ordr here"),
        ("order.id || lower(customer.email)", 19, "there is no customer here"),
        ("[order.id, {a: nowhere}]", 16, "there is no nowhere here"),
        ("nowhere[?a == `1`] | [0]", 1, "there is no nowhere here"),
        ("(" * 3000, 1, "nested too deeply"),
        ("&order", 1, "a reference (&) is no value"),
        ("order.id || &order.id", 13, "a reference (&) is no value"),
        ("sort_by(order.items, &price)[].[sku, &price]", 38, "a reference (&) is no value"),
        ("not_null(&order)", 10, "a reference (&) is no value"),
        ("sum(`[1, true]`)", 1, "sum() does not take a boolean"),
        ("`12345678901234567.12345`", 2, "12345678901234567.12345 would lose digits"),
        ('order.id == `{"a": [1.5, 0.12345678901234567891]}`', 26, "would lose digits"),
    ],
)
def test_a_bad_expression_is_refused_with_its_position(text, position, reason):
    with pytest.raises(InvalidExpression) as caught:
        Expression(text)
    assert caught.value.position == position
    assert reason in caught.value.reason
    assert f"at character {position}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("uper(order.id)", "did you mean upper()?"),
        ("multiorder.id", "did you mean multi_order?"),
        ("zzz.id", "an expression starts from multi_order or order"),
        ("`12345678901234567.12345`", "write to_number('12345678901234567.12345')"),
        ("`1e-400`", None),
    ],
)
def test_a_bad_name_comes_with_what_may_be_meant(text, remedy):
    with pytest.raises(InvalidExpression) as caught:
        Expression(text)
    assert caught.value.remedy == remedy


def test_names_inside_of_what_is_found_are_free():
    text = "order.items[?sku == 'a'].{x: price, y: @} | [0].x"
    items = [{"sku": "a", "price": 1}]
    assert Expression(text).evaluate({"order": {"items": items}}) == 1


def test_a_connector_can_give_its_own_variables():
    expression = Expression("line.sku || order.id", ("order", "line"))
    assert expression.evaluate({"order": {}, "line": {"sku": "s"}}) == "s"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sum(order.id)", "sum() does not take a string"),
        ("sum(multi_order.tags)", "sum() does not take a text that is no number"),
        ("avg([multi_order.count, order.id])", "avg() does not take a text that is no number"),
        ("sum([multi_order.count, multi_order.gift])", "sum() does not take a boolean"),
        ("abs(order.id)", "abs() does not take a text that is no number"),
        ("ceil(multi_order.gift)", "ceil() does not take a boolean"),
        ("max([multi_order.count, order.id])", "max() does not order a text that is no number"),
        ("sort_by(multi_order.items, &@)", "sort_by() does not take an object"),
        ("join(',', multi_order.prices)", "join() does not take a number"),
        ("lower(multi_order.items)", "lower() does not take an array"),
        ("multi_order.items[::0]", "slice step cannot be zero"),
    ],
)
def test_what_a_function_does_not_take_is_untransformable(text, reason):
    with pytest.raises(Untransformable) as caught:
        Expression(text).evaluate(DATA)
    assert text in str(caught.value)
    assert reason in str(caught.value)


def test_an_error_does_not_repeat_the_order():
    with pytest.raises(Untransformable) as caught:
        Expression("sum(multi_order)").evaluate({"multi_order": {"email": "zoe@example.com"}})
    assert "zoe@example.com" not in str(caught.value)


def test_expressions_of_one_text_are_equal():
    assert Expression("order.id") == Expression("order.id")
    assert len({Expression("order.id"), Expression("order.id"), Expression("order")}) == 2
    assert repr(Expression("order.id")) == "Expression('order.id')"


def test_other_users_of_jmespath_are_left_alone():
    import jmespath

    Expression("order.price == `1.10`")
    assert jmespath.search("`1.10`", {}) == 1.1
    assert isinstance(jmespath.search("`1.10`", {}), float)
