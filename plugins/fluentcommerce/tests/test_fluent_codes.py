"""Fluent's codes sorted: what will be refused again, what was not done, what can't be known."""

import pytest

from multiorder_sync import OutcomeUnknown, Refused, Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFUSED = [
    "C0001E",
    "C0003E",
    "C0020E",
    "C0100E",
    "C0101E",
    "C0102E",
    "C0103E",
    "C0120E",
    "C0122E",
    "C0128E",
    "C0140E",
    "C0141E",
    "C0160E",
    "S0001E",
    "S0030E",
    "C0999E",
]
TURNED_AWAY = ["C0011E", "S0040E"]
SERVERS = ["S0002E", "S0020E", "S0999E", "T0001E"]
ALREADY_THERE = ["C0121E", "C0123E"]


async def refuse(sandbox, operation, code, times=1):
    await sandbox.fault(
        kind="refuse", operation=operation, code=code, message="So it is.", times=times
    )


@pytest.mark.parametrize("code", REFUSED)
async def test_a_create_that_will_be_refused_again(kit, sandbox, connector, code):
    await refuse(sandbox, "createOrder", code)
    with pytest.raises(Refused, match=rf"So it is\. \({code}\)") as caught:
        await connector.submit(kit.one())
    (message,) = caught.value.oms_errors
    assert (message.code, message.text) == (code, "So it is.")
    assert await sandbox.held() == []


@pytest.mark.parametrize("code", TURNED_AWAY)
async def test_a_create_that_was_turned_away(kit, sandbox, connector, code):
    await refuse(sandbox, "createOrder", code)
    with pytest.raises(Unavailable, match="So it is") as caught:
        await connector.submit(kit.one())
    assert [message.code for message in caught.value.oms_errors] == [code]
    assert (await connector.submit(kit.one())).created


@pytest.mark.parametrize("code", SERVERS)
async def test_a_create_that_went_wrong_there(kit, sandbox, connector, code):
    await refuse(sandbox, "createOrder", code)
    with pytest.raises(OutcomeUnknown, match="So it is") as caught:
        await connector.submit(kit.one())
    assert [message.code for message in caught.value.oms_errors] == [code]


async def test_a_missing_permission_says_what_to_look_at(kit, sandbox, connector):
    await refuse(sandbox, "createOrder", "C0020E")
    with pytest.raises(Refused, match="lacks a permission, or may use only its primary retailer"):
        await connector.submit(kit.one())


async def test_a_ref_that_is_said_to_be_taken_and_is_not_shown(kit, sandbox, connector):
    await refuse(sandbox, "createOrder", "C0121E")
    with pytest.raises(OutcomeUnknown, match="does not show the order") as caught:
        await connector.submit(kit.one())
    assert [message.code for message in caught.value.oms_errors] == ["C0121E"]


async def test_something_else_that_is_taken(kit, sandbox, connector):
    await refuse(sandbox, "createOrder", "C0123E")
    with pytest.raises(Refused, match="holds this already"):
        await connector.submit(kit.one())


@pytest.mark.parametrize("code", ALREADY_THERE)
async def test_a_taken_ref_whose_owner_cannot_be_asked_for(kit, sandbox, connector, code):
    await connector.submit(kit.one())
    await refuse(sandbox, "createOrder", code)
    await refuse(sandbox, "order", "S0002E", times=None)
    with pytest.raises(OutcomeUnknown, match="can't be asked which") as caught:
        await connector.submit(kit.one())
    assert [message.code for message in caught.value.oms_errors] == [code]


@pytest.mark.parametrize("code", ALREADY_THERE)
async def test_either_code_may_stand_for_our_own_order(kit, sandbox, connector, code):
    await connector.submit(kit.one())
    await refuse(sandbox, "createOrder", code)
    assert not (await connector.submit(kit.one())).created


@pytest.mark.parametrize("code", ["C0120E", *ALREADY_THERE, *SERVERS, "C0011E", "C0141E"])
async def test_a_look_up_of_an_order(kit, sandbox, connector, code):
    await connector.submit(kit.one())
    await refuse(sandbox, "order", code, times=None)
    if code == "C0120E":
        assert await connector.find(kit.one()) is None
        return
    with pytest.raises(Unavailable, match="So it is"):
        await connector.find(kit.one())


async def test_a_customer_who_is_not_found_with_a_code(kit, sandbox, connector):
    await refuse(sandbox, "customer", "C0120E")
    assert (await connector.submit(kit.one())).created
    assert len(await sandbox.held("customers")) == 1


@pytest.mark.parametrize("operation", ["customer", "createCustomer"])
@pytest.mark.parametrize("code", [*SERVERS, *TURNED_AWAY])
async def test_a_customer_whom_fluent_cannot_give(kit, sandbox, connector, operation, code):
    await refuse(sandbox, operation, code, times=None)
    with pytest.raises(Unavailable, match="So it is"):
        await connector.submit(kit.one())
    assert await sandbox.held() == []


async def test_a_customer_whom_fluent_refuses(kit, sandbox, connector):
    await refuse(sandbox, "createCustomer", "C0141E")
    with pytest.raises(Refused, match="So it is"):
        await connector.submit(kit.one())


async def test_a_customer_who_is_taken_and_not_to_be_found(kit, sandbox, connector):
    await refuse(sandbox, "createCustomer", "C0123E")
    with pytest.raises(Refused, match="holds this already"):
        await connector.submit(kit.one())


@pytest.mark.parametrize("code", ["C0020E", "S0002E"])
async def test_check_says_what_is_wrong(sandbox, connector, code):
    await refuse(sandbox, "me", code, times=None)
    with pytest.raises(Refused if code == "C0020E" else Unavailable, match="So it is"):
        await connector.check()
