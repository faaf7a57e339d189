"""The API over HTTP: requests, look-ups, how errors are worded, what is held."""

import asyncio
import contextlib

import pytest
from graphql import build_client_schema, get_introspection_query

from multiorder_fluentcommerce.sandbox import create_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}


# Requests


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"query": "{ me { id } }"}', {"Content-Type": "application/json; charset=utf-8"}, 200),
        (b'{"query": "{ me { id } }", "variables": {}, "operationName": null}', JSON, 200),
        (b'{"query": "{ me { id } }"}', {}, 415),
        (b'{"query": "{ me { id } }"}', {"Content-Type": "text/plain"}, 415),
        (b"{ me { id } }", {"Content-Type": "application/graphql"}, 415),
        (b"", JSON, 400),
        (b"{", JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b'[{"query": "{ me { id } }"}]', JSON, 400),
        (b"{}", JSON, 400),
        (b'{"query": null}', JSON, 400),
        (b'{"query": 1}', JSON, 400),
        (b'{"query": "{ me { id } }", "variables": []}', JSON, 400),
        (b'{"query": "{ me { id } }", "variables": "{}"}', JSON, 400),
        (b'{"query": "{ me { id } }", "variables": {"a": NaN}}', JSON, 400),
        (b'{"query": "{ me { id } }", "variables": {"a": "\xff"}}', JSON, 400),
        (b'{"query": "{ me { id } }", "operationName": 1}', JSON, 400),
    ],
)
async def test_a_request_is_a_json_object_with_a_query(fluent, content, headers, status):
    answer = await fluent.http.post("/graphql", content=content, headers=headers)

    assert answer.status_code == status
    if status != 200:
        assert [error["code"] for error in answer.json()["errors"]] == [str(status)]


@pytest.mark.parametrize(("size", "status"), [(2_000_000, 200), (2_000_001, 413)])
async def test_a_request_has_at_most_two_megabytes(fluent, size, status):
    content = b'{"query": "{ me { id } }"}'.ljust(size)

    answer = await fluent.http.post("/graphql", content=content, headers=JSON)

    assert answer.status_code == status


async def test_the_named_operation_of_several_is_executed(fluent):
    query = 'query A { me { id } } query B { customer(ref: "ada@example.com") { ref } }'
    body = {"query": query, "operationName": "B"}

    answer = await fluent.http.post("/graphql", json=body)

    assert answer.json() == {"data": {"customer": {"ref": "ada@example.com"}}}


async def test_values_may_stand_in_the_document(fluent):
    answer = await fluent.call(
        'mutation { createOrder(input: {ref: "W-1", type: "X", retailer: {id: 1}, '
        f'customer: {{id: {fluent.customer_id}}}, attributes: {{name: "a", type: "JSON", '
        'value: {b: [1, "c", true, null]}}, '
        'items: {ref: "1", productRef: "S", quantity: 1, price: 2}}) { id } }'
    )

    assert "errors" not in answer
    order = (await fluent.held())[0]
    assert order["attributes"][0]["value"] == {"b": [1, "c", True, None]}
    assert order["items"] == [{"ref": "1", "productRef": "S", "quantity": 1, "price": 2}]


async def test_the_schema_can_be_introspected(fluent):
    answer = await fluent.call(get_introspection_query())

    schema = build_client_schema(answer["data"])
    assert "items" in schema.type_map["CreateOrderInput"].fields


# What is held


async def test_an_order_is_held_as_it_was_sent(fluent):
    order = fluent.order()

    created = (await fluent.create_order(order))["data"]["createOrder"]

    held = (await fluent.held())[0]
    own = {name: held.pop(name) for name in ("id", "status", "createdOn")}
    assert held == order
    assert own == {name: created[name] for name in own}


async def test_nothing_is_added_to_what_was_not_sent(fluent):
    order = fluent.order("MULTI")
    order["totalPrice"] = None

    await fluent.create_order(order)

    assert set((await fluent.held())[0]) == {*order, "id", "status", "createdOn"}


async def test_forgetting_leaves_neither_orders_nor_customers_nor_old_ids(fluent):
    first = (await fluent.create_order(fluent.order()))["data"]["createOrder"]["id"]

    await fluent.http.delete("/_sandbox/orders")

    assert await fluent.held() == []
    assert await fluent.held("customers") == []
    await fluent.start()
    again = (await fluent.create_order(fluent.order()))["data"]["createOrder"]["id"]
    assert int(again) > int(first)


async def test_orders_sent_at_once_under_one_ref_are_one_order(fluent):
    answers = await asyncio.gather(*(fluent.create_order(fluent.order()) for _ in range(10)))

    assert sum("errors" not in answer for answer in answers) == 1
    assert len(await fluent.held()) == 1


