"""`bonusctl state push`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import branch_options, examples

if TYPE_CHECKING:
    from reconcile.project.state_branch import PushReport


@click.command(
    name="push",
    epilog=examples("bonusctl state push --begin", "bonusctl apply --auto-approve", "bonusctl state push"),
)
@branch_options
@click.option("--begin", "beginning", is_flag=True, help="Before an apply: mark the branch, so that others know.")
@pass_invocation
def command(invocation: Invocation, /, branch: str, remote: str, beginning: bool) -> None:  # noqa: FBT001
    """Keep the state's journal on a branch of its own in git. Never by force: a branch that moved on is read again, one
    that went apart from the local state is refused. Touches neither the work tree nor the present branch.

    With --begin right after a pull and before an apply; without it after the apply, however that ended. The journal
    holds who was paid what: the repository must be private.
    """
    from reconcile.project.state_branch import begin, push

    project = invocation.load_project()
    report = (begin if beginning else push)(project, remote=remote, branch=branch)
    console = invocation.console
    console.result(_begun(report) if beginning else _pushed(report))
    if report.found is not None and beginning:
        console.warn(_careful(report))
    elif report.marked and not beginning:
        console.warn(f"A mark stays on {report.branch}: a run is under way, or one ended without bringing its state.")


def _begun(report: "PushReport") -> str:
    return f"Marked {report.branch}: a run is under way here."


def _careful(report: "PushReport") -> str:
    from reconcile.render.safe import visible

    assert report.found is not None
    by, since = visible(report.found.by), visible(report.found.since)
    return (
        f"A run of {by} since {since} has not brought its state: what it sent may still be in flight. Asynchronous "
        "singles go on at once, everything else waits for a settle window."
    )


def _pushed(report: "PushReport") -> str:
    from reconcile.project.state_branch import Standing
    from reconcile.state.chain import format_head

    if report.standing is Standing.THEIRS_AHEAD:
        return f"{report.branch} knows all that the state here knows, and more: nothing to push."
    if not report.head.sequence:
        return "There is no state yet: nothing to push."
    if report.pushed:
        return f"Pushed to {report.branch}, head {format_head(report.head)}."
    return f"{report.branch} holds this state already, head {format_head(report.head)}."
