"""Answers that the sandbox does not give, from a raw server."""

import msgspec
import pytest

from multiorder_manhattan.answers import NoSuchOrder
from multiorder_sync import (
    CredentialsRefused,
    OutcomeUnknown,
    RefTaken,
    Refused,
    Unavailable,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML = b"<!doctype html><title>Gateway</title><p>One moment."


def message(code, text="So it is.", kind="ERROR"):
    return {"Type": kind, "Code": code, "Description": text}


def failed(*messages, **changes):
    """Return a failure in Manhattan's shape, as little as it can say."""
    return {
        "success": False,
        "data": None,
        "exceptions": [],
        "messages": {"Message": list(messages), "Size": len(messages)},
        **changes,
    }


def exception(text, key):
    return {"messageData": {}, "resource": key, "messageKey": key, "message": text}


@pytest.fixture
def submit(kit, scripted_connector):
    async def submitted():
        return await scripted_connector.submit(kit.one())

    return submitted


@pytest.fixture
def find(kit, scripted_connector):
    async def found():
        return await scripted_connector.find(kit.one())

    return found


async def test_the_script_itself_is_an_ordinary_manhattan(scripted, submit, find):
    receipt = await submit()
    assert (receipt.oms_id, receipt.oms_ref, receipt.created) == ("o-1", "o-1", True)
    assert await find() is None
    assert [name for name, _ in scripted.requests] == ["token", "save", "search"]


STATUSES = {
    401: (CredentialsRefused, "a token that was just issued"),
    403: (OutcomeUnknown, "did not let this user call it"),
    404: (Unavailable, "no Manhattan order API at base_url"),
    413: (Refused, "larger than Manhattan takes"),
    429: (Unavailable, "limits our calls"),
    400: (Refused, "refused: .*One moment"),
    405: (Refused, "refused: .*One moment"),
    422: (Refused, "refused: .*One moment"),
    408: (OutcomeUnknown, "failed"),
    409: (OutcomeUnknown, "failed"),
    425: (OutcomeUnknown, "failed"),
    500: (OutcomeUnknown, "failed"),
    502: (OutcomeUnknown, "failed"),
    503: (OutcomeUnknown, "failed"),
    504: (OutcomeUnknown, "failed"),
    302: (OutcomeUnknown, "redirects to another place; check base_url"),
    200: (OutcomeUnknown, "not a JSON object: .*One moment"),
}


@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_to_a_save(scripted, submit, status):
    kind, said = STATUSES[status]
    scripted.answer("save", HTML, status=status)
    with pytest.raises(kind, match=said) as caught:
        await submit()
    assert type(caught.value) is kind
    # Nothing but a refused token is a reason to send a save again.
    assert len(scripted.bodies("save")) == (2 if status == 401 else 1)


@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_to_a_search(scripted, find, status):
    scripted.answer("search", HTML, status=status)
    with pytest.raises(Unavailable):
        await find()


async def test_a_rate_limit_says_how_long(scripted, submit):
    scripted.answer("save", HTML, status=429, headers=["Retry-After: 60"])
    with pytest.raises(Unavailable) as caught:
        await submit()
    assert caught.value.retry_after == 60


async def test_an_empty_answer(scripted, submit):
    scripted.answer("save", b"", status=400)
    with pytest.raises(Refused, match="refused: HTTP 400"):
        await submit()


@pytest.mark.parametrize("status", [200, 400, 404, 409, 500, 503])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ord::10002", Unavailable),
        ("10208", OutcomeUnknown),
        ("error.10208", OutcomeUnknown),
        ("ord::10007", OutcomeUnknown),
        ("ord::10008", OutcomeUnknown),
        ("ord::10006", NoSuchOrder),
    ],
)
async def test_a_code_counts_whatever_the_status(scripted, submit, status, code, kind):
    scripted.answer("save", failed(message(code)), status=status)
    with pytest.raises(kind) as caught:
        await submit()
    assert type(caught.value) is kind
    assert [each.code for each in caught.value.oms_errors] == [code]


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_an_order_that_a_search_does_not_know_is_absent(scripted, find, status):
    scripted.answer("search", failed(message("ord::10006")), status=status)
    assert await find() is None
    scripted.answer("search", failed(message("ord::10006"), message("Query")), status=400)
    with pytest.raises(Unavailable, match="refused to look the order up"):
        await find()


