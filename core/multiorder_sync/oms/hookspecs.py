"""What a plugin package can tell core, as pluggy hooks.

A package registers a module or object with these hooks through the entry-point group
`multiorder_sync`. The first two are called when the configuration is loaded. The others have a say
in each order: they are for a merchant's own small package, and hold for all spaces of an
installation, whose ids they are given.

The hooks of orders are synchronous. Each package's run one after the other on a thread of its own,
what it hears of settlements on another one. For one order they may run `HOOK_SECONDS` in all, or
what is left of the call's deadline; how long an order waits for its turn, while the package is busy
with others, counts against that deadline alone. One that raises, answers what it may not, does not
answer in time or has no turn until the deadline is reported in the log with its distribution and
version; what becomes of the order then is said at each hook. A call that runs for longer than
`HOOK_SECONDS` hangs: until it ends, the calls of that package fail at once. What hooks are given are
copies: only what they return has an effect.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import pluggy

from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.oms.connector import Connector, Context
from multiorder_sync.outcome import Submission, SubmissionResult

PROJECT: Final = "multiorder_sync"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

HOOK_SECONDS: Final = 2.0
"""How long a package's hooks may run for one order."""


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order, for now or for good.

    Attributes:
        space: Nacelle's space id.
        order: The multi-order's key within its space.
        connector: The connector that has it.
        state: `"accepted"`, `"refused"`, `"unavailable"`, `"unknown"`, `"partial"`, `"queued"` or
            `"dead"`.
        results: Of its submissions, with receipts and errors; empty if it never came to that.
        told_status: The HTTP status that Nacelle is answered; None if nobody waits for an answer.
        at: When, aware, UTC.
    """

    space: str
    order: str
    connector: str
    state: str
    results: tuple[SubmissionResult, ...]
    told_status: int | None
    at: datetime


class HookSpecs:
    """The hooks, with what each is given and what it returns."""

    @hookspec
    def multiorder_connectors(self) -> Sequence[type[Connector[Any, Any]]]:  # type: ignore[empty-body]  # a specification has no body
        """Return the connector classes that this package brings.

        Example:
            from multiorder_sync import hookimpl
            from multiorder_acme.connector import AcmeConnector

            @hookimpl
            def multiorder_connectors():
                return [AcmeConnector]
        """

    @hookspec
    def multiorder_sandboxes(self) -> Mapping[str, str]:  # type: ignore[empty-body]  # a specification has no body
        """Return, for each connector with a local stand-in of its OMS, where that is.

        Returns:
            Connector name to `"module:attribute"`; the attribute is called without arguments and
            returns a `multiorder_sync.sandbox.Sandbox`. It is imported only when it is run, so
            that what it needs can be an extra of the package.

        Example:
            from multiorder_sync import hookimpl

            @hookimpl
            def multiorder_sandboxes():
                return {"acme": "multiorder_acme.sandbox:create_sandbox"}
        """

    @hookspec
    def multiorder_adjust_submission(
        self, submission: Submission[Any], multi_order: MultiOrder, context: Context
    ) -> Submission[Any] | None:
        """Adjust what is sent, right before it is frozen; the space's mappings are in it already.

        If it fails, the order is not sent unadjusted: it is answered with 500 `hook_failed`, or
        queued where the space says so.

        Args:
            submission: What the connector made; `msgspec.structs.replace` makes a changed copy.
            multi_order: The order as it was received.
            context: The space, and when the order was received.

        Returns:
            The submission with another payload or further notes; None to leave it as it is. Its
            ref, orders and fingerprint stay, and the connector's reserved places: the order is
            found again by them.

        Example:
            import msgspec
            from multiorder_sync import hookimpl

            @hookimpl
            def multiorder_adjust_submission(submission, context):
                if context.space != "acme":
                    return None
                notes = (*submission.notes, "checked by acme-rules")
                return msgspec.structs.replace(submission, notes=notes)
        """

    @hookspec
    def multiorder_veto(
        self, submission: Submission[Any], multi_order: MultiOrder, context: Context
    ) -> str | None:
        """Keep an order from being sent, with a reason; all adjustments are in it already.

        If it fails, the order is not sent: it is answered with 500 `hook_failed`, or queued where
        the space says so.

        Args:
            submission: What is about to be sent.
            multi_order: The order as it was received.
            context: The space, and when the order was received.

        Returns:
            One sentence that says why not, with which Nacelle is answered 422 `vetoed`; None to
            let it through. No part of a multi-order is sent if one of its submissions is vetoed.

        Example:
            from multiorder_sync import hookimpl

            @hookimpl
            def multiorder_veto(multi_order):
                if any(order.comment == "TEST" for order in multi_order.orders):
                    return "Test orders are not shipped."
                return None
        """

    @hookspec
    def multiorder_order_settled(self, settlement: Settlement) -> None:
        """Hear what became of an order, each time that it was carried as far as it goes.

        It is called after the fact, in the background; it can come more than once for an order,
        and if the process dies it does not come. Failing changes nothing for the order.

        Args:
            settlement: What became of it.

        Example:
            from multiorder_sync import hookimpl

            @hookimpl
            def multiorder_order_settled(settlement):
                if settlement.state == "accepted":
                    print(f"{settlement.order} is in {settlement.connector}")
        """
