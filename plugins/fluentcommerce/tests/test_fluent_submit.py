"""Submitting, finding and checking, against the sandbox over HTTP."""

import asyncio
from time import monotonic

import msgspec
import pytest

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


async def test_every_sample_is_taken_and_found(kit, sandbox, connector):
    for name in kit.samples:
        for submission in kit.transform(name):
            receipt = await connector.submit(submission)
            assert receipt == Receipt(
                oms_id=receipt.oms_id, oms_ref=submission.ref, status="CREATED", created=True
            )
            found = await connector.find(submission)
            assert found == msgspec.structs.replace(receipt, created=False)
    held = {order["id"]: order["ref"] for order in await sandbox.held()}
    assert len(held) == 18


async def test_what_fluent_holds_is_what_was_meant(kit, sandbox, connector):
    submission = kit.one()
    await connector.submit(submission)
    (order,) = await sandbox.held()
    (customer,) = await sandbox.held("customers")
    assert order["customer"] == {"id": customer["id"]}
    assert (order["ref"], order["type"], order["totalPrice"]) == ("o-1", "HD", 25.0)
    assert {"name": "nacelle_fingerprint", "type": "STRING", "value": submission.fingerprint} in (
        order["attributes"]
    )
    assert customer["username"] == "ada@example.com"


async def test_a_customer_who_is_there_is_not_created_again(kit, sandbox, connector):
    await connector.submit(kit.one())
    await connector.submit(kit.one({"orders.0.id": "o-2", "phone": "+1 555 0100"}))
    (customer,) = await sandbox.held("customers")
    assert customer["primaryPhone"] == "+44 20 7946 0000"
    assert {order["customer"]["id"] for order in await sandbox.held()} == {customer["id"]}


async def test_a_customer_whom_two_calls_create_at_once(kit, sandbox, connector):
    # Both creates wait until both look-ups have found nobody.
    await sandbox.fault(kind="latency", operation="createCustomer", seconds=0.1, times=2)
    both = [kit.one({"orders.0.id": ref}) for ref in ("o-1", "o-2")]
    receipts = await asyncio.gather(*map(connector.submit, both))
    assert [receipt.created for receipt in receipts] == [True, True]
    assert len(await sandbox.held("customers")) == 1


async def test_a_customer_who_has_the_email_under_another_name(kit, sandbox, connector):
    before = kit.one(customer_ref="multi_order.id")
    await connector.submit(before)
    await connector.submit(kit.one({"orders.0.id": "o-2"}))
    (customer,) = await sandbox.held("customers")
    assert customer["username"] == "mo-1"
    assert {order["customer"]["id"] for order in await sandbox.held()} == {customer["id"]}


async def test_a_customer_is_created_anew_after_a_fault(kit, sandbox, connector):
    # Creating a customer creates no order, so it is tried again at once.
    await sandbox.fault(kind="drop", operation="createCustomer", when="after")
    assert (await connector.submit(kit.one())).created
    assert len(await sandbox.held("customers")) == 1


async def test_a_second_create_of_the_same_order_is_a_success(kit, sandbox, connector):
    first = await connector.submit(kit.one())
    # A mapping may have changed what is sent; it is the same Nacelle order.
    again = changed(kit.one(), attributes={"other": "x"})
    second = await connector.submit(again)
    assert second == msgspec.structs.replace(first, created=False)
    assert len(await sandbox.held()) == 1


async def test_another_order_under_the_ref(kit, sandbox, connector):
    await connector.submit(kit.one())
    other = kit.one(OTHER_CITY)
    assert other.ref == "o-1"
    for call in (connector.submit, connector.find):
        with pytest.raises(RefTaken, match="another order under the ref o-1"):
            await call(other)
    assert len(await sandbox.held()) == 1


async def test_an_order_that_is_nobodys_is_not_ours(kit, connector):
    await connector.submit(changed(kit.one(), attributes={}))
    with pytest.raises(RefTaken):
        await connector.find(kit.one())


async def test_an_order_that_fluent_does_not_hold(kit, connector):
    assert await connector.find(kit.one()) is None


async def test_a_look_up_knows_no_wildcards(kit, connector):
    await connector.submit(kit.one())
    assert await connector.find(kit.one({"orders.0.id": "o%"})) is None
    assert await connector.find(kit.one({"orders.0.id": "O-1"})) is None


@pytest.mark.parametrize("style", ["top", "extensions", "message"])
async def test_wherever_fluent_puts_its_code(kit, serve_sandbox, style):
    async with serve_sandbox(error_style=style) as sandbox, kit.connector(sandbox.url) as connector:
        await connector.submit(kit.one(customer_ref="multi_order.id"))
        # The same order; the customer's e-mail is taken; then the ref, by another order.
        assert not (await connector.submit(kit.one())).created
        with pytest.raises(RefTaken):
            await connector.submit(kit.one(OTHER_CITY))
        with pytest.raises(Refused, match="at least one item") as refusal:
            await connector.submit(changed(kit.one({"orders.0.id": "o-2"}), items=()))
        (message,) = refusal.value.oms_errors
        assert message.code == "C0160E"
        await sandbox.fault(kind="refuse", operation="createOrder", code="S0002E", message="Down.")
        with pytest.raises(OutcomeUnknown, match="Down"):
            await connector.submit(kit.one({"orders.0.id": "o-2"}))
        assert len(await sandbox.held()) == 1


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
async def test_a_create_that_ends_without_an_answer(kit, sandbox, connector, fault, when):
    await sandbox.fault(operation="createOrder", when=when, **fault)
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
    assert len(await sandbox.held()) == 1


