"""How all there is about one order is shown."""

from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Console
from rich.text import Text

from multiorder_sync.cli.order_data import Keep, payload_data
from multiorder_sync.cli.order_list import state_cell, told_text
from multiorder_sync.cli.terminal import as_json, cell, lines, table, time
from multiorder_sync.delivery.alarms import SENTENCES
from multiorder_sync.delivery.journal.details import Details
from multiorder_sync.delivery.journal.records import AttemptRecord, Failure, SubmissionRecord
from multiorder_sync.outcome import SubmissionState


def show_order(
    console: Console, details: Details, keep: Keep, *, payload: bool, received: bool
) -> None:
    """Print all there is about an order.

    Args:
        console: Where to.
        details: What the journal has.
        keep: Takes out of texts what is not to be shown.
        payload: Whether the payloads are shown.
        received: Whether the received bytes are.
    """
    _facts(console, details, keep)
    for number, submission in enumerate(details.submissions, 1):
        attempts = details.attempts.get(submission.ref, ())
        _submission(console, number, submission, attempts, keep)
        if payload:
            _block(console, "payload", _payload(submission))
    if details.earlier_attempts:
        console.print(Text("\nBefore it was transformed anew", "bold"))
        _attempts(console, details.earlier_attempts, keep)
    _answers(console, details)
    _alarms(console, details)
    if received:
        _block(console, "Received", _received(details.received))


def _facts(console: Console, details: Details, keep: Keep) -> None:
    order = details.order
    console.print(Text.assemble(("Order ", "bold"), cell(order.key), " of ", cell(order.space)))
    facts = table("", "")
    facts.show_header = False

    def fact(name: str, value: Text | str) -> None:
        facts.add_row(f"  {name}", cell(value) if isinstance(value, str) else value)

    fact("id", str(order.id))
    fact("state", state_cell(order.state))
    fact("connector", order.connector)
    fact("on_outage", order.on_outage)
    fact("received", f"{time(order.received_at)} UTC")
    fact("last changed", f"{time(order.updated_at)} UTC")
    told = told_text(order.told_status, order.told_code)
    fact("Nacelle was told", f"{told} at {time(order.told_at)} UTC" if told else "nothing yet")
    if details.holder is not None:
        holder = details.holder
        where = f"process {holder.pid} on {holder.host}" if holder.pid else "a process"
        fact("in hand", f"of {where}, until {time(holder.until)} UTC")
    elif order.next_attempt_at is not None:
        fact("next attempt", f"{time(order.next_attempt_at)} UTC")
    if order.redeliveries:
        fact("redeliveries", str(order.redeliveries))
    if order.abandoned_by is not None:
        fact("given up", f"by {order.abandoned_by}: {keep(order.reason or '-')}")
    for name, value in _failure(order.error, keep):
        fact(name, value)
    console.print(facts)


def _submission(
    console: Console,
    number: int,
    record: SubmissionRecord,
    attempts: Sequence[AttemptRecord],
    keep: Keep,
) -> None:
    console.print(Text.assemble(("\nSubmission ", "bold"), f"{number}: ", cell(record.ref)))
    facts = table("", "")
    facts.show_header = False
    facts.add_row("  state", state_cell(record.state))
    for name, value in _about(record, keep):
        facts.add_row(f"  {name}", cell(value))
    console.print(facts)
    if attempts:
        _attempts(console, attempts, keep)


def _attempts(console: Console, attempts: Sequence[AttemptRecord], keep: Keep) -> None:
    tries = table("  attempts (UTC)", "ms", "action", "caller", "result", "what the OMS said")
    for each in attempts:
        tries.add_row(
            cell(f"  {time(each.at)}"),
            cell(f"{each.milliseconds:.0f}"),
            cell(each.action),
            cell(each.caller),
            cell(each.result),
            cell(None if each.answer is None else keep(each.answer)),
        )
    console.print(tries)


def _about(record: SubmissionRecord, keep: Keep) -> Iterator[tuple[str, str]]:
    yield "stands for", ", ".join(record.orders)
    if record.sent_at is not None:
        leaving = record.state is SubmissionState.SENDING
        yield "creates until" if leaving else "last create", f"{time(record.sent_at)} UTC"
    receipt = record.receipt
    if receipt is not None:
        how = "created" if receipt.created else "found there"
        status = f", status {receipt.status}" if receipt.status else ""
        yield "in the OMS", f"{receipt.oms_id} as {receipt.oms_ref}{status} ({how})"
    # What the transform decided is told with the receipt's warnings.
    for note in receipt.warnings if receipt is not None and receipt.warnings else record.notes:
        yield "note", keep(note)
    yield from _failure(record.error, keep)


def _failure(failure: Failure | None, keep: Keep) -> Iterator[tuple[str, str]]:
    if failure is not None:
        yield "error", f"{failure.code}: {keep(failure.message)}"
        for each in failure.oms_errors:
            yield "the OMS said", keep(f"{each.code}: {each.text}" if each.code else each.text)


def _answers(console: Console, details: Details) -> None:
    if not details.answers:
        return
    console.print(Text("\nAnswers to Nacelle", "bold"))
    shown = table("  at (UTC)", "status", "code", "request id")
    for each in details.answers:
        shown.add_row(
            cell(f"  {time(each.at)}"), cell(each.status), cell(each.code), cell(each.request_id)
        )
    console.print(shown)


def _alarms(console: Console, details: Details) -> None:
    if not details.alarms:
        return
    console.print(Text("\nAlarms", "bold"))
    shown = table("  at (UTC)", "kind", "webhook", "")
    for each in details.alarms:
        webhook = None
        if each.delivered_at is not None:
            webhook = f"delivered {time(each.delivered_at)}"
        elif each.next_try_at is not None:
            webhook = f"try {each.tries + 1} at {time(each.next_try_at)}"
        elif each.tries:
            webhook = f"given up after {each.tries} tries"
        sentence = SENTENCES[each.kind]
        shown.add_row(cell(f"  {time(each.at)}"), cell(each.kind), cell(webhook), cell(sentence))
    console.print(shown)


def _payload(record: SubmissionRecord) -> str:
    if record.payload is None:
        return "is not kept any more"
    return as_json(payload_data(record.payload), indent=2)


def _received(received: bytes | None) -> str:
    if received is None:
        return "is not kept any more"
    try:
        return lines(msgspec.json.format(received, indent=2).decode())
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return lines(received.decode("utf-8", "replace"))


def _block(console: Console, name: str, text: str) -> None:
    console.print(Text(f"\n{name}", "bold"))
    console.print(Text(text), soft_wrap=True)