async def test_an_order_is_taken_twice_where_that_is_asked_for(connect):
    async with contextlib.AsyncExitStack() as stack:
        fluent = await connect(stack, create_sandbox(accept_duplicate_refs=True))
        first = (await fluent.create_order(fluent.order()))["data"]["createOrder"]["id"]
        second = (await fluent.create_order(fluent.order()))["data"]["createOrder"]["id"]

        assert [order["id"] for order in await fluent.held()] == [first, second]
        found = await fluent.call('{ order(ref: "W-1") { id } }')
        assert found["data"]["order"]["id"] == first


# Look-ups


async def test_an_order_is_found_with_all_that_belongs_to_it(fluent):
    created = (await fluent.create_order(fluent.order("MULTI")))["data"]["createOrder"]

    answer = await fluent.call(
        """query ($ref: String) { order(ref: $ref) {
          id ref type status workflowRef workflowVersion createdOn updatedOn totalPrice
          retailer { id } customer { id ref username } attributes { name value }
          fulfilmentChoice { ref } billingAddress { city } payment { ref }
          fulfilmentChoices { edges { node {
            ref type deliveryType pickupLocationRef deliverAfter deliveryAddress { street } } } }
          items { edges { node { ref quantity product { ref } fulfilmentChoice { ref } } } }
          financialTransactions { edges { node { ref } } }
        } }""",
        {"ref": "W-1"},
    )

    stamps = {name: created[name] for name in ("id", "ref", "type", "status", "createdOn")}
    home = {
        "ref": "home",
        "type": "HD",
        "deliveryType": "STANDARD",
        "pickupLocationRef": None,
        "deliverAfter": "2026-12-01T08:00:00.000Z",
        "deliveryAddress": {"street": "1 St James's Square"},
    }
    store = {
        "ref": "store",
        "type": "CC",
        "deliveryType": "STANDARD",
        "pickupLocationRef": "LDN-1",
        "deliverAfter": None,
        "deliveryAddress": None,
    }
    customer = {"ref": "ada@example.com", "username": "ada@example.com"}
    assert answer["data"]["order"] == {
        **stamps,
        "workflowRef": "ORDER::MULTI",
        "workflowVersion": 1,
        "updatedOn": created["createdOn"],
        "totalPrice": None,
        "retailer": {"id": "1"},
        "customer": {"id": fluent.customer_id, **customer},
        "attributes": None,
        "fulfilmentChoice": None,
        "billingAddress": None,
        "payment": None,
        "fulfilmentChoices": {"edges": [{"node": home}, {"node": store}]},
        "items": {
            "edges": [
                {
                    "node": {
                        "ref": ref,
                        "quantity": 2,
                        "product": {"ref": "SKU-1"},
                        "fulfilmentChoice": {"ref": choice},
                    }
                }
                for ref, choice in (("1", "home"), ("2", "store"))
            ]
        },
        "financialTransactions": {"edges": []},
    }


async def test_what_an_order_was_paid_with_is_found(fluent):
    await fluent.create_order(fluent.order())

    answer = await fluent.call(
        """{ order(ref: "W-1") { payment { ref } billingAddress { id city }
          attributes { name type value } fulfilmentChoice { type deliveryAddress { ref } }
          financialTransactions(ref: ["pay-1"]) { edges { node {
            total scale unscaledValue currency paymentProviderName } } } } }"""
    )

    order = answer["data"]["order"]
    assert order["billingAddress"].pop("id")
    assert order == {
        "payment": {"ref": "pay"},
        "billingAddress": {"city": "London"},
        "attributes": [{"name": "channel", "type": "STRING", "value": "web"}],
        "fulfilmentChoice": {"type": "HD", "deliveryAddress": {"ref": "W-1-ship"}},
        "financialTransactions": {
            "edges": [
                {
                    "node": {
                        "total": 29.1,
                        "scale": 2,
                        "unscaledValue": 2910,
                        "currency": "GBP",
                        "paymentProviderName": "STRIPE",
                    }
                }
            ]
        },
    }


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ('ref: "W-1"', True),
        ("id: $id", True),
        ('id: $id, ref: "W-1"', True),
        ('id: $id, ref: "W-2"', False),
        ('id: 1, ref: "W-1"', False),
        ('ref: "w-1"', False),
        ('ref: "W-%"', False),
        ("id: null", False),
    ],
)
async def test_an_order_is_found_by_its_exact_ref_or_id(fluent, arguments, found):
    order_id = (await fluent.create_order(fluent.order()))["data"]["createOrder"]["id"]
    query = f"{{ order({arguments.replace('$id', order_id)}) {{ id }} }}"

    answer = await fluent.call(query)

    assert answer == {"data": {"order": {"id": order_id} if found else None}}


