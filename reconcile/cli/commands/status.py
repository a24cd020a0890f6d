"""`bonusctl status`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(epilog=examples("bonusctl status", "bonusctl status --format json"))
@format_option("text", "json")
@pass_invocation
def command(invocation: Invocation, /, form: str) -> None:
    """Per campaign: desired, issued, to issue, in doubt, rejected, orphaned, money paid and to pay, budget left."""
    from reconcile.project.look_campaigns import campaign_rows
    from reconcile.project.specs import choose, plan_of
    from reconcile.render.state_json import render_status_json
    from reconcile.render.state_text import render_status_text
    from reconcile.state.reader import open_reader

    project = invocation.load_project()
    chosen = choose(project)
    with open_reader(project.state_path) as reader:
        plan = plan_of(chosen, reader, project.clock.now_ms())
        rows = tuple(campaign_rows(project, reader, plan))
        ledgers = reader.ledgers() if reader is not None else ()
        open_operations = sum(reader.count_open(one.ledger) for one in ledgers) if reader is not None else 0
        unattributed = sum(1 for one in ledgers for _ in reader.unattributed(one.ledger)) if reader is not None else 0
    console = invocation.console
    if form == "json":
        console.document(render_status_json(rows, open_operations=open_operations, unattributed=unattributed))
        return
    console.result(render_status_text(rows, open_operations=open_operations, unattributed=unattributed))
    if any(row.to_issue for row in rows):
        console.next("bonusctl plan")
