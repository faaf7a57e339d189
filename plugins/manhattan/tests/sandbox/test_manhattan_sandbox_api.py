"""The API over HTTP: requests, envelopes, look-ups, messages, what is held."""

import asyncio
import contextlib

import pytest

from multiorder_manhattan.sandbox import DEMO_TENANT, Tenant, create_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}
FIND = "OrderId = 'W-1'"


def said(answer):
    return [message["Code"] for message in answer.json()["messages"]["Message"]]


# Requests and envelopes


@pytest.mark.parametrize("operation", ["save", "search"])
@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"{}", {}, 415, "The Content-Type must be application/json."),
        (b"{}", {"Content-Type": "text/plain"}, 415, "The Content-Type must be"),
        (b"", JSON, 400, "The body is no valid JSON."),
        (b"{", JSON, 400, "The body is no valid JSON."),
        (b'{"OrderId": NaN}', JSON, 400, "The body is no valid JSON."),
        (b'{"OrderId": "\xff"}', JSON, 400, "The body is no valid JSON."),
        (b"[" * 100_000, JSON, 400, "The body is no valid JSON."),
        (b"[{}]", JSON, 400, "The body must be"),
        (b"null", JSON, 400, "The body must be"),
        (b"{}".ljust(10_000_001), JSON, 400, "The body is too large."),
    ],
)
async def test_a_request_is_one_json_object(manhattan, operation, content, headers, status, words):
    answer = await manhattan.http.post(
        f"{manhattan.BASE}/{operation}", content=content, headers=headers
    )

    assert answer.status_code == status
    assert words in answer.json()["messages"]["Message"][0]["Description"]


async def test_an_order_is_neither_wrapped_nor_in_a_list(manhattan):
    wrapped = await manhattan.refused({"Data": [manhattan.order()]})
    listed = await manhattan.refused([manhattan.order()])

    assert wrapped == [("Data", "Data is no field of Order.")]
    assert listed == [("Order", "The body must be one order: a JSON object, not a list.")]


async def test_a_validation_error_has_its_envelope(manhattan):
    answer = await manhattan.save({"Currency": "USD"})

    body = answer.json()
    assert answer.status_code == 400
    text = "Entity Validation Error Occured"
    assert {**body, "messages": None} == {
        "success": False,
        "header": None,
        "data": None,
        "messageKey": "error.400",
        "message": "Bad Request",
        "errors": [],
        "exceptions": [
            {
                "messageData": {},
                "resource": "ManhValidationException",
                "messageKey": "ManhValidationException",
                "message": text,
                "stackTrace": None,
            }
        ],
        "messages": None,
        "rootCause": f"com.manh.cp.fw.entity.exception.ManhValidationException: {text}",
        "requestUri": "/error",
        "statusCode": "BAD_REQUEST",
    }
    assert body["messages"]["Size"] == 1
    message = body["messages"]["Message"][0]
    assert (message["Type"], message["Code"]) == ("ERROR", "Currency")


async def test_a_refusal_by_a_code_names_no_exception(manhattan):
    body = (await manhattan.get("W-1")).json()

    assert (body["exceptions"], body["rootCause"]) == ([], None)


async def test_a_success_has_its_envelope(manhattan):
    body = (await manhattan.save(manhattan.order())).json()

    data = body.pop("data")
    assert body.pop("messages") == {"Message": [], "Size": 0}
    assert body == {
        "success": True,
        "header": None,
        "messageKey": None,
        "message": None,
        "errors": [],
        "exceptions": [],
        "rootCause": None,
        "cloudComponent": "multiorder-sandbox:order",
        "cloudComponentHostName": "sandbox",
        "requestUri": None,
        "statusCode": "OK",
    }
    assert (data["Messages"], data["OrderId"]) == (None, "W-1")
    assert data["OrderToken"]
    assert data["CreatedBy"] == "integration@sandbox"
    assert data["ConfirmedDate"] == data["CreatedTimestamp"]
    assert not data["CreatedTimestamp"].endswith("Z")


async def test_an_update_leaves_the_stamps_of_the_creation(manhattan):
    first = await manhattan.saved(manhattan.order())

    second = await manhattan.saved({"OrderId": "W-1", "IsConfirmed": False})

    for name in ("OrderToken", "CreatedTimestamp"):
        assert second[name] == first[name]
    assert second["ConfirmedDate"] is None


