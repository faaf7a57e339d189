"""Books of one order, as a good run leaves them, for the judge's tests."""

import msgspec

from chaos.books import Books, Call, Create, Held, Record, Sent, Space, Submission
from chaos.judge import excused, judge

FAIL = Space(id="f", oms="fluentcommerce", on_outage="fail")
QUEUE = Space(id="q", oms="fluentcommerce", on_outage="queue")
UNGUARDED = Space(id="u", oms="fluentcommerce", on_outage="queue", guarded=False)
BARE = Space(id="b", oms="fluentcommerce", on_outage="fail", guarded=False)

UNKNOWN = {"status": 500, "code": "outcome_unknown", "states": {"k.1": "unknown"}}
UNAVAILABLE = {"status": 500, "code": "oms_unavailable", "states": {"k.1": "ready"}}
REFUSED = {"status": 422, "code": "oms_refused", "states": {"k.1": "refused"}}


def call(start=0.0, end=1.0, *, name="1", **fields):
    known = {
        "order": "k",
        "request_id": f"r{name}",
        "server": "s",
        "variant": 1,
        "deadline": 3.0,
        "status": 200,
    }
    return Call(**{**known, "start": start, "end": end, **fields})


def broken(start=0.0, end=1.0, **fields):
    return call(start, end, how="broken", status=None, **fields)


def record(state="accepted", *, subs=None, answers=(("r1", 200),), told=200, **fields):
    subs = {"k.1": "accepted"} if subs is None else subs
    submissions = tuple(
        Submission(ref=ref, state=each, oms_id="1001" if each == "accepted" else None)
        for ref, each in subs.items()
    )
    known = {"space": "", "told_status": told, "attempts": tuple(map(attempt, subs))}
    return Record(
        **{**known, "state": state, "submissions": submissions, "answers": answers, **fields}
    )


def attempt(ref="k.1", result="accepted", *, at=0.4, action="submit", caller="nacelle"):
    return at, ref, action, caller, result


def create(arrived=0.5, took_effect=None, ref="k.1"):
    return Create(ref=ref, arrived=arrived, took_effect=took_effect)


def held(ref="k.1", **fields):
    return Held(**{"oms": "fluentcommerce", "ref": ref, "oms_id": "1001", "variant": 1, **fields})


def books(space=FAIL, *, calls=(), journal=None, creates=(), oms=(), refs=("k.1",), **others):
    """Return books about one order; what the journal has of it is for its space."""
    if journal is not None and not journal.space:
        journal = msgspec.structs.replace(journal, space=space.id)
    return Books(
        orders=(Sent(space=space, key="k", refs=refs),),
        calls=tuple(calls),
        journal={} if journal is None else {"k": journal},
        creates=tuple(creates),
        held=tuple(oms),
        **others,
    )


def kinds(space=FAIL, **known):
    """Return the kinds of violation in books about one order."""
    return sorted({violation.kind for violation in judge(books(space, **known))})


def excuses(space=FAIL, **known):
    """Return the kinds of what is excused in books about one order."""
    return [each.kind for each in excused(books(space, **known))]


GOOD = {
    "calls": [call()],
    "journal": record(),
    "creates": [create(0.5, 0.6)],
    "oms": [held()],
}