@pytest.mark.parametrize("operation", ["customer", "createCustomer", "order"])
@pytest.mark.parametrize("kind", ["drop", "html", "garbage", "status"])
async def test_what_creates_no_order_leaves_nothing_in_doubt(
    kit, sandbox, connector, operation, kind
):
    status = {"status": 502} if kind == "status" else {}
    await sandbox.fault(operation=operation, kind=kind, times=None, **status)
    call = connector.find if operation == "order" else connector.submit
    attempt = Attempt(monotonic() + 30)
    with attempt.active(), pytest.raises(Unavailable):
        await call(kit.one())
    assert not attempt.may_have_created


async def test_a_look_up_that_fails_once_is_tried_again(kit, sandbox, connector):
    for operation in ("customer", "createCustomer", "order"):
        await sandbox.fault(kind="status", status=503, operation=operation)
    assert (await connector.submit(kit.one())).created
    assert await connector.find(kit.one()) is not None


@pytest.mark.parametrize("operation", ["customer", "createOrder"])
async def test_a_rate_limit(kit, sandbox, connector, operation):
    await sandbox.fault(kind="rate_limit", operation=operation, retry_after=70, times=None)
    with pytest.raises(Unavailable, match="limits our calls") as caught:
        await connector.submit(kit.one())
    assert caught.value.retry_after == 70  # too long to be waited for
    assert await sandbox.held() == []


async def test_check(connector):
    await connector.check()


async def test_one_token_serves_all_calls(kit, sandbox, connector):
    before = await sandbox.tokens_issued()
    await connector.check()
    await connector.submit(kit.one())
    assert await sandbox.tokens_issued() == before + 1


@pytest.mark.parametrize("operation", ["customer", "createCustomer", "createOrder"])
async def test_a_token_that_is_revoked_on_the_way(kit, sandbox, connector, operation):
    await connector.check()
    before = await sandbox.tokens_issued()
    await sandbox.fault(kind="revoke_tokens", operation=operation)
    assert (await connector.submit(kit.one())).created
    assert await sandbox.tokens_issued() == before + 1
    assert len(await sandbox.held()) == 1


async def test_tokens_that_are_revoked_again_and_again(kit, sandbox, connector):
    await sandbox.fault(kind="revoke_tokens", operation="createOrder", times=None)
    before = await sandbox.tokens_issued()
    with pytest.raises(CredentialsRefused, match="a token that was just issued"):
        await connector.submit(kit.one())
    assert await sandbox.tokens_issued() == before + 2
    assert await sandbox.held() == []


async def test_a_token_that_fluent_could_not_read(kit, sandbox, connector):
    await connector.check()
    before = await sandbox.tokens_issued()
    await sandbox.fault(kind="refuse", operation="createOrder", code="S0040E", message="No JWT.")
    with pytest.raises(Unavailable, match="did not take our token: No JWT"):
        await connector.submit(kit.one())
    assert (await connector.submit(kit.one())).created
    assert await sandbox.tokens_issued() == before + 1


WRONG = {
    "account": "OTHER",
    "client_id": "OTHER",
    "client_secret": Secret("other-secret"),
    "username": "somebody",
    "password": Secret("other-password"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_credentials(kit, sandbox, name):
    async with kit.connector(sandbox.url, **{name: WRONG[name]}) as connector:
        with pytest.raises(CredentialsRefused, match="Bad credentials") as caught:
            await connector.check()
        for shown in (str(caught.value), repr(caught.value.oms_errors)):
            assert "other-secret" not in shown
            assert "password" not in shown
        with pytest.raises(CredentialsRefused):
            await connector.submit(kit.one())


async def test_a_retailer_that_there_is_not(kit, connector):
    with pytest.raises(Refused, match="retailer") as caught:
        await connector.submit(kit.one(retailer_id="2"))
    assert [message.code for message in caught.value.oms_errors] == ["C0120E"]


async def test_fluent_out_of_reach(kit):
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
        from multiorder_fluentcommerce.connector import FluentConnector

        return FluentConnector(kit.settings(), OutboundClient(limits=kit.limits))

    connector = await asyncio.to_thread(build)
    await connector.aclose()


async def test_the_connector_transforms_as_its_settings_say(kit, connector):
    order, context = kit.decode(kit.data()), kit.context()
    assert connector.transform(order, context) == kit.transform(kit.data())
