"""What is sent is frozen: whatever has changed since, a retry is what the first try was."""

import msgspec
import pytest
from acme import AcmePayload, Merging, Refusing, error_of, multi_order
from acme.connector import AcmeConnector
from acme.house import take_up
from acme.oms import AcmeOms

from multiorder_sync import DuplicateGuard

pytestmark = pytest.mark.asyncio(loop_scope="session")


def changed_to(base):
    """Return a connector as a later version or configuration has it: other refs, other payloads."""

    class Changed(base):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(
                    each,
                    ref=f"later-{each.ref}",
                    payload=msgspec.structs.replace(each.payload, email="later@example.com"),
                )
                for each in super().transform(order, context)
            ]

    return Changed


async def in_doubt(house, order, connector=Refusing, **settings):
    """Leave an order in doubt at a service that is gone."""
    world = await house.open(by_hand=True)
    space = world.space(connector, space_id="acme", **settings)
    house.oms.leave_in_doubt()
    if settings:
        assert (await world.post(space, order)).status_code == 200
    else:
        error_of(await world.post(space, order), 500, "outcome_unknown")
    house.oms.mend()
    house.oms.calls.clear()
    await house.close(world)


@pytest.mark.parametrize("connector", [Refusing, Merging])
async def test_a_retry_after_a_restart_is_what_the_first_try_was(house, book, connector):
    order = multi_order()
    await in_doubt(house, order, connector)
    before = [(row["ref"], row["payload"]) for row in book.submissions(order["id"])]
    world = await house.open(by_hand=True)
    world.space(changed_to(connector), space_id="acme")
    assert (await world.post("acme", order)).status_code == 200
    (held,) = world.oms.held
    assert held["ref"] == f"acme-{order['orders'][0]['id']}"
    assert held["order"]["email"] == order["email"]
    assert [(row["ref"], row["payload"]) for row in book.submissions(order["id"])] == before


async def test_redelivery_looks_for_what_the_first_try_was(house, book):
    order = multi_order()
    await in_doubt(house, order)
    (row,) = book.submissions(order["id"])
    house.oms.put(row["ref"], row["fingerprint"])
    world = await house.open(by_hand=True)
    world.space(changed_to(Refusing), space_id="acme")
    assert await take_up(world, order["id"]) == "accepted"
    assert world.oms.calls == ["find"]


async def test_an_order_of_which_nothing_was_sent_is_transformed_anew(house, book):
    # Its OMS is asked before the first create, and did not answer that.
    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(Merging, space_id="acme")
    house.oms.mute = True
    error_of(await first.post("acme", order), 500, "oms_unavailable")
    house.oms.mend()
    await house.close(first)
    world = await house.open(by_hand=True)
    world.space(changed_to(Merging), space_id="acme")
    assert (await world.post("acme", order)).status_code == 200
    (held,) = world.oms.held
    assert held["ref"] == f"later-acme-{order['orders'][0]['id']}"
    assert held["order"]["email"] == "later@example.com"
    assert [row["ref"] for row in book.submissions(order["id"])] == [held["ref"]]


async def test_a_queued_order_of_which_nothing_was_sent_is_transformed_anew(house):
    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(Merging, space_id="acme", on_outage="queue")
    house.oms.mute = True
    assert (await first.post("acme", order)).status_code == 200
    house.oms.mend()
    await house.close(first)
    world = await house.open(by_hand=True)
    world.space(changed_to(Merging), space_id="acme", on_outage="queue")
    assert await take_up(world, order["id"]) == "accepted"
    assert world.oms.refs == [f"later-acme-{order['orders'][0]['id']}"]


async def test_an_order_that_was_turned_away_keeps_its_first_form(house):
    # It is certainly not there, but a create has left us: what it was stays what it is.
    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(space_id="acme")
    house.oms.key = "another"
    error_of(await first.post("acme", order), 500, "oms_unavailable")
    house.oms.key = first.oms_key
    await house.close(first)
    world = await house.open(by_hand=True)
    world.space(changed_to(Refusing), space_id="acme")
    assert (await world.post("acme", order)).status_code == 200
    assert world.oms.refs == [f"acme-{order['orders'][0]['id']}"]


class Renamed(changed_to(AcmeConnector)):
    """The connector of another OMS."""

    name = "bcme"
    duplicate_guard = DuplicateGuard.REFUSES


async def test_an_order_in_doubt_is_not_sent_to_another_oms(house, book):
    order = multi_order()
    await in_doubt(house, order)
    world = await house.open(by_hand=True)
    world.space(Renamed, space_id="acme", connector_name="bcme")
    error = error_of(await world.post("acme", order), 500, "connector_unavailable")
    assert [each["state"] for each in error["details"]["orders"]] == ["unknown"]
    assert world.oms.calls == []
    assert book.states(order["id"]) == ["unknown"]