SAVED = {"Messages": None, "OrderId": "o-1"}
REFUSALS = {
    "success false": (failed(message("Field", "No.")), Refused, r"refused: No\. \(Field\)"),
    "several": (
        failed(message("A", "First."), message("B", "Second.")),
        Refused,
        r"First\. \(A\) \(and 1 more\)",
    ),
    "a long text": (failed(message("A", "no " * 400)), Refused, r"…\ \(A\)"),
    "a short description": (
        failed({"Type": "ERROR", "ShortDescription": "Short."}),
        Refused,
        r"refused: Short\.",
    ),
    "no words": (failed({"Type": "ERROR", "Code": "A"}), Refused, r"'Code': 'A'.* \(A\)"),
    "another case": (
        failed({"Type": "error", "Code": 17, "Description": "No."}),
        Refused,
        r"No\. \(17\)",
    ),
    "an exception": (
        failed(exceptions=[exception("Broken.", "ManhX")]),
        Refused,
        r"Broken\. \(ManhX\)",
    ),
    "an exception beside a warning": (
        failed(message("W", "Hm.", "WARNING"), exceptions=[exception("Broken.", "ManhX")]),
        Refused,
        "Broken",
    ),
    "an exception beside an error": (
        failed(message("A", "No."), exceptions=[exception("Broken.", "ManhX")]),
        Refused,
        r"refused: No\. \(A\)$",
    ),
    "a stale version as an exception": (
        failed(exceptions=[exception("Stale.", "error.10208")]),
        OutcomeUnknown,
        "does not show the order",
    ),
    "a stale version as the key": (
        failed(messageKey="error.10208", message="Stale."),
        OutcomeUnknown,
        "does not show the order",
    ),
    "only a key": (
        failed(messageKey="error.400", message="Bad Request"),
        Refused,
        r"Bad Request \(error\.400\)",
    ),
    "an error beside success": (
        {"success": True, "data": SAVED, "messages": {"Message": [message("A", "No.")]}},
        Refused,
        "No.",
    ),
    "an error within the data": (
        {"success": True, "data": {**SAVED, "Messages": {"Message": [message("A", "No.")]}}},
        Refused,
        "No.",
    ),
    "neither": (failed(), OutcomeUnknown, "neither success nor errors"),
    "success as a text": (
        {"success": "true", "data": SAVED},
        OutcomeUnknown,
        "neither success nor errors",
    ),
    "an empty object": ({}, OutcomeUnknown, "neither success nor errors"),
    "a list": ([], OutcomeUnknown, "not a JSON object"),
    "nothing": (b"", OutcomeUnknown, "not a JSON object"),
    "garbage": (b'{"success": tr', OutcomeUnknown, "not a JSON object"),
    "no order": ({"success": True, "data": None}, OutcomeUnknown, "without the order"),
    "an order in a list": ({"success": True, "data": [SAVED]}, OutcomeUnknown, "without the order"),
    "another order": (
        {"success": True, "data": {"OrderId": "o-2"}},
        OutcomeUnknown,
        "without the order",
    ),
    "odd members": (
        {"success": False, "data": 7, "exceptions": 7, "messages": 7, "header": 7, "message": 0},
        OutcomeUnknown,
        "neither success nor errors",
    ),
    "odd entries": (
        {
            "success": False,
            "data": {"Messages": []},
            "exceptions": ["No.", None, {"message": None}],
            "messages": {"Message": [None, "No.", 7]},
        },
        OutcomeUnknown,
        "neither success nor errors",
    ),
    "a list of messages that is none": (
        failed(messages={"Message": {"Type": "ERROR"}}),
        OutcomeUnknown,
        "neither success nor errors",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_an_answer_to_a_save(scripted, submit, name):
    answer, kind, said = REFUSALS[name]
    scripted.answer("save", answer)
    with pytest.raises(kind, match=said) as caught:
        await submit()
    assert type(caught.value) is kind
    assert len(str(caught.value)) < 500


async def test_every_error_is_kept_once(scripted, submit):
    errors = [message("A", "First."), message("B", "Second."), message("A", "First.")]
    listed = {"Message": errors}
    scripted.answer("save", failed(*errors, data={"Messages": listed}), status=400)
    with pytest.raises(Refused) as caught:
        await submit()
    assert [(each.code, each.text) for each in caught.value.oms_errors] == [
        ("A", "First."),
        ("B", "Second."),
    ]


async def test_a_failure_of_the_server_in_its_own_words(scripted, submit):
    scripted.answer("save", failed(message("error.500", "Technical error")), status=500)
    with pytest.raises(OutcomeUnknown, match="HTTP 500") as caught:
        await submit()
    assert [each.text for each in caught.value.oms_errors] == ["Technical error"]


async def test_a_success_whose_exceptions_are_told_is_one(scripted, submit):
    answer = {"success": True, "data": SAVED, "exceptions": [exception("Hm.", "X")]}
    scripted.answer("save", answer)
    assert (await submit()).created


async def test_warnings_and_nothing_else_are_in_the_receipt(scripted, submit):
    said = [
        message("pay::10001", "Unable to process payment.", "WARNING"),
        message("pay::10002", "Failed.", "INFO"),
        message("x", "Odd.", None),
        message(None, "No code.", "WARNING"),
    ]
    scripted.answer(
        "save", {"success": True, "data": SAVED, "messages": {"Message": said, "Size": 4}}
    )
    receipt = await submit()
    assert receipt.warnings == ("Unable to process payment. (pay::10001)", "No code.")


async def test_a_secret_in_an_answer_is_not_shown(scripted, submit):
    said = f"Token tok-1 of sandbox-password is bad, {'x' * 455} sandbox-password"
    scripted.answer("save", failed(message("tok-1", said)))
    with pytest.raises(Refused) as caught:
        await submit()
    (shown,) = caught.value.oms_errors
    assert shown.text.startswith("Token *** of *** is bad")
    # Taken out before the text is cut: the last one goes over the cut.
    assert shown.text.endswith("x ***")
    for text in (str(caught.value), shown.text, shown.code):
        assert "tok-1" not in text
        assert "sandbox" not in text


def held(submission, **changes):
    attributes = [
        None,
        {"AttributeName": "other", "AttributeValue": "x"},
        {"AttributeName": "nacelle_fingerprint", "AttributeValue": submission.fingerprint},
    ]
    return {"OrderId": submission.ref, "OrderAttribute": attributes, **changes}


async def test_our_order(kit, scripted, scripted_connector):
    submission = kit.one()
    order = held(submission)
    scripted.answer("search", scripted.envelope([order]))
    receipt = await scripted_connector.find(submission)
    assert (receipt.oms_id, receipt.oms_ref, receipt.created) == ("o-1", "o-1", False)
    # A save that was repeated may have left the attribute twice.
    order["OrderAttribute"].append(order["OrderAttribute"][-1])
    assert await scripted_connector.find(submission) == receipt


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        [],
        {},
        7,
        [{"AttributeName": "nacelle_fingerprint"}],
        [{"AttributeName": "nacelle_fingerprint", "AttributeValue": "sha256:0"}],
        [{"AttributeName": "nacelle_fingerprint", "AttributeValue": []}],
    ],
)
async def test_the_order_of_another(kit, scripted, scripted_connector, attributes):
    submission = kit.one()
    scripted.answer("search", scripted.envelope([held(submission, OrderAttribute=attributes)]))
    with pytest.raises(RefTaken, match="another order under the id o-1"):
        await scripted_connector.find(submission)
    scripted.answer("save", failed(message("10208")), status=400)
    with pytest.raises(RefTaken):
        await scripted_connector.submit(submission)


