"""What goes over the wire: paths, headers, and money exact to the last digit."""

import base64
import json
from urllib.parse import parse_qs

import pytest

from multiorder_sync import Secret

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Number(str):
    """A number as it was written."""

    __slots__ = ()


async def written(kit, scripted, submission):
    """Return what is sent for a submission, its numbers as they are written."""
    scripted.answer("save", scripted.envelope({"OrderId": submission.ref}))
    async with kit.connector(scripted.url) as connector:
        await connector.submit(submission)
    return json.loads(scripted.bodies("save")[-1], parse_float=Number, parse_int=Number)


def header(head, name):
    """Return the values of a header of a request."""
    lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
    return [value for key, _, value in lines if key.lower() == name.lower()]


async def test_the_body_is_one_order_as_it_is(kit, scripted):
    sent = await written(kit, scripted, kit.one())
    assert sent["OrderId"] == "o-1"
    assert not {"Data", "data", "Order"} & set(sent)
    assert scripted.heads[-1].startswith("POST /order/api/order/order/save HTTP/1.1\r\n")
    assert header(scripted.heads[-1], "content-type") == ["application/json"]
    assert header(scripted.heads[-1], "authorization") == ["Bearer tok-1"]


def names_of(value):
    if isinstance(value, dict):
        for name, entry in value.items():
            yield name
            yield from names_of(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from names_of(entry)


async def test_all_names_are_in_pascal_case_and_nothing_is_null(kit, scripted):
    for name in kit.samples:
        for submission in kit.transform(name):
            sent = await written(kit, scripted, submission)
            assert not [each for each in names_of(sent) if not each[0].isupper() or "_" in each]
            assert "null" not in json.dumps(sent)


def money_of(value):
    """Yield every amount that is sent."""
    names = {"UnitPrice", "ChargeTotal", "TaxRate"}
    if isinstance(value, dict):
        for name, entry in value.items():
            if name in names or name.endswith("Amount"):
                yield entry
            else:
                yield from money_of(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from money_of(entry)


async def test_money_is_written_as_exact_numbers(kit, scripted):
    (submission,) = kit.transform("discounts-and-promotion")
    sent = await written(kit, scripted, submission)
    assert [line["UnitPrice"] for line in sent["OrderLine"]] == ["24.00", "59.50", "78.00"]
    assert [charge["ChargeTotal"] for charge in sent["OrderChargeDetail"]] == [
        "7.95",
        "-15.00",
        "-5.00",
    ]
    assert sent["Payment"][0]["PaymentMethod"][0]["Amount"] == "234.57"
    for name in kit.samples:
        for each in kit.transform(name):
            amounts = list(money_of(await written(kit, scripted, each)))
            assert len(amounts) > 5
            assert {type(amount) for amount in amounts} == {Number}


@pytest.mark.parametrize(("name", "amount"), [("jpy", "17066"), ("kwd", "31.750")])
async def test_other_currencies(kit, scripted, name, amount):
    (submission,) = kit.transform(name)
    sent = await written(kit, scripted, submission)
    assert sent["Payment"][0]["PaymentMethod"][0]["Amount"] == amount
    assert sent["CurrencyCode"] == name.upper()


@pytest.mark.parametrize("amount", ["99999999999999999.99", "0.1", "27"])
async def test_amounts_of_any_size(kit, scripted, amount):
    sent = await written(kit, scripted, kit.one({"payments.0.amount": amount}))
    assert sent["Payment"][0]["PaymentMethod"][0]["Amount"] == amount


async def test_codes_of_currencies_and_countries_are_in_capitals(kit, scripted):
    changes = {
        "orders.0.currency": "usd",
        "payments.0.currency": "usd",
        "orders.0.shipping_address.country_iso2": "gb",
    }
    sent = await written(kit, scripted, kit.one(changes))
    assert sent["CurrencyCode"] == sent["Payment"][0]["PaymentMethod"][0]["CurrencyCode"] == "USD"
    assert sent["OrderLine"][0]["ShipToAddress"]["Address"]["Country"] == "GB"


async def test_the_token_is_asked_for_with_the_client_in_the_header(scripted, scripted_connector):
    await scripted_connector.check()
    (form,) = scripted.bodies("token")
    assert parse_qs(form.decode()) == {
        "grant_type": ["password"],
        "username": ["integration@sandbox"],
        "password": ["sandbox-password"],
    }
    token, search = scripted.heads
    basic = base64.b64encode(b"sandbox-client:sandbox-client-secret").decode()
    assert header(token, "authorization") == [f"Basic {basic}"]
    assert header(token, "content-type") == ["application/x-www-form-urlencoded"]
    assert token.startswith("POST /oauth/token HTTP/1.1")
    for head in (token, search):
        assert "sandbox-password" not in head
        assert "sandbox-client-secret" not in head


async def test_a_token_url_of_its_own(kit, scripted):
    async with kit.connector(scripted.url, token_url=f"{scripted.url}/sso/token") as connector:
        await connector.check()
    assert scripted.heads[0].startswith("POST /sso/token HTTP/1.1")


async def test_organization_and_further_headers(kit, scripted):
    further = {"X-Gateway-Key": Secret("k-1"), "SelectedOrganization": Secret("ACME-UK")}
    async with kit.connector(scripted.url, organization="ACME", extra_headers=further) as connector:
        await connector.submit(kit.one())
        await connector.find(kit.one())
    token, save, search = scripted.heads
    for head in (token, save, search):
        assert header(head, "x-gateway-key") == ["k-1"]
        assert header(head, "selectedorganization") == ["ACME-UK"]
    # The authorization server knows of no organization.
    assert [header(head, "organization") for head in (token, save, search)] == [
        [],
        ["ACME"],
        ["ACME"],
    ]


async def test_without_them_none_is_sent(scripted, scripted_connector):
    await scripted_connector.check()
    for head in scripted.heads:
        assert header(head, "organization") == []
