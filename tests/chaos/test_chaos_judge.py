"""What the judge must catch, and what it must let pass."""

import msgspec
import pytest

from chaos.books import Books, Sent, Standstill
from chaos.judge import judge
from chaos.kinds import (
    ALTERED,
    BEHIND,
    BROKEN,
    DENIED,
    DOUBLED,
    LATE,
    LOST,
    MISQUOTED,
    UNCLOSED,
    UNDECIDED,
    UNHEARD,
    UNKEPT,
    UNSURE,
    UNTOLD,
    UNTRUE,
)
from chaos.specimens import (
    BARE,
    FAIL,
    GOOD,
    QUEUE,
    REFUSED,
    UNAVAILABLE,
    UNGUARDED,
    UNKNOWN,
    broken,
    call,
    create,
    excuses,
    held,
    kinds,
    record,
)


def test_an_order_that_is_where_it_was_said_to_be_is_no_violation():
    assert kinds(**GOOD) == []
    assert kinds(QUEUE, **GOOD) == []


@pytest.mark.parametrize(
    "answer",
    [{"status": 200}, UNKNOWN, UNAVAILABLE, REFUSED, {"status": 422, "code": "order_changed"}],
)
def test_an_order_that_was_answered_for_and_that_the_journal_does_not_have_is_lost(answer):
    assert LOST in kinds(calls=[call(**answer)])


def test_an_order_in_the_oms_that_the_journal_does_not_have_is_lost():
    assert kinds(calls=[broken()], creates=[create()], oms=[held()]) == [LOST]


@pytest.mark.parametrize("code", ["journal_unavailable", "overloaded"])
def test_an_order_that_was_turned_away_before_it_was_on_record_is_not_lost(code):
    assert kinds(calls=[call(status=500, code=code)]) == []


def test_an_order_whose_server_died_before_it_was_on_record_is_not_lost():
    assert kinds(calls=[broken()]) == []


def test_two_orders_under_one_ref_are_one_doubled():
    two = [held(), held(oms_id="1001")]
    assert kinds(**{**GOOD, "oms": two}) == [DOUBLED]


def test_an_order_with_its_lines_twice_is_doubled():
    assert kinds(**{**GOOD, "oms": [held(lines=2)]}) == [DOUBLED]


@pytest.mark.parametrize("state", ["unavailable", "refused", "dead", "abandoned"])
@pytest.mark.parametrize("space", [FAIL, QUEUE, UNGUARDED])
def test_a_success_that_is_not_in_the_oms_is_unkept(space, state):
    out = {"k.1": "ready"}
    assert UNKEPT in kinds(space, calls=[call()], journal=record(state, subs=out))


def test_a_success_of_which_a_part_is_not_in_the_oms_is_unkept():
    journal = record("partial", subs={"k.1": "accepted", "k.2": "ready"}, alarms=("partial",))
    known = {**GOOD, "journal": journal, "refs": ("k.1", "k.2")}
    assert kinds(**known) == [UNKEPT]
    assert kinds(QUEUE, **known) == [UNKEPT]


def test_a_queued_order_that_the_oms_refused_with_an_alarm_is_kept():
    refused = {"subs": {"k.1": "refused"}, "alarms": ("refused_after_queued",)}
    assert kinds(QUEUE, calls=[call()], journal=record("refused", **refused)) == []
    assert kinds(FAIL, calls=[call()], journal=record("refused", **refused)) == [UNKEPT]
    silent = {**refused, "alarms": ()}
    assert kinds(QUEUE, calls=[call()], journal=record("refused", **silent)) == [UNKEPT]


def test_a_queued_order_of_which_the_oms_refused_a_part_with_an_alarm_is_kept():
    partly = record("partial", subs={"k.1": "accepted", "k.2": "refused"}, alarms=("partial",))
    assert kinds(QUEUE, **{**GOOD, "journal": partly, "refs": ("k.1", "k.2")}) == []


