"""`multiorder plugins`: the installed connectors, the broken ones too."""

from rich.table import Table

from multiorder_sync.cli.common import out
from multiorder_sync.oms.plugins import discover


def command() -> None:
    """List the installed connectors; of a broken one, the reason and the remedy."""
    registry = discover()
    console = out()
    if not registry.connectors and not registry.broken:
        console.print(
            "No connector is installed; pip install multiorder-NAME brings one, with your OMS for NAME."
        )
        return
    table = Table("connector", "distribution", "version", "status", box=None, pad_edge=False)
    for name, installed in sorted(registry.connectors.items()):
        table.add_row(name, installed.distribution, installed.version, "[green]ok[/green]")
    for broken in registry.broken:
        names = ", ".join(broken.names)
        table.add_row(names, broken.distribution, broken.version, "[red]broken[/red]")
    console.print(table)
    for broken in registry.broken:
        console.print(f"\n[bold]{', '.join(broken.names)}[/bold] ({broken.distribution})")
        console.print(f"  {broken.reason}", markup=False)
        console.print(f"  {broken.remedy}", markup=False)
