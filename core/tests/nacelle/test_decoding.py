"""Bodies that Nacelle can send, and bodies that a stranger can."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multiorder_sync.errors import InvalidOrder
from multiorder_sync.nacelle.decoding import MAX_DEPTH, OrderDecoder
from multiorder_sync.nacelle.identity import fingerprint, order_identity, order_key

ITEM = {"sku": "SKU-1", "quantity": 1, "price": "10.00"}


def minimal(**changes):
    return {"id": "m-1", "orders": [{"order_items": [ITEM]}], **changes}


def decode(body, **options):
    return OrderDecoder().decode(
        body if isinstance(body, bytes) else json.dumps(body).encode(), **options
    )


def problems(body, **options):
    with pytest.raises(InvalidOrder) as caught:
        decode(body, **options)
    return {problem.path: problem.reason for problem in caught.value.problems}


def test_what_the_way_needs_is_enough():
    order = decode(minimal())
    assert order.orders[0].order_items[0].quantity == 1
    assert order_key(order) == "m-1"


def test_five_mistakes_are_five_problems_named_by_their_paths():
    body = {
        "id": "m-1",
        "price": "12.x",
        "orders": [
            {
                "order_items": [
                    ITEM,
                    {"sku": "B", "quantity": 1},
                    {"sku": "A", "quantity": "two"},
                ],
                "shipping_rate": {"amount": True},
            },
            {"email": 7, "order_items": [{**ITEM, "price": "1e3"}]},
        ],
    }
    found = problems(body)
    assert set(found) == {
        "price",
        "orders[0].order_items[2].quantity",
        "orders[0].shipping_rate.amount",
        "orders[1].email",
        "orders[1].order_items[0].price",
    }
    assert found["orders[0].order_items[2].quantity"] == "must be a whole number, not a string"


def test_what_is_missing_for_the_way_itself_is_named():
    found = problems(
        {
            "orders": [
                {"order_items": [{"quantity": 0, "sku": "A"}, {"quantity": 2}]},
                {"order_items": []},
            ]
        }
    )
    assert set(found) == {
        "orders[0].order_items[0].quantity",
        "orders[0].order_items[1]",
        "orders[1].order_items",
    }


def test_an_order_that_nothing_tells_from_another_is_refused():
    assert set(problems({"orders": [{"order_items": [ITEM]}]})) == {"id"}


def test_two_orders_of_one_id_are_refused():
    orders = [{"id": "o", "order_items": [ITEM]}, {"id": "o", "order_items": [ITEM]}]
    assert problems(minimal(orders=orders)) == {"orders[1].id": "is the id of orders[0], too"}


def test_what_is_missing_and_what_is_wrong_is_said_together():
    found = problems(minimal(price="x", orders=[{"order_items": []}]), required_fields="strict")
    assert set(found) == {
        "price",
        "orders[0].order_items",
        "billing_address",
        "currency",
        "email",
        "payments",
        "subtotal_price",
        "tax",
    }


def test_the_orders_id_is_kept_for_the_log():
    with pytest.raises(InvalidOrder) as caught:
        decode(minimal(price="x"))
    assert caught.value.order == "m-1"


@pytest.mark.parametrize("orders", [[], [{"order_items": [ITEM]}] * 101])
def test_one_to_a_hundred_orders(orders):
    assert problems({"id": "m", "orders": orders}) == {"orders": "must hold 1 to 100 orders"}


def test_strict_asks_for_all_that_nacelle_marks_required():
    assert set(problems(minimal(), required_fields="strict")) == {
        "billing_address",
        "currency",
        "email",
        "payments",
        "price",
        "subtotal_price",
        "tax",
    }


@pytest.mark.parametrize(
    ("alias", "name", "value"),
    [
        ("promotions", "promotion", {"coupon_codes": ["X"]}),
        ("appplied_discounts", "applied_discounts", [{"amount": "1.00"}]),
        ("meta", "metadata", {"a": 1}),
        ("meta_data", "metadata", {"a": 1}),
        ("tax_amount", "tax", "1.00"),
        ("discounts_amount", "discounts", "1.00"),
    ],
)
def test_every_alias_is_read_and_shown_under_its_own_name(alias, name, value):
    order = decode(minimal(**{alias: value}))
    assert getattr(order, name)
    assert getattr(order, name) == getattr(decode(minimal(**{name: value})), name)
    assert order.source[name] == value


def test_aliases_of_addresses_and_items():
    body = {
        "id": "1",
        "items": [ITEM],
        "shipping_address": {"zip": "2000", "country": "AU"},
    }
    (order,) = decode(body).orders
    assert order.shipping_address.postal_code == "2000"
    assert order.shipping_address.country_iso2 == "AU"
    assert order.order_items[0].sku == "SKU-1"


def test_a_single_order_body_is_a_multi_order_of_one():
    order = decode({"id": "1", "order_items": [ITEM], "currency": "USD", "price": "10.00"})
    assert order.id == order.orders[0].id == "1"
    assert order.orders[0].price == Decimal(10)


def test_orders_inherit_from_their_multi_order_and_figures_only_when_alone():
    shared = {"currency": "USD", "email": "a@example.com", "price": "30.00"}
    alone = decode(minimal(**shared)).orders[0]
    assert (alone.currency, alone.email, alone.price) == ("USD", "a@example.com", Decimal(30))
    two = decode(
        {
            "id": "m",
            **shared,
            "orders": [{"order_items": [ITEM]}, {"order_items": [ITEM], "email": "b@example.com"}],
        }
    )
    assert [order.price for order in two.orders] == [None, None]
    assert [order.email for order in two.orders] == ["a@example.com", "b@example.com"]


def test_unknown_fields_are_kept_and_ignored():
    order = decode(minimal(surprise={"deep": [1, 2]}))
    assert order.source["surprise"] == {"deep": [1, 2]}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"140.00"', "140.00"),
        ("140.00", "140.00"),
        ("140", "140"),
        ('"0.10000000000000000001"', "0.10000000000000000001"),
        ('"0.100000000000000000001"', None),
        ('"12345678901234567890"', "12345678901234567890"),
        ('"123456789012345678901"', None),
        ("123456789012345678901", None),
        ("9" * 4000, None),
        ("9" * 10000, None),
        ('"1e5"', None),
        ("1e5", None),
        ("1e999999999", None),
        ('"NaN"', None),
        ('"Infinity"', None),
        ('"1_0"', None),
        ('" 1"', None),
        ('"+1"', None),
        ('"٣"', None),
        ('"-1.00"', None),
        ("true", None),
        ("[]", None),
        ("NaN", None),
    ],
)
def test_money_is_a_plain_decimal_or_a_problem(written, read):
    body = (
        b'{"id":"m","price":%b,"orders":[{"order_items":[{"sku":"A","quantity":1}]}]}'
        % written.encode()
    )
    if read is None:
        assert len(problems(body)) == 1
    else:
        price = decode(body).price
        assert isinstance(price, Decimal)
        assert str(price) == read


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_text_is_no_text(value):
    order = decode(minimal(email=value, price=value))
    assert order.email is None
    assert order.price is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-24T09:30:00Z", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("2026-11-24T10:30:00.000+01:00", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("2026-11-24T09:30:00", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        (1795512600, datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("yesterday", None),
        (True, None),
        (10**18, None),
    ],
)
def test_times_are_aware_and_utc(written, read):
    if read is None:
        assert set(problems(minimal(merchant_created_at=written))) == {"merchant_created_at"}
    else:
        assert decode(minimal(merchant_created_at=written)).merchant_created_at == read


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"order"',
        b"{",
        b'{"id":"m"',
        b'{"id":"m"} x',
        b"\xef\xbb\xbf{}",
        b"{'id':1}",
        b'{"id":"\xff","orders":[]}',
        b'{"unknown":"\xc3\x28","orders":[]}',
        b'{"unknown":"\\ud800","orders":[]}',
        b'{"unknown":{"\xed\xa0\x80":1}}',
        b'{"unknown":-}',
        b'{"unknown":NaN}',
        b'{"unknown":1e999}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 500 + b"]" * 500,
        b'{"unknown":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}",
        b'"' * 99_999,
        b'"\\' * 50_000,
    ],
)
def test_what_is_not_a_json_object_is_said_so(body):
    (reason,) = problems(body).values()
    assert reason.startswith("the body is not a JSON object in UTF-8: ")


def test_brackets_in_texts_are_not_depth():
    assert decode(minimal(comment="[" * 5000 + '\\"]' + "{" * 5000)).comment


def test_a_key_given_twice_is_a_problem():
    body = b'{"id":"m","price":"1.00","price":"2.00","orders":[{"order_items":[{"sku":"A","quantity":1}]}]}'
    assert problems(body) == {
        "price": "is given twice in one object, so it can't be told which one counts"
    }


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"' + b'\\"' * 1_000_000,
        b'{"a":' + b'"' * 2_000_000,
        b"{" + b",".join(b'"k%d":1' % number for number in range(150_000)) + b',"k1":2}',
    ],
    ids=["escapes", "quotes", "a key twice among many"],
)
def test_two_megabytes_of_malice_take_no_longer_than_they_need(body):
    # Quadratic work on these would take minutes; the test's own limit is the suite's patience.
    assert problems(body)


def test_the_character_nul_is_refused():
    assert set(problems(minimal(comment="a\0b"))) == {"comment"}


def test_metadata_may_be_an_array_as_the_mapper_pages_show():
    assert decode(minimal(meta_data=[])).metadata == {}
    assert decode(minimal(meta_data=["note"])).metadata == {"0": "note"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)
NAMES = st.sampled_from(
    ["id", "orders", "order_items", "items", "price", "payments", "customer", "metadata", "tax_data",
     "shipping_rate", "fulfillments", "applied_discounts", "quantity", "sku", "merchant_created_at"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.dictionaries(NAMES, JSON) | st.builds(lambda orders: {"id": "m", "orders": orders}, JSON))
def test_no_json_does_more_than_be_refused(data):
    try:
        decode(json.dumps(data).encode())
    except InvalidOrder as error:
        assert error.problems


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(body):
    with pytest.raises(InvalidOrder):
        decode(body)


def test_the_key_is_the_best_identity_there_is():
    def keyed(**changes):
        return order_key(
            decode({"orders": [{"order_items": [ITEM], **changes.pop("order", {})}], **changes})
        )

    assert keyed(id="m", order={"id": "o"}) == "m"
    assert keyed(order={"id": "o", "source_external_id": "s"}) == "o"
    assert keyed(order={"source_external_id": "s"}) == "s"
    assert keyed(payments=[{"external_id": "pi_1"}, {"external_id": "pi_2"}]) == "pi_1+pi_2"


IDS = [
    ["a", "b"],
    ["a+b"],
    ["a+", "b"],
    ["a", "+b"],
    ["a~1b"],
    ["a~1b", "c+d"],
    ["a+b", "c+d"],
    ["a+b+c+d"],
    ["+a~1b"],
    ["+", "a"],
    ["++a"],
    ["a" * 200 + "+b"],
    ["a" * 200, "b"],
]


def test_orders_with_other_ids_have_other_keys():
    orders = [[{"order_items": [ITEM], "id": name} for name in names] for names in IDS]
    keys = [order_key(decode({"orders": each})) for each in orders]
    assert len(set(keys)) == len(IDS)
    # By what is on record an order is known again.
    assert (keys[0], keys[4]) == ("a+b", "a~1b")
    assert keys[-1].startswith("a" * 60 + "+1-")


def test_orders_without_ids_are_told_apart_by_their_number():
    order = decode(minimal(orders=[{"order_items": [ITEM]}, {"order_items": [ITEM], "id": "o"}]))
    assert [order_identity(order, 0), order_identity(order, 1)] == ["m-1-1", "o"]


def test_the_fingerprint_is_of_the_content_and_not_of_the_bytes():
    one = decode(minimal(price="10.00", status="new", merchant_created_at="2026-01-01T00:00:00Z"))
    item = {**ITEM, "metadata": [{"key": "cart", "value": "c-2"}]}
    repeat = {
        "orders": [{"order_items": [dict(reversed(item.items()))]}],
        "price": 10.0,
        "id": "m-1",
    }
    assert fingerprint(decode(repeat)) == fingerprint(one)


@pytest.mark.parametrize(
    "change",
    [
        {"price": "11.00"},
        {"orders": [{"order_items": [{**ITEM, "quantity": 2}]}]},
        {"orders": [{"order_items": [{**ITEM, "sku": "SKU-2"}]}]},
        {"orders": [{"order_items": [ITEM, ITEM]}]},
        {"orders": [{"order_items": [ITEM], "shipping_address": {"address1": "1 Other St"}}]},
        {"payments": [{"external_id": "pi_1", "amount": "10.00"}]},
        {"id": "m-2"},
    ],
)
def test_other_content_has_another_fingerprint(change):
    assert fingerprint(decode(minimal(**change))) != fingerprint(decode(minimal()))
