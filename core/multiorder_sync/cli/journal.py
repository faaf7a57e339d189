"""`multiorder journal`: the durable record itself."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from multiorder_sync.cli.common import DEFAULT_CONFIG, ConfigFile, err, fail, load_config, out
from multiorder_sync.cli.opening import AsJson, opened
from multiorder_sync.cli.terminal import cell, plain, print_json, progress, table, wide
from multiorder_sync.config import Config
from multiorder_sync.delivery.journal import migrating
from multiorder_sync.delivery.journal.databases import check_encoding, place_of
from multiorder_sync.delivery.journal.journal import Journal
from multiorder_sync.delivery.journal.processes import sharing
from multiorder_sync.delivery.journal.rekeying import Rekeyed, count_rows, rekey
from multiorder_sync.delivery.journal.retention import Purge
from multiorder_sync.delivery.journal.transactions import reading, writing
from multiorder_sync.delivery.journal.verifying import Report, Verifier
from multiorder_sync.delivery.journal.wiping import wipe
from multiorder_sync.delivery.journal.writer import reason_of
from multiorder_sync.errors import JournalUnavailable


def build() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(help="The durable record of orders, as such.", no_args_is_help=True)
    group.callback()(_group)
    group.command("migrate")(migrate)
    group.command("verify")(verify)
    group.command("purge")(purge)
    group.command("rekey")(rekey_command)
    return group


def _group() -> None:
    """The durable record of orders, as such."""


def migrate(config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Bring the journal's schema up to date, or make it if there is none.

    It can be run while servers of this version, or of the one before, are running.
    """
    config, _ = load_config(config_file)
    try:
        journal = Journal(config.journal)
        check_encoding(journal.engine)
        before, after = migrating.migrate(journal.engine)
        migrating.check(journal.engine)
    except JournalUnavailable as error:
        fail(str(error))
    except SQLAlchemyError as error:
        fail(f"The journal can't be migrated: {reason_of(error)}.")
    if before == after:
        out().print(f"Nothing to do: the schema is at step {after}.")
    else:
        out().print(f"The schema was at step {before} and is at step {after} now.")


def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count the orders; change nothing.")
    ] = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Remove what could hold a shopper's data of orders settled longer than retention_days ago.

    Received bytes, payloads, notes, errors and what the OMS said go; ids, refs, states, times and answers stay. A server does it by itself once a day.
    """
    config, _ = load_config(config_file)
    days = config.journal.retention_days
    count = 0
    with opened(config) as journal:
        piece: Purge | None = Purge.older_than(days, dry_run=dry_run)
        with progress(err()) as bar:
            task = bar.add_task("Purging", total=None)
            while piece is not None:
                with (reading if dry_run else writing)(journal.engine) as connection:
                    purged = piece(connection)
                count += purged.orders
                piece = purged.rest
                bar.advance(task, purged.orders)
        if not dry_run:
            wipe(journal.engine)
    orders = "1 order" if count == 1 else f"{count} orders"
    verb = "would be removed" if dry_run else "was removed"
    out().print(f"The data of {orders}, settled more than {days} days ago, {verb}.")


def verify(as_json: AsJson = False, config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Verify that every record is whole and agrees with itself; nothing is changed.

    Every sealed value is opened, every payload read as its connector reads it, and states are compared with those of the submissions. It works beside a running server.

    Exits with 0 if all is well, 1 if there is a problem.
    """
    config, registry = load_config(config_file)
    payloads = {name: each.connector.Payload for name, each in registry.connectors.items()}
    with opened(config) as journal:
        verifier = Verifier(journal.engine, journal.rows, payloads)
        with progress(err()) as bar:
            task = bar.add_task("Verifying", total=verifier.total())
            for looked in verifier.run():
                bar.advance(task, looked)
    report = verifier.report
    if as_json:
        print_json(_report_data(report))
    else:
        _show_report(report, config, journal)
    raise typer.Exit(1 if report.problems else 0)


