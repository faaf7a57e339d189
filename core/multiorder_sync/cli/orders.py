"""`multiorder orders`: what became of orders, and what an operator does about it."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from multiorder_sync.cli import orders_erase, orders_export, orders_replay
from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, fail, load_config, out
from multiorder_sync.cli.opening import (
    WHY_UNREADABLE,
    AsJson,
    By,
    OrderName,
    Since,
    SpaceId,
    States,
    Yes,
    all_about,
    can_be_read,
    fail_as_gone,
    find,
    name_of,
    opened,
    readable,
)
from multiorder_sync.cli.order_data import discretion_for, order_data
from multiorder_sync.cli.order_list import list_data, show_list
from multiorder_sync.cli.order_page import show_order
from multiorder_sync.cli.terminal import cell, plain, print_json, wide
from multiorder_sync.delivery.journal.abandoning import Abandon, Abandonment, Facts, facts_of
from multiorder_sync.delivery.journal.presence import Presence
from multiorder_sync.delivery.journal.queries import Chosen, Name, listing
from multiorder_sync.delivery.journal.transactions import reading, writing

_MOST: Final = 1_000_000
"""As many orders as a list may have; more of them are for `export`."""


def build() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(
        help="What became of orders, and what to do about it.", no_args_is_help=True
    )
    group.callback()(_group)
    group.command("list")(list_orders)
    group.command("show")(show)
    group.command("replay")(orders_replay.command)
    group.command("abandon")(abandon)
    group.command("export")(orders_export.command)
    group.command("erase")(orders_erase.command)
    return group


def _group() -> None:
    """What became of orders, and what to do about it."""


def list_orders(
    *,
    space: SpaceId = None,
    state: States = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=_MOST)] = 50,
    alarms: Annotated[
        bool, typer.Option("--alarms", help="With an alarm alone: a person must look at them.")
    ] = False,
    as_json: AsJson = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """List orders, the newest first; nothing of a shopper is shown.

    It only reads, and works beside a running server.
    """
    config, _ = load_config(config_file)
    chosen = Chosen(space=space, states=tuple(state or ()), since=since, alarmed=alarms)
    with opened(config) as journal, reading(journal.engine) as connection:
        found = listing(connection, chosen, most=limit)
    if as_json:
        print_json(list_data(found))
    else:
        show_list(wide(), found)


def show(
    order: OrderName,
    *,
    space: SpaceId = None,
    payload: Annotated[
        bool, typer.Option("--payload", help="What was sent, too; it holds the shopper's data.")
    ] = False,
    received: Annotated[
        bool, typer.Option("--received", help="The received bytes, too; they hold it, too.")
    ] = False,
    as_json: AsJson = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Show all there is about an order: states, tries, answers, alarms.

    What shoppers are called and where they live is left out unless you ask for it. It only reads, and works beside a running server.
    """
    config, _ = load_config(config_file)
    with opened(config) as journal:
        name = find(journal, order, space)
        details = all_about(journal, name)
    keep = discretion_for(details)
    with readable(name):
        if as_json:
            print_json(order_data(details, keep, payload=payload, received=received))
        else:
            show_order(wide(), details, keep, payload=payload, received=received)


def abandon(
    order: OrderName,
    *,
    reason: Annotated[str, typer.Option(help="Why; whoever calls for the order is told so.")],
    space: SpaceId = None,
    by: By = None,
    yes: Yes = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Give an order up: nothing more is done for it, and calls for it are answered with 422.

    `multiorder orders replay` takes it up again. An order whose record can't be read can be given up, too.
    """
    config, _ = load_config(config_file)
    operator, reason = name_of(by), reason.strip()
    if not reason:
        fail("--reason must say why.")
    console = out()
    with opened(config) as journal:
        name = find(journal, order, space)
        with reading(journal.engine) as connection:
            facts = facts_of(connection, name.id)
        if facts is None:
            fail_as_gone(name)
        if not can_be_read(journal, name):
            console.print(cell(f"What came and what was sent can't be read: {WHY_UNREADABLE}."))
        if not yes:
            _say_what_is_given_up(name, facts)
            typer.confirm("Give it up?", abort=True)
        giving_up = Abandon(
            name.id,
            by=operator,
            reason=reason,
            at=datetime.now(UTC),
            presence=Presence(journal.engine, None),
            rows=journal.rows,
        )
        with writing(journal.engine) as connection:
            done = giving_up(connection)
    key = plain(name.key)
    match done:
        case Abandonment.ACCEPTED:
            fail(f"The order {key} is in the OMS; it can't be given up. Cancel it there.")
        case Abandonment.IN_HAND:
            fail(f"A process has the order {key} in hand right now; try again in a moment.")
        case Abandonment.ALREADY:
            fail(f"The order {key} was given up already; `multiorder orders show` says by whom.")
        case Abandonment.GONE:
            fail_as_gone(name)
        case Abandonment.DONE:
            console.print(cell(f"The order {key} is given up; nothing more is done for it."))


def _say_what_is_given_up(name: Name, facts: Facts) -> None:
    console = out()
    console.print(cell(f"The order {name.key} of {name.space} is {facts.state}."))
    for each in facts.parts:
        there = "" if each.oms_id is None else f", in the OMS as {each.oms_id}"
        console.print(cell(f"  {each.ref}: {each.state}{there}"))
