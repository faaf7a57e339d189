"""`multiorder orders replay`: an order once more, from this process."""

import asyncio
from typing import Annotated, Final

import typer
from rich.console import Console

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, fail, load_config, out
from multiorder_sync.cli.opening import (
    By,
    OrderName,
    SpaceId,
    Yes,
    all_about,
    find,
    name_of,
    opened,
)
from multiorder_sync.cli.order_data import Keep, discretion_for
from multiorder_sync.cli.order_list import state_cell
from multiorder_sync.cli.terminal import cell, plain, table
from multiorder_sync.delivery.journal.details import Details
from multiorder_sync.delivery.journal.records import OrderState
from multiorder_sync.delivery.replay_plan import Move, Plan, Stand, Wish
from multiorder_sync.delivery.replaying import Replayed, Replaying
from multiorder_sync.delivery.service import Service
from multiorder_sync.errors import MultiOrderError
from multiorder_sync.outcome import SubmissionState

_MOVES: Final = {
    Move.LEFT: "is left as it is",
    Move.SENT: "is sent",
    Move.LOOKED_FOR: "is looked for; it is not created again",
    Move.LOOKED_FOR_AND_SENT: "is looked for, and sent if it is not there",
}


def command(
    order: OrderName,
    *,
    space: SpaceId = None,
    yes: Yes = False,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="Transform it again, with today's configuration, if none of it is in."
        ),
    ] = False,
    create_again: Annotated[
        bool,
        typer.Option(
            "--create-again",
            help="Create again what is in doubt and not found, where the OMS would not notice.",
        ),
    ] = False,
    by: By = None,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Send an order once more: what is not in the OMS yet, and what was refused.

    It is sent as it was frozen when it first went out. What may be in the OMS is looked for first. It says what it will send and where, and asks. An order that was given up is taken up again; one that could not be read when it came is read again.

    Exits with 0 only if all of it is in the OMS then.
    """
    config, registry = load_config(config_file)
    wish = Wish(by=name_of(by), anew=anew, create_again=create_again)
    with opened(config) as journal:
        details = all_about(journal, find(journal, order, space))
    stand = Stand(
        order=details.order,
        at=details.at,
        submissions=details.submissions,
        received=details.received,
    )
    try:
        service = Service(config, registry)
        try:
            plan = Replaying(service).plan(stand, wish)
            _show_plan(out(), details, plan)
            if not yes:
                typer.confirm("Send it?", abort=True)
        except BaseException:
            asyncio.run(service.aclose())
            raise
        replayed = asyncio.run(_replay(service, stand, wish))
    except MultiOrderError as error:
        fail(plain(str(error)))
    _show_result(out(), replayed, plan, discretion_for(details))
    raise typer.Exit(0 if replayed.state is OrderState.ACCEPTED else 1)


async def _replay(service: Service, stand: Stand, wish: Wish) -> Replayed:
    try:
        await service.start(redelivering=False)
        return await Replaying(service).replay(stand, wish)
    finally:
        await service.aclose()


def _show_plan(console: Console, details: Details, plan: Plan) -> None:
    order = details.order
    where = f"{plan.connector} at {plan.host}" if plan.host else plan.connector
    console.print(
        cell(f"The order {order.key} of {order.space}, which is {order.state.value}, to {where}:")
    )
    shown = table("  ref", "stands", "")
    for each in plan.submissions:
        stands = "made anew" if each.stands is None else state_cell(each.stands)
        shown.add_row(cell(f"  {each.ref}"), stands, _MOVES[each.move])
    console.print(shown)


def _show_result(console: Console, replayed: Replayed, plan: Plan, keep: Keep) -> None:
    shown = table("  ref", "state", "")
    for each in replayed.outcome.results:
        said = f"in the OMS as {each.receipt.oms_id}" if each.receipt else str(each.error or "")
        shown.add_row(cell(f"  {each.ref}"), state_cell(each.state), cell(keep(said)))
        for message in each.error.oms_errors if each.error else ():
            text = f"{message.code}: {message.text}" if message.code else message.text
            shown.add_row("", "", cell(keep(text)))
    console.print(shown)
    console.print("The order is ", state_cell(replayed.state), ".", sep="")
    if replayed.next_seconds is not None:
        console.print(f"A server takes it up again in {replayed.next_seconds:.0f} seconds.")
    moves = {each.ref: each.move for each in plan.submissions}
    for each in replayed.outcome.results:
        if each.state is SubmissionState.UNKNOWN and moves.get(each.ref) is Move.LOOKED_FOR:
            console.print(
                cell(
                    f"{each.ref} is not found, and the OMS would make two orders of two creates. "
                    "Look into the OMS; if it is not there, --create-again creates it."
                )
            )
    for alarm in replayed.alarms:
        console.print(f"Alarm raised: {alarm.value}.")
    if replayed.unrecorded is not None:
        console.print(
            cell(
                f"This could not be recorded ({replayed.unrecorded}); the servers find out by "
                "themselves."
            )
        )
