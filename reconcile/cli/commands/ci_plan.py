"""`bonusctl ci plan`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, login_option

if TYPE_CHECKING:
    from reconcile.ci.review import Outcome
    from reconcile.diagnostics import Severity
    from reconcile.plan.model import Plan
    from reconcile.project.config import Project


@click.command(epilog=examples("bonusctl ci plan", "bonusctl ci plan --out week-47.bonusplan"))
@click.option("--out", metavar="FILE", help="Save the plan, so that the apply job can take it from an artifact.")
@click.option(
    "--mask/--no-mask",
    "masked",
    default=True,
    show_default=True,
    help="Show keyed hashes in the place of recipients and assignments, under BONUSCTL_MASK_KEY.",
)
@login_option
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    /,
    out: str | None,
    masked: bool,  # noqa: FBT001
    login: str,
) -> None:
    """Plan, and show it where it is reviewed: annotations on the specs' lines, the job's summary, one comment on the
    pull request that is written again in place, and the status `bonusctl/plan` that binds the digest to the head
    commit, the pull request and its base. Outputs: changes, total, digest, plan (the saved file), exit-code.

    Exits with 1 where the specs have errors, the plan is refused, or the status could not be set: without it nobody can
    approve this plan. What else GitHub did not take is a warning. On a pull request from a fork nothing is written but
    the summary.
    """
    from pathlib import Path

    from reconcile.ci.event import read_event
    from reconcile.ci.publish import label_of, publish
    from reconcile.ci.review import annotations
    from reconcile.diagnostics import Severity

    event = read_event(invocation.environ)
    outcome = _outcome(invocation, out, masked=masked)
    _show(invocation, outcome)
    invocation.console.result(annotations(outcome))
    root = Path.cwd() if invocation.project is None else invocation.project.settings.root
    label = label_of(event, invocation.config, root)
    published = publish(outcome, event, invocation.environ, label=label, login=login)
    for sentence in published.warnings:
        _notice(invocation, Severity.WARNING, sentence)
    if published.unbound:
        _notice(invocation, Severity.ERROR, published.unbound)
    if not outcome.fit or published.unbound:
        ctx.exit(1)


def _outcome(invocation: Invocation, out: str | None, *, masked: bool) -> "Outcome":
    """The plan, saved whole and shown masked; or what is wrong in config and specs."""
    from reconcile.ci.review import Outcome
    from reconcile.errors import InvalidInput
    from reconcile.project.planning import plan_now, plan_or_withhold
    from reconcile.project.specs import choose

    try:
        project = invocation.load_project()
        chosen = choose(project)
        plan = plan_or_withhold(chosen) if masked else plan_now(chosen)
    except InvalidInput as error:
        return Outcome(plan=None, problems=error.diagnostics)
    saved = _saved(project, plan, out)
    return Outcome(plan=_masked(invocation, project, plan) if masked else plan, saved=saved)


def _saved(project: "Project", plan: "Plan", out: str | None) -> str:
    if out is None or plan.refused:
        return ""
    from pathlib import Path

    from reconcile import __version__
    from reconcile.plan.saved import write_saved

    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_saved(plan, path, created_ms=project.clock.now_ms(), version=__version__)
    return str(path.resolve())


def _masked(invocation: Invocation, project: "Project", plan: "Plan") -> "Plan":
    from reconcile.project.mask_key import VARIABLE, find_masker
    from reconcile.render.mask import mask_plan

    if not invocation.environ.get(VARIABLE, "").strip():
        invocation.console.message(
            f"{VARIABLE} is not set: recipients are masked under a key of this run alone, so that the same worker has "
            "another mask in the next comment."
        )
    return mask_plan(plan, find_masker(invocation.environ, project.state_folder))


def _show(invocation: Invocation, outcome: "Outcome") -> None:
    """The plan in the job's log."""
    console = invocation.console
    if outcome.plan is None:
        from reconcile.render.diagnostics import render_text

        console.message(render_text(outcome.problems, color=console.color_messages))
    else:
        from reconcile.render.plan_text import render_plan_to_approve

        console.result(render_plan_to_approve(outcome.plan, color=console.color))


def _notice(invocation: Invocation, severity: "Severity", sentence: str) -> None:
    """On the job's page, and in its log."""
    from reconcile.diagnostics import Diagnostic
    from reconcile.render.diagnostics import render_github

    found = Diagnostic(severity=severity, code="ci", summary="bonusctl", detail=sentence)
    invocation.console.result(render_github((found,)))
