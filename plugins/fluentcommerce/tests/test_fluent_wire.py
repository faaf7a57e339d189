"""What goes over the wire: valid by Fluent's schema, and money exact to the last digit."""

import json
import os
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from graphql import build_schema, execute_sync, parse, validate

from multiorder_fluentcommerce import graphql
from multiorder_fluentcommerce.sandbox.schema import load_schema

in_module_loop = pytest.mark.asyncio(loop_scope="module")

REAL_SCHEMA = os.environ.get("FLUENT_SCHEMA_SDL")
DOCUMENTS = {
    name: text for name, text in vars(graphql).items() if name.isupper() and "{" in str(text)
}

SCHEMAS = [
    pytest.param(load_schema, id="sandbox"),
    pytest.param(
        # Taken as it is: a newer rule of the language has faults to find in it that are not ours.
        lambda: build_schema(Path(REAL_SCHEMA).read_text("utf-8"), assume_valid=True),
        id="real",
        marks=pytest.mark.skipif(
            REAL_SCHEMA is None,
            reason="FLUENT_SCHEMA_SDL names no file with Fluent's whole schema",
        ),
    ),
]


@pytest.fixture(scope="module", params=SCHEMAS)
def schema(request):
    return request.param()


def sent(scripted):
    return [json.loads(body) for name, body in scripted.requests if name != "token"]


async def everything(kit, scripted):
    """Send all that the connector ever sends, for every sample, one by one and combined."""
    async with kit.connector(scripted.url) as connector:
        await connector.check()
        for name in kit.samples:
            for way in ("split", "combine"):
                for submission in kit.transform(name, multi_order=way):
                    order = {"id": "42", "ref": submission.ref}
                    scripted.answer("createOrder", {"data": {"createOrder": order}})
                    scripted.answer("customer", {"data": {"customer": None}})
                    await connector.submit(submission)
                    await connector.find(submission)
        taken = {"errors": [{"code": "C0123E", "message": "taken"}]}
        known = {"edges": [{"node": {"id": "7", "primaryEmail": "ada@example.com"}}]}
        scripted.answer("createCustomer", taken)
        scripted.answer("customers", {"data": {"customers": known}})
        scripted.answer("createOrder", {"data": {"createOrder": {"id": "42", "ref": "o-1"}}})
        await connector.submit(kit.one(tax_type="VAT"))


@in_module_loop
async def test_all_that_is_sent_is_valid(kit, scripted, schema):
    await everything(kit, scripted)
    requests = sent(scripted)
    assert {request["query"] for request in requests} == set(DOCUMENTS.values())
    problems = []
    for request in requests:
        document = parse(request["query"])
        problems += validate(schema, document)
        # No field has anything behind it: what is left to fail are the variables.
        result = execute_sync(
            schema,
            document,
            variable_values=request["variables"],
            operation_name=request["operationName"],
        )
        problems += result.errors or []
        assert list(result.data) == [request["operationName"]]
    assert problems == []


def test_the_schema_would_find_a_slip(schema):
    document = parse(graphql.CREATE_ORDER)
    order = {"ref": "1", "type": "HD", "retailer": {"id": "1"}, "customer": {"id": "1"}}
    item = {"ref": "1", "productRef": "1", "quantity": 1}
    for wrong in ({"price": "10.00"}, {"colour": "red"}, {"quantity": None}):
        variables = {"input": {**order, "items": [{**item, **wrong}]}}
        assert execute_sync(schema, document, variable_values=variables).errors
    variables = {"input": {**order, "items": [item]}}
    assert execute_sync(schema, document, variable_values=variables).errors is None


class Number(str):
    """A number as it was written."""

    __slots__ = ()


def as_written(body):
    return json.loads(body, parse_float=Number, parse_int=Number)["variables"]["input"]


async def wire_of(kit, scripted, submission):
    order = {"id": "42", "ref": submission.ref}
    scripted.answer("createOrder", {"data": {"createOrder": order}})
    async with kit.connector(scripted.url) as connector:
        await connector.submit(submission)
    return as_written(scripted.bodies("createOrder")[-1])


