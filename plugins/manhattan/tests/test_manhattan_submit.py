"""Submitting, finding and checking, against the sandbox over HTTP."""

import asyncio
import json
from time import monotonic

import msgspec
import pytest

from multiorder_manhattan.connector import ManhattanConnector
from multiorder_manhattan.payload import wire
from multiorder_sync import (
    CredentialsRefused,
    OutboundClient,
    OutcomeUnknown,
    Receipt,
    RefTaken,
    Refused,
    Secret,
    Unavailable,
)
from multiorder_sync.oms.outbound import Attempt

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER_CITY = {"orders.0.shipping_address.city": "Leeds"}


def changed(submission, **changes):
    payload = msgspec.structs.replace(submission.payload, **changes)
    return msgspec.structs.replace(submission, payload=payload)


def plain(submission):
    """Return what is sent as plain data, as somebody else could send it."""
    return json.loads(msgspec.json.encode(wire(submission.payload)))


async def test_every_sample_is_taken_and_found(kit, sandbox, connector):
    for name in kit.samples:
        for way in ("split", "combine"):
            await sandbox.reset()
            submissions = kit.transform(name, multi_order=way)
            for submission in submissions:
                receipt = await connector.submit(submission)
                assert receipt == Receipt(oms_id=submission.ref, oms_ref=submission.ref)
                found = await connector.find(submission)
                assert found == msgspec.structs.replace(receipt, created=False)
            held = await sandbox.held()
            assert [order["OrderId"] for order in held] == [each.ref for each in submissions]
            for order in held:
                assert order["totals"]["OrderTotal"] == order["totals"]["PaymentTotal"] > 0


async def test_what_manhattan_holds_is_what_was_meant(kit, sandbox, connector):
    submission = kit.one()
    await connector.submit(submission)
    (held,) = await sandbox.held()
    assert (held["OrderId"], held["totals"]["OrderTotal"]) == ("o-1", 27)
    assert {
        "AttributeName": "nacelle_fingerprint",
        "AttributeValue": submission.fingerprint,
    } in held["order"]["OrderAttribute"]
    assert held["order"]["CustomerEmail"] == "Ada@Example.com"


async def test_a_hold_reaches_manhattan(kit, sandbox, connector):
    held = {"totals": "hold", "hold_type_id": "PendingAuthorization"}
    await connector.submit(kit.one({"payments.0.amount": "26.00"}, **held))
    (order,) = await sandbox.held()
    (hold,) = order["order"]["OrderHold"]
    assert (hold["HoldTypeId"], hold["StatusId"]) == ("PendingAuthorization", "1000")


async def test_an_authorized_payment_is_taken(kit, sandbox, connector):
    await connector.submit(kit.one(payment_state="authorized", gateway_id="Cybersource"))
    (order,) = await sandbox.held()
    (method,) = order["order"]["Payment"][0]["PaymentMethod"]
    assert method["GatewayId"] == "Cybersource"


async def test_a_second_save_of_the_same_order_is_a_success_and_changes_nothing(
    kit, sandbox, connector
):
    first = await connector.submit(kit.one())
    before = await sandbox.held()
    # A mapping may have changed what is sent; it is the same Nacelle order.
    again = changed(kit.one(), customer_phone="+15550100")
    second = await connector.submit(again)
    assert second == msgspec.structs.replace(first, created=False)
    assert await sandbox.held() == before


@pytest.mark.parametrize("name", ["discounts-and-promotion", "click-and-collect", "jpy"])
async def test_a_save_without_a_version_merges_and_adds_nothing(kit, sandbox, connector, name):
    (submission,) = kit.transform(name)
    await connector.submit(submission)
    (before,) = await sandbox.held()
    order = plain(submission)
    order["OrderActions"]["VersionTimestamp"] = "2"
    assert (await sandbox.save(order)).json()["success"] is True
    (after,) = await sandbox.held()
    assert (after["order"], after["totals"]) == (before["order"], before["totals"])
    assert len(after["sent"]) == 2


