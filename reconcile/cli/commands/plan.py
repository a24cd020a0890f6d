"""`bonusctl plan`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option, target_option

if TYPE_CHECKING:
    from reconcile.plan.model import Plan
    from reconcile.project.specs import Chosen


@click.command(
    epilog=examples(
        "bonusctl plan",
        "bonusctl plan specs/week-47.yaml",
        "bonusctl plan --out week-47.bonusplan && bonusctl apply week-47.bonusplan",
        "bonusctl plan --format json --detailed-exitcode",
    ),
)
@click.argument("specs", metavar="[SPEC]...", nargs=-1)
@click.option("--out", metavar="FILE", help="Save the plan, to be approved and applied as it is.")
@format_option("text", "json")
@click.option("--refresh", is_flag=True, help="First read what the provider says was paid (needs the token).")
@target_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where apply would pay something.")
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    /,
    specs: tuple[str, ...],
    out: str | None,
    form: str,
    refresh: bool,  # noqa: FBT001
    targets: tuple[str, ...],
    detailed_exitcode: bool,  # noqa: FBT001
) -> None:
    """Show what apply would do: what would be paid to whom, what is in conflict or in doubt, what it costs.

    Needs no network, no token, and writes nothing to the state, unless --refresh is given. SPEC is a file or a
    folder; without one, all that the config names.
    """
    from reconcile.project.specs import choose

    project = invocation.load_project()
    chosen = choose(project, specs, targets=targets)
    if refresh:
        from reconcile.cli.running import run_refresh

        run_refresh(invocation, chosen.providers(), full=False)
    plan = _plan(chosen)
    _save(plan, out)
    _show(invocation, plan, form=form, out=out or "")
    if plan.refused:
        ctx.exit(1)
    if detailed_exitcode and plan.payments:
        ctx.exit(2)


def _plan(chosen: "Chosen") -> "Plan":
    """The plan against the state as it is, with its changed bonuses explained."""
    from reconcile.plan.model import Action
    from reconcile.project.specs import plan_of
    from reconcile.project.system import SystemClock
    from reconcile.state.reader import open_reader

    with open_reader(chosen.project.state_path) as reader:
        plan = plan_of(chosen, reader, SystemClock().now_ms())
        if not any(change.action in (Action.TOP_UP, Action.CONFLICT) for change in plan.changes):
            return plan
        from reconcile.plan.explain import explain
        from reconcile.project.texts import readers_of_texts

        return explain(plan, reader, readers_of_texts(chosen.providers()))


def _save(plan: "Plan", out: str | None) -> None:
    if out is None or plan.refused:
        return
    from pathlib import Path

    from reconcile import __version__
    from reconcile.plan.saved import write_saved
    from reconcile.project.system import SystemClock

    write_saved(plan, Path(out), created_ms=SystemClock().now_ms(), version=__version__)


def _show(invocation: Invocation, plan: "Plan", *, form: str, out: str) -> None:
    from reconcile.cli.showing import show_plan

    show_plan(invocation.console, plan, form=form, saved_as="" if plan.refused else out)
    if plan.refused and out:
        invocation.console.message("The plan is refused and was not saved.")