def test_a_queued_order_is_given_up_in_doubt_only_where_a_second_create_would_double_it():
    dead = record("dead", subs={"k.1": "unknown"}, alarms=("dead",))
    assert kinds(UNGUARDED, calls=[call()], journal=dead) == []
    assert kinds(QUEUE, calls=[call()], journal=dead) == [UNKEPT, UNDECIDED]
    ready = record("dead", subs={"k.1": "ready"}, alarms=("dead",))
    assert kinds(UNGUARDED, calls=[call()], journal=ready) == [UNKEPT, UNDECIDED]


def after_failure(arrived, calls, **fields):
    journal = record(alarms=("accepted_after_failure",), answers=(), told=500)
    known = {"calls": calls, "journal": journal, "creates": [create(arrived)], "oms": [held()]}
    return kinds(**{**known, **fields})


@pytest.mark.parametrize("answer", [UNKNOWN, UNAVAILABLE, REFUSED])
@pytest.mark.parametrize("space", [FAIL, QUEUE])
def test_a_create_after_a_failure_was_answered_is_behind_the_callers_back(space, answer):
    calls = [call(0.0, 1.0, **answer)]
    journal = record(
        alarms=("accepted_after_failure",), answers=(("r1", answer["status"]),), told=500
    )
    assert BEHIND in after_failure(1.5, calls, space=space, journal=journal)


def test_a_create_between_a_failure_and_the_next_call_is_behind_the_callers_back():
    calls = [call(0.0, 1.0, **UNKNOWN), call(5.0, 6.0, name="2", **UNKNOWN)]
    assert after_failure(4.9, calls) == [BEHIND]
    assert after_failure(5.1, calls) == []
    assert after_failure(6.2, calls) == []


def test_a_create_before_any_call_is_behind_the_callers_back():
    assert BEHIND in after_failure(0.5, [call(1.0, 2.0, **UNKNOWN)])


def test_a_create_after_a_success_was_answered_is_behind_the_callers_back():
    assert kinds(**{**GOOD, "creates": [create(), create(2.0)]}) == [BEHIND]


def test_a_create_while_another_call_is_under_way_is_that_calls():
    calls = [call(0.0, 1.0, **UNKNOWN), call(0.5, 3.0, name="2", **UNKNOWN)]
    assert after_failure(2.9, calls) == []


def test_a_create_that_was_on_its_way_when_the_server_was_killed_is_its_calls():
    assert after_failure(1.4, [broken()]) == []
    assert after_failure(1.6, [broken()]) == [BEHIND]


def test_a_create_after_the_caller_hung_up_is_its_calls_until_the_deadline():
    hung_up = call(0.0, 0.2, how="hung up", status=None)
    assert after_failure(3.2, [hung_up]) == []
    assert after_failure(3.6, [hung_up]) == [BEHIND]


def test_a_call_that_the_server_answered_later_goes_on_until_then_though_the_caller_hung_up():
    hung_up = call(0.0, 0.2, how="hung up", status=None)
    journal = record(
        alarms=("accepted_after_failure",), answers=(), told=500, answered_at={"r1": 9.0}
    )
    assert after_failure(9.4, [hung_up], journal=journal) == []
    assert after_failure(9.6, [hung_up], journal=journal) == [BEHIND]


def test_a_create_counts_from_when_it_came_and_not_from_when_it_took_effect():
    late = [create(0.9, 4.0)]
    assert after_failure(0.9, [call(0.0, 1.0, **UNKNOWN)], creates=late) == []


@pytest.mark.parametrize("ended", [call(), broken(), call(status=500, code="journal_unavailable")])
def test_a_create_of_an_order_that_may_be_queued_comes_at_any_time(ended):
    assert BEHIND not in after_failure(9.0, [ended], space=QUEUE)
    assert BEHIND in after_failure(9.0, [ended], space=FAIL)


