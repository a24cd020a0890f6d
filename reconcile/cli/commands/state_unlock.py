"""`bonusctl state unlock`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(name="unlock", epilog=examples('bonusctl state unlock --reason "runner 4 hangs"'))
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@click.option("--auto-approve", is_flag=True, help="Ask nothing.")
@pass_invocation
def command(invocation: Invocation, /, reason: str, auto_approve: bool) -> None:  # noqa: FBT001
    """Take the lock from a run that hangs. That run can then neither record nor send anything; the next one first
    makes sure that nothing of it is in flight. A lock that a dead run left never needs this.
    """
    from reconcile.cli.question import must_agree
    from reconcile.project.state_ops import take_lock

    project = invocation.load_project()
    must_agree(invocation.console, "Take the state's lock from whoever holds it?", approved=auto_approve)
    before = take_lock(project, reason)
    invocation.console.result(f"Unlocked. It had been signed by {before}." if before else "Unlocked.")
    invocation.console.next("bonusctl refresh")
