"""`bonusctl show`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(
    epilog=examples("bonusctl show week-47.bonusplan", "bonusctl show --format json week-47.bonusplan"),
)
@click.argument("plan", metavar="PLAN")
@format_option("text", "json")
@pass_invocation
def command(invocation: Invocation, /, plan: str, form: str) -> None:
    """Show a saved plan again. Needs no config, no state and no network."""
    from pathlib import Path

    from reconcile.cli.showing import show_plan
    from reconcile.plan.saved import read_saved

    show_plan(invocation.console, read_saved(Path(plan)).plan, form=form, saved_as=plan)
