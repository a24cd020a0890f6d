"""`bonusctl state list`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(
    name="list", epilog=examples("bonusctl state list", "bonusctl state list --campaign image-labels --format json")
)
@click.option("--campaign", metavar="NAME", default="", help="Only this campaign.")
@format_option("text", "json")
@pass_invocation
def command(invocation: Invocation, /, campaign: str, form: str) -> None:
    """Every recorded bonus with its status and payments, and the desired ones that are not recorded yet."""
    from reconcile.project.look import bonus_rows, wanted
    from reconcile.render.state_json import render_bonuses_json
    from reconcile.render.state_text import render_bonuses_text
    from reconcile.state.reader import open_reader

    project = invocation.load_project()
    asked = wanted(project)
    if not asked.readable:
        invocation.console.warn(
            "The specs cannot be read: what they ask for is not shown. `bonusctl validate` says why."
        )
    invocation.say_if_no_state(project)
    with open_reader(project.state_path) as reader:
        rows = bonus_rows(project, reader, asked, campaign=campaign)
        if form == "json":
            invocation.console.documents(render_bonuses_json(rows))
        else:
            invocation.console.results(render_bonuses_text(rows))
