"""What a campaign came to, for a person: a table, and the whole story of what went wrong."""

import itertools
import json
from collections import Counter
from datetime import UTC, datetime

from chaos.books import stories
from chaos.kinds import EXCUSES, KINDS

_SECTIONS = ("sent", "answered", "servers", "databases", "OMS", "faults", "journal", "alarms")
_SLOW = 1.0
"""Seconds from arrival to effect from which on a create took effect late."""


def table(verdicts):
    """Return the counts of all runs as a Markdown table."""
    columns = [_counts(verdict) for verdict in verdicts]
    names = [verdict.plan.name for verdict in verdicts]
    rows = [["", *names], ["---", *("---:" for _ in names)]]
    for section in (*_SECTIONS, "recovery"):
        known = dict.fromkeys(name for each in columns for where, name in each if where == section)
        ordered = known if section in ("sent", "recovery") else sorted(known)
        rows += [
            [f"{section}: {name}", *(f"{each[section, name]:,}" for each in columns)]
            for name in ordered
        ]
    rows.append(["**left unproven**", *(f"**{len(each.unproven)}**" for each in verdicts)])
    for kind in EXCUSES:
        found = [sum(each.kind == kind for each in verdict.excused) for verdict in verdicts]
        rows.append([f"excused: {kind}", *map(str, found)])
    for kind in KINDS:
        found = [sum(each.kind == kind for each in verdict.violations) for verdict in verdicts]
        rows.append([f"**{kind}**", *(f"**{number}**" for number in found)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _counts(verdict):
    books, counts = verdict.books, Counter(verdict.counts)
    counts["sent", "multi-orders"] = len(books.orders)
    counts["sent", "orders in them"] = sum(len(each.refs) for each in books.orders)
    counts["sent", "calls"] = len(books.calls)
    counts["sent", "creates that came to an OMS"] = len(books.creates)
    counts["sent", "orders that the OMSs hold"] = len(books.held)
    for call in books.calls:
        answer = f"{call.status} {call.code or ''}".strip()
        names = {"broken": "not: the connection broke", "hung up": "not: the caller hung up"}
        counts["answered", names.get(call.how, answer)] += 1
    for create in books.creates:
        if create.took_effect and create.took_effect - create.arrived > _SLOW:
            counts["OMS", "created an order late"] += 1
    for record in books.journal.values():
        counts["journal", record.state] += 1
        for kind in record.alarms:
            counts["alarms", kind] += 1
    counts["recovery", "seconds of the run"] = round(verdict.seconds)
    return counts


def told(verdict, *, most):
    """Yield the stories of the orders that went wrong, of so many at most."""
    known = {each.sent.key: each for each in stories(verdict.books)}
    wrong = {}
    for violation in verdict.violations:
        line = f"{violation.kind}: {violation.order}: {violation.sentence}"
        wrong.setdefault(violation.order, []).append(line)
    for order, lines in itertools.islice(wrong.items(), most):
        story = [_story(known[order], verdict.folder)] if order in known else []
        yield "\n".join([*lines, *story])


def _story(known, folder):
    """Return all that is known of an order, by time."""
    lines = []
    space, record = known.sent.space, known.record
    lines.append(f"  space {space.id}, guarded {space.guarded}, refs {', '.join(known.sent.refs)}")
    events = []
    for call in known.calls:
        how = (
            f"{call.status} {call.code} {call.states or ''}" if call.how == "answered" else call.how
        )
        events.append(
            (call.start, f"call {call.request_id[:8]} to {call.server}, contents {call.variant}")
        )
        events.append((call.end, f"call {call.request_id[:8]} ends: {how}"))
    for create in known.creates:
        events.append((create.arrived, f"create of {create.ref} comes to the OMS"))
        if create.took_effect:
            events.append((create.took_effect, f"create of {create.ref} took effect"))
    for at, ref, action, caller, result in record.attempts if record else ():
        events.append((at, f"{caller} asks to {action} {ref}: {result}"))
    for each in record.submissions if record else ():
        if each.sent_at:
            events.append((each.sent_at, f"{each.ref} is noted as sent"))
    events += _logged(folder, known.sent.key)
    lines += [f"  {_clock(at)} {text}" for at, text in sorted(events)]
    if record is not None:
        lines.append(
            f"  journal: {record.state}, told {record.told_status}, alarms {list(record.alarms)}, "
            f"claimed {record.claimed}, due {record.due}, "
            f"answers {[(name[:8], status) for name, status in record.answers]}"
        )
        lines += [
            f"    {each.ref}: {each.state} {each.oms_id or ''}" for each in record.submissions
        ]
    lines += [f"  OMS: {each.ref} as {each.oms_id}, contents {each.variant}" for each in known.held]
    return "\n".join(lines)


def _logged(folder, key):
    """Yield what the servers' logs say of an order."""
    for log in sorted(folder.glob("server-*.log")):
        for line in log.read_text(errors="replace").splitlines():
            if key not in line:
                continue
            try:
                entry = json.loads(line)
                at = datetime.fromisoformat(entry.pop("timestamp")).timestamp()
            except (ValueError, KeyError):
                continue
            if f"{key}." not in line and entry.get("order") != key:
                continue
            yield at, f"[{log.stem}] {json.dumps(entry)[:400]}"


def _clock(at):
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
