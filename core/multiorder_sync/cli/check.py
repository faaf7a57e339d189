"""`multiorder check`: the configuration, then each space's credentials against its OMS."""

import asyncio
from time import monotonic
from typing import Final

import typer
from rich.markup import escape

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, load_config, out
from multiorder_sync.config import Config
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.spaces import ServedSpace, serve_spaces
from multiorder_sync.errors import ConnectorUnavailable, JournalUnavailable, OmsError
from multiorder_sync.oms.outbound import Attempt

_SECONDS: Final = 15.0


def command(config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Check the configuration and the journal, then try each space's credentials against its OMS.

    No order is created.

    Exits with 0 if all is well, 1 if an OMS or the journal does not answer as it should, 2 if the configuration is wrong.
    """
    config, registry = load_config(config_file)
    spaces = serve_spaces(config, registry)
    console = out()
    count = "1 space" if len(spaces) == 1 else f"{len(spaces)} spaces"
    console.print(f"{escape(config.source)} is well-formed; it has {count}.")
    journal = _check_journal(config)
    console.print(_line("journal", journal))
    unasked = [each for each in registry.hooks if each.broken]
    for each in unasked:
        console.print(_line(escape(f"hooks of {each.distribution} {each.version}"), each.broken))
    reasons = asyncio.run(_check_all(list(spaces.values())))
    for space, reason in zip(spaces.values(), reasons, strict=True):
        console.print(_line(f"{escape(space.id)} ({space.settings.connector})", reason))
    raise typer.Exit(1 if any((journal, *unasked, *reasons)) else 0)


def _line(name: str, reason: str | None) -> str:
    mark = "[green]ok[/green]" if reason is None else "[red]failed[/red]"
    return f"  {name}: {mark}" + (f": {escape(reason)}" if reason else "")


def _check_journal(config: Config) -> str | None:
    try:
        Journal(config.journal).check()
    except JournalUnavailable as error:
        return str(error)
    return None


async def _check_all(spaces: list[ServedSpace]) -> list[str | None]:
    try:
        return list(await asyncio.gather(*(_check(space) for space in spaces)))
    finally:
        for space in spaces:
            await space.aclose()


async def _check(space: ServedSpace) -> str | None:
    if space.broken:
        return f"the connector is broken: {space.broken}"
    try:
        with Attempt(deadline=monotonic() + _SECONDS).active():
            async with asyncio.timeout(_SECONDS):
                await space.connector.check()
    except (OmsError, ConnectorUnavailable) as error:
        return str(error)
    except TimeoutError:
        return f"the OMS did not answer within {_SECONDS:g} seconds"
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        return f"the connector broke: {type(error).__name__}: {error}"
    return None
