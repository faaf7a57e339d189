"""What was done about an order: what was sent, when, and whether it was brought to an end.

A create that comes to an OMS must belong to a call that is under way for its order, or to an order
that is queued. A call is under way from its first byte to its answer. What left us just before the
answer, or just before a server was killed, is on its way for a moment more. A call that was broken
off by the caller goes on, until the deadline at most.
"""

from chaos.books import IN_DOUBT, Story
from chaos.kinds import BEHIND, UNCLOSED, UNDECIDED, UNRECORDED, Reasons

ANSWERED_IN_FLIGHT = 0.25
"""Seconds from an answer within which a create can arrive that left before it."""

KILLED_IN_FLIGHT = 0.5
"""The same from the moment in which a connection broke: it was the server that ended."""

_MOST_ON_RECORD = 50
"""How many calls one delivery keeps on record."""

_DECIDED = {"accepted", "refused", "unavailable", "partial"}


def behind(story: Story) -> Reasons:
    """A create comes while a call is under way, or for an order that may have been queued."""
    for create in story.creates:
        before = [call for call in story.calls if call.start <= create.arrived]
        if any(create.arrived <= _until(call, story) for call in before):
            continue
        if story.sent.space.on_outage == "queue" and any(map(may_be_queued, before)):
            continue
        if is_unclosed(before, story):
            yield UNCLOSED, f"a create of {create.ref} came after a failure that nobody knows of"
            continue
        last = max((_until(call, story) for call in before), default=None)
        late = "before any call" if last is None else f"{create.arrived - last:.3f} s too late"
        yield BEHIND, f"a create of {create.ref} came {late}"


def may_be_queued(call) -> bool:
    """Whether the order may be queued by this call.

    One that ended without an answer may have come as far as that. Where the journal failed, what
    it was asked to write may be there all the same.
    """
    return not call.failed or call.code == "journal_unavailable"


def is_unclosed(calls, story) -> bool:
    """Tell whether a queueing space's order was left open though its last call heard of a failure.

    What became of it could not be put on record, and its server was killed before that could be made
    up for: for whoever finds the order, the call was never answered, and what is queued is delivered.

    Args:
        calls: Those that came before.
        story: What the books say of the order.
    """
    if story.sent.space.on_outage != "queue" or story.record is None:
        return False
    # One that was told of no submission did not touch the order.
    touched = [call for call in calls if call.how != "answered" or call.succeeded or call.states]
    last = max(touched, key=lambda call: call.end, default=None)
    return last is not None and last.failed and last.request_id not in dict(story.record.answers)


def _until(call, story):
    match call.how:
        case "answered":
            return call.end + ANSWERED_IN_FLIGHT
        case "broken":
            return call.end + KILLED_IN_FLIGHT
    # A caller that hangs up cancels nothing: a server that stood still takes the call afterwards,
    # and is done with it when it answers, though nobody hears that.
    answered = story.record.answered_at.get(call.request_id, 0.0) if story.record else 0.0
    # If it is killed while it is at it, there is no answer to go by.
    taken = [each.end for each in story.standstills if each.held(call)]
    begun = max([call.start, *taken])
    return max(call.end, begun + call.deadline, answered) + KILLED_IN_FLIGHT


def undecided(story: Story) -> Reasons:
    """What became of an order is decided, and where a person has to decide, one was told."""
    record = story.record
    if record is None:
        return
    doubted = [each.ref for each in record.submissions if each.state in IN_DOUBT]
    if record.claimed:
        yield UNDECIDED, f"somebody still has it in hand; it is {record.state}"
    elif record.state == "dead":
        yield from _given_up_too_soon(story, doubted)
    elif record.state not in _DECIDED:
        yield UNDECIDED, f"it is {record.state}"
    elif record.due:
        yield UNDECIDED, f"it is {record.state}, and to be taken up again"
    elif doubted:
        yield UNDECIDED, f"it is {record.state}, and {doubted} in doubt"
    elif record.state == "partial" and "partial" not in record.alarms:
        yield UNDECIDED, "it is partial, and no person was told"


def _given_up_too_soon(story: Story, doubted: list[str]) -> Reasons:
    """An order is given up where nothing but doubt is left, and that can't be lifted.

    Recovery has healthy OMSs and more time than the ladder of delays. One that keeps a second create
    from making a second order lets every doubt be lifted: by a look-up once no create can come late
    any more, or by another create. Without such a guard, absence proves nothing for ever, and a
    person has to decide; but what the OMS shows must have been found.
    """
    if not story.sent.space.guarded and doubted:
        held = {each.ref for each in story.held}
        found = [ref for ref in doubted if ref in held]
        if found:
            yield UNDECIDED, f"it is dead, and {found} in doubt, though the OMS shows it"
        if "dead" not in story.record.alarms:
            yield UNDECIDED, "it is dead, and no person was told"
    elif doubted:
        yield UNDECIDED, f"it is dead, and {doubted} in doubt, though the OMS was well at last"
    else:
        yield UNDECIDED, "it is dead, and nothing of it is in doubt"


def unrecorded(story: Story) -> Reasons:
    """Every call to the OMS is on record, unless the process died that was to write it down.

    None has died of an order if each of its calls was answered, and the answers are on record. One
    create is seen twice by the OMS if it did not accept its token.
    """
    record = story.record
    if record is None:
        return
    results = {(ref, result) for _, ref, _, _, result in record.attempts}
    for each in record.submissions:
        if each.state == "accepted" and (each.ref, "accepted") not in results:
            yield UNRECORDED, f"{each.ref} is accepted, and no call is on record that says so"
    noted = dict(record.answers)
    whole = all(each.how == "answered" and each.request_id in noted for each in story.calls)
    if not whole or story.sent.space.on_outage == "queue":
        return  # under "queue", nobody hears of a process that dies at redelivery
    for ref in story.sent.refs:
        came = [each for each in story.creates if each.ref == ref]
        left = [at for at, of, action, *_ in record.attempts if (of, action) == (ref, "submit")]
        if len(left) < _MOST_ON_RECORD and len(came) > 2 * len(left):
            yield UNRECORDED, f"{len(came)} creates of {ref} came, and {len(left)} are on record"