async def test_values_come_back_as_manhattan_keeps_them(manhattan):
    data = await manhattan.saved(manhattan.order())

    assert data["CapturedDate"] == "2026-11-20T10:00:00.123"
    assert data["Priority"] == 1
    assert data["OrderChargeDetail"][1]["ChargeTotal"] == -2.0
    assert "OrderActions" not in data
    transaction = data["Payment"][0]["PaymentMethod"][0]["PaymentTransaction"][0]
    assert transaction["TransactionExpiryDate"] is None


async def test_an_address_has_an_id_of_its_content(manhattan):
    order = manhattan.order()
    order["OrderLine"][1]["ShipToAddress"]["Address"]["City"] = "Macon"

    lines = (await manhattan.saved(order))["OrderLine"]

    first, second = (line["ShipToAddress"]["AddressId"] for line in lines)
    assert first != second
    again = (await manhattan.saved(manhattan.order("VAT") | {"OrderLine": order["OrderLine"]}))[
        "OrderLine"
    ]
    assert [line["ShipToAddress"]["AddressId"] for line in again] == [first, second]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"templateName": "*"}, 200),
        ({"templateName": "Short"}, 400),
        ({"template": "*"}, 400),
    ],
)
async def test_a_response_template_is_the_one_for_all_fields(manhattan, params, status):
    answer = await manhattan.save(manhattan.order(), params=params)

    assert answer.status_code == status
    assert (await manhattan.ids() == ["W-1"]) == (status == 200)


# What is held


async def test_an_order_is_listed_beside_what_was_sent(manhattan):
    order = manhattan.order()
    await manhattan.saved(order)
    await manhattan.saved({"OrderId": "W-1", "IsConfirmed": False})

    held = (await manhattan.held())[0]

    assert (held["id"], held["OrderId"]) == ("W-1", "W-1")
    assert held["status"] == "1000"
    assert held["sent"] == [order, {"OrderId": "W-1", "IsConfirmed": False}]
    assert held["order"]["IsConfirmed"] is False
    assert set(held["order"]) == order.keys() - {"OrderActions"}


async def test_forgetting_leaves_neither_orders_nor_old_ids(manhattan):
    order = manhattan.order("WEB", "OrderId", None)
    first = await manhattan.saved(order)

    await manhattan.http.delete("/_sandbox/orders")

    assert await manhattan.held() == []
    second = await manhattan.saved(order)
    assert second["OrderId"] > first["OrderId"]
    assert second["OrderToken"] != first["OrderToken"]


