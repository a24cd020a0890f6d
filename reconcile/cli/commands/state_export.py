"""`bonusctl state export`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(name="export", epilog=examples("bonusctl state export > state.jsonl"))
@pass_invocation
def command(invocation: Invocation, /) -> None:
    """Print the whole state as JSON lines, the same text for the same state."""
    from reconcile.project.state_ops import export_to

    export_to(invocation.load_project(), lambda line: invocation.console.documents((line, "\n")))
