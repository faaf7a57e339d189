"""An OMS that does not answer is not called for every order, and no order is spent to find out."""

import asyncio
from collections import Counter

import pytest
from acme import Refusing, error_of, multi_order
from acme.house import until
from acme.world import acme_registry, acme_space

from multiorder_sync import Unavailable
from multiorder_sync.config import CircuitBreakerSettings, Config, ServerSettings

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def opened(house, connector=Refusing, *, probe_seconds=0.1, **settings):
    """Start a service whose circuits open after two failures."""
    breaker = CircuitBreakerSettings(failures=2, failing_seconds=0.0, probe_seconds=probe_seconds)
    spaces = {name: acme_space(name, house.oms_url, on_outage=name) for name in ("fail", "queue")}
    return await house.open(
        spaces=spaces, registry=acme_registry(connector), circuit_breaker=breaker, **settings
    )


async def out_of_reach(world):
    """Let the circuit of the OMS open; return the order that met it."""
    world.oms.fail("drop", "*", times=None)
    order = multi_order()
    error_of(await world.post("fail", order), 500, "outcome_unknown")
    await until(lambda: world.spaces["fail"].open_circuits)
    return order


async def test_orders_are_answered_at_once_and_the_oms_is_left_alone(house, book):
    world = await opened(house, probe_seconds=60)
    await out_of_reach(world)
    before = len(world.oms.calls)
    orders = [multi_order() for _ in range(5)]
    for order in orders:
        error = error_of(await world.post("fail", order), 500, "oms_unavailable")
        assert error["details"]["orders"][0]["state"] == "ready"
        assert (await world.post("queue", order)).status_code == 200
    assert len(world.oms.calls) == before
    assert Counter(row["state"] for row in book.rows("SELECT state FROM orders"))["queued"] == 5


async def test_orders_flow_again_without_one_being_spent_to_find_out(house, book):
    world = await opened(house)
    doubted = await out_of_reach(world)
    creates = world.oms.count("create")
    queued = [multi_order() for _ in range(3)]
    for order in queued:
        assert (await world.post("queue", order)).status_code == 200
    await asyncio.sleep(0.3)  # probes fail meanwhile, and they are no creates
    assert world.oms.count("create") == creates
    world.oms.faults.clear()
    for order in queued:
        await until(lambda order=order: book.state(order["id"]) == "accepted")
    assert world.spaces["fail"].open_circuits == ()
    assert (await world.post("fail", multi_order())).status_code == 200
    await until(lambda: book.state(doubted["id"]) in ("unavailable", "accepted"))
    assert len(set(world.oms.refs)) == len(world.oms.held)


async def test_an_outage_longer_than_the_ladder_is_alarmed_and_does_not_use_it_up(house, book):
    world = await opened(house, redelivery={"delays_seconds": (0.05, 0.05)})
    doubted = await out_of_reach(world)
    queued = multi_order()
    assert (await world.post("queue", queued)).status_code == 200
    for order in (queued, doubted):
        await until(lambda order=order: book.alarms(order["id"]))
    for order in (queued, doubted):  # it is looked at again and again, and alarms no more
        for _ in range(3):
            before = book.order(order["id"])["updated_at"]
            await until(
                lambda order=order, before=before: book.order(order["id"])["updated_at"] > before
            )
        assert book.alarms(order["id"]) == ["out_of_reach"]
    assert book.order(queued["id"])["state"] == "queued"
    assert book.order(doubted["id"])["state"] == "unknown"
    world.oms.faults.clear()
    await until(lambda: book.state(queued["id"]) == "accepted")
    await until(lambda: book.state(doubted["id"]) == "unavailable")


async def test_a_host_that_refuses_our_credentials_is_within_reach(house):
    world = await opened(house)
    await out_of_reach(world)
    world.oms.key = "another"
    world.oms.faults.clear()
    await until(lambda: not world.spaces["fail"].open_circuits)


async def test_a_check_that_breaks_leaves_it_to_the_next_order(house, logged):
    lost = asyncio.Event()

    class Unchecked(Refusing):
        async def check(self):
            await lost.wait()  # else each try of the order that is lost would meet a closed circuit
            raise RuntimeError("out of order")

    world = await opened(house, Unchecked)
    await out_of_reach(world)
    world.oms.faults.clear()
    lost.set()
    await until(lambda: not world.spaces["fail"].open_circuits)
    assert any(line["event"] == "connector's check failed" for line in logged)
    assert (await world.post("fail", multi_order())).status_code == 200


