"""`multiorder plugins`: what is installed, what of it is broken, and why."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from multiorder_sync.cli.common import fail, out
from multiorder_sync.cli.plugins_data import (
    Plugin,
    list_data,
    mappable,
    missing_data,
    plugin_data,
    shown_data,
)
from multiorder_sync.config.targets import Target, setting_targets
from multiorder_sync.oms.plugins import discover
from multiorder_sync.oms.registry import (
    BrokenPlugin,
    InstalledConnector,
    InstalledHooks,
    Registry,
)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for a script.")]
Name = Annotated[
    str,
    typer.Argument(
        help="The connector, as config.toml names it; a package with hooks goes by its own name, or "
        "that of its entry point."
    ),
]


def build() -> typer.Typer:
    """Return the group of commands; called without one of them, it lists."""
    group = typer.Typer(help="The installed connectors and hooks.", invoke_without_command=True)
    group.callback()(_group)
    group.command("list")(show_list)
    group.command("show")(show)
    group.command("check")(check)
    return group


def _group(context: typer.Context) -> None:
    """List, show and check what is installed."""
    if context.invoked_subcommand is None:
        show_list()


def show_list(as_json: AsJson = False) -> None:
    """List the installed connectors and hooks; of a broken one, the reason and the remedy."""
    registry = discover()
    if as_json:
        _print_json(list_data(registry))
        return
    console = out()
    if not registry.connectors and not registry.broken:
        console.print(
            "No connector is installed; pip install multiorder-NAME brings one, with your OMS for NAME."
        )
    else:
        table = Table("connector", "distribution", "version", "status", box=None, pad_edge=False)
        for name, installed in sorted(registry.connectors.items()):
            table.add_row(name, installed.distribution, installed.version, "[green]ok[/green]")
        for broken in registry.broken:
            names = ", ".join(broken.names)
            table.add_row(
                escape(names), escape(broken.distribution), broken.version, "[red]broken[/red]"
            )
        console.print(table)
    for hooks in registry.hooks:
        names = ", ".join(hooks.hooks) + (", and is broken" if hooks.broken else "")
        console.print(f"\n{hooks.distribution} {hooks.version} has hooks: {names}", markup=False)
    for broken in registry.broken:
        _say_why(console, broken, registry)
    _warn(console, registry)


def show(name: Name, as_json: AsJson = False) -> None:
    """Show a connector's settings, its mapping targets, and what it does not carry.

    Of a package that brings hooks alone, it shows which, and whether they can be called.
    """
    registry = discover()
    found = registry.look_up_all(name)
    if not found:
        missing = missing_data(registry, name)
        _say_missing(missing, as_json=missing if as_json else None)
    if as_json:
        shown = [data for each in found for data in shown_data(each, registry)]
        _print_json(shown[0] if len(shown) == 1 else shown)
    else:
        for each in found:
            _show(out(), each, registry)
    _end(found)


def check(
    name: Annotated[str | None, typer.Argument(help="Only this one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that what is installed can be used; exits with 1 if something can't.

    It loads every package and looks at its contract, or whether its hooks fit. What its OMS says is
    `multiorder check`'s to find out, and how it behaves that of the conformance kit.
    """
    registry = discover()
    found: Sequence[Plugin] = (
        *registry.connectors.values(),
        *registry.usable_hooks,
        *registry.broken,
    )
    if name:
        found = registry.look_up_all(name)
        if not found:
            missing = missing_data(registry, name)
            _say_missing(missing, as_json=[missing] if as_json else None)
    if as_json:
        _print_json(plugin_data(found, registry))
    else:
        _say_checked(out(), found, registry)
    _end(found)


def _end(found: Sequence[Plugin]) -> NoReturn:
    raise typer.Exit(1 if any(isinstance(each, BrokenPlugin) for each in found) else 0)


def _say_checked(console: Console, found: Sequence[Plugin], registry: Registry) -> None:
    for each in found:
        package = escape(f"({each.distribution} {each.version})")
        if isinstance(each, InstalledConnector):
            console.print(f"{each.connector.name} {package}: [green]ok[/green]")
        elif isinstance(each, InstalledHooks):
            hooks = ", ".join(each.hooks)
            console.print(
                f"{escape(each.entry_point)} {package}: [green]ok[/green]; hooks: {hooks}"
            )
        else:
            _say_why(console, each, registry)
    _warn(console, registry)


def _say_missing(missing: Mapping[str, Any], *, as_json: Any) -> NoReturn:
    """Say that there is nothing of that name and stop, for a script by what it is given."""
    if as_json is not None:
        _print_json(as_json)
        raise typer.Exit(1)
    fail(f"N{missing['reason'][1:]}; {missing['remedy']}.")


def _say_why(console: Console, broken: BrokenPlugin, registry: Registry) -> None:
    names = escape(", ".join(broken.names) or broken.entry_point)
    console.print(f"\n[bold]{names}[/bold] ({escape(broken.distribution)} {broken.version})")
    console.print(f"  {broken.reason}", markup=False)
    console.print(f"  {broken.remedy}", markup=False)
    hooks = registry.unusable_hooks(broken)
    if hooks:
        console.print(
            f"  no order is sent meanwhile, as it has {' and '.join(hooks)}", markup=False
        )


def _warn(console: Console, registry: Registry) -> None:
    for use in registry.deprecated:
        console.print(f"\n[yellow]Deprecated:[/yellow] {escape(str(use))}")


def _show(console: Console, found: Plugin, registry: Registry) -> None:
    if isinstance(found, InstalledConnector):
        _show_connector(console, found, registry)
    elif isinstance(found, InstalledHooks):
        console.print(
            f"[bold]{escape(found.entry_point)}[/bold] from {found.distribution} {found.version}"
        )
        console.print(f"  hooks, which can be called: {', '.join(found.hooks)}", markup=False)
    else:
        _say_why(console, found, registry)


def _show_connector(console: Console, found: InstalledConnector, registry: Registry) -> None:
    connector = found.connector
    console.print(f"[bold]{connector.name}[/bold] from {found.distribution} {found.version}")
    console.print(f"  a second create under the same ref: {connector.duplicate_guard.value}")
    console.print(f"  contract version {connector.api_version}")
    if connector.name in registry.sandboxes:
        console.print(f"  local stand-in: multiorder sandbox {connector.name}")
    _show_targets(console, "setting", setting_targets(connector.Settings), required="required")
    _show_targets(console, "mapping target", mappable(connector))
    _show_reasons(console, "may not be mapped", connector.reserved)
    _show_reasons(console, "not carried", connector.not_carried)


def _show_targets(
    console: Console, heading: str, found: tuple[Target, ...], *, required: str = ""
) -> None:
    table = Table(heading, "type", "default", "", box=None, pad_edge=False)
    for target in found:
        table.add_row(
            escape(target.path),
            escape(target.type),
            required if target.required else escape(target.default),
            escape(target.description),
        )
    console.print()
    console.print(table)


def _show_reasons(console: Console, heading: str, reasons: Mapping[str, str]) -> None:
    if reasons:
        table = Table(heading, "because", box=None, pad_edge=False)
        for field, reason in reasons.items():
            table.add_row(escape(field), escape(reason))
        console.print()
        console.print(table)


def _print_json(value: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
