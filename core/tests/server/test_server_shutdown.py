"""Stopping the server with calls under way."""

import asyncio
import time

import pytest
from acme import AcmeOms, Raw, error_of, multi_order, serving_world
from acme.world import World, started_service

from multiorder_sync.config import ServerSettings
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import bind, serving


async def stopping_with_a_call(tmp_path, *, grace, latency):
    """Stop a server while it works on a call; return the raw answer, Acme, and the seconds."""
    oms = AcmeOms()
    settings = ServerSettings(port=0, shutdown_grace_seconds=grace)
    async with serving_sandbox(oms.sandbox()) as oms_url:
        service = started_service(settings, tmp_path)
        async with serving(create_app(service, settings), settings) as url:
            world = World(url, oms, oms_url, None, service)
            space = world.space(deadline_seconds=120)
            oms.fail("latency", seconds=latency)
            connection = await Raw.connect(url)
            await connection.send(world.request(space, multi_order()))
            async with asyncio.timeout(10):
                while not oms.calls:
                    await asyncio.sleep(0.005)
            started = time.monotonic()
        seconds = time.monotonic() - started
        async with connection:
            return await connection.answer(), oms, seconds


async def test_a_call_under_way_is_finished(tmp_path):
    answer, oms, _ = await stopping_with_a_call(tmp_path, grace=30, latency=0.3)
    assert answer.status == 200
    assert answer.headers["connection"] == "close"
    assert len(oms.held) == 1


async def test_less_than_a_second_of_grace_is_not_none(tmp_path):
    answer, oms, _ = await stopping_with_a_call(tmp_path, grace=0.5, latency=0.1)
    assert answer.status == 200
    assert len(oms.held) == 1


async def test_a_call_that_takes_longer_than_the_grace_is_told_so_and_logged(tmp_path, logged):
    answer, oms, seconds = await stopping_with_a_call(tmp_path, grace=0, latency=100)
    assert seconds < 50
    assert (answer.status, answer.details["code"]) == (500, "outcome_unknown")
    assert answer.headers["x-request-id"] == answer.details["request_id"]
    lines = [line for line in logged if line["event"] == "order"]
    assert [(line["status"], line["code"]) for line in lines] == [(500, "outcome_unknown")]
    assert lines[0]["order"].startswith("mo-")
    assert oms.held == []


async def test_nothing_is_left_behind():
    before = asyncio.all_tasks()
    async with serving_world() as world:
        space = world.space()
        async with await Raw.connect(world.url) as connection:
            await connection.send(world.request(space, multi_order()))
            assert (await connection.answer()).status == 200
        async with await Raw.connect(world.url) as connection:
            await connection.send(b"nonsense\r\n\r\n")
            assert (await connection.answer()).status == 400
        error_of(await world.post("unknown", multi_order()), 401, "unauthenticated")
    async with asyncio.timeout(30):
        while asyncio.all_tasks() != before:
            await asyncio.sleep(0.01)


async def test_a_taken_port_is_told_before_anything_is_started():
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    try:
        with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
            bind("127.0.0.1", port)
    finally:
        listener.close()


async def test_a_path_that_a_proxy_adds_is_known():
    async with serving_world(root_path="/shop") as world:
        space = world.space()
        assert (await world.post(space, multi_order())).status_code == 200
