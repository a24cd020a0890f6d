"""`bonusctl state restore`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(name="restore", epilog=examples("bonusctl state restore backups/2026-11-22.db"))
@click.argument("file", metavar="BACKUP")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@pass_invocation
def command(invocation: Invocation, /, file: str, reason: str) -> None:
    """Put a backup in the state's place, after it was verified. The former file is kept beside it. The next apply
    first reads from the provider what the backup does not know.
    """
    from pathlib import Path

    from reconcile.project.state_ops import restore_from

    aside = restore_from(invocation.load_project(), Path(file), reason=reason or f"restored from {file}")
    kept = f" The former state is kept as {aside}." if aside is not None else ""
    invocation.console.result(f"Restored from {file}.{kept}")
    invocation.console.next("bonusctl refresh", "bonusctl plan")
