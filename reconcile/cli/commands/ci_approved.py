"""`bonusctl ci approved`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, login_option


@click.command(epilog=examples("bonusctl ci approved", "bonusctl ci approved --pull-request 12"))
@click.option(
    "--pull-request",
    "number",
    metavar="N",
    default="",
    help="A pull request that was merged before, instead of the one whose merge this commit is.",
)
@login_option
@pass_invocation
def command(invocation: Invocation, /, number: str, login: str) -> None:
    """Print the digest that was approved by merging a pull request: the one that the plan job bound to its last commit.
    Outputs: digest, pull-request, head-sha, run-id (the run that planned and holds the saved plan).

    Refuses, with 1, a commit that is no merge of a reviewed pull request, and one whose last commit carries no plan
    fit for approval.
    """
    from reconcile.ci.api import ApiProblem, open_api
    from reconcile.ci.approved import find_approval
    from reconcile.ci.event import read_event
    from reconcile.ci.github import GitHub
    from reconcile.ci.outputs import write_outputs, write_summary
    from reconcile.ci.publish import context_of, label_of
    from reconcile.errors import Refused
    from reconcile.render.summary import refusal_summary

    event = read_event(invocation.environ)
    project = invocation.load_project()
    context = context_of(label_of(event, invocation.config, project.settings.root))
    try:
        with open_api(invocation.environ) as api:
            approval = find_approval(
                GitHub(api, event.repository), event, context=context, number=_number(number), login=login
            )
    except Refused as refused:
        write_summary(invocation.environ, refusal_summary(refused))
        raise
    except ApiProblem as problem:
        raise Refused(
            "GitHub does not tell which plan was approved",
            detail=f"{problem} Nothing was sent.",
            remedy="Run this job again. It needs the permissions `pull-requests: read` and `statuses: read`.",
            reason="no_reviewed_plan",
        ) from problem
    write_outputs(
        invocation.environ,
        {
            "digest": approval.digest,
            "pull-request": str(approval.number),
            "head-sha": approval.head_sha,
            "run-id": approval.run_id,
        },
    )
    from reconcile.render.safe import visible

    invocation.console.say(
        f"Approved in pull request #{approval.number} at {approval.head_sha[:12]}: {visible(approval.said)}."
    )
    invocation.console.result(approval.digest)


def _number(text: str) -> int | None:
    """The number that was given, None for none: a workflow passes its input on, also an empty one."""
    from reconcile.errors import UsageError

    if not text:
        return None
    plain = text.removeprefix("#")
    if not (plain.isascii() and plain.isdigit() and 0 < len(plain) <= 12):
        raise UsageError("--pull-request is the number of a pull request, such as 12")
    return int(plain)