async def test_a_server_ends_in_the_midst_of_a_probe(house):
    class Slow(Refusing):
        probes = 0

        async def check(self):
            Slow.probes += 1
            await asyncio.sleep(60)

    world = await opened(house, Slow)
    await out_of_reach(world)
    await until(lambda: Slow.probes)
    await house.close(world)


async def test_a_configuration_that_is_taken_anew_begins_with_closed_circuits(house, book):
    world = await opened(house, probe_seconds=0.1)
    await out_of_reach(world)
    world.oms.faults.clear()
    config = Config(
        source="test",
        server=ServerSettings(port=0),
        spaces={"fail": acme_space("fail", house.oms_url)},
        circuit_breaker=CircuitBreakerSettings(failures=2, failing_seconds=0.0),
    )
    await world.service.reload(config, acme_registry())
    assert (await world.post("fail", multi_order())).status_code == 200


async def reloaded(house, world, connector=Refusing):
    config = Config(
        source="test",
        server=ServerSettings(port=0),
        spaces={"fail": acme_space("fail", house.oms_url)},
        circuit_breaker=CircuitBreakerSettings(failures=2, failing_seconds=0.0, probe_seconds=0.1),
    )
    await world.service.reload(config, acme_registry(connector))


async def flows_again(world):
    async with asyncio.timeout(60):
        while (await world.post("fail", multi_order())).status_code != 200:
            await asyncio.sleep(0.05)
    return True


async def test_a_host_that_is_lost_while_a_configuration_is_taken_anew_is_found_back(house):
    probing, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Refusing):
        async def check(self):
            probing.set()
            try:
                await asyncio.sleep(60)
            finally:  # it takes its time to end, too
                await go_on.wait()

    world = await opened(house, Slow)
    await out_of_reach(world)
    await asyncio.wait_for(probing.wait(), 60)
    before = world.spaces["fail"]
    reloading = asyncio.create_task(reloaded(house, world))
    await until(lambda: world.spaces.get("fail") not in (None, before))
    await out_of_reach(world)
    go_on.set()
    await reloading
    world.oms.faults.clear()
    assert await flows_again(world)


async def test_the_log_says_that_a_host_is_back_after_a_configuration_was_taken_anew(house, logged):
    def said():
        events = [line["event"] for line in logged]
        return [each for each in events if each in ("oms out of reach", "oms within reach again")]

    world = await opened(house, probe_seconds=60)
    await out_of_reach(world)
    await reloaded(house, world)
    await out_of_reach(world)
    assert said() == ["oms out of reach"]
    world.oms.faults.clear()
    assert await flows_again(world)
    assert said() == ["oms out of reach", "oms within reach again"]


async def test_a_probe_ends_with_the_last_space_of_its_host(house):
    class Counting(Refusing):
        probes = 0

        async def check(self):
            Counting.probes += 1
            raise Unavailable("Not yet.")

    world = await opened(house, Counting)
    await out_of_reach(world)
    await until(lambda: Counting.probes > 1)
    spaces = dict(world.spaces)
    world.spaces.clear()
    await asyncio.sleep(0.3)
    probes = Counting.probes
    world.spaces.update(spaces)
    await asyncio.sleep(0.3)
    assert Counting.probes == probes


async def test_a_space_whose_check_fails_elsewhere_keeps_no_other_from_its_host(house):
    class Ailing(Refusing):
        """The first that is probed has its tokens from another host, which is gone for good."""

        ailing = None

        async def check(self):
            Ailing.ailing = Ailing.ailing or self
            if self is Ailing.ailing:
                raise Unavailable("The token host is gone.")
            await super().check()

    world = await opened(house, Ailing)
    await out_of_reach(world)
    assert (await world.post("queue", multi_order())).status_code == 200
    assert all(world.spaces[name].open_circuits for name in ("fail", "queue"))
    await until(lambda: Ailing.ailing)
    world.oms.faults.clear()
    assert await flows_again(world)
