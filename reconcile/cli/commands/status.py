"""`bonusctl status`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(epilog=examples("bonusctl status", "bonusctl status --format json"))
@format_option("text", "json")
@pass_invocation
def command(invocation: Invocation, /, form: str) -> None:
    """Per campaign: desired, issued, to issue, in doubt, rejected, orphaned, money paid and to pay, budget left."""
    from reconcile.project.look_campaigns import campaign_rows, status_notes
    from reconcile.project.specs import choose, plan_of
    from reconcile.render.state_json import render_status_json
    from reconcile.render.state_text import render_status_text
    from reconcile.render.state_values import StatusNotes
    from reconcile.state.reader import open_reader

    project = invocation.load_project()
    chosen = choose(project)
    with open_reader(project.state_path) as reader:
        plan = plan_of(chosen, reader, project.clock.now_ms())
        rows = tuple(campaign_rows(project, reader, plan))
        notes = StatusNotes() if reader is None else status_notes(project, reader, plan)
    invocation.say_if_no_state(project)
    console = invocation.console
    if form == "json":
        console.document(render_status_json(rows, notes))
        return
    console.result(render_status_text(rows, notes))
    if any(row.to_issue for row in rows):
        console.next("bonusctl plan")
