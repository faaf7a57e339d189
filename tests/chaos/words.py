"""What was said of an order: to Nacelle, to a person, and by the journal of that."""

from collections.abc import Iterable

from chaos.books import OUT, Call, Standstill, Story
from chaos.conduct import is_unclosed, may_be_queued
from chaos.kinds import BROKEN, DENIED, LATE, MISQUOTED, UNHEARD, UNSURE, UNTOLD, Reasons

LATE_MARGIN = 3.0
"""Seconds beyond its deadline in which a call may be answered: the machine has other work, too."""

_RIGHT_CODES = {
    200: {None},
    422: {"oms_refused", "order_changed"},
    500: {"oms_unavailable", "outcome_unknown", "overloaded", "journal_unavailable"},
}


def denied(story: Story) -> Reasons:
    """What an answer said not to be in the OMS was not there, nor is it if that was the last one."""
    if not story.calls:
        return
    yield from _there_before(story)
    last = max(story.calls, key=lambda call: call.start)
    if not last.failed or any(call.end > last.start for call in story.calls if call is not last):
        return
    if is_unclosed(story.calls, story):  # it is excused where it is sent
        return
    held = {each.ref for each in story.held}
    queued = story.sent.space.on_outage == "queue" and any(map(may_be_queued, story.calls))
    for ref, state in last.states.items():
        if state in OUT and ref in held and not (queued and state == "ready"):
            yield DENIED, f"{ref} was said to be {state}, with {last.status} {last.code}"


def _there_before(story: Story) -> Reasons:
    """What was in the OMS before a call began is not said to be absent by its answer.

    A queued order is answered for by the record, which may not have heard of it yet.
    """
    since = {}
    for create in story.creates:
        if create.took_effect is not None:
            since[create.ref] = min(create.took_effect, since.get(create.ref, create.took_effect))
    for call in story.calls:
        for ref, state in call.states.items() if call.failed else ():
            absent = state == "refused" or (
                state == "ready" and story.sent.space.on_outage == "fail"
            )
            if absent and since.get(ref, call.start) < call.start:
                yield DENIED, f"{ref} was there, and was said to be {state} with {call.code}"


def untold(story: Story) -> Reasons:
    """What is in the OMS although a failure was told last, or nothing, has an alarm.

    Where a 200 is noted of a call that ended without an answer, the server was killed, or the caller
    was gone, before the bytes had left: that can't be known to whoever finds the order accepted.
    """
    record = story.record
    if record is None or record.state != "accepted" or not story.calls:
        return
    if any(call.succeeded for call in story.calls) or "accepted_after_failure" in record.alarms:
        return
    noted = dict(record.answers)
    unheard = [each for each in story.calls if each.how != "answered"]
    if any(noted.get(each.request_id) == 200 for each in unheard):
        yield UNHEARD, "nobody heard it, and no person was told"
        return
    # What could not be written as it was answered may be there all the same, which is told below.
    unsure = [each for each in story.calls if each.code == "journal_unavailable"]
    queue = story.sent.space.on_outage == "queue"
    if queue and any(noted.get(each.request_id) == 200 for each in unsure):
        return
    yield UNTOLD, f"it was told {record.told_status}; the alarms are {list(record.alarms)}"


def misquoted(story: Story) -> Reasons:
    if story.record is None:
        return
    noted = dict(story.record.answers)
    for call in story.calls:
        if call.how == "answered" and noted.get(call.request_id, call.status) != call.status:
            status = noted[call.request_id]
            if call.code == "journal_unavailable" and story.sent.space.on_outage == "queue":
                yield UNSURE, f"{call.request_id} was told otherwise than is noted"
                continue
            yield MISQUOTED, f"{call.status} was answered, and {status} noted"


def broken(story: Story) -> Reasons:
    for call in story.calls:
        if call.how == "answered" and call.code not in _RIGHT_CODES.get(call.status, ()):
            yield BROKEN, f"{call.status} {call.code}"


def late(story: Story) -> Reasons:
    """A call ends within its deadline, however it ends, unless its server was not let run or starting.

    That another server stands still or is killed is no reason: calls that wait for what it has in hand
    are answered in time, too.
    """
    for call in story.calls:
        seconds = call.end - call.start
        if seconds > call.deadline + LATE_MARGIN and not was_still(call, story.standstills):
            yield LATE, f"{seconds:.1f} s, with {call.deadline} s to answer; it {_ended(call)}"


def was_still(call: Call, standstills: Iterable[Standstill]) -> bool:
    """Tell whether a call's server took no calls for a while as the call was under way."""
    return any(each.held(call) for each in standstills)


def _ended(call: Call) -> str:
    return f"was answered {call.status}" if call.how == "answered" else call.how
