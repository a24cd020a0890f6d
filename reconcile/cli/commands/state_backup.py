"""`bonusctl state backup`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(name="backup", epilog=examples("bonusctl state backup backups/2026-11-22.db"))
@click.argument("file", metavar="FILE")
@pass_invocation
def command(invocation: Invocation, /, file: str) -> None:
    """Copy the state to a new file, safe also while a run writes. Never replaces a file."""
    from pathlib import Path

    from reconcile.project.state_ops import backup_to
    from reconcile.state.chain import format_head

    head = backup_to(invocation.load_project(), Path(file))
    invocation.console.result(f"Copied to {file}, head {format_head(head)}.")