async def test_an_order_with_two_fingerprints_is_not_ours_alone(kit, scripted, scripted_connector):
    submission = kit.one()
    order = held(submission)
    order["OrderAttribute"].append(
        {"AttributeName": "nacelle_fingerprint", "AttributeValue": "sha256:0"}
    )
    scripted.answer("search", scripted.envelope([order]))
    with pytest.raises(RefTaken):
        await scripted_connector.find(submission)
    scripted.answer("search", scripted.envelope([held(submission), order]))
    with pytest.raises(RefTaken):
        await scripted_connector.find(submission)


@pytest.mark.parametrize(
    "orders",
    [
        [{"OrderId": "o-2"}],
        [{"OrderId": "O-1"}],
        [{}],
        [None],
        ["o-1"],
        [[]],
        [{"OrderId": "o-1"}, {"OrderId": "o-2"}],
    ],
)
async def test_a_search_that_is_answered_with_something_else(scripted, find, orders):
    scripted.answer("search", scripted.envelope(orders))
    with pytest.raises(Unavailable, match="something else than the order"):
        await find()


@pytest.mark.parametrize("data", [None, {}, 7, "o-1"])
async def test_a_search_without_a_list(scripted, find, data):
    scripted.answer("search", scripted.envelope(data))
    with pytest.raises(Unavailable, match="without a list of orders"):
        await find()


@pytest.mark.parametrize("count", ["0", 0])
async def test_a_search_that_counts_nothing(scripted, find, count):
    scripted.answer("search", scripted.envelope(None, header={"totalCount": count}))
    assert await find() is None
    scripted.answer("search", scripted.envelope(None, header={"totalCount": "1"}))
    with pytest.raises(Unavailable, match="without a list"):
        await find()


async def test_what_a_search_asks_for(kit, scripted, scripted_connector):
    await scripted_connector.find(kit.one())
    await scripted_connector.find(msgspec.structs.replace(kit.one(), ref="it's"))
    first, second = map(msgspec.json.decode, scripted.bodies("search"))
    assert first == {
        "Query": "OrderId = 'o-1'",
        "Template": {
            "OrderId": None,
            "OrderAttribute": {"AttributeName": None, "AttributeValue": None},
        },
        "Size": 2,
        "Page": 0,
    }
    assert second["Query"] == "OrderId = 'it''s'"


TOKENS = {
    "refused": ({"error": "invalid_grant", "error_description": "Bad."}, 400, CredentialsRefused),
    "client refused": ({"error": "invalid_client"}, 401, CredentialsRefused),
    "no token": ({"token_type": "bearer"}, 200, Unavailable),
    "HTML": (HTML, 200, Unavailable),
    "down": (HTML, 503, Unavailable),
}


@pytest.mark.parametrize("name", TOKENS)
async def test_an_answer_to_the_call_for_a_token(scripted, submit, name):
    answer, status, kind = TOKENS[name]
    scripted.answer("token", answer, status=status)
    with pytest.raises(kind) as caught:
        await submit()
    assert type(caught.value) is kind
    assert scripted.bodies("save") == []
