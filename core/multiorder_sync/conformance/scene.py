"""One scene: the connector set up, and its methods called as delivery calls them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import msgspec

from multiorder_sync.conformance.door import Door
from multiorder_sync.conformance.marking import MarkingClient
from multiorder_sync.conformance.passage import Fault
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.standards import Nonconforming
from multiorder_sync.conformance.subject import AnyConnector, Subject, secrets_in
from multiorder_sync.errors import OmsError, Unavailable
from multiorder_sync.oms.outbound import Attempt, Limiter, Limits
from multiorder_sync.outcome import Receipt

T = TypeVar("T")

FAIR_SECONDS: Final = 10.0
"""The deadline of a call that is expected to be answered, on whatever machine."""
_SHORT_SECONDS: Final = (0.25, 1.0, 4.0)
"""The deadlines of a call that is not, the longer ones for a machine that is busy."""
_LATE_SECONDS: Final = 3.0
"""How long after its deadline a call may end: the machine may have stood still meanwhile."""
_PAUSE_SECONDS: Final = 0.05


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How one call of a connector's method ended.

    Attributes:
        value: What it returned.
        error: What it raised.
    """

    value: Any = None
    error: BaseException | None = None

    @property
    def receipt(self) -> Receipt | None:
        """The receipt, if it returned one."""
        return self.value if isinstance(self.value, Receipt) else None

    @property
    def absent(self) -> bool:
        """Whether it is a find that says that there is no such order."""
        return self.error is None and self.value is None

    @property
    def classified(self) -> bool:
        """Whether it raised an error of the contract's, or none."""
        return self.error is None or isinstance(self.error, OmsError)

    def __str__(self) -> str:
        if self.error is not None:
            return f"raised {type(self.error).__name__} ({str(self.error)[:200]})"
        if self.receipt is not None:
            return f"returned a receipt ({'created' if self.receipt.created else 'found'})"
        return f"returned {self.value!r:.60}"


def lag_of(found: Ended) -> str:
    """Name another cause, to follow what is said of an order that is there and that find does not see."""
    if not found.absent:
        return ""
    return (
        "; if it is because the OMS's look-ups show an order late, say by how much with "
        "find_lag_seconds in the suite"
    )


class Scene:
    """A connector with a client of its own, in the running event loop.

    Args:
        subject: What is put to the test.
        settings: The connector's.
        door: The sandbox's door.
        in_house: Awaits something in the sandbox's event loop.
        hear: Is told how each call ended.
        tries: How often the client sends a call that creates nothing.
        find_lag_seconds: For how long the OMS may not show an order that it holds.

    Attributes:
        door: As given.
        http: The connector's client.
        connector: The connector, which submits.
        finder: Another one, which finds: after a restart, nothing that submit kept in memory is left.
    """

    def __init__(  # noqa: PLR0913 - what a scene is made of, by keyword where it is not plain
        self,
        subject: Subject,
        settings: Any,
        door: Door,
        in_house: Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]],
        *,
        hear: Callable[[Any, BaseException | None], None],
        tries: int,
        find_lag_seconds: float = 0.0,
    ) -> None:
        self.door = door
        self._find_lag_seconds = find_lag_seconds
        self.http = MarkingClient(
            secrets=secrets_in(settings),
            limiter=Limiter(64),
            limits=Limits(tries=tries),
            verify_tls=False,  # no sandbox speaks TLS, and loading certificates takes its time
        )
        self._in_house = in_house
        self._hear = hear
        try:
            self.connector: AnyConnector = subject.connector(settings, self.http)
            self.finder: AnyConnector = subject.connector(settings, self.http)
        except (Exception, SystemExit) as error:
            raise Nonconforming(
                f"the connector can't be set up: {type(error).__name__}: {error}"
            ) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connectors and their client."""
        await self.connector.aclose()
        await self.finder.aclose()
        await self.http.aclose()

    async def submit(self, submission: AnySubmission, seconds: float = FAIR_SECONDS) -> Ended:
        """Call `submit`, with a deadline."""
        return await self._ended(self.connector.submit(submission), seconds)

    async def find(
        self, submission: AnySubmission, seconds: float = FAIR_SECONDS, *, once: bool = False
    ) -> Ended:
        """Call `find` of the connector that did not submit, with a deadline.

        Where the OMS shows its orders late, it is called again as long as it sees none of them.

        Args:
            submission: The order.
            seconds: The deadline.
            once: Whether it is called once in any case.
        """
        ended = await self._ended(self.finder.find(submission), seconds)
        if once or not self._find_lag_seconds:
            return ended
        until = monotonic() + self._find_lag_seconds
        while ended.absent and monotonic() < until and await self.orders():
            await asyncio.sleep(_PAUSE_SECONDS)
            ended = await self._ended(self.finder.find(submission), seconds)
        return ended

    async def check(self, seconds: float = FAIR_SECONDS) -> Ended:
        """Call `check`, with a deadline."""
        return await self._ended(self.connector.check(), seconds)

    async def unanswered(self, call: Callable[[float], Awaitable[Ended]], hanging: Fault) -> Ended:
        """Make a call that hangs, with a deadline that is short and yet lets it get that far.

        Args:
            call: Makes the call with a deadline.
            hanging: What it is to hang at.
        """
        for seconds in _SHORT_SECONDS[:-1]:
            ended = await call(seconds)
            if hanging.met or not isinstance(ended.error, Unavailable):
                return ended
        return await call(_SHORT_SECONDS[-1])

    async def orders(self) -> list[Any]:
        """Return the orders that the sandbox holds."""
        found: list[Any] = await self._in_house(self.door.orders())
        return found

    async def begin_anew(self, *faults: Fault) -> None:
        """Let the sandbox forget every order, call and fault, and set others."""
        counting = self.door.counting
        await self._in_house(self.door.reset())
        self.door.counting = counting
        self.door.faults = list(faults)

    async def issued_tokens(self) -> int:
        """Return how many tokens the sandbox has issued."""
        found: int = await self._in_house(self.door.issued_tokens())
        return found

    async def order_fault(self, fault: dict[str, Any]) -> None:
        """Set one of the sandbox's own faults."""
        await self._in_house(self.door.ask("POST", "/_sandbox/faults", msgspec.json.encode(fault)))

    def own_tasks(self) -> list[str]:
        """Return the tasks under way that are neither the kit's nor the client's."""
        known = {asyncio.current_task(), *self.http.background}
        return [repr(task.get_coro()) for task in asyncio.all_tasks() - known if not task.done()]

    async def until(self, condition: Callable[[], bool], seconds: float = FAIR_SECONDS) -> None:
        """Wait until something is so.

        Raises:
            Nonconforming: It is not so within that time.
        """
        try:
            async with asyncio.timeout(seconds):
                while not condition():  # noqa: ASYNC110 - what is waited for is not ours to signal
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise Nonconforming(
                f"the call that the check waits for did not come within {seconds:g} seconds",
                mend="make sure first that each create is marked with creates=True, and that submit "
                "makes it (test_every_create_is_marked)",
            ) from None

    async def _ended(self, call: Coroutine[Any, Any, Any], seconds: float) -> Ended:
        try:
            with Attempt(deadline=monotonic() + seconds).active():
                async with asyncio.timeout(seconds + _LATE_SECONDS):
                    ended = Ended(value=await call)
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            ended = Ended(error=error)
        self._hear(ended.value, ended.error)
        return ended