async def test_a_sandbox_that_merges_no_children_would_show_it(kit, serve_sandbox):
    # So that the tests above can fail.
    async with serve_sandbox(merge_children=False) as sandbox:
        async with kit.connector(sandbox.url) as connector:
            await connector.submit(kit.one())
        order = plain(kit.one())
        del order["OrderActions"]["VersionTimestamp"]
        await sandbox.save(order)
        (held,) = await sandbox.held()
        assert held["totals"]["OrderTotal"] == 54


async def test_another_order_under_the_id_is_told(kit, sandbox, connector):
    await connector.submit(kit.one())
    before = await sandbox.held()
    other = kit.one(OTHER_CITY)
    assert other.ref == "o-1"
    for call in (connector.find, connector.submit):
        with pytest.raises(RefTaken, match="another order under the id o-1"):
            await call(other)
    assert await sandbox.held() == before


@pytest.mark.parametrize("attributes", [None, [{"AttributeName": "colour"}]])
async def test_an_order_that_is_nobodys_is_not_ours(kit, sandbox, connector, attributes):
    order = plain(kit.one())
    order["OrderAttribute"] = attributes
    assert (await sandbox.save(order)).json()["success"] is True
    with pytest.raises(RefTaken):
        await connector.find(kit.one())


async def test_an_order_that_manhattan_does_not_hold(kit, connector):
    assert await connector.find(kit.one()) is None
    await connector.submit(kit.one())
    assert await connector.find(kit.one({"orders.0.id": "o-2"})) is None


async def test_an_id_with_a_quote_is_escaped_and_finds_nothing_else(kit, sandbox, connector):
    await connector.submit(kit.one())
    # The transform makes no such id; a ref that was frozen otherwise may be one.
    submission = msgspec.structs.replace(kit.one(), ref="x' or OrderId = 'o-1")
    with pytest.raises(Unavailable, match="refused to look the order up"):
        await connector.find(submission)


async def test_an_order_that_has_gone_on_is_not_changed(kit, sandbox, connector):
    await connector.submit(kit.one())
    await sandbox.move("o-1", "3000")
    before = await sandbox.held()
    actions = msgspec.structs.replace(kit.one().payload.order_actions, version_timestamp="2")
    again = changed(kit.one(), order_actions=actions, customer_phone="+15550100")
    # ord::10007: it stands there and is ours, so it is a success.
    assert not (await connector.submit(again)).created
    assert await sandbox.held() == before


async def test_validation_errors_are_refused_in_manhattans_words(kit, sandbox, connector):
    with pytest.raises(
        Refused, match=r"OrderTypeId Web-Order.* \(OrderTypeId\) \(and 1 more\)"
    ) as caught:
        await connector.submit(kit.one(order_type_id="Web-Order", uom="DOZEN"))
    assert [message.code for message in caught.value.oms_errors] == ["OrderTypeId", "UOM"]
    assert type(caught.value) is Refused
    assert await sandbox.held() == []


WARNING = {"type": "WARNING", "code": "pay::10001", "description": "Unable to process payment."}


@pytest.mark.parametrize("place", ["both", "data"])
async def test_warnings_are_in_the_receipt_once(kit, sandbox, connector, place):
    await sandbox.message(**WARNING, place=place)
    await sandbox.message(type="INFO", code="10255", description="Failure")
    receipt = await connector.submit(kit.one())
    assert receipt.created
    assert receipt.warnings == ("Unable to process payment. (pay::10001)",)