@pytest.mark.parametrize("answer", [UNAVAILABLE, REFUSED])
def test_a_queued_order_is_delivered_where_the_failure_that_was_answered_is_not_on_record(answer):
    journal = record(alarms=("accepted_after_failure",), answers=(), told=None)
    known = {"calls": [call(**answer)], "journal": journal, "creates": [create(9.0)]}
    known["oms"] = [held()]
    assert (kinds(QUEUE, **known), excuses(QUEUE, **known)) == ([], [UNCLOSED])
    assert (kinds(FAIL, **known), excuses(FAIL, **known)) == ([DENIED, BEHIND], [])
    busy = call(0.5, 1.5, name="2", status=500, code="overloaded")
    known["calls"].append(busy)
    assert (kinds(QUEUE, **known), excuses(QUEUE, **known)) == ([], [UNCLOSED])
    known["journal"] = record(alarms=("accepted_after_failure",), answers=(("r3", 500),), told=500)
    known["calls"].append(call(2.0, 3.0, name="3", **UNAVAILABLE))
    assert (kinds(QUEUE, **known), excuses(QUEUE, **known)) == ([DENIED, BEHIND], [])


def test_a_queued_order_that_is_delivered_after_an_unrecorded_failure_still_needs_an_alarm():
    journal = record(answers=(), told=None)
    known = {"calls": [call(**UNAVAILABLE)], "journal": journal, "creates": [create(9.0)]}
    assert kinds(QUEUE, **known, oms=[held()]) == [UNTOLD]


@pytest.mark.parametrize("state", ["received", "unknown", "queued"])
def test_an_order_that_is_not_settled_is_undecided(state):
    assert UNDECIDED in kinds(calls=[call(**UNKNOWN)], journal=record(state, subs={}))


@pytest.mark.parametrize("state", ["unknown", "sending"])
def test_an_order_with_a_part_in_doubt_is_undecided_and_dead_decides_it_only_without_a_guard(state):
    doubted = {"subs": {"k.1": state}, "answers": (), "told": 500}
    failed = [call(**UNKNOWN)]
    assert UNDECIDED in kinds(calls=failed, journal=record("unavailable", **doubted))
    dead = record("dead", alarms=("dead",), **doubted)
    assert kinds(BARE, calls=failed, journal=dead) == []
    assert kinds(FAIL, calls=failed, journal=dead) == [UNDECIDED]
    assert kinds(QUEUE, calls=failed, journal=dead) == [UNDECIDED]


@pytest.mark.parametrize("space", [FAIL, BARE])
def test_an_order_in_the_oms_that_was_given_up_in_doubt_is_undecided(space):
    dead = record("dead", subs={"k.1": "unknown"}, alarms=("dead",), answers=(), told=500)
    known = {**GOOD, "calls": [call(**UNKNOWN)], "journal": dead}
    assert kinds(space, **known) == [UNDECIDED]


@pytest.mark.parametrize("state", ["ready", "refused", "accepted"])
def test_an_order_that_was_given_up_though_nothing_of_it_is_in_doubt_is_undecided(state):
    dead = record("dead", subs={"k.1": state}, alarms=("dead",), answers=(), told=500)
    assert UNDECIDED in kinds(FAIL, calls=[call(**UNKNOWN)], journal=dead)
    assert UNDECIDED in kinds(BARE, calls=[call(**UNKNOWN)], journal=dead)


def test_an_order_that_was_given_up_or_is_in_parts_without_an_alarm_is_undecided():
    partial = record("partial", subs={"k.1": "accepted", "k.2": "refused"})
    known = {"calls": [call(**UNKNOWN)], "oms": [held()], "refs": ("k.1", "k.2")}
    assert UNDECIDED in kinds(**known, journal=partial)
    dead = record("dead", subs={"k.1": "unknown"}, answers=(), told=500)
    assert kinds(BARE, calls=[call(**UNKNOWN)], journal=dead) == [UNDECIDED]


