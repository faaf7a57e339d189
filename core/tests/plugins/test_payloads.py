"""Payloads are kept without a digit lost, whatever their type leaves open."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multiorder_sync import Submission
from multiorder_sync.oms.adjusting import WrongAdjustment, adjusted
from multiorder_sync.oms.payloads import decode_payload, encode_payload


class Open(msgspec.Struct, frozen=True, kw_only=True):
    value: Any = None
    amount: Decimal = Decimal(0)
    more: dict[str, Any] = {}


decimals = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal(text) for text in ("10.00", "-0.00", "1E+5", "0.1", "123456789012345678.90")]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | decimals
)
keys = st.text() | st.sampled_from(["$", "$$", "$decimal", "$$decimal", "$a", ""])
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20
)


def digits(value):
    """Return a value in a form in which 10.0 and 10.00 differ, and so do 1, 1.0 and True."""
    if isinstance(value, dict):
        return {key: digits(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [digits(inner) for inner in value]
    return (type(value).__name__, str(value))


@given(values, decimals, st.dictionaries(keys, values, max_size=5))
def test_a_payload_comes_back_as_it_was(value, amount, more):
    payload = Open(value=value, amount=amount, more=more)
    again = decode_payload(encode_payload(payload), Open)
    assert digits(msgspec.structs.asdict(again)) == digits(msgspec.structs.asdict(payload))
    # What is sent is made of it by the same encoder, so it is the same to the last byte.
    assert msgspec.json.encode(again) == msgspec.json.encode(payload)


class Colour(StrEnum):
    RED = "red"


class Inner(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    unit_price: Decimal
    note_text: str | None = None


class Round(msgspec.Struct, frozen=True, tag="round"):
    radius: Decimal


class Square(msgspec.Struct, frozen=True, tag="square"):
    side: Decimal


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    inner: Inner
    shapes: tuple[Round | Square, ...]
    by_number: dict[int, Decimal]
    at: datetime
    colour: Colour
    raw: bytes
    number: UUID
    optional: Decimal | None = None
    left: str | msgspec.UnsetType = msgspec.UNSET


def test_every_kind_of_field_comes_back_as_it_was():
    payload = Typed(
        inner=Inner(Decimal("1.50")),
        shapes=(Round(Decimal("2.0")), Square(Decimal("3.000"))),
        by_number={1: Decimal("1.10"), 2: Decimal("2.20")},
        at=datetime(2026, 5, 4, 3, 2, 1, 123456, UTC),
        colour=Colour.RED,
        raw=b"\x00\xff",
        number=UUID(int=7),
    )
    again = decode_payload(encode_payload(payload), Typed)
    assert again == payload
    assert msgspec.json.encode(again) == msgspec.json.encode(payload)


def test_a_key_that_is_a_number_is_sent_as_it_would_have_been():
    payload = Open(value={1: Decimal("1.0"), 2: 2})
    again = decode_payload(encode_payload(payload), Open)
    assert msgspec.json.encode(again) == msgspec.json.encode(payload)


def test_a_big_payload_comes_back_as_it_was():
    lines = [{"sku": f"SKU-{number}", "price": Decimal(f"{number}.10")} for number in range(20_000)]
    payload = Open(value=lines)
    encoded = encode_payload(payload)
    assert len(encoded) > 1_000_000
    assert decode_payload(encoded, Open).value == lines


def test_a_payload_of_another_type_is_refused():
    with pytest.raises(msgspec.ValidationError):
        decode_payload(encode_payload(Open(value=1)), Typed)


class Parcel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    weight: float = 0.5
    share: Annotated[float, msgspec.Meta(ge=0)] | None = None
    either: float | str = "none"
    sizes: tuple[float, ...] = ()
    ship_cost: Decimal = Decimal("1.00")
    extras: dict[str, Any] = {}
    inside: "Parcel | None" = None


def adjusted_to(**changes):
    before = Submission(ref="r", payload=Parcel(), orders=("o",), fingerprint="f")
    after = msgspec.structs.replace(before, payload=Parcel(**changes))
    return adjusted(before, after, {}).payload


def test_an_adjustment_may_have_floats_where_the_payload_has_them():
    changes = {"weight": 1.5, "share": 0.25, "either": 2.5, "sizes": (1.5, 2.5)}
    assert adjusted_to(**changes, extras={"a": Decimal("1.1")}).either == 2.5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ship_cost": Decimal("NaN")}, "it made shipCost in the payload NaN, which is no number"),
        ({"share": float("inf")}, "it made share in the payload inf, which is no number"),
        ({"extras": {"a": [{"b": 1.1}]}}, "it made extras.a[0].b in the payload a float"),
        (
            {"inside": Parcel(ship_cost=Decimal("-Infinity"))},
            "it made inside.shipCost in the payload -Infinity, which is no number",
        ),
    ],
)
def test_an_adjustment_has_no_number_that_is_no_amount(changes, reason):
    with pytest.raises(WrongAdjustment) as caught:
        adjusted_to(**changes)
    assert str(caught.value).startswith(reason)


def test_what_the_connector_made_is_not_held_against_a_package():
    made = Parcel(extras={"a": 1.1})
    before = Submission(ref="r", payload=made, orders=("o",), fingerprint="f")
    after = msgspec.structs.replace(before, notes=("seen \ud800",))
    assert adjusted(before, after, {}).notes == ("seen ?",)
