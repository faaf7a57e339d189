"""Single calls to a connector for one submission: bounded in time, kept on record."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, Literal, TypeVar

import msgspec
import structlog

from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.freezing import AnySubmission
from multiorder_sync.delivery.journal.records import AttemptRecord
from multiorder_sync.errors import (
    ConnectorFault,
    OmsBusy,
    OmsError,
    OutcomeUnknown,
    RefTaken,
    Refused,
    Unavailable,
    code_of,
    encodable,
)
from multiorder_sync.oms.connector import Connector
from multiorder_sync.oms.outbound import Attempt
from multiorder_sync.outcome import Receipt

T = TypeVar("T")

_MOST: Final = 50
"""How many calls are kept on record of one delivery: the last ones."""


_LEAST_SECONDS: Final = 2.0
_LEAST_PART: Final = 0.25
"""A create that has waited for its turn has at least this part of the whole time, or so many
seconds; with less it would only be left in doubt, by us and not by the OMS."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What the submissions of one order share on their way.

    Attributes:
        connector: That brings them to the OMS.
        deadline: Until when, in the time of `time.monotonic`.
        caller: Who asked for it: "nacelle", "redelivery", or the operator's name.
        log: Where to.
        discretion: Keeps the shopper out of it.
        late_commit_seconds: How long after a create not finding the order proves nothing; None:
            however long.
        claimed_at: When the order was taken in hand, by the journal's clock; None if that is of no
            matter.
        comes_again: Whether what is not settled now is taken up again by itself. Then no submission
            takes up the time of those behind it.
    """

    connector: Connector[Any, Any]
    deadline: float
    caller: str
    log: structlog.typing.FilteringBoundLogger
    discretion: Discretion
    late_commit_seconds: float | None = None
    claimed_at: datetime | None = None
    comes_again: bool = False


class Attempts:
    """The calls to the connector that are made for one submission.

    Args:
        way: What it shares with the order's others.
        submission: As it was frozen.
        log: Where to.

    Attributes:
        records: Of the calls that were made, the last ones.
        count: How many there were.
        sent: Whether a create of ours may have left us.
    """

    def __init__(
        self, way: Way, submission: AnySubmission, log: structlog.typing.FilteringBoundLogger
    ) -> None:
        self.records: list[AttemptRecord] = []
        self.count = 0
        self.sent = False
        self._way = way
        self._submission = submission
        self._log = log
        whole = max(0.0, way.deadline - monotonic())
        self._least_seconds = min(_LEAST_SECONDS, whole * _LEAST_PART)
        self._has_waited = False

    async def submit(self) -> Receipt:
        """Create the order, once.

        Raises:
            multiorder_sync.errors.OmsError: If it was not simply created.
        """
        return await self._recorded("submit", self._submit())

    async def find(self, *, in_doubt: bool) -> Receipt | None:
        """Look the order up; None if the OMS does not show it.

        Args:
            in_doubt: Whether a create of ours may have left. A look-up that is refused then says
                nothing about the order.

        Raises:
            multiorder_sync.errors.OmsError: If it could not be looked up, or is another's.
        """
        return await self._recorded("find", self._find(in_doubt=in_doubt))

    async def _submit(self) -> Receipt:
        receipt: object = await self._way.connector.submit(self._submission)
        if not isinstance(receipt, Receipt):
            raise TypeError(f"submit returned {type(receipt).__name__}, not a Receipt")
        return _sound(receipt)

    async def _find(self, *, in_doubt: bool) -> Receipt | None:
        try:
            receipt: object = await self._way.connector.find(self._submission)
        except Refused as error:
            if isinstance(error, RefTaken) or not in_doubt:
                raise
            raise Unavailable(str(error), oms_errors=error.oms_errors) from error
        if receipt is not None and not isinstance(receipt, Receipt):
            raise TypeError(f"find returned {type(receipt).__name__}, not a Receipt or None")
        return None if receipt is None else _sound(receipt)

    async def _recorded(self, action: Literal["submit", "find"], call: Coroutine[Any, Any, T]) -> T:
        """Await one call to the connector, and keep a record of it."""
        self.count += 1
        at, started = datetime.now(UTC), monotonic()
        result, answer = "cancelled", None
        try:
            received = await self._bounded(call)
        except OmsError as error:
            result, answer = code_of(error), self._said(error)
            raise
        else:
            result = "absent" if received is None else "accepted"
            return received
        finally:
            self.records.append(
                AttemptRecord(
                    ref=self._submission.ref,
                    at=at,
                    milliseconds=round((monotonic() - started) * 1000, 1),
                    action=action,
                    caller=self._way.caller,
                    result=result,
                    answer=answer,
                )
            )
            del self.records[:-_MOST]

    async def _bounded(self, call: Coroutine[Any, Any, T]) -> T:
        """Await one call to the connector, within its part of what is left of the deadline.

        It gets half of what is left, so that after a call that never returns there is time to
        find out what became of it.
        """
        left = self._way.deadline - monotonic()
        attempt = Attempt(
            monotonic() + left / 2, least_seconds=self._least_seconds, has_waited=self._has_waited
        )
        try:
            with attempt.active():
                async with asyncio.timeout(attempt.remaining()):
                    return await call
        except OmsError as error:
            self._has_waited = self._has_waited or isinstance(error, OmsBusy)
            raise
        except TimeoutError:
            reason = "The OMS did not answer in time."
            if attempt.may_have_created:
                raise OutcomeUnknown(reason) from None
            raise Unavailable(reason) from None
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may raise anything
            if is_cancelled(error):
                raise
            self._log.exception("connector failed")
            reason = f"The connector {self._way.connector.name} broke; the log says where."
            if attempt.may_have_created:
                raise OutcomeUnknown(reason) from error
            raise ConnectorFault(reason) from error
        finally:
            if attempt.may_have_created:
                self.sent = True

    def _said(self, failure: OmsError) -> str:
        """Return what there is to keep of a failure, the OMS's own words included."""
        words = [
            f"{each.code}: {each.text}" if each.code else each.text for each in failure.oms_errors
        ]
        return self._way.discretion.keep(encodable(" | ".join([str(failure), *words])))


def _sound(receipt: Receipt) -> Receipt:
    """Return a receipt that can be kept; a Struct takes values of any type from its maker.

    Raises:
        TypeError: If it is not what a receipt is.
    """
    try:
        sound = msgspec.convert(msgspec.structs.asdict(receipt), Receipt)
    except msgspec.ValidationError as error:
        raise TypeError(f"the receipt can't be kept: {error}") from error
    return msgspec.structs.replace(
        sound,
        oms_id=encodable(sound.oms_id),
        oms_ref=encodable(sound.oms_ref),
        status=None if sound.status is None else encodable(sound.status),
        warnings=tuple(map(encodable, sound.warnings)),
    )


def is_cancelled(error: BaseException) -> bool:
    """Tell whether the running task is cancelled, and not something within a connector."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and bool(task and task.cancelling())
