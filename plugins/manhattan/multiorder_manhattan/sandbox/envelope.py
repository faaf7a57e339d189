"""The one shape in which Manhattan answers every call but that for a token."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from multiorder_manhattan.sandbox.refusal import Invalid, Refusal
from multiorder_sync.sandbox import json_answer

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

_VALIDATION: Final = "ManhValidationException"
_VALIDATION_TEXT: Final = "Entity Validation Error Occured"
"""The misspelling is Manhattan's."""


def as_json(data: Any) -> msgspec.Raw:
    """Return data as ready JSON, its amounts as exact numbers."""
    return msgspec.Raw(_ENCODER.encode(data))


def message(kind: str, code: str, description: str) -> dict[str, Any]:
    """Return one message as Manhattan words it: an ERROR, a WARNING or an INFO."""
    return {
        "Type": kind,
        "Code": code,
        "Description": description,
        "ShortDescription": None,
        "ErrorCode": None,
        "ErrorField": None,
        "ResourceId": None,
        "QuickInfo": False,
        "BusinessKeys": None,
    }


def listed(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return messages as an object of the answer holds them."""
    return {"Message": messages, "Size": len(messages)}


def success(
    data: Any,
    *,
    header: Mapping[str, Any] | None = None,
    messages: Sequence[Mapping[str, Any]] = (),
) -> Response:
    """Return an answer that says success.

    Args:
        data: What was saved or found.
        header: What a search says of its pages.
        messages: What there is to say of the call beside its data.
    """
    return json_answer(
        as_json(
            {
                "success": True,
                "header": header,
                "data": data,
                "messageKey": None,
                "message": None,
                "errors": [],
                "exceptions": [],
                "messages": listed(messages),
                "rootCause": None,
                "cloudComponent": "multiorder-sandbox:order",
                "cloudComponentHostName": "sandbox",
                "requestUri": None,
                "statusCode": "OK",
            }
        )
    )


def failure(status: int, messages: Sequence[Mapping[str, Any]], exception: str = "") -> Response:
    """Return an answer that says failure.

    Args:
        status: The HTTP status.
        messages: What is wrong.
        exception: The class of the exception behind it, where one is known.
    """
    name = HTTPStatus(status)
    text = _VALIDATION_TEXT if exception == _VALIDATION else name.phrase
    exceptions: list[dict[str, Any]] = [
        {
            "messageData": {},
            "resource": exception,
            "messageKey": exception,
            "message": text,
            "stackTrace": None,
        }
    ]
    return json_answer(
        as_json(
            {
                "success": False,
                "header": None,
                "data": None,
                "messageKey": f"error.{status}",
                "message": name.phrase,
                "errors": [],
                "exceptions": exceptions if exception else [],
                "messages": listed(messages),
                "rootCause": f"com.manh.cp.fw.entity.exception.{exception}: {text}"
                if exception
                else None,
                "requestUri": "/error",
                "statusCode": name.name,
            }
        ),
        status,
    )


def validation_failure(error: Invalid) -> Response:
    """Return the answer to a request that does not hold what an order must."""
    messages = [message("ERROR", problem.field, problem.description) for problem in error.problems]
    return failure(400, messages, _VALIDATION)


def refusal_failure(error: Refusal, status: int = 400) -> Response:
    """Return the answer that carries one of Manhattan's codes; that it is a 400 is inferred."""
    return failure(status, [message("ERROR", error.code, error.description)])


def unauthorized() -> Response:
    """Return the answer to a call without a good token.

    It is known from one customer alone, and leaner than the others.
    """
    return json_answer(
        {
            "success": False,
            "header": None,
            "data": None,
            "messageKey": "error.401",
            "message": "error.401",
            "errors": [],
            "exceptions": None,
            "messages": listed(
                [
                    {
                        "Type": "ERROR",
                        "Code": "invalid_token",
                        "Description": "Cannot convert access token to JSON",
                        "ErrorCode": None,
                        "ErrorField": None,
                        "BusinessKeys": None,
                    }
                ]
            ),
        },
        401,
    )