@pytest.mark.parametrize("left", [{"claimed": True}, {"due": True}])
def test_an_order_that_somebody_has_or_is_to_have_in_hand_is_undecided(left):
    assert kinds(**{**GOOD, "journal": record(**left)}) == [UNDECIDED]


@pytest.mark.parametrize("answer", [UNAVAILABLE, REFUSED])
def test_an_order_in_the_oms_that_was_said_not_to_be_there_is_denied(answer):
    known = {**GOOD, "calls": [call(**answer)]}
    journal = record(alarms=("accepted_after_failure",), answers=(), told=500)
    assert kinds(**{**known, "journal": journal}) == [DENIED]


def test_an_order_that_was_in_doubt_or_sent_again_was_not_denied():
    journal = record(alarms=("accepted_after_failure",), answers=(), told=500)
    known = {**GOOD, "journal": journal}
    assert kinds(**{**known, "calls": [call(**UNKNOWN)]}) == []
    again = [call(**UNAVAILABLE), broken(2.0, 3.0, name="2")]
    assert kinds(**{**known, "calls": again}) == []
    beside = [broken(0.0, 2.0, name="2"), call(0.5, 1.0, **UNAVAILABLE)]
    assert kinds(**{**known, "calls": beside}) == []


def test_a_queued_order_is_not_denied_by_the_answer_to_other_contents():
    changed = {"variant": 2, "status": 422, "code": "order_changed"}
    said = {"ready": {"k.1": "ready"}, "refused": {"k.1": "refused"}}
    for state, found in (("ready", []), ("refused", [DENIED])):
        calls = [call(), call(2.0, 3.0, name="2", states=said[state], **changed)]
        assert kinds(QUEUE, **{**GOOD, "calls": calls}) == found
        assert kinds(FAIL, **{**GOOD, "calls": calls}) == [DENIED]


@pytest.mark.parametrize("ended", [call(**UNKNOWN), broken()])
def test_an_order_in_the_oms_after_a_failure_needs_an_alarm(ended):
    known = {**GOOD, "calls": [ended]}
    untold = record(answers=(), told=500)
    assert kinds(**{**known, "journal": untold}) == [UNTOLD]
    told = record(answers=(), told=500, alarms=("accepted_after_failure",))
    assert kinds(**{**known, "journal": told}) == []


@pytest.mark.parametrize("ended", [broken(), call(how="hung up", status=None)])
def test_an_order_whose_success_was_on_its_way_when_the_server_was_killed_is_excused(ended):
    known = {**GOOD, "calls": [ended]}
    assert kinds(**known) == []
    assert excuses(**known) == [UNHEARD]


def test_a_success_that_was_heard_or_alarmed_needs_no_excuse():
    assert excuses(**GOOD) == []
    told = record(alarms=("accepted_after_failure",))
    assert excuses(**{**GOOD, "calls": [broken()], "journal": told}) == []


def test_a_success_that_is_noted_of_no_call_of_ours_is_no_excuse():
    invented = record(answers=(("r9", 200),))
    assert kinds(**{**GOOD, "calls": [broken()], "journal": invented}) == [UNTOLD]


def test_a_queued_order_that_is_noted_as_told_though_the_journal_failed_is_excused():
    known = {**GOOD, "calls": [call(status=500, code="journal_unavailable")]}
    assert kinds(QUEUE, **known) == []
    assert excuses(QUEUE, **known) == [UNSURE]
    assert kinds(FAIL, **known) == [UNTOLD, MISQUOTED]


def test_an_order_that_the_journal_has_for_accepted_and_the_oms_does_not_hold_is_untrue():
    assert UNTRUE in kinds(calls=[call()], journal=record(), creates=[create()])


@pytest.mark.parametrize("state", ["ready", "refused"])
def test_an_order_that_the_journal_has_for_absent_and_the_oms_holds_is_untrue(state):
    journal = record("unavailable", subs={"k.1": state}, answers=(), told=500)
    assert kinds(calls=[broken()], journal=journal, creates=[create()], oms=[held()]) == [UNTRUE]