def rekey_command(config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Encrypt everything anew with the newest key, the first one of encryption_keys.

    Before it, every server must know that key: put it second on every machine and `multiorder reload`, then first, and again. After it, the older keys can be taken out.

    Exits with 1 if something could not be decrypted; it is left as it is.
    """
    config, _ = load_config(config_file)
    if not config.journal.encryption_keys:
        fail("There is no key to encrypt with: [journal] encryption_keys is empty.")
    done = Rekeyed()
    with opened(config) as journal:
        _warn_of_others(journal, config_file)
        with reading(journal.engine) as connection:
            total = count_rows(connection)
        with progress(err()) as bar:
            task = bar.add_task("Encrypting", total=total)
            for each in rekey(journal.engine, journal.rows):
                done += each
                bar.advance(task, each.rows)
        wipe(journal.engine)
    values = "1 value" if done.values == 1 else f"{done.values} values"
    out().print(f"{values} encrypted anew; all else was encrypted with the newest key already.")
    if done.damaged:
        fail(
            f"{done.damaged} values could not be decrypted with any of encryption_keys, and are "
            "left as they are; `multiorder journal verify` names their orders. Keep the older keys."
        )


def _warn_of_others(journal: Journal, config_file: Path) -> None:
    """Say which servers may not know the newest key yet: they could not read what it encrypts."""
    changed_at = datetime.fromtimestamp(config_file.stat().st_mtime, UTC)
    others = sharing(journal.engine)
    console = err()
    for each in others:
        if each.is_here and each.loaded_at is not None and each.loaded_at < changed_at:
            console.print(
                f"[yellow]Warning:[/yellow] process {each.pid} has not taken its configuration "
                f"since {escape(str(config_file))} was changed; `multiorder reload`, or it may not "
                "be able to read what is encrypted now."
            )
    elsewhere = sorted({each.host for each in others if not each.is_here})
    if elsewhere:
        console.print(
            f"[yellow]Warning:[/yellow] servers on {escape(plain(', '.join(elsewhere)))} share the "
            "journal; they must know the newest key by now."
        )


def _report_data(report: Report) -> dict[str, Any]:
    return {
        "ok": not report.problems,
        "schema": report.schema,
        "orders": report.orders,
        "submissions": report.submissions,
        "sealed_values": report.values,
        "not_sealed_with_the_newest_key": report.not_newest,
        "payloads_not_checked": report.unchecked,
        "problems": report.problems,
        "findings": [
            {
                "problem": each.what,
                "id": each.order.id if each.order else None,
                "space": each.order.space if each.order else None,
                "order": each.order.key if each.order else None,
            }
            for each in report.findings
        ],
    }


def _show_report(report: Report, config: Config, journal: Journal) -> None:
    console = out()
    console.print(
        cell(
            f"{place_of(journal.engine)}: schema at step {report.schema}, {report.orders} orders, "
            f"{report.submissions} submissions, {report.values} sealed values."
        )
    )
    if report.schema != migrating.HEAD:
        console.print(f"This version's schema is at step {migrating.HEAD}; it can work with both.")
    if report.not_newest and config.journal.encryption_keys:
        console.print(
            f"{report.not_newest} values are not encrypted with the newest key; `multiorder "
            "journal rekey` does that."
        )
    for name, count in sorted(report.unchecked.items()):
        console.print(
            cell(
                f"{count} payloads of settled orders were not read: their connector {name} is not "
                "installed."
            )
        )
    if not report.problems:
        console.print("No problem was found.", style="green")
        return
    shown = table("id", "space", "order", "problem")
    for each in report.findings:
        order = (each.order.id, each.order.space, each.order.key) if each.order else (None,) * 3
        shown.add_row(*map(cell, order), cell(each.what))
    wide().print(shown)
    hidden = report.problems - len(report.findings)
    console.print(f"\n{report.problems} problems" + (f", {hidden} not shown." if hidden else "."))