def money_of(value, name=""):
    """Yield every amount with the name of its field."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if key != "attributes":
                yield from money_of(entry, key)
    elif isinstance(value, list):
        for entry in value:
            yield from money_of(entry, name)
    elif "rice" in name or name == "amount":
        yield name, value


@in_module_loop
async def test_money_is_written_as_exact_numbers(kit, scripted):
    (submission,) = kit.transform("discounts-and-promotion")
    written = await wire_of(kit, scripted, submission)
    assert (written["totalPrice"], written["totalTaxPrice"]) == ("216.05", "18.52")
    assert [
        (item["price"], item["paidPrice"], item["totalPrice"], item["totalTaxPrice"])
        for item in written["items"]
    ] == [
        ("16.00", "14.596667", "48.00", "3.90"),
        ("51.05", "46.575", "102.10", "8.29"),
        ("78.00", "71.16", "78.00", "6.33"),
    ]
    (paid,) = written["financialTransactions"]
    assert (paid["amount"], paid["scale"], paid["unscaledValue"]) == ("234.57", "2", "23457")


@pytest.mark.parametrize(
    ("name", "amount", "scale", "unscaled"),
    [("jpy", "17066", "0", "17066"), ("kwd", "31.750", "3", "31750")],
)
@in_module_loop
async def test_other_currencies(kit, scripted, name, amount, scale, unscaled):
    (submission,) = kit.transform(name)
    (paid,) = (await wire_of(kit, scripted, submission))["financialTransactions"]
    assert (paid["amount"], paid["scale"], paid["unscaledValue"]) == (amount, scale, unscaled)


@in_module_loop
async def test_no_amount_is_a_text(kit, scripted):
    for name in kit.samples:
        for submission in kit.transform(name):
            amounts = list(money_of(await wire_of(kit, scripted, submission)))
            assert len(amounts) > 5
            assert not [each for each in amounts if not isinstance(each[1], Number)]


@pytest.mark.parametrize(
    ("amount", "scale", "unscaled"),
    [
        ("21474836.47", "2", "2147483647"),
        # A GraphQL Int ends there; the amount itself is still exact.
        ("21474836.48", None, None),
        ("99999999999999999.99", None, None),
        ("27", "2", "2700"),
        ("27.0", "2", "2700"),
        ("27.125", "3", "27125"),
    ],
)
@in_module_loop
async def test_amounts_of_any_size(kit, scripted, amount, scale, unscaled):
    written = await wire_of(kit, scripted, kit.one({"payments.0.amount": amount}))
    (paid,) = written["financialTransactions"]
    assert paid["amount"] == amount
    assert (paid.get("scale"), paid.get("unscaledValue")) == (scale, unscaled)


@in_module_loop
async def test_a_unit_price_that_does_not_come_out_even(kit, scripted):
    changes = {
        "orders.0.order_items.0.quantity": 3,
        "orders.0.order_items.0.price": "6.67",
        "orders.0.order_items.0.subtotal_price": "20.00",
        "orders.0.order_items.0.discounts": "0.01",
    }
    (item,) = (await wire_of(kit, scripted, kit.one(changes)))["items"]
    assert (item["price"], item["totalPrice"], item["quantity"]) == ("6.666667", "20.00", "3")
    assert (item["taxPrice"], item["totalTaxPrice"]) == ("0.666667", "2.00")


@in_module_loop
async def test_what_is_not_there_is_not_sent(kit, scripted):
    for name in kit.samples:
        for submission in kit.transform(name):
            written = await wire_of(kit, scripted, submission)
            assert "null" not in json.dumps(
                {key: value for key, value in written.items() if key != "attributes"}
            )
            assert ("fulfilmentChoice" in written) != ("fulfilmentChoices" in written)


@in_module_loop
async def test_the_token_is_asked_for_in_the_body(scripted, scripted_connector):
    await scripted_connector.check()
    (form,) = scripted.bodies("token")
    assert parse_qs(form.decode()) == {
        "grant_type": ["password"],
        "scope": ["api"],
        "username": ["integration"],
        "password": ["sandbox-password"],
        "client_id": ["SANDBOX"],
        "client_secret": ["sandbox-client-secret"],
    }


@in_module_loop
async def test_headers(scripted, scripted_connector):
    await scripted_connector.check()
    token, me = scripted.heads
    assert "fluent.account: sandbox" in token
    assert "authorization" not in token
    assert "authorization: bearer tok-1" in me
    assert "content-type: application/json" in me
    for head in (token, me):
        assert "sandbox-password" not in head
        assert "sandbox-client-secret" not in head