def test_an_order_under_another_id_than_the_journal_has_is_untrue():
    assert kinds(**{**GOOD, "oms": [held(oms_id="1002")]}) == [UNTRUE]


def test_an_order_in_the_oms_without_a_submission_is_untrue():
    journal = record("unavailable", subs={}, answers=(), told=500)
    assert UNTRUE in kinds(calls=[broken()], journal=journal, oms=[held()])


def test_an_accepted_order_with_a_part_that_is_not_is_untrue():
    journal = record(subs={"k.1": "accepted", "k.2": "ready"})
    assert UNTRUE in kinds(**{**GOOD, "journal": journal, "refs": ("k.1", "k.2")})


def test_an_answer_that_is_noted_otherwise_than_it_was_given_is_misquoted():
    journal = record(answers=(("r1", 500), ("r9", 200)))
    assert kinds(**{**GOOD, "journal": journal}) == [MISQUOTED]


def test_an_answer_that_is_noted_last_as_it_was_given_is_not_misquoted():
    journal = record(answers=(("r1", 500), ("r1", 200)))
    assert kinds(**{**GOOD, "journal": journal}) == []


def test_a_success_that_brings_back_another_order_is_altered():
    assert kinds(**{**GOOD, "calls": [call(whole=False)]}) == [ALTERED]


def test_a_success_for_other_contents_than_the_oms_holds_is_altered():
    both = [call(), call(2.0, 3.0, name="2", variant=2)]
    assert kinds(**{**GOOD, "calls": both}) == [ALTERED]
    changed = call(2.0, 3.0, name="2", variant=2, status=422, code="order_changed")
    assert kinds(**{**GOOD, "calls": [call(), changed]}) == []


def test_an_order_that_nobody_sent_is_altered():
    assert kinds(**{**GOOD, "oms": [held(), held("x")]}) == [ALTERED]


@pytest.mark.parametrize("ended", [{}, {"how": "broken"}, {"how": "hung up"}])
def test_a_call_that_ends_long_after_its_deadline_is_late(ended):
    for seconds, found in ((5.9, []), (6.1, [LATE]), (11.0, [LATE])):
        late = call(0.0, seconds, deadline=3.0, **ended)
        assert kinds(**{**GOOD, "calls": [call(name="2"), late]}) == found
    assert kinds(**{**GOOD, "calls": [call(0.0, 5.9, deadline=1.0)]}) == [LATE]


def test_a_call_whose_own_server_stood_still_is_not_late():
    known = {**GOOD, "calls": [call(2.0, 11.0)], "creates": [create(2.5)]}
    for still, found in (((1.0, 3.0), []), ((10.0, 12.0), []), ((0.0, 1.9), [LATE])):
        start, end = still
        stood = Standstill(server="s", start=start, end=end)
        assert kinds(**known, standstills=(stood,)) == found
    other = Standstill(server="t", start=0.0, end=20.0)
    assert kinds(**known, standstills=(other,)) == [LATE]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "internal"),
        (400, "invalid_order"),
        (401, "unauthenticated"),
        (422, "ref_taken"),
        (500, "not readable"),
        (503, None),
    ],
)
def test_an_answer_that_no_such_call_deserves_is_told(status, code):
    assert BROKEN in kinds(**{**GOOD, "calls": [call(status=status, code=code)]})


def test_every_order_is_judged_by_its_own_books():
    good = Sent(space=FAIL, key="k", refs=("k.1",))
    bad = Sent(space=FAIL, key="m", refs=("m.1",))
    other = msgspec.structs.replace(call(), order="m", request_id="r2")
    out = record("unavailable", subs={"m.1": "ready"}, answers=(), space="f")
    books = Books(
        orders=(good, bad),
        calls=(call(), other),
        journal={"k": record(space="f"), "m": out},
        creates=(create(),),
        held=(held(),),
    )
    assert [(each.kind, each.order) for each in judge(books)] == [(UNKEPT, "m")]
