"""The use case: one signed request in, one outcome out."""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

import structlog

from multiorder_sync.delivery.admission import SignedRequest, admit
from multiorder_sync.delivery.discretion import Discretion
from multiorder_sync.delivery.freezing import freeze
from multiorder_sync.delivery.settling import Delivery, is_cancelled
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.delivery.turns import Turns
from multiorder_sync.errors import InvalidOrder, MultiOrderError, OutcomeUnknown
from multiorder_sync.nacelle import responses
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.identity import order_key
from multiorder_sync.nacelle.responses import Reply
from multiorder_sync.outcome import Outcome, SubmissionResult

# With less time than this, another order of a multi-order is not begun: it would only be left in
# doubt, too.
_LEAST_SECONDS: Final = 0.3


class Sync:
    """Brings signed multi-orders into the OMS of their space.

    Args:
        spaces: Those that are served, by Nacelle's space id.
    """

    def __init__(self, spaces: Mapping[str, ServedSpace]) -> None:
        self._spaces = spaces
        self._decoder = OrderDecoder()
        self._turns = Turns()
        self._log = structlog.get_logger()

    async def consume(self, request: SignedRequest) -> Reply:
        """Take one call all its way; never raises, whatever the call or a plugin does."""
        started = monotonic()
        log = self._log.bind(request_id=request.request_id)
        record: dict[str, Any] = {}
        discretion = Discretion()
        try:
            answer = await self._consume(request, started, record, discretion, log)
        except MultiOrderError as error:
            answer = responses.failure(error, request.request_id)
            record["reason"] = discretion.keep(str(error))
            if isinstance(error, InvalidOrder):
                record["order"] = error.order
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may raise anything
            if is_cancelled(error):  # the server ends, and its grace for calls under way is over
                stopped = OutcomeUnknown("The server was stopped while the order was under way.")
                answer = responses.failure(stopped, request.request_id)
                record["reason"] = str(stopped)
            else:
                answer = responses.internal_error(request.request_id)
                log.exception("internal error")
        record |= {
            "status": answer.status,
            "code": answer.code,
            "milliseconds": round((monotonic() - started) * 1000, 1),
        }
        write = log.info if answer.status == 200 else log.warning
        write("order", **{key: value for key, value in record.items() if value not in (None, ())})
        return answer

    async def _consume(
        self,
        request: SignedRequest,
        started: float,
        record: dict[str, Any],
        discretion: Discretion,
        log: structlog.typing.FilteringBoundLogger,
    ) -> Reply:
        space = admit(request, self._spaces)
        settings = space.settings
        log = log.bind(space=space.id)
        record |= {"space": space.id, "connector": settings.connector}
        order = self._decoder.decode(request.body, required_fields=settings.required_fields)
        key = order_key(order)
        record |= {"order": key, "orders": len(order.orders)}
        discretion.learn(order)
        submissions = freeze(order, space, request.received_at)
        deadline = started + settings.deadline_seconds
        results: list[SubmissionResult] = []
        async with self._turns.of((space.id, key), deadline):
            for submission in submissions:
                delivery = Delivery(space.connector, submission, deadline, log, discretion)
                in_time = not results or deadline - monotonic() > _LEAST_SECONDS
                results.append(await delivery.settle() if in_time else delivery.not_sent())
        outcome = Outcome(connector=settings.connector, results=tuple(results))
        record |= {
            "outcome": outcome.state.value,
            "oms_ids": tuple(each.receipt.oms_id for each in results if each.receipt),
            "notes": tuple(discretion.keep(note) for each in results for note in each.notes),
            "attempts": sum(each.attempts for each in results),
            "reason": discretion.keep(str(outcome.error)) if outcome.error else None,
        }
        return responses.settled(outcome, request.body, request.request_id)