async def test_an_error_beside_success_is_no_success(kit, sandbox, connector):
    await sandbox.message(type="ERROR", code="ord::10121", description="No address.")
    with pytest.raises(Refused, match=r"No address\. \(ord::10121\)"):
        await connector.submit(kit.one())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ord::10002", Unavailable),
        ("ord::10006", Refused),
        ("ord::10121", Refused),
        ("10208", OutcomeUnknown),
        ("ord::10007", OutcomeUnknown),
        ("ord::10008", OutcomeUnknown),
    ],
)
async def test_a_code(kit, sandbox, connector, code, kind):
    await sandbox.fault(kind="refuse", operation="save", code=code, message="So it is.")
    with pytest.raises(kind, match=r"So it is|does not show the order") as caught:
        await connector.submit(kit.one())
    assert issubclass(type(caught.value), kind)
    assert [(each.code, each.text) for each in caught.value.oms_errors] == [(code, "So it is.")]
    assert await sandbox.held() == []


@pytest.mark.parametrize("code", ["10208", "ord::10007", "ord::10008"])
async def test_a_code_that_says_that_an_order_stands_there(kit, sandbox, connector, code):
    await connector.submit(kit.one())
    refusal = {"kind": "refuse", "operation": "save", "code": code, "message": "So it is."}
    await sandbox.fault(**refusal)
    assert not (await connector.submit(kit.one())).created
    await sandbox.fault(**refusal)
    with pytest.raises(RefTaken):
        await connector.submit(kit.one(OTHER_CITY))
    # Whose it is can't be asked.
    await sandbox.fault(**refusal)
    await sandbox.fault(kind="status", status=503, operation="search", times=None)
    with pytest.raises(OutcomeUnknown, match="can't be asked which"):
        await connector.submit(kit.one())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop"},
        {"kind": "html"},
        {"kind": "garbage"},
        {"kind": "hang"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
    ],
    ids=lambda fault: fault.get("status") or fault["kind"],
)
async def test_a_save_that_ends_without_an_answer(kit, sandbox, connector, fault, when):
    await sandbox.fault(operation="save", when=when, **fault)
    # Long enough for all that comes before the call that hangs.
    attempt = Attempt(monotonic() + (3 if fault["kind"] == "hang" else 30))
    with attempt.active(), pytest.raises(OutcomeUnknown):
        await connector.submit(kit.one())
    assert attempt.may_have_created
    found = await connector.find(kit.one())
    assert (found is not None) == (when == "after")
    assert len(await sandbox.held()) == (when == "after")
    # Whichever it was, the next submission of it leaves one order.
    assert (await connector.submit(kit.one())).created == (when == "before")
    (held,) = await sandbox.held()
    assert held["totals"]["OrderTotal"] == 27


@pytest.mark.parametrize("kind", ["drop", "html", "garbage", "status"])
async def test_a_search_leaves_nothing_in_doubt(kit, sandbox, connector, kind):
    status = {"status": 502} if kind == "status" else {}
    await sandbox.fault(operation="search", kind=kind, times=None, **status)
    attempt = Attempt(monotonic() + 30)
    with attempt.active(), pytest.raises(Unavailable):
        await connector.find(kit.one())
    assert not attempt.may_have_created


async def test_a_search_that_fails_once_is_tried_again(kit, sandbox, connector):
    await sandbox.fault(kind="status", status=503, operation="search")
    assert await connector.find(kit.one()) is None


@pytest.mark.parametrize(
    ("operation", "call"), [("save", "submit"), ("search", "find"), ("token", "find")]
)
async def test_a_rate_limit(kit, sandbox, connector, operation, call):
    await sandbox.fault(kind="rate_limit", operation=operation, retry_after=70, times=None)
    with pytest.raises(Unavailable, match="429") as caught:
        await getattr(connector, call)(kit.one())
    assert caught.value.retry_after == 70  # too long to be waited for
    assert not isinstance(caught.value, CredentialsRefused)
    assert await sandbox.held() == []


async def test_check(sandbox, connector):
    await connector.check()
    assert await sandbox.held() == []
    await sandbox.fault(kind="refuse", operation="search", code="Query", message="No such field.")
    with pytest.raises(Refused, match="No such field"):
        await connector.check()


