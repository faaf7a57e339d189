"""Every way in which books could be wrong is seen: good ones are spoilt as a defect would spoil them."""

import msgspec
import pytest

from chaos.books import Standstill
from chaos.judge import judge
from chaos.kinds import (
    ALTERED,
    BEHIND,
    BROKEN,
    DENIED,
    DOUBLED,
    KINDS,
    LATE,
    LOST,
    MISQUOTED,
    UNDECIDED,
    UNKEPT,
    UNRECORDED,
    UNTOLD,
    UNTRUE,
)
from chaos.specimens import (
    BARE,
    FAIL,
    QUEUE,
    REFUSED,
    UNAVAILABLE,
    UNGUARDED,
    UNKNOWN,
    attempt,
    books,
    broken,
    call,
    create,
    held,
    kinds,
    record,
)

FAILED = {"answers": (("r1", 500),), "told": 500}
UNSENT = {"subs": {"k.1": "ready"}, "attempts": (), **FAILED}
DOUBTED = {"subs": {"k.1": "unknown"}, "attempts": (attempt(result="outcome_unknown"),), **FAILED}
IN = {"creates": [create(0.5, 0.6)], "oms": [held()]}
TWO = {"refs": ("k.1", "k.2")}
BOTH = {"creates": [create(0.5, 0.6), create(0.7, 0.8, "k.2")], "oms": [held(), held("k.2")]}

ACCEPTED = {"calls": [call()], "journal": record(), **IN}
BOTH_IN = {
    "calls": [call()], "journal": record(subs={"k.1": "accepted", "k.2": "accepted"}), **TWO, **BOTH,
}  # fmt: skip
REPEATED = {**ACCEPTED, "calls": [call(), call(2.0, 2.1, name="2")]}
FOUND = {
    "calls": [call(**UNKNOWN)], "journal": record(alarms=("accepted_after_failure",), **FAILED), **IN,
}  # fmt: skip
ABSENT = {"calls": [call(**UNAVAILABLE)], "journal": record("unavailable", **UNSENT)}
NO = {
    "calls": [call(**REFUSED)],
    "journal": record(
        "refused", subs={"k.1": "refused"}, answers=(("r1", 422),), told=422,
        attempts=(attempt(result="oms_refused"),),
    ),
    "creates": [create(0.5)],
}  # fmt: skip
QUEUED = {"calls": [call()], "journal": record(), "creates": [create(9.0, 9.1)], "oms": [held()]}
REFUSED_LATER = {
    "calls": [call()],
    "journal": record("refused", subs={"k.1": "refused"}, alarms=("refused_after_queued",)),
    "creates": [create(9.0)],
}
PARTS = {
    "calls": [call(status=500, code="oms_unavailable")],
    "journal": record(
        "partial", subs={"k.1": "accepted", "k.2": "ready"}, alarms=("partial",), **FAILED
    ),
    **TWO,
    **IN,
}
GIVEN_UP = {
    "calls": [call(**UNKNOWN)],
    "journal": record("dead", alarms=("dead",), **DOUBTED),
    "creates": [create(0.5)],
}
GIVEN_UP_LATER = {
    **GIVEN_UP,
    "calls": [call()],
    "journal": record(
        "dead", alarms=("dead",), **{**DOUBTED, "answers": (("r1", 200),), "told": 200}
    ),
}
NOT_HEARD = {**FOUND, "calls": [broken()]}

GOOD = {
    "accepted": (FAIL, ACCEPTED),
    "accepted, queue": (QUEUE, ACCEPTED),
    "accepted, both": (FAIL, BOTH_IN),
    "repeated": (FAIL, REPEATED),
    "found": (FAIL, FOUND),
    "absent": (FAIL, ABSENT),
    "refused": (FAIL, NO),
    "queued": (QUEUE, QUEUED),
    "queued, refused later": (QUEUE, REFUSED_LATER),
    "in parts": (FAIL, PARTS),
    "given up": (BARE, GIVEN_UP),
    "given up, queue": (UNGUARDED, GIVEN_UP_LATER),
    "not heard": (FAIL, NOT_HEARD),
}


def noted(**changed):
    """Return a change of what the journal has."""
    return lambda known: {"journal": msgspec.structs.replace(known["journal"], **changed)}


def subs(**states):
    """Return a change of the submissions' states: `k1` is that of `k.1`."""
    known = {f"k.{name[1:]}": state for name, state in states.items()}
    return noted(submissions=record(subs=known).submissions)


def said(**changed):
    """Return a change of what the last call was answered."""
    return lambda known: {
        "calls": [*known["calls"][:-1], msgspec.structs.replace(known["calls"][-1], **changed)]
    }


