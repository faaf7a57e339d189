"""The hooks of merchants' own packages, called so that none can hold up or break another's order."""

import asyncio
import copy
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Final

import structlog

from multiorder_sync.errors import HookFailed, Vetoed
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.oms.adjusting import WrongAdjustment, adjusted, copied, veto_reason
from multiorder_sync.oms.connector import Context
from multiorder_sync.oms.hook_thread import Answered, HookThread
from multiorder_sync.oms.hookspecs import HOOK_SECONDS, Settlement
from multiorder_sync.oms.listening import Listener
from multiorder_sync.oms.registry import InstalledHooks
from multiorder_sync.oms.turns import TurnedAway, Turns
from multiorder_sync.outcome import Submission

ADJUST: Final = "multiorder_adjust_submission"
VETO: Final = "multiorder_veto"
SETTLED: Final = "multiorder_order_settled"
ORDER_HOOKS: Final = (ADJUST, VETO, SETTLED)

_BUSY: Final = "it was busy with other orders"


class OrderHooks:
    """What merchants' own packages have to say of orders.

    Args:
        installed: The packages, in the order in which they are asked.
    """

    def __init__(self, installed: Sequence[InstalledHooks] = ()) -> None:
        self._packages = [_Package(each) for each in installed if {ADJUST, VETO} & set(each.hooks)]
        self._listeners = [Listener(each, SETTLED) for each in installed if SETTLED in each.hooks]

    async def before_freezing(
        self,
        submissions: Sequence[Submission[Any]],
        multi_order: MultiOrder,
        context: Context,
        *,
        reserved: Mapping[str, str],
        deadline: float,
    ) -> tuple[Submission[Any], ...]:
        """Return the submissions as the packages would have them.

        Args:
            submissions: What the connector made.
            multi_order: The order.
            context: What hooks may know beside it.
            reserved: The connector's places that no one may change, and why.
            deadline: Until when to wait for the packages, in the time of `time.monotonic`.

        Raises:
            Vetoed: If one does not let the order through.
            HookFailed: If one fails.
        """
        # Each package has its own copy of the order: what it does to it, it does to no one else.
        turns = [
            _Turn(each, copy.deepcopy(multi_order), context, deadline) for each in self._packages
        ]
        made = list(submissions)
        for turn in turns:
            made = [await turn.adjust(each, reserved) for each in made]
        for turn in turns:
            for each in made:
                await turn.ask_for_veto(each)
        return tuple(made)

    def settled(self, settlement: Settlement) -> None:
        """Tell the packages what became of an order; nobody waits for them."""
        for listener in self._listeners:
            listener.tell(settlement)

    @property
    def hear_of_settlements(self) -> bool:
        """Whether anyone does."""
        return bool(self._listeners)

    def close(self) -> None:
        """Let the threads end."""
        for package in self._packages:
            package.close()
        for listener in self._listeners:
            listener.close()


class _Package:
    """One package that is asked before an order is sent."""

    def __init__(self, installed: InstalledHooks) -> None:
        self.installed = installed
        self._thread = HookThread(f"hooks-{installed.distribution}")
        self._turns = Turns()
        self._log = structlog.get_logger()

    async def turn(self, deadline: float) -> None:
        """Wait until it is done with other orders; `call` comes next.

        Args:
            deadline: Until when to wait, in the time of `time.monotonic`.

        Raises:
            TimeoutError: If it is not by then.
            TurnedAway: If it hangs over another one.
        """
        await self._turns.take(deadline)

    def call(self, call: Callable[[], Any]) -> "asyncio.Future[Answered]":
        """Begin a call; the turn lasts as long as it runs, also when nobody waits for it any more."""
        try:
            running = self._thread.run(call)
        except BaseException:
            self._turns.give_back()
            raise
        overdue = asyncio.get_running_loop().call_later(HOOK_SECONDS, self._turns.stuck)

        def over(_: object) -> None:
            overdue.cancel()
            self._turns.give_back()

        running.add_done_callback(over)
        return running

    def close(self) -> None:
        """Let its thread end."""
        self._thread.close()

    def failed(self, name: str, reason: str, error: BaseException | None = None) -> HookFailed:
        """Report that a hook failed, and return the error for it."""
        self._log.error(
            "hook failed",
            hook=name,
            distribution=self.installed.distribution,
            version=self.installed.version,
            reason=reason,
            **({} if error is None else {"exc_info": error}),
        )
        package = f"{self.installed.distribution} {self.installed.version}"
        return HookFailed(f"The order was not sent: {name} of {package} failed: {reason}.")


class _Turn:
    """One package's turn at one order, for which its calls may run `HOOK_SECONDS` in all.

    Args:
        package: The package.
        multi_order: Its copy of the order.
        context: What it may know beside it.
        deadline: Until when the caller waits at all.
    """

    def __init__(
        self, package: _Package, multi_order: MultiOrder, context: Context, deadline: float
    ) -> None:
        self._package = package
        self._order = multi_order
        self._context = context
        self._deadline = deadline
        self._left = HOOK_SECONDS

    async def adjust(
        self, submission: Submission[Any], reserved: Mapping[str, str]
    ) -> Submission[Any]:
        """Return the submission as the package would have it."""
        if ADJUST not in self._package.installed.hooks:
            return submission
        answer = await self._ask(ADJUST, submission)
        if answer is None:
            return submission
        try:
            return adjusted(submission, answer, reserved)
        except WrongAdjustment as wrong:
            raise self._package.failed(ADJUST, str(wrong)) from wrong

    async def ask_for_veto(self, submission: Submission[Any]) -> None:
        """Raise `Vetoed` if the package does not let the submission through."""
        if VETO not in self._package.installed.hooks:
            return
        reason = await self._ask(VETO, submission)
        if reason is None:
            return
        if not isinstance(reason, str) or not reason.strip():
            wrong = f"it answered {type(reason).__name__}, not a sentence"
            raise self._package.failed(VETO, wrong)
        raise Vetoed(f"{veto_reason(reason)} ({self._package.installed.distribution})")

    async def _ask(self, name: str, submission: Submission[Any]) -> Any:
        """Call a hook and return its answer.

        Raises:
            HookFailed: If it raised, did not answer in time, or had no turn for this order.
        """
        package, asked = self._package, monotonic()
        if min(self._left, self._deadline - asked) <= 0:
            raise package.failed(name, f"there was no time left of {self._limit(asked)}")
        hook, context, given = package.installed.hooks[name], self._context, copied(submission)
        try:
            await package.turn(self._deadline)
        except TurnedAway:
            raise package.failed(name, "an earlier call of it hangs still") from None
        except TimeoutError:
            raise package.failed(name, f"{_BUSY} until the call's deadline") from None
        # Its time begins here: that others had their turn before is not this order's doing.
        begun = monotonic()
        running = package.call(
            lambda: hook(submission=given, multi_order=self._order, context=context)
        )
        try:
            async with asyncio.timeout(min(self._left, self._deadline - begun)):
                answer, error = await asyncio.shield(running)
        except TimeoutError:
            reason = f"it did not answer within {self._limit(begun)}"
            if self._deadline - begun < self._left <= self._deadline - asked:
                reason = f"{_BUSY}, and did not answer within what was left of the call's deadline"
            raise package.failed(name, reason) from None
        self._left -= monotonic() - begun
        if error is not None:
            raise package.failed(name, "it raised an error; the log says where", error)
        return answer

    def _limit(self, now: float) -> str:
        if self._deadline - now < self._left:
            return "the call's deadline"
        return f"the {HOOK_SECONDS:g} seconds that it has for an order"
