"""Nacelle: sends orders, repeats them, retries some of those that failed, and remembers it all."""

import asyncio
import itertools
import json
import random
import time

import httpx

from chaos.books import Call
from chaos.orders import Order
from chaos.plan import SECRETS
from multiorder_sync import Secret
from multiorder_sync.nacelle.signature import sign

_PATIENCE = 12.0
"""Seconds that Nacelle waits for an answer; no call takes half as long."""

_TRIES = 50
"""How often it is looked for a server that takes calls, ten times in a second."""

_CALLS = 30
_ORDERS = 90
"""How many of them are under way at most: more would only measure how busy the machine is."""

_SHOPPERS = 60


class Nacelle:
    """All that sends orders.

    Args:
        plan: Of the run.
        fleet: The servers.

    Attributes:
        orders: Those that were sent.
        calls: And every call for them.
        all_begun: Set when each order was sent once, at least.
    """

    def __init__(self, plan, fleet):
        self._plan = plan
        self._fleet = fleet
        self._rng = random.Random(plan.seed)
        self.orders = []
        self.calls = []
        self.all_begun = asyncio.Event()
        self._orders_under_way = asyncio.Semaphore(_ORDERS)
        self._calls_under_way = asyncio.Semaphore(_CALLS)
        limits = httpx.Limits(max_connections=400, max_keepalive_connections=100)
        self._http = httpx.AsyncClient(
            timeout=_PATIENCE, verify=False, trust_env=False, limits=limits
        )

    async def aclose(self):
        """Close the connections."""
        await self._http.aclose()

    async def send_all(self, enough):
        """Send the orders of the run, spread over its time, and more until it is enough.

        Args:
            enough: Set when no more than the run's orders are needed.
        """
        spaces = self._plan.spaces
        pause = self._plan.seconds / self._plan.orders
        until = time.monotonic() + self._plan.most_seconds
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                if number >= self._plan.orders and (enough.is_set() or time.monotonic() > until):
                    break
                order = Order(
                    spaces[number % len(spaces)],
                    f"c{self._plan.seed}-{number}",
                    size=self._rng.choices((1, 2, 3), (6, 3, 1))[0],
                    shopper=self._rng.randrange(_SHOPPERS),
                )
                await self._orders_under_way.acquire()
                self.orders.append(order)
                group.create_task(self._place(order, random.Random(order.key)))
                await asyncio.sleep(self._rng.expovariate(1 / pause))
            self.all_begun.set()

    async def ask_again(self, orders):
        """Send orders once more, as someone does who wants to know how they stand."""
        rng = random.Random(self._plan.seed)
        waiting = asyncio.Semaphore(20)

        async def again(order):
            async with waiting:
                await self._call(order, 1, order.rewritten(1, rng), rng)

        await asyncio.gather(*map(again, orders))

    async def _place(self, order, rng):
        try:
            await self._placed(order, rng)
        finally:
            self._orders_under_way.release()

    async def _placed(self, order, rng):
        """Bring one order to an end, or give it up, as orchestrations and their operators do."""
        at_once = rng.choices((1, 2, 3), (70, 22, 8))[0]
        variants = [1] * at_once
        if rng.random() < 0.02:
            variants.append(2)
        answers = await asyncio.gather(
            *(self._call(order, each, self._bytes(order, each, rng), rng) for each in variants)
        )
        variant = next((each.variant for each in answers if each.succeeded), 1)
        done = any(each.succeeded for each in answers)
        for _ in range(rng.choices((0, 1, 2, 4), (30, 20, 25, 25))[0]):
            if done:
                break
            await asyncio.sleep(rng.uniform(0.1, self._plan.patience))
            if rng.random() < 0.06:
                variant += 1
            body = self._bytes(order, variant, rng)
            done = (await self._call(order, variant, body, rng)).succeeded
        if done and rng.random() < 0.3:
            await asyncio.sleep(rng.uniform(0.0, self._plan.patience))
            if rng.random() < 0.15:
                variant += 1
            await self._call(order, variant, self._bytes(order, variant, rng), rng)

    def _bytes(self, order, variant, rng):
        return order.body(variant) if rng.random() < 0.6 else order.rewritten(variant, rng)

    async def _server(self, rng):
        """Return one that takes calls, as whoever balances the load does; any, if none comes up."""
        for _ in range(_TRIES):
            if self._fleet.taking:
                return rng.choice(self._fleet.taking)
            await asyncio.sleep(0.1)
        return rng.choice(self._fleet.servers)

    async def _call(self, order, variant, body, rng):
        async with self._calls_under_way:
            return await self._called(order, variant, body, rng)

    async def _called(self, order, variant, body, rng):
        request_id = f"{rng.getrandbits(128):032x}"
        server = await self._server(rng)
        headers = {
            "content-type": "application/json",
            "x-nacelle-signature-sha256": sign(body, Secret(rng.choice(SECRETS))),
            "traceparent": f"00-{request_id}-{rng.getrandbits(64):016x}-01",
        }
        hangs_up = rng.random() < 0.03
        timeout = rng.uniform(0.05, 1.0) if hangs_up else _PATIENCE
        url = f"{server.url}/spaces/{order.space.id}/sync/consume"
        known = {
            "order": order.key,
            "request_id": request_id,
            "server": server.name,
            "variant": variant,
            "deadline": server.deadline,
            "start": time.time(),
        }
        try:
            answer = await self._http.post(url, content=body, headers=headers, timeout=timeout)
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            call = Call(**known, end=time.time(), how="hung up")
        except httpx.TransportError:
            call = Call(**known, end=time.time(), how="broken")
        else:
            call = Call(**known, end=time.time(), **_read(answer, body))
        self.calls.append(call)
        return call


def _read(answer, body):
    """Return what an answer says."""
    if answer.status_code == 200:
        return {"status": 200, "whole": answer.content == b'{"order":' + body + b"}"}
    try:
        details = json.loads(answer.content)["error"]["details"]
        states = {each["oms_ref"]: each["state"] for each in details.get("orders", ())}
        return {"status": answer.status_code, "code": details["code"], "states": states}
    except (ValueError, LookupError, TypeError):
        return {"status": answer.status_code, "code": "not readable"}
