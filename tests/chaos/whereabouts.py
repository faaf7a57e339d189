"""Where an order is: what is lost, doubled, not kept, altered, or elsewhere than the journal says."""

from chaos.books import IN_DOUBT, OUT, Story
from chaos.kinds import ALTERED, DOUBLED, LOST, UNKEPT, UNTRUE, Reasons

_AFTER_OPENING = {"oms_refused", "order_changed", "oms_unavailable", "outcome_unknown"}


def lost(story: Story) -> Reasons:
    """What was answered for, or is in the OMS, is in the journal."""
    if story.record is not None:
        if story.record.space != story.sent.space.id:
            yield LOST, f"the journal has it for {story.record.space}"
        return
    known = [call for call in story.calls if call.succeeded or call.code in _AFTER_OPENING]
    if known:
        yield LOST, f"answered {known[0].status} {known[0].code}, and the journal has no such order"
    elif story.held:
        yield LOST, "in the OMS, and the journal has no such order"


def doubled(story: Story) -> Reasons:
    for ref in story.sent.refs:
        held = [each for each in story.held if each.ref == ref]
        if len(held) > 1:
            yield DOUBLED, f"the OMS holds {len(held)} orders {ref}"
        elif held and held[0].lines != 1:
            yield DOUBLED, f"{ref} has {held[0].lines} lines and was sent with one"


def unkept(story: Story) -> Reasons:
    """What was answered with 200 is in the OMS, or queued, or a person was told why not."""
    if story.sent.space.on_outage == "fail":
        yield from _too_early(story)
    if not any(call.succeeded for call in story.calls) or _whole(story):
        return
    record = story.record
    if record is None:  # it is lost, which is said above
        return
    if story.sent.space.on_outage == "queue" and (record.state == "queued" or _given_up(story)):
        return
    yield UNKEPT, f"the journal says {record.state}, the alarms are {list(record.alarms)}"


def _too_early(story: Story) -> Reasons:
    """A success is answered when the order is in the OMS, not when it is expected to be."""
    there = {}
    for create in story.creates:
        if create.took_effect is not None:
            there[create.ref] = min(create.took_effect, there.get(create.ref, create.took_effect))
    for call in story.calls:
        early = [ref for ref, since in there.items() if call.succeeded and since > call.end]
        if early:
            yield UNKEPT, f"200 was answered before {early} was in the OMS"


def _given_up(story: Story) -> bool:
    """Whether a queued order is out by the OMS's own decision, or by ours, and a person knows."""
    states = {each.state for each in story.record.submissions}
    alarms = set(story.record.alarms)
    match story.record.state:
        case "refused":
            return "refused" in states and "refused_after_queued" in alarms
        case "partial":
            return "refused" in states and "partial" in alarms
        case "dead":  # where a second create would make a second order, doubt has to stay doubt
            doubt = bool(states & IN_DOUBT) and "ready" not in states
            return doubt and not story.sent.space.guarded and "dead" in alarms
    return False


def untrue(story: Story) -> Reasons:
    record = story.record
    if record is None:
        return
    held = {each.ref: each for each in story.held}
    for each in record.submissions:
        if each.state == "accepted" and each.ref not in held:
            yield UNTRUE, f"{each.ref} is accepted, and not in the OMS"
        elif each.state == "accepted" and held[each.ref].oms_id != each.oms_id:
            yield UNTRUE, f"{each.ref} is {each.oms_id}, and {held[each.ref].oms_id} in the OMS"
        elif each.state in OUT and each.ref in held:
            yield UNTRUE, f"{each.ref} is {each.state}, and in the OMS"
    refs = [each.ref for each in record.submissions]
    if len(set(refs)) < len(refs) or not set(refs) <= set(story.sent.refs):
        yield UNTRUE, f"{list(story.sent.refs)} were sent, and the submissions are {refs}"
    strangers = set(held) - {each.ref for each in record.submissions}
    if strangers:
        yield UNTRUE, f"{sorted(strangers)} in the OMS, and without a submission"
    states = {each.state for each in record.submissions}
    if states and not _fits(record.state, states):
        yield UNTRUE, f"it is {record.state}, and its submissions are {sorted(states)}"


def _fits(state: str, states: set[str]) -> bool:
    match state:
        case "accepted":
            return states == {"accepted"}
        case "partial":
            return "accepted" in states and states != {"accepted"}
        case "refused":
            return "refused" in states and "accepted" not in states
        case "unavailable":
            return "accepted" not in states
    return True


def altered(story: Story) -> Reasons:
    for each in story.held:
        if each.oms != story.sent.space.oms:
            yield ALTERED, f"{each.ref} is in {each.oms}"
    for call in story.calls:
        if not call.succeeded:
            continue
        if not call.whole:
            yield ALTERED, "a success did not bring back what was sent"
        wrong = {each.ref for each in story.held if each.variant != call.variant}
        if wrong:
            yield ALTERED, f"{sorted(wrong)}: contents {call.variant} were answered with 200"


def _whole(story: Story) -> bool:
    return {each.ref for each in story.held} == set(story.sent.refs)