@pytest.fixture
async def elsewhere(street):
    """Another Acme, and its base URL."""
    oms = AcmeOms()
    place = street.oms.add(oms.sandbox())
    yield oms, street.oms_url + place
    street.oms.remove(place)


@pytest.mark.parametrize("on_outage", ["fail", "queue"])
async def test_an_order_in_doubt_is_not_sent_to_where_its_space_leads_now(
    house, book, elsewhere, on_outage
):
    order, (other, other_url) = multi_order(), elsewhere
    await in_doubt(house, order, **({"on_outage": "queue"} if on_outage == "queue" else {}))
    moved = await house.open(by_hand=True)
    moved.oms_url = other_url
    space = moved.space(space_id="acme", on_outage=on_outage)
    assert await take_up(moved, order["id"]) == {"fail": "unknown", "queue": "queued"}[on_outage]
    assert other.calls == []
    assert book.alarms(order["id"]) == ["not_served"]
    if on_outage == "fail":
        error = error_of(await moved.post(space, order), 500, "connector_unavailable")
        assert "oms.base_url" in error["error"]
        assert other.calls == []
    await house.close(moved)
    # Back where it was, it is settled.
    world = await house.open(by_hand=True)
    world.space(space_id="acme", on_outage=on_outage)
    book.write("UPDATE orders SET next_attempt_at = 0")
    book.let_creates_age(600.0)
    assert (
        await take_up(world, order["id"]) == {"fail": "unavailable", "queue": "accepted"}[on_outage]
    )
    assert other.held == []


async def test_an_order_of_which_nothing_was_sent_goes_where_its_space_leads_now(
    house, book, elsewhere
):
    order, (other, other_url) = multi_order(), elsewhere
    first = await house.open(by_hand=True)
    first.space(space_id="acme")
    house.oms.key = "another"
    error_of(await first.post("acme", order), 500, "oms_unavailable")
    made_for = book.order(order["id"])["destination"]
    await house.close(first)
    world = await house.open(by_hand=True)
    world.oms_url = other_url
    world.space(space_id="acme")
    assert (await world.post("acme", order)).status_code == 200
    assert len(other.held) == 1
    assert book.order(order["id"])["destination"] not in (None, made_for)


@pytest.mark.parametrize("on_outage", ["fail", "queue"])
async def test_an_order_in_doubt_is_not_looked_for_in_another_oms(house, book, on_outage):
    order = multi_order()
    await in_doubt(house, order, **({"on_outage": "queue"} if on_outage == "queue" else {}))
    world = await house.open(by_hand=True)
    world.space(Renamed, space_id="acme", connector_name="bcme", on_outage=on_outage)
    assert await take_up(world, order["id"]) == {"fail": "unknown", "queue": "queued"}[on_outage]
    assert world.oms.calls == []
    assert book.alarms(order["id"]) == ["not_served"]
    assert book.states(order["id"]) == ["unknown"]


async def test_an_order_that_is_certainly_not_there_goes_to_the_other_oms(house, book):
    order = multi_order()
    first = await house.open(by_hand=True)
    first.space(space_id="acme")
    house.oms.key = "another"
    error_of(await first.post("acme", order), 500, "oms_unavailable")
    house.oms.key = first.oms_key
    await house.close(first)
    world = await house.open(by_hand=True)
    world.space(Renamed, space_id="acme", connector_name="bcme")
    assert (await world.post("acme", order)).status_code == 200
    assert world.oms.refs == [f"later-acme-{order['orders'][0]['id']}"]
    assert book.order(order["id"])["connector"] == "bcme"


class Narrower(msgspec.Struct, frozen=True, kw_only=True):
    amount: int


class NewPayload(Refusing):
    """A connector whose payload is another one than that of the version before."""

    Payload = Narrower

    def transform(self, order, context):
        return [
            msgspec.structs.replace(each, payload=Narrower(amount=1))
            for each in super().transform(order, context)
        ]


async def test_a_payload_that_a_new_version_can_not_read_is_not_sent(house, book, logged):
    order = multi_order()
    await in_doubt(house, order)
    world = await house.open(by_hand=True)
    world.space(NewPayload, space_id="acme")
    error = error_of(await world.post("acme", order), 500, "internal")
    assert [each["state"] for each in error["details"]["orders"]] == ["unknown"]
    assert await take_up(world, order["id"]) == "unknown"
    assert world.oms.calls == []
    assert any(line["event"] == "frozen payload not readable" for line in logged)
    assert AcmePayload is Refusing.Payload
