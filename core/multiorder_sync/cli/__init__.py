"""The `multiorder` command."""

from multiorder_sync.cli.app import build


def main() -> None:
    """Run the command line."""
    build()()
