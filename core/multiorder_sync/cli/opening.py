"""What the commands about the journal share: opening it, and finding the order that is meant."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Final, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from multiorder_sync.cli.common import fail
from multiorder_sync.cli.terminal import plain
from multiorder_sync.config import Config
from multiorder_sync.delivery.journal import migrating
from multiorder_sync.delivery.journal.databases import is_sqlite, place_of, sqlite_file
from multiorder_sync.delivery.journal.details import Details, details_of
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.queries import Chosen, Name, listing, named
from multiorder_sync.delivery.journal.records import OrderState
from multiorder_sync.delivery.journal.sealing import Unreadable
from multiorder_sync.delivery.journal.transactions import reading
from multiorder_sync.delivery.journal.writer import reason_of
from multiorder_sync.errors import JournalUnavailable

OrderName = Annotated[
    str, typer.Argument(metavar="ORDER", help="The order's key, or the id of its record.")
]
SpaceId = Annotated[str | None, typer.Option("--space", "-s", help="Of this space alone.")]
States = Annotated[
    list[OrderState] | None,
    typer.Option(
        "--state", metavar="STATE", help=f"In this state; several: in any. {', '.join(OrderState)}."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON document, for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

UNREADABLE: Final = (Unreadable, ValueError)
"""What reading a record raises that is damaged, or of which the key is not known."""

WHY_UNREADABLE: Final = (
    "it is damaged, or [journal] encryption_keys lacks the key that it was encrypted with"
)

_FEW: Final = 5


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a day or a time, 2026-11-24 or 2026-11-24T09:30") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


Since = Annotated[
    datetime | None,
    typer.Option(
        parser=_instant,
        metavar="DATE",
        help="Received since then, in UTC: 2026-11-24, 2026-11-24T09:30.",
    ),
]


def operator() -> str:
    """Return the name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


By = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Who does it, for the record; by default you."),
]


def name_of(by: str | None) -> str:
    """Return who does it."""
    name = operator() if by is None else by.strip()
    if not name:
        fail("--by must name somebody.")
    return name


@contextmanager
def opened(config: Config, *, checked: bool = True) -> Iterator[Journal]:
    """Open the journal that a configuration names; whatever is wrong with it is said.

    Args:
        config: The configuration.
        checked: Whether its schema must be one that this version works with.
    """
    try:
        journal = Journal(config.journal)
        if is_sqlite(journal.engine.url) and not sqlite_file(journal.engine).exists():
            fail(
                f"There is no journal yet at {sqlite_file(journal.engine)}; `multiorder serve` "
                "makes it."
            )
        if checked:
            try:
                migrating.check(journal.engine)
            except SQLAlchemyError as error:
                place = place_of(journal.engine)
                fail(f"The journal {place} can't be read: {reason_of(error)}.")
        yield journal
    except JournalUnavailable as error:
        fail(plain(str(error)))


def chosen_by(space: str | None, states: list[OrderState] | None, since: datetime | None) -> Chosen:
    """Return the orders that the options choose."""
    return Chosen(space=space, states=tuple(states or ()), since=since)


def find(journal: Journal, name: str, space: str | None) -> Name:
    """Return the one order that is meant, or say why none is."""
    with reading(journal.engine) as connection:
        found = named(connection, name, space)
        invalid = Chosen(space=space, states=(OrderState.INVALID,))
        unread = 0 if found else listing(connection, invalid, most=1).matched
    if not found:
        where = f" of the space {plain(space)}" if space else ""
        # Whoever looks for one of them knows it by the id that was read of it, which is not kept.
        hint = (
            " What came and was no multi-order is kept under a name of its own: "
            "`multiorder orders list --state invalid`."
        )
        fail(f"The journal has no order {plain(name)}{where}.{hint if unread else ''}")
    if len(found) > 1:
        some = "; ".join(
            f"id:{each.id} is {plain(each.key)} of {plain(each.space)}" for each in found[:_FEW]
        )
        fail(
            f"{plain(name)} can mean {len(found)} orders; name one by its id, or give --space: "
            f"{some}."
        )
    return found[0]


def all_about(journal: Journal, name: Name) -> Details:
    """Return all there is about an order, or say that it can't be read."""
    with reading(journal.engine) as connection, readable(name):
        found = details_of(connection, journal.rows, [name.id])
    if not found:
        fail_as_gone(name)
    return found[0]


def can_be_read(journal: Journal, name: Name) -> bool:
    """Tell whether all there is about an order can be read."""
    with reading(journal.engine) as connection:
        try:
            details_of(connection, journal.rows, [name.id])
        except UNREADABLE:
            return False
    return True


def fail_as_gone(name: Name) -> NoReturn:
    """Say that an order is not there any more."""
    fail(f"The journal has no order {plain(name.key)} any more.")


@contextmanager
def readable(name: Name) -> Iterator[None]:
    """Say that an order's record can't be read if something of it can't be within the block."""
    try:
        yield
    except UNREADABLE:
        fail(f"The record of the order {told(name)} can't be read: {WHY_UNREADABLE}.")


def told(name: Name) -> str:
    """Return what an order is called, for a person who is to find its record."""
    return f"{plain(name.key)} of {plain(name.space)} (id:{name.id})"
