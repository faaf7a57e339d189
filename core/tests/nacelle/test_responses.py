"""Answers in the contract's envelope."""

import json

import pytest

from multiorder_sync.errors import (
    ConnectorFault,
    ConnectorUnavailable,
    Forbidden,
    InvalidOrder,
    OmsMessage,
    OutcomeUnknown,
    Overloaded,
    Problem,
    RefTaken,
    Refused,
    Unauthenticated,
    Unavailable,
    Untransformable,
)
from multiorder_sync.nacelle import responses
from multiorder_sync.outcome import Outcome, Receipt, SubmissionResult, SubmissionState


def envelope(answer):
    body = json.loads(answer.body)
    assert body["order"] == {}
    error = body["error"]
    assert set(error) == {"error", "category", "details"}
    assert error["category"] == "sync_service"
    assert error["details"]["request_id"] == "req-1"
    return error


@pytest.mark.parametrize("received", [b'{"a": 1.0 }', b' \r\n{"\xc3\xa9":"\\u00e9"}\t'])
def test_success_holds_the_received_object_byte_for_byte(received):
    answer = responses.success(received)
    assert answer.status == 200
    assert answer.body == b'{"order":' + received.strip() + b"}"
    assert "error" not in json.loads(answer.body)


@pytest.mark.parametrize(
    ("error", "status", "code", "retryable"),
    [
        (InvalidOrder([Problem("a", "is wrong")]), 400, "invalid_order", False),
        (Unauthenticated("who"), 401, "unauthenticated", False),
        (Forbidden("no"), 403, "forbidden", False),
        (Untransformable("can't"), 422, "untransformable", False),
        (Overloaded("busy"), 500, "overloaded", True),
        (ConnectorUnavailable("broken"), 500, "connector_unavailable", True),
    ],
)
def test_each_failure_has_its_status_and_code(error, status, code, retryable):
    answer = responses.failure(error, "req-1")
    details = envelope(answer)["details"]
    assert (answer.status, details["code"], details["retryable"]) == (status, code, retryable)


def test_every_problem_of_an_order_is_in_the_details():
    answer = responses.failure(
        InvalidOrder([Problem("a", "is x"), Problem("b[0]", "is y")]), "req-1"
    )
    error = envelope(answer)
    assert error["error"] == "The multi-order can't be read: a: is x; and 1 more."
    assert error["details"]["problems"] == [
        {"path": "a", "reason": "is x"},
        {"path": "b[0]", "reason": "is y"},
    ]


@pytest.mark.parametrize("status", [400, 404, 405, 408, 413, 415, 431])
def test_http_problems_are_in_the_same_envelope(status):
    answer = responses.http_problem(status, "req-1")
    assert answer.status == status
    assert envelope(answer)["error"]


def test_internal_error():
    assert envelope(responses.internal_error("req-1"))["details"]["code"] == "internal"


def result(state, ref="o", error=None):
    receipt = (
        Receipt(oms_id=f"id-{ref}", oms_ref=ref) if state is SubmissionState.ACCEPTED else None
    )
    return SubmissionResult(ref=ref, orders=(ref,), state=state, receipt=receipt, error=error)


ACCEPTED, REFUSED = SubmissionState.ACCEPTED, SubmissionState.REFUSED
READY, UNKNOWN = SubmissionState.READY, SubmissionState.UNKNOWN


def settled(*results):
    outcome = Outcome(connector="acme", results=results)
    return outcome, responses.settled(outcome, b"{}", "req-1")


def test_all_accepted_is_success():
    outcome, answer = settled(result(ACCEPTED, "a"), result(ACCEPTED, "b"))
    assert outcome.state == "accepted"
    assert (answer.status, answer.body) == (200, b'{"order":{}}')


@pytest.mark.parametrize(
    ("results", "state", "status", "code"),
    [
        ([result(REFUSED, error=Refused("no"))], "refused", 422, "oms_refused"),
        ([result(REFUSED, error=RefTaken("no"))], "refused", 422, "ref_taken"),
        ([result(READY, error=Unavailable("down"))], "unavailable", 500, "oms_unavailable"),
        ([result(READY, error=ConnectorFault("bug"))], "unavailable", 500, "internal"),
        ([result(UNKNOWN, error=OutcomeUnknown("?"))], "unknown", 500, "outcome_unknown"),
        (
            [result(ACCEPTED, "a"), result(REFUSED, "b", Refused("no"))],
            "partial",
            422,
            "oms_refused",
        ),
        (
            [result(ACCEPTED, "a"), result(READY, "b", Unavailable("down"))],
            "partial",
            500,
            "oms_unavailable",
        ),
        (
            [result(REFUSED, "a", Refused("no")), result(READY, "b", Unavailable("down"))],
            "unavailable",
            500,
            "oms_unavailable",
        ),
        (
            [result(REFUSED, "a", Refused("no")), result(UNKNOWN, "b", OutcomeUnknown("?"))],
            "unknown",
            500,
            "outcome_unknown",
        ),
    ],
)
def test_the_answer_follows_from_the_submissions(results, state, status, code):
    outcome, answer = settled(*results)
    details = envelope(answer)["details"]
    assert outcome.state == state
    assert (answer.status, details["code"], details["oms"]) == (status, code, "acme")
    assert [order["state"] for order in details["orders"]] == [each.state for each in results]
    assert details["orders"][0]["oms_id"] == ("id-a" if results[0].receipt else None)


def test_the_omss_own_words_are_passed_on():
    refused = Refused("no", oms_errors=[OmsMessage("Field too long", "C0141E"), OmsMessage("?")])
    _, answer = settled(result(REFUSED, error=refused))
    assert envelope(answer)["details"]["oms_errors"] == [
        {"text": "Field too long", "code": "C0141E"},
        {"text": "?"},
    ]