async def test_one_token_serves_all_calls(kit, sandbox, connector):
    before = await sandbox.tokens_issued()
    await connector.check()
    await connector.submit(kit.one())
    await connector.find(kit.one())
    assert await sandbox.tokens_issued() == before + 1


@pytest.mark.parametrize(("operation", "call"), [("save", "submit"), ("search", "find")])
async def test_a_token_that_is_revoked_on_the_way(kit, sandbox, connector, operation, call):
    await connector.check()
    before = await sandbox.tokens_issued()
    await sandbox.fault(kind="revoke_tokens", operation=operation)
    await getattr(connector, call)(kit.one())
    assert await sandbox.tokens_issued() == before + 1
    assert len(await sandbox.held()) == (call == "submit")


async def test_tokens_that_are_revoked_again_and_again(kit, sandbox, connector):
    await sandbox.fault(kind="revoke_tokens", operation="save", times=None)
    before = await sandbox.tokens_issued()
    with pytest.raises(CredentialsRefused, match="a token that was just issued"):
        await connector.submit(kit.one())
    assert await sandbox.tokens_issued() == before + 2
    assert await sandbox.held() == []


@pytest.mark.parametrize("kind", ["drop", "html", "garbage", "status"])
async def test_a_token_that_can_not_be_had_leaves_nothing_in_doubt(kit, sandbox, connector, kind):
    status = {"status": 503} if kind == "status" else {}
    await sandbox.fault(operation="token", kind=kind, times=None, **status)
    attempt = Attempt(monotonic() + 30)
    with attempt.active(), pytest.raises(Unavailable) as caught:
        await connector.submit(kit.one())
    assert not isinstance(caught.value, CredentialsRefused)
    assert not attempt.may_have_created
    assert await sandbox.held() == []


WRONG = {
    "client_id": "OTHER",
    "client_secret": Secret("other-secret"),
    "username": "somebody",
    "password": Secret("other-password"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_credentials(kit, sandbox, name):
    async with kit.connector(sandbox.url, **{name: WRONG[name]}) as connector:
        with pytest.raises(CredentialsRefused) as caught:
            await connector.check()
        for shown in (str(caught.value), repr(caught.value.oms_errors)):
            assert "other-secret" not in shown
            assert "other-password" not in shown
        with pytest.raises(CredentialsRefused):
            await connector.submit(kit.one())
    assert await sandbox.held() == []


async def test_an_organization_that_the_user_does_not_act_for(kit, serve_sandbox):
    from multiorder_manhattan.sandbox import DEMO_TENANT

    tenant = msgspec.structs.replace(DEMO_TENANT, organization="ACME-UK")
    async with serve_sandbox(tenant=tenant) as sandbox:
        async with kit.connector(sandbox.url, organization="ACME-UK") as connector:
            assert (await connector.submit(kit.one())).created
        async with kit.connector(sandbox.url, organization="ACME-US") as connector:
            with pytest.raises(CredentialsRefused, match="does not grant this user the call"):
                await connector.submit(kit.one())


async def test_manhattan_out_of_reach(kit):
    async with kit.connector(kit.NOWHERE) as connector:
        for call in (connector.check(), connector.submit(kit.one()), connector.find(kit.one())):
            with pytest.raises(Unavailable, match="can't be reached") as caught:
                await call
            assert not isinstance(caught.value, CredentialsRefused)


async def test_a_slash_at_the_end_of_the_root(kit, sandbox):
    async with kit.connector(f"{sandbox.url}/") as connector:
        await connector.check()


async def test_a_connector_needs_no_event_loop_and_no_network(kit):
    def build():
        return ManhattanConnector(kit.settings(), OutboundClient(limits=kit.limits))

    connector = await asyncio.to_thread(build)
    await connector.aclose()


async def test_the_connector_transforms_as_its_settings_say(kit, connector):
    order, context = kit.decode(kit.data()), kit.context()
    assert connector.transform(order, context) == kit.transform(kit.data())
