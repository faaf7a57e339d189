"""Alarms: a person must look at an order. In the log, in the metrics and, if set, by a webhook."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import msgspec
import structlog

from multiorder_sync.config import AlarmSettings
from multiorder_sync.delivery.journal.due_alarms import DueAlarm
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.records import AlarmKind
from multiorder_sync.errors import MultiOrderError
from multiorder_sync.metrics import Metrics
from multiorder_sync.nacelle.signature import sign
from multiorder_sync.oms.outbound import Attempt, Call, OutboundClient

SENTENCES: Final = {
    AlarmKind.PARTIAL: "Some orders of the multi-order are in the OMS and the rest are not.",
    AlarmKind.DEAD: "The order was given up: it could not be settled in all the time there was.",
    AlarmKind.INVALID: "A signed call brought something that is no multi-order; it is kept.",
    AlarmKind.REFUSED_AFTER_QUEUED: "The OMS does not take an order that Nacelle was told is safe.",
    AlarmKind.ACCEPTED_AFTER_FAILURE: (
        "The order is in the OMS although Nacelle was not told so; someone may be refunding it."
    ),
    AlarmKind.NOT_SERVED: (
        "The order waits for a space that is not configured, whose connector is broken, or that leads "
        "to another OMS now."
    ),
    AlarmKind.OUT_OF_REACH: (
        "The order has waited for its OMS, which is out of reach, longer than it is tried otherwise."
    ),
    AlarmKind.UNREADABLE: (
        "The order can't be settled: its record is damaged, or encrypted with a key that is missing."
    ),
}

_SIGNATURE: Final = "x-multiorder-signature-sha256"
_DELAYS: Final = (10.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 43200.0)


_SECONDS: Final = 15.0
"""How long the webhook may take; far less than the claim of an alarm holds."""


class Alarms:
    """Raises alarms.

    Args:
        settings: Where they go beside the log.
        metrics: Counts them.
        delays: How long to wait before each further try of the webhook, in seconds.
    """

    def __init__(
        self, settings: AlarmSettings, metrics: Metrics, *, delays: Sequence[float] = _DELAYS
    ) -> None:
        self._settings = settings
        self._delays = delays
        self._metrics = metrics
        self._log = structlog.get_logger()
        self._http = _client(settings)

    def raised(
        self, kind: AlarmKind, *, space: str, order: str, multi_order: str | None = None
    ) -> None:
        """Say that an alarm was raised; the webhook has its own turn.

        Args:
            kind: Of the alarm.
            space: Nacelle's space id.
            order: The key of the order's record, by which an operator finds it.
            multi_order: The id that came, where the record goes by another name.
        """
        self._metrics.alarm(kind.value, space)
        came_as = {} if multi_order is None else {"multi_order": multi_order}
        self._log.error(
            "alarm", kind=kind.value, space=space, order=order, **came_as, reason=SENTENCES[kind]
        )

    async def deliver(self, journal: Journal) -> None:
        """Deliver the alarms whose turn it is.

        Raises:
            JournalUnavailable: If the journal can't be read or written.
        """
        if self._settings.webhook_url is None:
            return
        # All at once: each is done long before its claim ends and another process takes it.
        found = await journal.claim_alarms(most=10)
        delivering = (self._deliver(journal, due) for due in found)
        for failure in await asyncio.gather(*delivering, return_exceptions=True):
            if failure is not None:
                raise failure

    async def _deliver(self, journal: Journal, due: DueAlarm) -> None:
        arrived = await self._arrived(due)
        given_up = not arrived and due.tries >= len(self._delays)
        again = None if arrived or given_up else self._delays[due.tries]
        await journal.alarm_tried(due, arrived=arrived, again_seconds=again)

    async def take(self, settings: AlarmSettings) -> None:
        """Take other settings."""
        before, self._http = self._http, _client(settings)
        self._settings = settings
        await before.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _arrived(self, due: DueAlarm) -> bool:
        """POST an alarm; tell whether it arrived."""
        url, secret = self._settings.webhook_url, self._settings.webhook_secret
        if url is None or secret is None:
            return True
        body = _body(due)
        call = Call(
            operation="alarm",
            method="POST",
            url=url,
            creates=False,
            headers={"content-type": "application/json", _SIGNATURE: sign(body, secret)},
            content=body,
        )
        try:
            with Attempt(monotonic() + _SECONDS).active():
                answer = await self._http.send(call)
        except MultiOrderError as error:
            reason = str(error)
        else:
            if 200 <= answer.status < 300:
                return True
            reason = f"the webhook answered {answer.status}"
        given_up = due.tries >= len(self._delays)
        write = self._log.error if given_up else self._log.warning
        write("alarm not delivered", alarm=due.id, reason=reason, given_up=given_up)
        return False


def _client(settings: AlarmSettings) -> OutboundClient:
    secret = settings.webhook_secret
    return OutboundClient(secrets=(secret,) if secret else ())


def _body(due: DueAlarm) -> bytes:
    return msgspec.json.encode(
        {
            "id": due.id,  # the same alarm can come twice; it has the same id
            "kind": due.kind.value,
            "message": SENTENCES[due.kind],
            "sent_at": datetime.now(UTC),
            "space": due.space,
            "order": due.order,
            "state": due.state,
            "connector": due.connector,
            "received_at": due.received_at,
            "told_status": due.told_status,
        }
    )
