"""`bonusctl state pull`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import branch_options, examples

if TYPE_CHECKING:
    from reconcile.project.state_branch import PullReport


@click.command(
    name="pull", epilog=examples("bonusctl state pull", "bonusctl state pull --branch bonusctl-state --remote origin")
)
@branch_options
@pass_invocation
def command(invocation: Invocation, /, branch: str, remote: str) -> None:
    """Make the local state, or bring it forward, from its branch in git. Needs no provider's token. Every line is
    verified; a state that knows more than the branch is kept, one that went apart from it is refused.

    Before an apply: bonusctl state push --begin.
    """
    from reconcile.project.state_branch import pull

    project = invocation.load_project()
    report = pull(project, remote=remote, branch=branch)
    invocation.console.result(_sentence(report, str(project.state_path)))
    _say_mark(invocation, report)


def _sentence(report: "PullReport", path: str) -> str:
    from reconcile.state.chain import format_head
    from reconcile.state.transfer import Pulled

    head = format_head(report.head)
    match report.pulled:
        case None:
            return f"There is no state on {report.branch} yet: nothing to pull."
        case Pulled.MADE:
            return f"Made {path} from {report.branch}, head {head}."
        case Pulled.FORWARD:
            return f"Brought {path} forward to {report.branch}, head {head}."
        case Pulled.SAME:
            return f"{path} is what {report.branch} holds, head {head}."
        case Pulled.AHEAD:
            return f"{path} knows more than {report.branch} and is kept, head {head}. `bonusctl state push` brings it there."


def _say_mark(invocation: Invocation, report: "PullReport") -> None:
    from reconcile.render.safe import visible

    if report.mark is not None:
        by, at, since = visible(report.mark.by), visible(report.mark.host), visible(report.mark.since)
        invocation.console.warn(
            f"A run of {by} on {at} is under way since {since}, or ended without bringing its state."
        )
