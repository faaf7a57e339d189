"""The OMSs: a process with both sandboxes, and what they say when all is over.

`python -m chaos.oms` prints their addresses and serves until its standard input ends.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import httpx

from chaos.books import Create, Held
from multiorder_fluentcommerce.sandbox import create_sandbox as fluent_sandbox
from multiorder_manhattan.sandbox import create_sandbox as manhattan_sandbox
from multiorder_sync.sandbox import serving

NAMES = ("fluentcommerce", "manhattan")

ANY = "*"
"""What a fault names that meets every operation."""

OPERATIONS = {
    "fluentcommerce": {
        "token": ("token",),
        "create": ("createOrder",),
        "find": ("order",),
        "other": ("customer", "createCustomer", "me"),
    },
    "manhattan": {"token": ("token",), "create": ("save",), "find": ("search",), "other": (ANY,)},
}
"""What a sandbox calls its operations."""


class Oms:
    """Both sandboxes, in a process of their own.

    Args:
        folder: For the log.

    Attributes:
        urls: Connector name to base URL.
    """

    def __init__(self, folder):
        with (Path(folder) / "oms.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chaos.oms"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": python_path()},
                start_new_session=True,
            )
        self.urls = json.loads(self._process.stdout.readline())
        self._http = httpx.AsyncClient(timeout=30, verify=False, trust_env=False)

    async def aclose(self):
        """End the process."""
        await self._http.aclose()
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    async def accept_duplicates(self):
        """Make an order of every create."""
        for url in self.urls.values():
            answer = await self._http.post(
                f"{url}/_sandbox/settings", json={"accept_duplicates": True}
            )
            answer.raise_for_status()

    async def fault(self, name, **fault):
        """Set a fault."""
        answer = await self._http.post(f"{self.urls[name]}/_sandbox/faults", json=fault)
        answer.raise_for_status()

    async def faults(self, name):
        """Return the faults that are set on one sandbox, with how many calls they still meet."""
        return (await self._http.get(f"{self.urls[name]}/_sandbox/faults")).json()["faults"]

    async def clear(self, name):
        """Take all faults of one sandbox away."""
        (await self._http.delete(f"{self.urls[name]}/_sandbox/faults")).raise_for_status()

    async def creates(self):
        """Return every call that was to create an order."""
        found = []
        for url in self.urls.values():
            for call in (await self._http.get(f"{url}/_sandbox/calls")).json()["calls"]:
                effect = call["took_effect_at"]
                found.append(
                    Create(
                        ref=call["ref"],
                        arrived=_seconds(call["arrived_at"]),
                        took_effect=effect and _seconds(effect),
                    )
                )
        return tuple(found)

    async def held(self):
        """Return every order that there is."""
        listed = {
            name: (await self._http.get(f"{url}/_sandbox/orders")).json()["orders"]
            for name, url in self.urls.items()
        }
        return (
            *map(_fluent_order, listed["fluentcommerce"]),
            *map(_manhattan_order, listed["manhattan"]),
        )


def python_path():
    """Return where a process of ours looks for modules, this package's folder before the others."""
    return os.pathsep.join(
        (str(Path(__file__).parents[1]), *filter(None, [os.getenv("PYTHONPATH")]))
    )


def _fluent_order(order):
    items = order["items"]
    return Held(
        oms="fluentcommerce",
        ref=order["ref"],
        oms_id=order["id"],
        variant=items[0]["quantity"],
        lines=len(items),
    )


def _manhattan_order(order):
    lines = order["order"]["OrderLine"]
    return Held(
        oms="manhattan",
        ref=order["OrderId"],
        oms_id=order["id"],
        variant=int(lines[0]["Quantity"]),
        lines=len(lines),
    )


def _seconds(text):
    return datetime.fromisoformat(text).timestamp()


async def _serve():
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        sandboxes = zip(NAMES, (fluent_sandbox(), manhattan_sandbox()), strict=True)
        urls = {name: await stack.enter_async_context(serving(each)) for name, each in sandboxes}
        print(json.dumps(urls), flush=True)  # noqa: T201 - whoever started it reads that
        await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(_serve())
