"""One delivery of an order at a time, within this process: other calls for it share its outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from multiorder_sync.errors import OutcomeUnknown, Overloaded

T = TypeVar("T")


class _Flight(Generic[T]):
    """A delivery under way."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.landed: asyncio.Future[T] = asyncio.get_running_loop().create_future()


class Flights(Generic[T]):
    """Lets a storm of calls for one order cost one delivery.

    Calls that other processes take are held apart by the journal.
    """

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def join(
        self, key: Hashable, content: str, deadline: float, take_off: Callable[[], Awaitable[T]]
    ) -> tuple[T, bool]:
        """Deliver the order, or wait for the outcome of the delivery that is under way.

        Args:
            key: Of the order.
            content: Its fingerprint. The outcome for other contents is not shared; it is waited
                for all the same.
            deadline: Until when to wait for another's, in the time of `time.monotonic`.
            take_off: Delivers the order.

        Returns:
            The outcome, and whether it is of this call's own delivery.

        Raises:
            Overloaded: The delivery under way did not end in time; nothing was sent for this call.
        """
        while True:
            flight = self._flights.get(key)
            if flight is None:
                return await self._fly(key, content, take_off), True
            try:
                async with asyncio.timeout(max(0.0, deadline - monotonic())):
                    outcome = await asyncio.shield(flight.landed)
            except TimeoutError:
                raise Overloaded("Another call for this very order is still under way.") from None
            except Exception:
                if flight.content == content:
                    raise
                continue
            if flight.content == content:
                return outcome, False

    async def _fly(self, key: Hashable, content: str, take_off: Callable[[], Awaitable[T]]) -> T:
        flight = self._flights[key] = _Flight[T](content)
        try:
            outcome = await take_off()
        except asyncio.CancelledError:
            self._land(flight, OutcomeUnknown("The server was stopped meanwhile."))
            raise
        except BaseException as error:
            self._land(flight, error)
            raise
        else:
            flight.landed.set_result(outcome)
            return outcome
        finally:
            del self._flights[key]

    def _land(self, flight: _Flight[T], error: BaseException) -> None:
        flight.landed.set_exception(error)
        flight.landed.exception()  # seen, also where nobody waits for it
