"""What a process does beside orders."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from acme import World, multi_order, serving_world
from sqlalchemy import text

pytestmark = pytest.mark.asyncio


async def emptied(world: World):
    def ask():
        with world.service.journal.engine.connect() as connection:
            return connection.execute(
                text("SELECT received IS NULL FROM orders ORDER BY id")
            ).scalars().all()  # fmt: skip

    async with asyncio.timeout(60):
        while not any(await asyncio.to_thread(ask)):
            await asyncio.sleep(0.05)
    return [bool(each) for each in await asyncio.to_thread(ask)]


async def test_a_server_empties_by_itself_what_is_past_its_retention():
    async with serving_world() as world:
        space = world.space()
        for _ in range(2):
            assert (await world.post(space, multi_order())).status_code == 200
        long_ago = (datetime.now(UTC) - timedelta(days=91)).timestamp()

        def age():
            with world.service.journal.engine.begin() as connection:
                connection.execute(
                    text("UPDATE orders SET updated_at = :at WHERE id = 1"), {"at": long_ago}
                )

        await asyncio.to_thread(age)
        world.service._upkeep._purged_at = float("-inf")  # a day has passed
        assert await emptied(world) == [True, False]
        order = multi_order()
        assert (await world.post(space, order)).status_code == 200
        assert (await world.post(space, order)).status_code == 200
        await world.reset()