@pytest.mark.parametrize(
    ("arguments", "refs"),
    [
        ('(ref: ["W-1"])', ["W-1"]),
        ('(ref: ["W-1", "W-3"])', ["W-1", "W-3"]),
        ('(ref: ["w-1"])', ["W-1"]),
        ('(ref: ["%-1"])', ["W-1"]),
        ('(ref: ["W.1"])', []),
        ('(type: ["CC"])', []),
        ('(status: ["CREATED"], retailerId: [1], type: ["HD"])', ["W-1", "W-2", "W-3"]),
        ("(retailerId: [2])", []),
        ("", ["W-1", "W-2", "W-3"]),
        ("(first: 2)", ["W-1", "W-2"]),
        ('(first: 2, after: "2")', ["W-3"]),
        ('(after: "9")', []),
        ("(last: 2)", ["W-2", "W-3"]),
        ('(last: 1, before: "3")', ["W-2"]),
        ("(first: 0)", []),
    ],
)
async def test_orders_are_searched_and_paged(fluent, arguments, refs):
    for number in (1, 2, 3):
        assert "errors" not in await fluent.create_order(fluent.order("HD", "ref", f"W-{number}"))

    answer = await fluent.call(
        f"{{ orders{arguments} {{ edges {{ cursor node {{ ref }} }} pageInfo {{ "
        "hasNextPage hasPreviousPage } } }"
    )

    page = answer["data"]["orders"]
    assert [edge["node"]["ref"] for edge in page["edges"]] == refs
    if arguments == "(first: 2)":
        assert [edge["cursor"] for edge in page["edges"]] == ["1", "2"]
        assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False}
    if arguments == "(last: 2)":
        assert page["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True}


@pytest.mark.parametrize("arguments", ['after: "x"', "first: -1", "last: -1"])
async def test_a_page_that_is_none_is_an_error(fluent, arguments):
    answer = await fluent.call(f"{{ orders({arguments}) {{ edges {{ cursor }} }} }}")

    assert answer["data"] == {"orders": None}
    assert answer["errors"][0]["path"] == ["orders"]


async def test_a_page_has_ten_nodes_unless_told(fluent):
    for number in range(11):
        await fluent.create_order(fluent.order("HD", "ref", f"W-{number}"))

    answer = await fluent.call("{ orders { edges { cursor } pageInfo { hasNextPage } } }")

    assert len(answer["data"]["orders"]["edges"]) == 10
    assert answer["data"]["orders"]["pageInfo"]["hasNextPage"] is True


async def test_a_customer_is_found_by_username(fluent):
    query = "query ($ref: String!) { customer(ref: $ref) { id ref primaryEmail retailer { id } } }"

    found = await fluent.call(query, {"ref": "ada@example.com"})
    absent = await fluent.call(query, {"ref": "bob"})

    assert found["data"]["customer"] == {
        "id": fluent.customer_id,
        "ref": "ada@example.com",
        "primaryEmail": "ada@example.com",
        "retailer": {"id": "1"},
    }
    assert absent == {"data": {"customer": None}}


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ('primaryEmail: ["ada@example.com"]', True),
        ('username: ["ada@example.com"], first: 2', True),
        ('username: ["ada@example.com"], primaryEmail: ["bob@x.com"]', False),
        ('primaryEmail: ["bob@x.com"]', False),
    ],
)
async def test_customers_are_searched(fluent, arguments, found):
    answer = await fluent.call(f"{{ customers({arguments}) {{ edges {{ node {{ id }} }} }} }}")

    nodes = [edge["node"]["id"] for edge in answer["data"]["customers"]["edges"]]
    assert nodes == ([fluent.customer_id] if found else [])


# How errors are worded


@pytest.mark.parametrize("style", ["top", "extensions", "message"])
async def test_an_error_carries_its_code_where_it_was_told_to(connect, style):
    async with contextlib.AsyncExitStack() as stack:
        fluent = await connect(stack, create_sandbox(error_style=style))
        await fluent.create_order(fluent.order())
        broken = await fluent.create_order(fluent.order())
        await fluent.fault(kind="refuse", operation="createOrder", code="C0121E", message="Taken.")
        told = await fluent.create_order(fluent.order())

    for answer in (broken, told):
        (error,) = answer["errors"]
        assert answer["data"] == {"createOrder": None}
        assert error["path"] == ["createOrder"]
        assert (error.get("code") == "C0121E") == (style == "top")
        assert (error.get("extensions") == {"code": "C0121E"}) == (style == "extensions")
        assert error["message"].startswith("C0121E: ") == (style == "message")


async def test_aliased_mutations_succeed_and_fail_each_for_itself(fluent):
    query = """mutation ($a: CreateOrderInput, $b: CreateOrderInput) {
      first: createOrder(input: $a) { ref }
      second: createOrder(input: $a) { ref }
      third: createOrder(input: $b) { ref }
    }"""
    orders = {"a": fluent.order(), "b": fluent.order("CC", "ref", "W-2")}

    answer = await fluent.call(query, orders)

    refs = {"first": {"ref": "W-1"}, "second": None, "third": {"ref": "W-2"}}
    assert answer["data"] == refs
    assert [(error["path"], error["code"]) for error in answer["errors"]] == [
        (["second"], "C0121E")
    ]


async def test_an_unexpected_fields_error_names_its_place(fluent):
    answer = await fluent.call("{ me { id nothing } }")

    (error,) = answer["errors"]
    assert "nothing" in error["message"]
    assert error["locations"] == [{"line": 1, "column": 11}]