async def test_saves_at_once_under_one_id_are_one_order(manhattan):
    answers = await asyncio.gather(*(manhattan.save(manhattan.order()) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {200}
    held = await manhattan.held()
    assert [len(one["sent"]) for one in held] == [10]
    assert held[0]["totals"]["OrderTotal"] == 29.01


async def test_of_creates_at_once_with_a_version_one_is_taken(manhattan):
    order = manhattan.order("WEB", "OrderActions.VersionTimestamp", "1")

    answers = await asyncio.gather(*(manhattan.save(order) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9


# Messages


@pytest.mark.parametrize(
    ("place", "beside"), [("both", ["pay::10001"]), ("data", [])], ids=["both", "data"]
)
@pytest.mark.parametrize("kind", ["INFO", "WARNING", "ERROR"])
async def test_a_save_may_succeed_and_have_something_to_say(manhattan, kind, place, beside):
    message = {"type": kind, "code": "pay::10001", "description": "Later.", "place": place}
    assert (await manhattan.http.post("/_sandbox/messages", json=message)).status_code == 201

    answer = await manhattan.save(manhattan.order())

    body = answer.json()
    assert (answer.status_code, body["success"]) == (200, True)
    assert said(answer) == beside
    within = body["data"]["Messages"]
    assert within["Size"] == 1
    assert (within["Message"][0]["Type"], within["Message"][0]["Description"]) == (kind, "Later.")
    assert await manhattan.ids() == ["W-1"]
    assert (await manhattan.saved(manhattan.order()))["Messages"] is None


async def test_messages_are_said_as_often_as_was_asked_or_not_at_all(manhattan):
    message = {"type": "INFO", "code": "10255", "description": "Failure", "times": 2}
    await manhattan.http.post("/_sandbox/messages", json=message)

    assert said(await manhattan.save({"x": 1})) == ["x"]
    assert said(await manhattan.save(manhattan.order())) == ["10255"]
    assert (await manhattan.http.delete("/_sandbox/messages")).status_code == 204
    assert said(await manhattan.save(manhattan.order())) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"type": "INFO"}', b'{"type": "X", "code": "1", "description": "2"}'],
)
async def test_what_is_no_message_is_not_said(manhattan, content):
    assert (await manhattan.http.post("/_sandbox/messages", content=content)).status_code == 400
    assert (await manhattan.saved(manhattan.order()))["Messages"] is None


# Look-ups


async def test_an_order_is_got_as_it_was_given_back(manhattan):
    saved = await manhattan.saved(manhattan.order())

    answer = await manhattan.get("W-1")

    assert (answer.status_code, answer.json()["data"]) == (200, saved)


@pytest.mark.parametrize("status", [400, 404])
async def test_an_order_that_there_is_not_is_told_by_its_code(connect, status):
    tenant = Tenant(credentials=DEMO_TENANT.credentials, unknown_order_status=status)
    async with contextlib.AsyncExitStack() as stack:
        manhattan = await connect(stack, create_sandbox(tenant=tenant))
        answer = await manhattan.get("W-9")

        assert (answer.status_code, answer.json()["success"]) == (status, False)
        assert answer.json()["messageKey"] == f"error.{status}"
        assert said(answer) == ["ord::10006"]


async def test_a_search_finds_what_it_asks_for(manhattan):
    await manhattan.saved(manhattan.order())
    template = {
        "OrderId": None,
        "CustomerPhone": None,
        "OrderTotal": None,
        "PaymentStatus": None,
        "VersionTimestamp": None,
        "DocType": None,
        "OrderLine": {
            "OrderLineId": None,
            "OrderLineTotal": None,
            "ShipToAddress": {"AddressId": None},
        },
    }

    answer = await manhattan.search(FIND, Template=template, Size=1, Page=0)

    body = answer.json()
    assert body["header"] == {"totalCount": "1", "page": 0, "size": 1}
    found = body["data"][0]
    address_ids = [line.pop("ShipToAddress")["AddressId"] for line in found["OrderLine"]]
    assert all(address_ids)
    assert body["data"] == [
        {
            "Messages": None,
            "OrderId": "W-1",
            "CustomerPhone": None,
            "OrderTotal": 29.01,
            "PaymentStatus": {"StatusId": "2000.000"},
            "VersionTimestamp": None,
            "DocType": {"DocTypeId": "CustomerOrder"},
            "OrderLine": [
                {"OrderLineId": "1", "OrderLineTotal": 19.8},
                {"OrderLineId": "2", "OrderLineTotal": 6},
            ],
        }
    ]


async def test_a_search_without_a_template_gives_all(manhattan):
    saved = await manhattan.saved(manhattan.order())

    assert (await manhattan.search(FIND)).json()["data"] == [saved]


async def test_a_search_that_finds_nothing_says_so(manhattan):
    body = (await manhattan.search(FIND)).json()

    assert (body["success"], body["data"]) == (True, [])
    assert body["header"] == {"totalCount": "0", "page": 0, "size": 20}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("OrderId = 'A-1'", ["A-1"]),
        ("OrderId='A-1'", ["A-1"]),
        ("OrderId = 'a-1'", []),
        ("  OrderId  IN  ( 'A-3' , 'A-1','A-9' )  ", ["A-1", "A-3"]),
        ("OrderId in ('A-2')", ["A-2"]),
        ("OrderId = 'A-1' or OrderId = 'A-2' OR OrderId = 'A-2'", ["A-1", "A-2"]),
        ("OrderId = 'A-1' and AlternateOrderId = 'N-1'", ["A-1"]),
        ("OrderId = 'A-1' and OrderId = 'A-2'", []),
        ("OrderId = 'A-1' and AlternateOrderId = 'N-2' or AlternateOrderId = 'N-3'", ["A-3"]),
        ("AlternateOrderId >= 'N-2'", ["A-2", "A-3"]),
        ("AlternateOrderId < 'N-2'", ["A-1"]),
        ("CapturedDate >= '2026-11-20T00:00:00' and CurrencyCode = 'USD'", ["A-1", "A-2", "A-3"]),
        ("CreatedTimestamp < '2026'", []),
        ("CustomerPhone = ''", []),
    ],
)
async def test_a_query_has_conditions(manhattan, query, found):
    for number in ("1", "2", "3"):
        order = manhattan.order("WEB", "OrderId", f"A-{number}")
        await manhattan.saved({**order, "AlternateOrderId": f"N-{number}"})

    body = (await manhattan.search(query)).json()

    assert [order["OrderId"] for order in body["data"]] == found
    assert body["header"]["totalCount"] == str(len(found))


