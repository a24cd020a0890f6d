"""`bonusctl history`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(epilog=examples("bonusctl history", "bonusctl history --limit 100 --format json"))
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="So many runs.")
@format_option("text", "json")
@pass_invocation
def command(invocation: Invocation, /, limit: int, form: str) -> None:
    """The runs, newest first: when, who, on which git commit, the plan's digest, and what each settled.

    ISSUED are payments that this state had sent, in this run or an earlier one, and that the run proved made, with their
    money. FOUND are those that it had not sent: another state had, or `import` took them over. A payment counts in one
    run alone: all runs together are what `report` sums up.
    """
    from reconcile.project.audit import with_sums
    from reconcile.render.state_json import render_history_json
    from reconcile.render.state_text import render_history_text
    from reconcile.state.reader import open_reader

    project = invocation.load_project()
    with open_reader(project.state_path) as reader:
        runs = tuple(with_sums(reader, run) for run in reader.runs(limit)) if reader is not None else ()
    invocation.say_if_no_state(project)
    if form == "json":
        invocation.console.document(render_history_json(runs))
    else:
        invocation.console.result(render_history_text(runs))
