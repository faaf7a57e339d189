"""A merchant's mappings: checked against the payload type, then laid over payloads."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from multiorder_sync import Submission
from multiorder_sync.errors import Untransformable
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.oms.mapping import Mappings, compile_mappings


class Priority(StrEnum):
    HIGH = "high"
    LOW = "low"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    price: Decimal


class City(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    country: str = "US"

    def __post_init__(self) -> None:
        if self.name == "Nowhere":
            raise ValueError("there is no such city")


class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    city: City | None = None
    ship_by: datetime | None = None
    service_level: str | None = None


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    ref: str
    total_price: Decimal = Decimal("1.00")
    count: int = 1
    weight: float = 0.5
    gift: bool = False
    channel: Annotated[str, msgspec.Meta(max_length=5)] = "web"
    priority: Priority | None = None
    kind: Literal["HD", "CC"] = "HD"
    delivery: Delivery | msgspec.UnsetType = msgspec.UNSET
    pickup: City | None = None
    lines: tuple[Line, ...] = ()
    attributes: dict[str, str] = {}
    free: dict[str, Any] | None = None
    mixed: str | int | Decimal | None = None
    cities: dict[str, City] = {}

    def __post_init__(self) -> None:
        if self.count == 13:
            raise ValueError("13 is not a count")


ORDER = {
    "id": "o-1",
    "price": Decimal("140.00"),
    "text_price": "140.00",
    "quantity": 3,
    "tiny": 1e-7,
    "fraction": Decimal("1.5"),
    "gift": True,
    "created": "2026-11-24T09:30:00+02:00",
    "lines": [{"sku": "a", "price": "2.50"}],
    "address": {"name": "Köln", "country": "DE"},
    "long": "a long text",
}


def mapped(table: dict[str, str], payload: Payload | None = None) -> Payload:
    mappings, problems = compile_mappings(table, Payload)
    assert problems == []
    return mappings.apply(payload or Payload(ref="r-1"), {"orders": [ORDER]}, ORDER)


def refused(table: dict[str, str], payload: Payload | None = None) -> str:
    with pytest.raises(Untransformable) as caught:
        mapped(table, payload)
    return str(caught.value)


@pytest.mark.parametrize(
    ("place", "expression", "expected"),
    [
        ("ref", "order.id", "o-1"),
        ("ref", "multi_order.orders[0].id", "o-1"),
        ("ref", "order.price", "140.00"),
        ("ref", "order.quantity", "3"),
        ("totalPrice", "order.price", Decimal("140.00")),
        ("totalPrice", "order.text_price", Decimal("140.00")),
        ("totalPrice", "order.quantity", Decimal(3)),
        ("totalPrice", "`1.10`", Decimal("1.10")),
        ("count", "order.quantity", 3),
        ("count", "'12'", 12),
        ("count", "order.price", 140),
        ("weight", "order.price", 140.0),
        ("weight", "order.tiny", 1e-7),
        ("gift", "order.gift", True),
        ("channel", "'app'", "app"),
        ("priority", "'high'", Priority.HIGH),
        ("kind", "'CC'", "CC"),
        ("mixed", "order.gift && order.quantity", 3),
        ("mixed", "order.price", Decimal("140.00")),
        ("mixed", "order.id", "o-1"),
        ("lines", "order.lines", (Line(sku="a", price=Decimal("2.50")),)),
        ("pickup", "order.address", City(name="Köln", country="DE")),
        ("delivery", "{serviceLevel: 'fast'}", Delivery(service_level="fast")),
        ("attributes", "{a: order.id, b: order.price}", {"a": "o-1", "b": "140.00"}),
        ("free", "order.address", {"name": "Köln", "country": "DE"}),
    ],
)
def test_a_value_is_put_in_its_place_in_the_places_type(place, expression, expected):
    attribute = "total_price" if place == "totalPrice" else place
    value = getattr(mapped({place: expression}), attribute)
    assert value == expected
    assert type(value) is type(expected)


def test_money_keeps_its_digits():
    assert str(mapped({"totalPrice": "order.price"}).total_price) == "140.00"


def test_what_is_not_mapped_stays():
    payload = Payload(ref="r-1", attributes={"kept": "1"}, pickup=City(name="Bonn", country="DE"))
    result = mapped({"attributes.channel": "order.id", "pickup.name": "'Ulm'"}, payload)
    assert result == Payload(
        ref="r-1",
        attributes={"kept": "1", "channel": "o-1"},
        pickup=City(name="Ulm", country="DE"),
    )
    assert payload.attributes == {"kept": "1"}
    assert payload.pickup == City(name="Bonn", country="DE")


def test_null_leaves_what_the_connector_made():
    payload = Payload(ref="r-1", channel="web")
    assert mapped({"channel": "order.nothing", "pickup.name": "order.nothing"}, payload) is payload


def test_no_mappings_leave_the_payload_itself():
    payload = Payload(ref="r-1")
    assert Mappings().apply(payload, {}, {}) is payload


def test_a_place_in_a_struct_that_is_not_there_makes_the_struct():
    result = mapped({"delivery.city.name": "'Ulm'", "delivery.shipBy": "order.created"})
    assert result.delivery == Delivery(
        city=City(name="Ulm"), ship_by=datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    )


def test_several_mappings_make_one_struct_together():
    result = mapped({"pickup.country": "'DE'", "pickup.name": "'Ulm'"})
    assert result.pickup == City(name="Ulm", country="DE")


def test_a_struct_that_can_not_be_made_from_the_value_alone_is_untransformable():
    message = refused({"pickup.country": "'DE'"})
    assert "pickup.country" in message
    assert "'DE'" in message
    assert "the connector made no City there" in message
    assert "name" in message


def laid_over(table: dict[str, str], payload: Payload | None = None) -> Submission[Payload]:
    mappings, problems = compile_mappings(table, Payload)
    assert problems == []
    order = OrderDecoder().decode(
        b'{"id": "m", "orders": [{"id": "o", "order_items": [{"id": "i", "sku": "s", '
        b'"quantity": 1}]}]}'
    )
    submission = Submission(
        ref="r", payload=payload or Payload(ref="r"), orders=("o",), fingerprint="f"
    )
    return mappings.lay_over(submission, order, order.orders[0])


def test_only_the_mapping_without_a_place_is_left_out():
    laid = laid_over(
        {
            "delivery.serviceLevel": "'fast'",
            "delivery.city.country": "'DE'",
            "pickup.country": "'DE'",
            "pickup.name": "'Ulm'",
        }
    )
    assert laid.notes == ("the mapping of delivery.city.country has no place in this order",)
    assert laid.payload == Payload(
        ref="r", delivery=Delivery(service_level="fast"), pickup=City(name="Ulm", country="DE")
    )


def test_all_that_leads_into_what_is_not_there_is_left_out():
    laid = laid_over({"cities.a.country": "'DE'", "cities.b.country": "'FR'", "channel": "'app'"})
    assert laid.notes == (
        "the mapping of cities.a.country has no place in this order",
        "the mapping of cities.b.country has no place in this order",
    )
    assert laid.payload == Payload(ref="r", channel="app")


@pytest.mark.parametrize(
    ("table", "payload"),
    [
        (
            {"delivery.serviceLevel": "'fast'", "delivery.city.name": "'Nowhere'"},
            Payload(ref="r"),
        ),
        ({"pickup.country": "'DE'", "pickup.name": "'Nowhere'"}, Payload(ref="r")),
        (
            {"pickup.country": "'DE'", "pickup.name": "'Nowhere'"},
            Payload(ref="r", pickup=City(name="Ulm")),
        ),
        ({"cities.a.name": "'Ulm'", "cities.b.name": "'Nowhere'"}, Payload(ref="r")),
    ],
)
def test_of_several_mappings_the_one_is_named_that_does_not_fit(table, payload):
    at_fault = list(table)[1]
    message = refused(table, payload)
    assert f"The mapping of {at_fault} does not fit this order: 'Nowhere'" in message
    assert "there is no such city" in message


def test_places_inside_of_dicts_of_structs_and_free_data():
    result = mapped({"cities.home.name": "'Ulm'", "free.a": "order.address"})
    assert result.cities == {"home": City(name="Ulm")}
    assert result.free == {"a": ORDER["address"]}


def test_a_key_with_a_dot_stands_between_quotation_marks():
    assert mapped({'attributes."a.b"': "order.id"}).attributes == {"a.b": "o-1"}


@pytest.mark.parametrize(
    ("place", "expression", "reason"),
    [
        ("totalPrice", "order.id", "the text is not a plain one"),
        ("totalPrice", "order.tiny", "a number with an exponent"),
        ("totalPrice", "order.gift", "must be a number, not true or false"),
        ("totalPrice", "order.lines", "must be a number, not an array"),
        ("count", "order.fraction", "must be a whole number"),
        ("ref", "order.gift", "must be a text, not true or false"),
        ("ref", "order.address", "must be a text, not an object"),
        ("ref", "order.tiny", "a number with an exponent"),
        ("channel", "order.long", "must have at most 5 characters"),
        ("delivery.shipBy", "order.quantity", "must be a time like"),
        ("lines", "order.address", "must be an array"),
        ("mixed", "order.lines", "must be a text or a whole number or a number, not an array"),
        ("priority", "order.id", 'must be one of "high", "low", not "o-1"'),
        ("kind", "order.quantity", 'must be one of "HD", "CC", not a number'),
        ("pickup", "{name: order.id, zip: order.id}", "zip: is not a field of it"),
        ("free.x", "order.tiny", "must not be a number with an exponent, which is not exact"),
        ("free.x", "{a: [order.tiny]}", "must not be a number with an exponent"),
        ("free", "{a: order.tiny}", "must not be a number with an exponent"),
        ("attributes", "{a: order.gift}", "a: must be a text"),
        ("count", "`13`", "13 is not a count"),
        ("ref", "sum(order.id)", "sum() does not take a string"),
    ],
)
def test_a_value_that_does_not_fit_names_place_expression_and_reason(place, expression, reason):
    message = refused({"channel": "'app'", place: expression})
    assert place in message
    assert expression in message
    assert reason in message


@pytest.mark.parametrize(
    ("place", "expression", "reason"),
    [
        ("totalPrice", "'1e5'", "must be a number; the text is not a plain one"),
        ("totalPrice", "'1_0'", "must be a number; the text is not a plain one"),
        ("count", "`1.5`", "must be a whole number, not a fraction"),
        ("count", "length('four') || order.id", None),
        ("count", "sum(`[1, 0.5]`)", "must be a whole number, not a fraction"),
        ("gift", "'yes'", "must be true or false, not a string"),
        ("channel", "'a long text'", "must have at most 5 characters"),
        ("channel", "order.id || 'a long text'", None),
        ("channel", "@ && 'a long text'", None),
        ("priority", "'urgent'", 'must be one of "high", "low", not "urgent"'),
        ("kind", "'XX'", 'must be one of "HD", "CC", not "XX"'),
        ("delivery.shipBy", "'tomorrow'", "must be a time like 2026-11-24T09:30:00Z"),
        (
            "delivery.shipBy", "'0001-01-01T00:00:00+14:00'",
            "must be a time like 2026-11-24T09:30:00Z",
        ),
        ("lines", "[{sku: 'a'}]", "[0].price: is missing"),
        ("lines", "[{sku: 'a', price: `1`, prise: `2`}]", "[0].prise: is not a field of it"),
        ("ref", "`null`", None),
    ],
)  # fmt: skip
def test_what_is_the_same_for_each_order_has_to_fit_when_it_is_loaded(place, expression, reason):
    mappings, problems = compile_mappings({place: expression}, Payload)
    if reason is None:
        assert problems == []
        assert len(mappings.rules) == 1
    else:
        assert [each.reason for each in problems] == [f"{expression} does not fit: {reason}"]
        assert mappings.rules == ()


@pytest.mark.parametrize(
    ("place", "reason", "remedy"),
    [
        ("totalprice", "the payload has no totalprice", "did you mean totalPrice?"),
        ("total_price", "the payload has no total_price", "did you mean totalPrice?"),
        ("delivery.shipby", "the payload has no delivery.shipby", "did you mean delivery.shipBy?"),
        ("pickup.zzz", "the payload has no pickup.zzz", "known here: name, country"),
        ("cities.home.nam", "no cities.home.nam", "did you mean cities.home.name?"),
        ("lines.sku", "nothing is inside lines: it is a list", "set lines itself"),
        ("ref.x", "nothing is inside ref: it is a single value", "set ref itself"),
        ("", "is not a path", "write names joined by dots"),
        ("a..b", "is not a path", "write names joined by dots"),
        ("ref.", "is not a path", "write names joined by dots"),
        (".ref", "is not a path", "write names joined by dots"),
    ],
)
def test_an_unknown_place_is_a_problem_with_the_nearest(place, reason, remedy):
    mappings, problems = compile_mappings({place: "order.id"}, Payload)
    assert mappings.rules == ()
    assert len(problems) == 1
    assert reason in problems[0].reason
    assert remedy in (problems[0].remedy or "")


def test_every_problem_is_found_at_once():
    mappings, problems = compile_mappings(
        {"reff": "order.", "count": "nope(order)", "ref": "order.id"}, Payload
    )
    assert [problem.path for problem in problems] == ["reff", "reff", "count"]
    assert [rule.place.path for rule in mappings.rules] == ["ref"]


def test_a_place_inside_of_another_mapped_place_is_a_problem():
    _, problems = compile_mappings(
        {"attributes.channel": "order.id", "attributes": "order.attributes"}, Payload
    )
    assert [(problem.path, problem.reason) for problem in problems] == [
        ('"attributes.channel"', "lies in attributes, which is mapped as well")
    ]


def test_mappings_are_laid_over_a_submission():
    mappings, _ = compile_mappings({"ref": "order.note", "channel": "multi_order.from"}, Payload)
    order = OrderDecoder().decode(
        b'{"id": "m-1", "from": "app", "orders": [{"id": "o-1", "note": "n",'
        b'"order_items": [{"id": "i", "sku": "s", "quantity": 1}]}]}'
    )
    submission = Submission(ref="r-1", payload=Payload(ref="r-1"), orders=("o-1",), fingerprint="f")
    laid = mappings.lay_over(submission, order, order.orders[0])
    assert laid.payload == Payload(ref="n", channel="app")
    assert (laid.ref, laid.fingerprint) == ("r-1", "f")
    assert Mappings().lay_over(submission, order, order.orders[0]) is submission


class Node(msgspec.Struct, frozen=True):
    name: str = ""
    child: "Node | None" = None


def test_a_type_that_holds_its_own_kind_can_be_mapped_into():
    mappings, problems = compile_mappings({"child.child.name": "order.id"}, Node)
    assert problems == []
    assert mappings.apply(Node(), {}, ORDER) == Node(child=Node(child=Node(name="o-1")))
    _, problems = compile_mappings({"child": "order"}, Node)
    assert "can't be set as a whole" in problems[0].reason
