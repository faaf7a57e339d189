"""Signatures: those that Nacelle makes, and everything that a stranger can send instead."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multiorder_sync.nacelle.signature import SignatureScheme, sign, verify
from multiorder_sync.secret import Secret

BODY = b'{"id":"m-1"}'
SECRET = Secret("whsec-current")
OLD = Secret("whsec-old")
DIGEST = hmac.new(b"whsec-current", BODY, hashlib.sha256).hexdigest()


def test_signs_as_nacelle_does():
    assert sign(BODY, SECRET) == "sha256=" + DIGEST


@pytest.mark.parametrize(
    "value",
    [
        f"sha256={DIGEST}",
        DIGEST,
        DIGEST.upper(),
        f"SHA256={DIGEST.upper()}",
        f" sha256={DIGEST} ",
    ],
)
def test_prefixed_or_bare_in_any_case(value):
    assert verify(BODY, [value], [SECRET])


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["sha256="],
        [DIGEST, DIGEST],
        [f"{DIGEST}, {DIGEST}"],
        [DIGEST[:-1]],
        [DIGEST + "0"],
        [f"sha1={DIGEST}"],
        [f"sha512={DIGEST}"],
        [f"sha256=sha256={DIGEST}"],
        [f"sha256= {DIGEST}"],
        [f"{DIGEST[:32]} {DIGEST[32:]}"],
        ["é" * 64],
        ["٠" * 64],
        ["\udcff" * 64],
        ["g" * 64],
        ["0" * 64],
        ["a" * 1_000_000],
        [hmac.new(b"", BODY, hashlib.sha256).hexdigest()],
    ],
)
def test_anything_else_is_not_a_signature(values):
    assert not verify(BODY, values, [SECRET])


def test_every_secret_may_have_signed():
    assert verify(BODY, [sign(BODY, OLD)], [SECRET, OLD])
    assert verify(BODY, [sign(BODY, SECRET)], [SECRET, OLD])
    assert not verify(BODY, [sign(BODY, OLD)], [SECRET])
    assert not verify(BODY, [sign(BODY, SECRET)], [])


def test_an_empty_secret_signs_nothing():
    assert not verify(BODY, [sign(BODY, Secret(""))], [Secret("")])


@given(st.binary(max_size=400), st.text(min_size=1), st.text(min_size=1))
def test_only_the_same_secret_and_the_same_bytes_match(body, secret, other):
    value = sign(body, Secret(secret))
    assert verify(body, [value], [Secret(secret)])
    assert verify(body, [value], [Secret(other)]) == (secret == other)
    assert not verify(body + b" ", [value], [Secret(secret)])


@given(st.lists(st.text(max_size=100), max_size=3))
def test_no_header_matches_by_chance_or_breaks(values):
    assert not verify(BODY, values, [SECRET, OLD])


def test_base64_and_another_prefix_are_settings():
    scheme = SignatureScheme(encoding="base64", prefix="v1,")
    value = "v1," + base64.b64encode(bytes.fromhex(DIGEST)).decode()
    assert sign(BODY, SECRET, scheme) == value
    assert verify(BODY, [value], [SECRET], scheme)
    assert not verify(BODY, [value[:-1]], [SECRET], scheme)
    assert not verify(BODY, [f"sha256={DIGEST}"], [SECRET], scheme)


def test_a_static_secret_is_compared_as_it_is():
    scheme = SignatureScheme(scheme="static", header="x-secret")
    assert sign(BODY, SECRET, scheme) == "whsec-current"
    assert verify(b"any body", ["whsec-current"], [OLD, SECRET], scheme)
    assert not verify(BODY, ["whsec-curren"], [SECRET], scheme)
    assert not verify(BODY, [], [SECRET], scheme)
    assert not verify(BODY, [""], [Secret("")], scheme)
