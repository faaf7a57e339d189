"""Calls that the sandbox handles, and the kit has a hand in: held up, changed, overheard, refused."""

import asyncio
import itertools
from collections.abc import Callable

from multiorder_sync.conformance.faults import Meets
from multiorder_sync.conformance.passage import Fault, Passage, Reply


class Gate:
    """Holds calls up until it is opened, and lets them through then, their clients gone or not."""

    def __init__(self) -> None:
        self._open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def fault(self, meets: Meets, *, times: int | None = 1) -> Fault:
        """Return the fault that holds calls up."""
        return Fault(meets, self._hold, times=times)

    def open(self) -> None:
        """Let through what is held up, and all that comes."""
        self._open = True
        for loop, event in self._waiting:
            loop.call_soon_threadsafe(event.set)

    async def _hold(self, passage: Passage) -> None:
        event = asyncio.Event()
        self._waiting.append((asyncio.get_running_loop(), event))
        if not self._open:
            await event.wait()
        await passage.let_through()


def changing(change: Callable[[Reply], bytes], meets: Meets, number: int = 0) -> Fault:
    """Return the fault that changes what the OMS answers to one of the calls, by its number."""
    numbers = itertools.count()

    async def act(passage: Passage) -> None:
        reply = await passage.handed_on()
        await passage.answer(reply.status, change(reply), headers=reply.headers)

    return Fault(lambda arrival: meets(arrival) and next(numbers) == number, act)


def overhearing(meets: Meets, hear: Callable[[Reply], None]) -> Fault:
    """Return the fault that is none: calls are let through, and what is answered is heard."""

    async def act(passage: Passage) -> None:
        reply = await passage.handed_on()
        hear(reply)
        await passage.answer(reply.status, reply.body, headers=reply.headers)

    return Fault(meets, act)


def delaying(seconds: float, meets: Meets) -> Fault:
    """Return the fault that lets calls through late."""

    async def act(passage: Passage) -> None:
        await asyncio.sleep(seconds)
        await passage.let_through()

    return Fault(meets, act)


async def ordering_refusal(passage: Passage, code: str, message: str) -> None:
    """Tell the sandbox to refuse the call, whatever it asks for."""
    fault = {"kind": "refuse", "operation": "*", "code": code, "message": message}
    await passage.order_fault(fault)


def refusing(
    code: str, message: str, meets: Meets, *, hear: Callable[[Reply], None] | None = None
) -> Fault:
    """Return the fault by which the OMS refuses, in its own words.

    Args:
        code: The code of the refusal.
        message: Its words.
        meets: Which calls are refused.
        hear: Is told what the OMS answers.
    """

    async def act(passage: Passage) -> None:
        await ordering_refusal(passage, code, message)
        reply = await passage.handed_on()
        if hear is not None:
            hear(reply)
        await passage.answer(reply.status, reply.body, headers=reply.headers)

    return Fault(meets, act)
