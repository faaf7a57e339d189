"""Whether a run proves anything: what must have gone wrong, and what must have gone well."""

from collections.abc import Iterator, Mapping

from chaos.books import Books
from chaos.disk import NOT_PERMITTED
from chaos.faults import cards
from chaos.plan import Plan
from chaos.words import was_still

_HALF = 0.5

Counts = Mapping[tuple[str, str], int]


def undone(plan: Plan, counts: Counts) -> list[str]:
    """Return what has not gone wrong yet and must, as a run goes on until it has."""
    rows = dict.fromkeys(_troubles(plan, counts))
    return [f"{section}: {row}" for section, row in rows if not counts.get((section, row))]


def unproven(plan: Plan, counts: Counts, books: Books) -> list[str]:
    """Return all that a run which is over proves nothing about.

    Args:
        plan: What it was made of.
        counts: What was done.
        books: The three books.
    """
    return [*undone(plan, counts), *_done_too_little(plan, books)]


def _troubles(plan: Plan, counts: Counts) -> Iterator[tuple[str, str]]:
    """Yield the rows of the table of which none may be zero."""
    for step in plan.dies_at:
        yield "servers", f"killed at the step {step}"
    yield "servers", "killed at random"
    for card in cards(plan):
        if plan.whole or card.kind == "latency" or card.when == "after":  # they leave doubt
            yield "faults", card.shown
    if ("databases", NOT_PERMITTED) not in counts:
        yield "databases", "disk full"
    if plan.database == "postgresql":
        yield "databases", "PostgreSQL restarted"
    if plan.whole:
        yield "servers", "stopped in order"
        yield "servers", "configuration taken anew as it ran"
        yield "OMS", "out of reach"
        yield "OMS", "slow for a while"
    if plan.stalls:
        yield "servers", "stood still"


def _done_too_little(plan: Plan, books: Books) -> Iterator[str]:
    """Yield what too few orders or calls show."""
    least = plan.least_accepted
    for space in plan.spaces:
        sent = [each for each in books.orders if each.space.id == space.id]
        yield from _few(
            f"orders for {space.id} that are accepted",
            _accepted(sent, books),
            len(sent),
            least / 2,
        )
    yield from _few(
        "orders that are accepted",
        _accepted(books.orders, books),
        len(books.orders),
        plan.least_accepted,
    )
    heard = {call.order for call in books.calls if call.succeeded}
    yield from _few("orders of which a 200 was heard", len(heard), len(books.orders), least / 2)
    answered = [call for call in books.calls if call.how == "answered"]
    yield from _few("calls that are answered", len(answered), len(books.calls), least)
    in_time = [call for call in answered if not was_still(call, books.standstills)]
    yield from _few("calls that are answered in time", len(in_time), len(answered), _HALF)
    settled = [call for call in answered if call.succeeded or call.states]
    noted = {name for record in books.journal.values() for name, _ in record.answers}
    known = sum(call.request_id in noted for call in settled)
    yield from _few("answers that are noted", known, len(settled), _HALF)
    attempts = {
        (caller, result)
        for record in books.journal.values()
        for _, _, action, caller, result in record.attempts
        if action == "submit" or caller == "redelivery"
    }
    if not any(result == "outcome_unknown" for _, result in attempts):
        yield "creates of which nobody knew what came of them"
    if ("redelivery", "accepted") not in attempts:
        yield "orders that are settled by redelivery"
    if plan.whole and not any(map(_late, books.creates)):
        yield "creates that take effect late"


def _accepted(orders, books) -> int:
    records = (books.journal.get(each.key) for each in orders)
    return sum(record is not None and record.state == "accepted" for record in records)


def _few(what: str, number: int, whole: int, least: float) -> Iterator[str]:
    if not number or number < least * whole:
        yield f"{what}: {number:,} of {whole:,}, which is less than {least:.0%}"


def _late(create) -> bool:
    return create.took_effect is not None and create.took_effect - create.arrived > 1.0
