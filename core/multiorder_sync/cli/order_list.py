"""How a list of orders is shown."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.text import Text

from multiorder_sync.cli.terminal import cell, table, time
from multiorder_sync.delivery.journal.queries import Listing, OrderLine
from multiorder_sync.delivery.journal.records import OrderState
from multiorder_sync.outcome import SubmissionState

_STYLES: Final[Mapping[str, str]] = {
    "accepted": "green",
    "refused": "red",
    "unavailable": "red",
    "partial": "red",
    "dead": "red",
    "invalid": "red",
    "unknown": "yellow",
    "sending": "yellow",
    "queued": "yellow",
    "received": "yellow",
    "abandoned": "dim",
}
_COLUMNS: Final = (
    "id",
    "space",
    "order",
    "state",
    "Nacelle was told",
    "received (UTC)",
    "OMS ids",
    "next attempt (UTC)",
)


def show_list(console: Console, found: Listing) -> None:
    """Print a list of orders, and how many there are by state."""
    if not found.matched:
        console.print("No order matches.")
        return
    alarmed = any(line.alarms for line in found.orders)
    shown = table(*_COLUMNS, *(("alarms",) if alarmed else ()))
    for line in found.orders:
        shown.add_row(*_cells(line), *((cell(" ".join(line.alarms)),) if alarmed else ()))
    console.print(shown)
    counts = ", ".join(f"{number} {state.value}" for state, number in sorted(found.states.items()))
    console.print(f"\n{_orders(found.matched)}: {counts}")
    older = found.matched - len(found.orders)
    if older:
        console.print(f"{_orders(older)} more, which came earlier; --limit shows more of them.")


def list_data(found: Listing) -> dict[str, Any]:
    """Return a list of orders for a script."""
    return {
        "orders": [
            {
                "id": line.id,
                "space": line.space,
                "order": line.key,
                "state": line.state,
                "told": told_data(line.told_status, line.told_code),
                "received_at": line.received_at,
                "oms_ids": line.oms_ids,
                "next_attempt_at": line.next_attempt_at,
                "in_hand": line.in_hand,
                "alarms": line.alarms,
            }
            for line in found.orders
        ],
        "matched": found.matched,
        "states": {state.value: number for state, number in sorted(found.states.items())},
    }


def state_cell(state: OrderState | SubmissionState) -> Text:
    """Return a state in its colour."""
    return cell(state.value, _STYLES.get(state.value, ""))


def told_text(status: int | None, code: str | None) -> str | None:
    """Return what Nacelle was told, in short; None if nothing."""
    return None if status is None else f"{status} {code or ''}".strip()


def told_data(status: int | None, code: str | None) -> dict[str, Any] | None:
    """Return what Nacelle was told, for a script; None if nothing."""
    return None if status is None else {"status": status, "code": code}


def _cells(line: OrderLine) -> list[RenderableType]:
    return [
        cell(line.id),
        cell(line.space),
        cell(line.key),
        state_cell(line.state),
        cell(told_text(line.told_status, line.told_code)),
        cell(time(line.received_at)),
        cell(" ".join(line.oms_ids)),
        cell("in hand" if line.in_hand else time(line.next_attempt_at)),
    ]


def _orders(number: int) -> str:
    return "1 order" if number == 1 else f"{number} orders"
