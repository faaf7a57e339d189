"""The shopper and the recipients are kept out of what is logged and put on record."""

import json
import urllib.parse

import msgspec
import pytest

from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.nacelle.decoding import OrderDecoder


def discretion_of(*people, email="buyer@corp.example"):
    """Return one that knows a multi-order with an order for each of some people."""
    orders = [
        {
            "id": f"o-{number}",
            "order_items": [{"id": "1", "sku": "S", "quantity": 1, "price": "1.00"}],
            "shipping_address": {"first_name": first, "last_name": last, "city": f"Town{number}"},
        }
        for number, (first, last) in enumerate(people)
    ]
    body = msgspec.json.encode({"id": "m", "email": email, "orders": orders})
    found = Discretion()
    found.learn(OrderDecoder().decode(body))
    return found


@pytest.mark.parametrize("number", [1, 30, 100])
def test_however_many_recipients_there_are_nobody_is_shown(number):
    people = [("Zoe", "Quillfeather"), *((f"Guest{n}", f"Family{n}") for n in range(1, number))]
    kept = discretion_of(*people).keep("No address for Zoe Quillfeather, BUYER@corp.example")
    assert kept == "No address for *** ***, ***"


@pytest.mark.parametrize("text", ["Zoë Größe-Lang", "ZOË GRÖSSE-LANG", "zoë größe-lang"])
@pytest.mark.parametrize(
    "escaped", [str, urllib.parse.quote, json.dumps, lambda t: t.replace("ß", "&#223;")]
)
def test_names_are_found_in_whatever_case_and_escaping(text, escaped):
    kept = discretion_of(("Zoë", "Größe-Lang")).keep(f"No {escaped(text)} here")
    assert "***" in kept
    assert "lang" not in kept.lower()


@pytest.mark.parametrize("escaped", [str, urllib.parse.quote, json.dumps])
def test_names_without_a_latin_letter_are_found(escaped):
    kept = discretion_of(("小明", "王王")).keep(f"no such person: {escaped('王王小明')}")
    assert escaped("王王").strip('"') not in kept
    assert escaped("小明").strip('"') not in kept


def test_what_seems_to_name_too_many_is_not_shown_at_all():
    people = [(f"Aa{n} Bb{n}", f"Cc{n} Dd{n}") for n in range(100)]
    known = discretion_of(*people, email=f"{'x' * 40}@example.com")
    text = " ".join(f"{first} {last} Town{n}" for n, (first, last) in enumerate(people))
    assert known.keep(text) == "***"


def test_what_is_nobodys_stays():
    assert discretion_of(("Zoe", "Quill")).keep("SKU 17 is not known") == "SKU 17 is not known"
