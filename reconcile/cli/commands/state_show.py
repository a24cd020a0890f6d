"""`bonusctl state show`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(name="show", epilog=examples("bonusctl state show image-labels-2026-w47/fac97860#quality-award"))
@click.argument("address")
@format_option("text", "json")
@pass_invocation
def command(invocation: Invocation, /, address: str, form: str) -> None:
    """One bonus: what is desired and issued, and each payment with its operation and remote id."""
    from reconcile.project.state_ops import look_up
    from reconcile.render.state_json import FORMAT_VERSION, bonus_json
    from reconcile.render.state_text import render_bonus_text

    row = look_up(invocation.load_project(), address)
    if form == "json":
        invocation.console.document({"format_version": FORMAT_VERSION, **bonus_json(row)})
    else:
        invocation.console.result(render_bonus_text(row))