def put(**changed):
    """Return a change of the books themselves."""
    return lambda _known: changed


def both(*changes):
    """Return changes one after the other."""

    def change(known):
        for each in changes:
            known = {**known, **each(known)}
        return known

    return change


NOT_THERE = put(oms=[])
AGAIN = call(2.0, 3.0, name="2")
WITHOUT_ALARM = noted(alarms=())
REFUSAL = {"status": 422, "code": "oms_refused", "states": {"k.1": "refused"}}
READY = {"k.1": "ready"}

DEFECTS = [
    # An order, or a part of it, is gone.
    ("accepted", put(journal=None), LOST),
    ("accepted", put(journal=None, oms=[], creates=[]), LOST),
    ("queued", put(journal=None, oms=[], creates=[]), LOST),
    ("absent", put(journal=None), LOST),
    ("refused", put(journal=None), LOST),
    ("not heard", put(journal=None), LOST),
    ("accepted", noted(space="another"), LOST),
    ("accepted", NOT_THERE, UNKEPT),
    ("accepted", NOT_THERE, UNTRUE),
    ("accepted, both", put(oms=[held()]), UNKEPT),
    ("accepted, both", put(oms=[held()]), UNTRUE),
    ("queued", NOT_THERE, UNKEPT),
    ("found", NOT_THERE, UNTRUE),
    ("in parts", NOT_THERE, UNTRUE),
    # It is there twice.
    ("accepted", put(oms=[held(), held(oms_id="1002")]), DOUBLED),
    ("queued", put(oms=[held(), held(oms_id="1002")]), DOUBLED),
    ("given up", put(oms=[held(), held(oms_id="1002")]), DOUBLED),
    ("accepted", put(oms=[held(lines=2)]), DOUBLED),
    ("accepted, both", put(oms=[held(), held("k.2"), held("k.2")]), DOUBLED),
    # A success was answered that is none.
    ("absent", said(status=200, code=None), UNKEPT),
    ("refused", said(status=200, code=None), UNKEPT),
    ("in parts", said(status=200, code=None), UNKEPT),
    ("given up", said(status=200, code=None), UNKEPT),
    ("accepted", put(creates=[create(0.5, 1.5)]), UNKEPT),
    ("queued", both(NOT_THERE, subs(k1="ready"), noted(state="unavailable")), UNKEPT),
    ("queued", both(NOT_THERE, subs(k1="ready"), noted(state="dead", alarms=("dead",))), UNKEPT),
    ("queued, refused later", WITHOUT_ALARM, UNKEPT),
    ("queued, refused later", noted(state="unavailable"), UNKEPT),
    ("queued, refused later", both(subs(k1="ready"), noted(state="unavailable")), UNKEPT),
    ("given up, queue", subs(k1="unknown", k2="ready"), UNKEPT),
    ("given up, queue", WITHOUT_ALARM, UNKEPT),
    # It was sent behind Nacelle's back, or too often.
    ("found", put(creates=[create(1.5, 1.6)]), BEHIND),
    ("absent", put(creates=[create(1.5)]), BEHIND),
    ("refused", put(creates=[create(0.5), create(1.5)]), BEHIND),
    ("in parts", put(creates=[create(0.5, 0.6), create(1.5, ref="k.2")]), BEHIND),
    ("repeated", put(creates=[create(0.5, 0.6), create(1.5, 1.6)]), BEHIND),
    ("not heard", put(creates=[create(1.6, 1.7)]), BEHIND),
    ("accepted", put(creates=[create(-1.0, -0.9)]), BEHIND),
    # It was left open.
    ("found", noted(state="unknown"), UNDECIDED),
    ("accepted", noted(state="received"), UNDECIDED),
    ("queued", both(NOT_THERE, subs(k1="ready"), noted(state="queued")), UNDECIDED),
    ("accepted", noted(claimed=True), UNDECIDED),
    ("absent", noted(due=True), UNDECIDED),
    ("absent", subs(k1="unknown"), UNDECIDED),
    ("absent", subs(k1="sending"), UNDECIDED),
    ("found", both(subs(k1="sending"), noted(state="dead", alarms=("dead",))), UNDECIDED),
    ("absent", both(subs(k1="sending"), noted(state="dead", alarms=("dead",))), UNDECIDED),
    ("absent", noted(state="dead", alarms=("dead",)), UNDECIDED),
    ("in parts", subs(k1="accepted", k2="unknown"), UNDECIDED),
    ("given up", put(**IN), UNDECIDED),
    # A person was not told.
    ("found", WITHOUT_ALARM, UNTOLD),
    ("not heard", WITHOUT_ALARM, UNTOLD),
    ("not heard", noted(alarms=(), answers=()), UNTOLD),
    ("in parts", WITHOUT_ALARM, UNDECIDED),
    ("given up", WITHOUT_ALARM, UNDECIDED),
    ("found", noted(alarms=("partial",)), UNTOLD),
    # Nacelle was told otherwise than it is.
    ("found", said(**UNAVAILABLE), DENIED),
    ("found", said(**REFUSAL), DENIED),
    ("repeated", said(status=500, code="oms_unavailable", states=READY), DENIED),
    (
        "repeated",
        lambda known: {
            "calls": [
                known["calls"][0],
                call(2.0, 2.1, name="2", **UNAVAILABLE),
                call(3.0, 3.1, name="3"),
            ]
        },
        DENIED,
    ),
    # The journal has it otherwise than it is.
    ("accepted", subs(k1="refused"), UNTRUE),
    ("accepted", subs(k1="ready"), UNTRUE),
    ("accepted", noted(state="refused"), UNTRUE),
    ("accepted", noted(state="unavailable"), UNTRUE),
    ("accepted", noted(state="partial", alarms=("partial",)), UNTRUE),
    ("accepted", put(oms=[held(oms_id="1002")]), UNTRUE),
    ("accepted", noted(submissions=()), UNTRUE),
    ("accepted", subs(k1="accepted", k2="accepted"), UNTRUE),
    ("accepted", noted(submissions=record().submissions * 2), UNTRUE),
    ("not heard", both(subs(k1="ready"), noted(state="unavailable", alarms=())), UNTRUE),
    ("not heard", both(subs(k1="refused"), noted(state="refused", alarms=())), UNTRUE),
    ("absent", put(**IN), UNTRUE),
    ("refused", put(**IN), UNTRUE),
    ("queued, refused later", put(**IN), UNTRUE),
    ("in parts", put(**BOTH), UNTRUE),
    ("in parts", noted(state="accepted"), UNTRUE),
    ("absent", noted(state="refused"), UNTRUE),
    # It has the answers otherwise than they were.
    ("accepted", noted(answers=(("r1", 500),)), MISQUOTED),
    ("absent", noted(answers=(("r1", 200),)), MISQUOTED),
    # It does not have the calls to the OMS.
    ("accepted", noted(attempts=()), UNRECORDED),
    ("queued", noted(attempts=()), UNRECORDED),
    ("accepted", noted(attempts=(attempt(result="outcome_unknown"),)), UNRECORDED),
    ("accepted, both", noted(attempts=(attempt(),)), UNRECORDED),
    ("refused", noted(attempts=()), UNRECORDED),
    ("given up", noted(attempts=()), UNRECORDED),
    ("accepted", put(creates=[create(0.5), create(0.6), create(0.7, 0.8)]), UNRECORDED),
    # It is not what was sent.
    ("accepted", put(oms=[held(variant=2)]), ALTERED),
    ("accepted", put(oms=[held(oms="manhattan")]), ALTERED),
    ("accepted", put(oms=[held(), held("x.1")]), ALTERED),
    ("repeated", said(variant=2), ALTERED),
    ("accepted", said(whole=False), ALTERED),
    # An answer is late, or none that there is.
    ("accepted", said(end=11.0), LATE),
    ("absent", said(end=11.0), LATE),
    ("not heard", said(end=11.0), LATE),
    ("accepted", said(end=11.0, how="hung up"), LATE),
    (
        "accepted",
        both(said(end=11.0), put(standstills=(Standstill(server="t", start=0.0, end=9.0),))),
        LATE,
    ),
    ("absent", said(code="internal"), BROKEN),
    ("absent", said(status=503), BROKEN),
    ("refused", said(code="invalid_order"), BROKEN),
]


@pytest.mark.parametrize("name", GOOD)
def test_good_books_have_no_violation(name):
    space, known = GOOD[name]
    assert kinds(space, **known) == []


@pytest.mark.parametrize(("name", "change", "kind"), DEFECTS)
def test_a_defect_is_seen(name, change, kind):
    space, known = GOOD[name]
    spoilt = {**known, **change(known)}
    assert kind in {each.kind for each in judge(books(space, **spoilt))}


def test_every_kind_of_violation_is_among_the_defects():
    assert {kind for _, _, kind in DEFECTS} == set(KINDS)


def test_an_order_in_the_journal_that_nobody_sent_is_seen():
    known = books(FAIL, **ACCEPTED)
    journal = {**known.journal, "x": record(space=FAIL.id)}
    assert [each.kind for each in judge(msgspec.structs.replace(known, journal=journal))] == [
        ALTERED
    ]
