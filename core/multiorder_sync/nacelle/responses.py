"""Outcome in, HTTP status and JSON bytes out: the only place that words an answer to Nacelle."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from multiorder_sync.errors import (
    ConnectorUnavailable,
    Forbidden,
    InvalidOrder,
    MultiOrderError,
    NotKept,
    OmsError,
    OrderAbandoned,
    OrderChanged,
    OutcomeUnknown,
    Overloaded,
    Refused,
    Unauthenticated,
    Unavailable,
    Untransformable,
    Vetoed,
    code_of,
    encodable,
)
from multiorder_sync.outcome import Outcome, OutcomeState, SubmissionResult

CATEGORY: Final = "sync_service"

JSON: Final = {"content-type": "application/json"}


class Reply(msgspec.Struct, frozen=True):
    """An answer to an HTTP call, ready to be sent.

    Attributes:
        status: The HTTP status.
        body: The JSON bytes.
        code: The machine code of a failure; None for a success.
        headers: Further headers.
    """

    status: int
    body: bytes
    code: str | None
    headers: Mapping[str, str]


_STATUSES: Final[tuple[tuple[type[MultiOrderError], int], ...]] = (
    (InvalidOrder, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (Refused, 422),
    (Untransformable, 422),
    (OrderChanged, 422),
    (Vetoed, 422),
    (NotKept, 422),
    (OrderAbandoned, 422),
    (Unavailable, 500),
    (OutcomeUnknown, 500),
    (Overloaded, 500),
    (ConnectorUnavailable, 500),
)

_HTTP_PROBLEMS: Final = {
    400: ("bad_request", "The request is not well-formed HTTP, or wants to upgrade from it."),
    404: ("not_found", "Nothing is served here; orders are taken by POST /sync/consume."),
    405: ("method_not_allowed", "Orders are taken by POST."),
    408: ("request_timeout", "The body did not arrive in time."),
    413: ("content_too_large", "The body is larger than this endpoint takes."),
    415: ("unsupported_media_type", "The body must be application/json, not encoded otherwise."),
    431: ("headers_too_large", "The request's headers are larger than this endpoint takes."),
}


def success(received: bytes) -> Reply:
    """Answer that the order is in the OMS, with the received object byte for byte.

    Args:
        received: The body as Nacelle sent it, which is a JSON object.
    """
    return Reply(200, b'{"order":' + received.strip(b" \t\r\n") + b"}", None, JSON)


def http_problem(
    status: int, request_id: str, *, detail: str | None = None, headers: Mapping[str, str] = {}
) -> Reply:
    """Answer a call that is wrong as HTTP before it is an order: 404, 405, 408, 413, 415, 431.

    Args:
        status: The HTTP status.
        request_id: Of the call.
        detail: What to say instead of the status's own sentence.
        headers: Further headers, for instance `allow`.
    """
    code, sentence = _HTTP_PROBLEMS[status]
    details = {"code": code, "retryable": status == 408, "request_id": request_id}
    return _failure(status, code, detail or sentence, details, headers)


def failure(error: MultiOrderError, request_id: str, outcome: Outcome | None = None) -> Reply:
    """Answer a call whose order was not brought to an OMS, for the reason that `error` gives.

    Args:
        error: The reason.
        request_id: Of the call.
        outcome: How the order stands all the same: what earlier calls for it came to.
    """
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    details = _details(error, request_id)
    if outcome is not None:
        details |= {"oms": outcome.connector, "orders": _orders(outcome.results)}
    if isinstance(error, InvalidOrder):
        details["problems"] = [
            {"path": problem.path, "reason": problem.reason} for problem in error.problems
        ]
    return _failure(status, code_of(error), str(error), details)


def internal_error(request_id: str) -> Reply:
    """Answer that something here broke; what, is in the log under the request id."""
    details = {"code": "internal", "retryable": True, "request_id": request_id}
    return _failure(500, "internal", "Something here broke; the log says what.", details)


def settled(outcome: Outcome, received: bytes, request_id: str) -> Reply:
    """Answer what became of an order once it was brought to the OMS."""
    if outcome.state is OutcomeState.ACCEPTED:
        return success(received)
    error = outcome.error
    if error is None:
        raise ValueError("an outcome that is not accepted carries an error")
    final = outcome.state is OutcomeState.REFUSED or isinstance(error, Refused | NotKept)
    status = 422 if final else 500
    details = _details(error, request_id)
    details["oms"] = outcome.connector
    if error.oms_errors:
        details["oms_errors"] = error.oms_errors
    details["orders"] = _orders(outcome.results)
    return _failure(status, code_of(error), str(error), details)


def _orders(results: Sequence[SubmissionResult]) -> list[dict[str, Any]]:
    return [
        {
            "id": order,
            "state": result.state.value,
            "oms_ref": result.ref,
            "oms_id": result.receipt.oms_id if result.receipt else None,
        }
        for result in results
        for order in result.orders
    ]


def _details(error: MultiOrderError, request_id: str) -> dict[str, Any]:
    details: dict[str, Any] = {
        "code": code_of(error),
        "retryable": error.retryable,
        "request_id": request_id,
    }
    if isinstance(error, OmsError) and error.oms_errors:
        details["oms_errors"] = error.oms_errors
    return details


def _failure(
    status: int,
    code: str,
    sentence: str,
    details: Mapping[str, Any],
    headers: Mapping[str, str] = {},
) -> Reply:
    error = {"error": encodable(sentence), "category": CATEGORY, "details": details}
    body = msgspec.json.encode({"order": {}, "error": error})
    return Reply(status, body, code, {**JSON, **headers})