async def test_a_search_has_pages_and_an_order(manhattan):
    for number, currency in (("1", "X"), ("2", "Y"), ("3", "X")):
        order = manhattan.order("WEB", "OrderId", f"A-{number}")
        await manhattan.saved({**order, "AlternateOrderId": currency})

    async def ids(**fields):
        body = (await manhattan.search("CurrencyCode = 'USD'", **fields)).json()
        return [order["OrderId"] for order in body["data"]]

    down = {"attribute": "OrderId", "direction": "desc"}
    by_other = {"attribute": "AlternateOrderId", "direction": "asc"}
    assert await ids(Sort=[down]) == ["A-3", "A-2", "A-1"]
    assert await ids(Sort=[by_other, down]) == ["A-3", "A-1", "A-2"]
    assert await ids(Size=2, Page=1) == ["A-3"]
    assert await ids(Size=2, Page=2) == []


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"Query": None}, "Query", "Query must be a string."),
        ({"Query": ""}, "Query", "Query can't be read from character 1 on"),
        ({"Query": "OrderId = W-1"}, "Query", "can't be read"),
        ({"Query": 'OrderId = "W-1"'}, "Query", "can't be read"),
        ({"Query": "OrderId = 'W'1'"}, "Query", "can't be read from character 14 on"),
        ({"Query": "OrderId = 'W''1'"}, "Query", "can't be read"),
        ({"Query": r"OrderId = 'W\'1'"}, "Query", "can't be read"),
        ({"Query": "OrderId = 'W-1' and"}, "Query", "can't be read"),
        ({"Query": "OrderId like 'W'"}, "Query", "can't be read"),
        ({"Query": "OrderId IN ()"}, "Query", "can't be read"),
        ({"Query": "OrderNumber = 'W-1'"}, "Query", "Orders can't be searched by OrderNumber"),
        ({"Query": "OrderTotal = '1'"}, "Query", "Orders can't be searched by OrderTotal"),
        ({"Query": "Extended = 'x'"}, "Query", "Orders can't be searched by Extended"),
        ({"Template": []}, "Template", "The template of Order must be an object."),
        ({"Template": {"Number": None}}, "Template", "Template: Order has no Number."),
        ({"Template": {"OrderId": {}}}, "Template", "Template: OrderId must be null."),
        ({"Template": {"OrderToken": {}}}, "Template", "Template: OrderToken must be null."),
        ({"Template": {"OrderLine": {"Sku": None}}}, "Template", "OrderLine has no Sku."),
        ({"Template": {"OrderLine": "*"}}, "Template", "template of OrderLine must be an object"),
        ({"Size": 0}, "Size", "Size must be a whole number, at least 1."),
        ({"Size": "1"}, "Size", "Size must be a whole number, at least 1."),
        ({"Page": -1}, "Page", "Page must be a whole number, at least 0."),
        ({"Page": True}, "Page", "Page must be a whole number, at least 0."),
        ({"Sort": {}}, "Sort", "Sort must be a list."),
        ({"Sort": [{"attribute": "OrderId"}]}, "Sort", "an attribute and a direction"),
        ({"Sort": [{"attribute": "OrderId", "direction": "up"}]}, "Sort", "asc or desc"),
        ({"Sort": [{"attribute": 1, "direction": "asc"}]}, "Query", "can't be searched by 1"),
        ({"query": FIND}, "query", "query is no field of a search."),
    ],
    ids=str,
)
async def test_a_search_is_refused_for_what_it_must_not_hold(manhattan, fields, code, words):
    answer = await manhattan.http.post(f"{manhattan.BASE}/search", json={"Query": FIND, **fields})

    assert answer.status_code == 400
    assert said(answer) == [code]
    assert words in answer.json()["messages"]["Message"][0]["Description"]
