"""`bonusctl state import`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(name="import", epilog=examples("bonusctl state import state.jsonl"))
@click.argument("file", metavar="FILE")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@pass_invocation
def command(invocation: Invocation, /, file: str, reason: str) -> None:
    """Make a state from an export, or advance one that the export continues. Every line is verified first."""
    from pathlib import Path

    from reconcile.errors import UsageError
    from reconcile.project.state_ops import import_from
    from reconcile.state.chain import format_head
    from reconcile.state.transfer import LINE_MAX

    project = invocation.load_project()
    try:
        lines = Path(file).open(encoding="utf-8", newline="\n")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    with lines:
        # Never more of a line at once than an event can have: a line without an end must not fill the memory.
        bounded = iter(lambda: lines.readline(LINE_MAX + 2), "")
        head = import_from(project, bounded, reason=reason or f"imported from {file}")
    invocation.console.result(f"Imported into {project.state_path}, head {format_head(head)}.")
    invocation.console.next("bonusctl plan")
