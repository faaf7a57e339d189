"""Answers that the sandbox does not give, from a raw server."""

import json

import pytest

from multiorder_sync import (
    CredentialsRefused,
    OutcomeUnknown,
    RefTaken,
    Refused,
    Unavailable,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML = b"<!doctype html><title>Gateway</title><p>One moment."


def errors(*entries, **more):
    return {"errors": list(entries), **more}


def coded(code, message="So it is."):
    return {"message": message, "code": code}


@pytest.fixture
def submit(kit, scripted_connector):
    async def submitted():
        return await scripted_connector.submit(kit.one())

    return submitted


async def test_the_script_itself_is_an_ordinary_fluent(scripted, submit):
    receipt = await submit()
    assert (receipt.oms_id, receipt.oms_ref, receipt.status) == ("42", "o-1", "CREATED")
    assert [name for name, _ in scripted.requests] == ["token", "customer", "createOrder"]


STATUSES = {
    401: (CredentialsRefused, "a token that was just issued"),
    403: (OutcomeUnknown, "did not let this user call it"),
    404: (Unavailable, "no Fluent API at base_url"),
    413: (Refused, "larger than Fluent takes"),
    429: (Unavailable, "limits our calls"),
    400: (Refused, r"HTTP 400\): .*One moment"),
    405: (Refused, r"HTTP 405\): .*One moment"),
    422: (Refused, r"HTTP 422\): .*One moment"),
    408: (OutcomeUnknown, "failed"),
    409: (OutcomeUnknown, "failed"),
    425: (OutcomeUnknown, "failed"),
    500: (OutcomeUnknown, "failed"),
    502: (OutcomeUnknown, "failed"),
    504: (OutcomeUnknown, "failed"),
    302: (OutcomeUnknown, "redirects to another place; check base_url"),
    200: (OutcomeUnknown, "not a JSON object: .*One moment"),
}


@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_to_a_create(scripted, submit, status):
    kind, said = STATUSES[status]
    scripted.answer("createOrder", HTML, status=status)
    with pytest.raises(kind, match=said) as caught:
        await submit()
    assert type(caught.value) is kind
    # Nothing but a refused token is a reason to send a create again.
    assert len(scripted.bodies("createOrder")) == (2 if status == 401 else 1)


@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_to_a_look_up(kit, scripted, scripted_connector, status):
    scripted.answer("order", HTML, status=status)
    with pytest.raises(Unavailable):
        await scripted_connector.find(kit.one())


async def test_a_rate_limit_says_how_long(scripted, submit):
    scripted.answer("createOrder", HTML, status=429, headers=["Retry-After: 60"])
    with pytest.raises(Unavailable) as caught:
        await submit()
    assert caught.value.retry_after == 60
    scripted.answer("createOrder", errors(coded("C0011E")), headers=["Retry-After: 61"])
    with pytest.raises(Unavailable) as caught:
        await submit()
    assert caught.value.retry_after == 61


@pytest.mark.parametrize("status", [400, 409, 422, 500])
async def test_words_beside_a_status_are_quoted(scripted, submit, status):
    scripted.answer("createOrder", errors(coded("C0160E", "No such size.")), status=status)
    with pytest.raises((Refused, OutcomeUnknown)) as caught:
        await submit()
    assert isinstance(caught.value, Refused) == (status in {400, 422})
    (message,) = caught.value.oms_errors
    assert (message.code, message.text) == ("C0160E", "No such size.")


@pytest.mark.parametrize("status", [200, 400])
async def test_a_refused_token_in_the_body(scripted, submit, status):
    scripted.answer("createOrder", errors(coded("401", "Invalid user")), status=status)
    with pytest.raises(Unavailable, match="did not take our token: Invalid user"):
        await submit()
    scripted.answer("createOrder", {"data": {"createOrder": {"id": "42", "ref": "o-1"}}})
    await submit()
    assert len(scripted.bodies("token")) == 2


ANSWERS = {
    "nothing": (b"", OutcomeUnknown, "not a JSON object"),
    "garbage": (b'{"data": {"createO', OutcomeUnknown, "not a JSON object"),
    "a list": ([], OutcomeUnknown, "not a JSON object"),
    "an empty object": ({}, OutcomeUnknown, "neither data nor errors"),
    "data null": ({"data": None}, OutcomeUnknown, "neither data nor errors"),
    "data of another kind": ({"data": 7}, OutcomeUnknown, "neither data nor errors"),
    "empty data": ({"data": {}}, OutcomeUnknown, "neither data nor errors"),
    "empty errors": (errors(data=None), OutcomeUnknown, "neither data nor errors"),
    "null": ({"data": {"createOrder": None}}, OutcomeUnknown, "without the order"),
    "a text": ({"data": {"createOrder": "42"}}, OutcomeUnknown, "without the order"),
    "no id": ({"data": {"createOrder": {"ref": "o-1"}}}, OutcomeUnknown, "without the order"),
    "another ref": (
        {"data": {"createOrder": {"id": "42", "ref": "o-2"}}},
        OutcomeUnknown,
        "without the order",
    ),
    # Errors without a code: those of reading the request have no data beside them.
    "a query refused": (errors({"message": "Unknown field"}), Refused, "refused: Unknown field"),
    "an execution": (
        errors({"message": "Timed out"}, data={"createOrder": None}),
        OutcomeUnknown,
        "failed: Timed out",
    ),
    "an execution of all": (errors({"message": "Oops"}, data=None), OutcomeUnknown, "Oops"),
    "errors that are a text": ({"errors": "No."}, Refused, "refused: No."),
    "errors that are an object": ({"errors": coded("C0141E")}, Refused, "So it is"),
    "an error that is a text": (errors("No."), Refused, "refused: No."),
    "an error that is nothing": (errors(None), OutcomeUnknown, "neither data nor errors"),
    "an error without words": (errors({"code": "C0160E"}), Refused, "C0160E"),
    "odd extensions": (errors({"message": "No.", "extensions": "C0160E"}), Refused, "No."),
    "an odd code": (errors({"message": "No.", "code": 17}), Refused, r"No\. \(17\)"),
    "several": (
        errors(coded("C0160E", "First."), coded("C0141E", "Second.")),
        Refused,
        r"First\. \(C0160E\) \(and 1 more\)",
    ),
    "the gravest counts": (errors(coded("C0160E"), coded("T0001E")), OutcomeUnknown, "1 more"),
    "a long text": (errors(coded("C0160E", "no " * 400)), Refused, r"…\ \(C0160E\)"),
    "a code in the text": (
        errors({"message": "Rule C0160E is broken"}),
        Refused,
        "refused: Rule C0160E is broken$",
    ),
    "a code in the extensions": (
        errors({"message": "No.", "extensions": {"code": "S0002E"}}),
        OutcomeUnknown,
        "No.",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_to_a_create(scripted, submit, name):
    answer, kind, said = ANSWERS[name]
    scripted.answer("createOrder", answer)
    with pytest.raises(kind, match=said) as caught:
        await submit()
    assert type(caught.value) in {kind, *kind.__subclasses__()}
    assert len(str(caught.value)) < 500


async def test_every_error_is_kept(scripted, submit):
    scripted.answer("createOrder", errors(coded("C0160E", "First."), coded("C0141E", "Second.")))
    with pytest.raises(Refused) as caught:
        await submit()
    assert [(each.code, each.text) for each in caught.value.oms_errors] == [
        ("C0160E", "First."),
        ("C0141E", "Second."),
    ]


async def test_an_order_that_is_shown_is_there(scripted, submit):
    order = {"id": 42, "ref": "o-1", "status": None}
    scripted.answer("createOrder", errors(coded("C0002W", "Look."), data={"createOrder": order}))
    receipt = await submit()
    assert (receipt.oms_id, receipt.status, receipt.created) == ("42", None, True)
    assert receipt.warnings == ("Look. (C0002W)",)


def held(submission, **changes):
    fingerprint = {"name": "nacelle_fingerprint", "value": submission.fingerprint}
    order = {
        "id": "42",
        "ref": submission.ref,
        "status": "CREATED",
        "retailer": {"id": "1"},
        "attributes": [None, {"name": "other", "value": "x"}, fingerprint],
    }
    return {"data": {"order": {**order, **changes}}}


async def test_our_order(kit, scripted, scripted_connector):
    submission = kit.one()
    scripted.answer("order", held(submission))
    assert (await scripted_connector.find(submission)).oms_id == "42"
    # An id may come as a number.
    scripted.answer("order", held(submission, retailer={"id": 1}))
    assert (await scripted_connector.find(submission)).oms_id == "42"


@pytest.mark.parametrize(
    "changes",
    [
        {"retailer": {"id": "2"}},
        {"retailer": None},
        {"attributes": None},
        {"attributes": []},
        {"attributes": [{"name": "nacelle_fingerprint", "value": "sha256:0"}]},
    ],
)
async def test_the_order_of_another(kit, scripted, scripted_connector, changes):
    submission = kit.one()
    scripted.answer("order", held(submission, **changes))
    with pytest.raises(RefTaken, match="another order under the ref o-1"):
        await scripted_connector.find(submission)
    scripted.answer("createOrder", errors(coded("C0121E")))
    with pytest.raises(RefTaken):
        await scripted_connector.submit(submission)


@pytest.mark.parametrize(
    "order", [{"id": "42", "ref": "o-2"}, {"id": "42"}, {"ref": "o-1"}, "o-1", 42, []]
)
async def test_a_look_up_that_is_answered_with_something_else(
    kit, scripted, scripted_connector, order
):
    scripted.answer("order", {"data": {"order": order}})
    with pytest.raises(Unavailable, match="something else"):
        await scripted_connector.find(kit.one())


async def test_an_order_of_which_a_part_is_not_shown(kit, scripted, scripted_connector):
    submission = kit.one()
    scripted.answer("order", errors(coded("C0020E", "Hidden."), **held(submission)))
    with pytest.raises(Unavailable, match="did not show the whole order: Hidden"):
        await scripted_connector.find(submission)


async def test_a_customer_who_was_created_in_between(scripted, submit):
    nobody = {"data": {"customer": None}}
    somebody = {"data": {"customer": {"id": 9, "ref": "ada@example.com"}}}
    scripted.answer("customer", nobody, somebody)
    scripted.answer("createCustomer", errors(coded("C0123E")))
    await submit()
    assert [name for name, _ in scripted.requests] == [
        "token",
        "customer",
        "createCustomer",
        "customer",
        "createOrder",
    ]
    (body,) = scripted.bodies("createOrder")
    assert json.loads(body)["variables"]["input"]["customer"] == {"id": "9"}


def page(*nodes):
    return {"data": {"customers": {"edges": [None, *({"node": node} for node in nodes)]}}}


async def taken_customer(scripted, found):
    scripted.answer("customer", {"data": {"customer": None}})
    scripted.answer("createCustomer", errors(coded("C0123E")))
    scripted.answer("customers", found)


async def test_only_the_very_email_is_the_customers(scripted, submit):
    near = {"id": "1", "primaryEmail": "eada@example.com"}
    same = {"id": "2", "primaryEmail": "ADA@example.com"}
    await taken_customer(scripted, page(None, near, same))
    await submit()
    (body,) = scripted.bodies("createOrder")
    assert json.loads(body)["variables"]["input"]["customer"] == {"id": "2"}


@pytest.mark.parametrize("found", [page(), {"data": {"customers": None}}])
async def test_a_taken_customer_whom_nothing_shows(scripted, submit, found):
    await taken_customer(scripted, found)
    with pytest.raises(Refused, match="holds this already"):
        await submit()
    assert scripted.bodies("createOrder") == []


@pytest.mark.parametrize("node", [{}, {"id": None}, {"id": ""}, "7"])
@pytest.mark.parametrize("operation", ["customer", "createCustomer"])
async def test_a_customer_without_an_id(scripted, submit, operation, node):
    scripted.answer("customer", {"data": {"customer": None}})
    scripted.answer(operation, {"data": {operation: node}})
    with pytest.raises(Unavailable, match="without the id of the customer"):
        await submit()


async def test_a_token_for_a_user_whom_fluent_does_not_know(scripted, scripted_connector):
    scripted.answer("me", {"data": {"me": None}})
    with pytest.raises(Refused, match="knows no user for it"):
        await scripted_connector.check()


async def test_a_secret_in_an_answer_is_not_shown(scripted, submit):
    said = "Token tok-1 of sandbox-password is bad"
    scripted.answer("createOrder", errors(coded("C0160E", said)))
    with pytest.raises(Refused) as caught:
        await submit()
    (message,) = caught.value.oms_errors
    for shown in (str(caught.value), message.text):
        assert "Token *** of *** is bad" in shown


async def test_an_order_that_is_too_large_is_not_sent(kit, scripted, scripted_connector):
    submission = kit.one({"orders.0.metadata": {"note": "x" * 2_000_000}})
    with pytest.raises(Refused, match=r"The order takes 2\d{6} bytes; Fluent takes 2000000\."):
        await scripted_connector.submit(submission)
    assert scripted.bodies("createOrder") == []
