"""`bonusctl refresh`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(epilog=examples("bonusctl refresh", "bonusctl refresh --full"))
@click.option("--full", is_flag=True, help="Read the whole list, and name what it does not show.")
@format_option("text", "json")
@click.pass_context
@pass_invocation
def command(invocation: Invocation, ctx: click.Context, /, full: bool, form: str) -> None:  # noqa: FBT001
    """Read what the provider says was paid, bring the state up to it, and settle what is in doubt. Pays nothing.

    With --full the provider's whole list is read and compared both ways: a payment that the state calls issued and the
    list does not show, or shows with another amount, is named, and the command leaves with 3.
    """
    from reconcile.cli.running import report_out, run_refresh
    from reconcile.project.specs import refreshable

    providers = refreshable(invocation.load_project())
    report = run_refresh(invocation, providers, full=full)
    ctx.exit(report_out(invocation.console, report, form=form))
