"""`bonusctl plan`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option, mask_option, max_chars_option, target_option

if TYPE_CHECKING:
    from reconcile.plan.compare import Difference
    from reconcile.plan.held import HeldBack
    from reconcile.plan.model import Plan
    from reconcile.render.mask import Masker


@click.command(
    epilog=examples(
        "bonusctl plan",
        "bonusctl plan specs/week-47.yaml",
        "bonusctl plan --out week-47.bonusplan && bonusctl apply week-47.bonusplan",
        "bonusctl plan --format json --detailed-exitcode",
        "bonusctl plan --format markdown --mask-recipients > comment.md",
        "bonusctl plan --diff week-47.bonusplan",
    ),
)
@click.argument("specs", metavar="[SPEC]...", nargs=-1)
@click.option("--out", metavar="FILE", help="Save the plan, to be approved and applied as it is.")
@format_option("text", "json", "markdown", "html")
@max_chars_option
@mask_option
@click.option("--diff", "older", metavar="OLD", help="Say what changed since this saved plan.")
@click.option("--refresh", is_flag=True, help="First read what the provider says was paid (needs the token).")
@target_option
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 where apply would pay something, or end with a conflict."
)
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    /,
    specs: tuple[str, ...],
    out: str | None,
    form: str,
    max_chars: int | None,
    masked: bool,  # noqa: FBT001
    older: str | None,
    refresh: bool,  # noqa: FBT001
    targets: tuple[str, ...],
    detailed_exitcode: bool,  # noqa: FBT001
) -> None:
    """Show what apply would do: what would be paid to whom, what is in conflict or in doubt, what it costs.

    Needs no network, no token, and writes nothing to the state, unless --refresh is given. SPEC is a file or a
    folder; without one, all that the config names.
    """
    from reconcile.cli.showing import check_showing
    from reconcile.project.planning import plan_again, plan_or_withhold
    from reconcile.project.specs import choose

    check_showing(form, max_chars=max_chars, compared=older is not None)
    project = invocation.load_project()
    masker = _masker(invocation) if masked else None
    before = _saved(older) if older is not None else None
    chosen = choose(project, specs, targets=targets)
    held: tuple[HeldBack, ...] | None = None
    if refresh:
        from reconcile.cli.running import refresh_for_plan

        held = refresh_for_plan(invocation, chosen, masker)
    plan = plan_again(chosen) if masker is None else plan_or_withhold(chosen)
    if held:
        from reconcile.plan.held import with_held_back

        plan = with_held_back(plan, held)
    _save(plan, out, created_ms=project.clock.now_ms())
    diff = None if before is None else _compared(invocation, before, plan, masker)
    _show(invocation, plan, masker, form=form, max_chars=max_chars, diff=diff, out=out or "")
    if held is None:
        _warn_of_held(invocation, plan)
    if plan.refused:
        ctx.exit(1)
    # A conflict is a change, too: nothing is paid for it, and apply would end with something left.
    if detailed_exitcode and plan.wants_something:
        ctx.exit(2)


def _save(plan: "Plan", out: str | None, *, created_ms: int) -> None:
    if out is None or plan.refused:
        return
    from pathlib import Path

    from reconcile import __version__
    from reconcile.plan.saved import write_saved

    write_saved(plan, Path(out), created_ms=created_ms, version=__version__)


def _show(
    invocation: Invocation,
    plan: "Plan",
    masker: "Masker | None",
    *,
    form: str,
    max_chars: int | None,
    diff: "Difference | None",
    out: str,
) -> None:
    from reconcile.cli.showing import Showing, show_plan

    shown = plan
    if masker is not None:
        from reconcile.render.mask import mask_plan

        shown = mask_plan(plan, masker)
    saved_as = "" if plan.refused else out
    show_plan(invocation.console, shown, Showing(form, max_chars, diff), saved_as=saved_as)
    if plan.refused and out:
        invocation.console.message("The plan is refused and was not saved.")


def _warn_of_held(invocation: Invocation, plan: "Plan") -> None:
    """What a plan without --refresh cannot know: the lists of assignments are not read, and an apply may hold back."""
    if not any(campaign.issue + campaign.top_up for campaign in plan.campaigns):
        return
    from reconcile.project.look_campaigns import held_back
    from reconcile.state.reader import open_reader

    project = invocation.project
    assert project is not None
    with open_reader(project.state_path) as reader:
        held = 0 if reader is None else held_back(project, reader, plan)
    if held:
        invocation.console.warn(
            f"The last apply held {held:,} of these back: a payment that this state does not know may be it. `bonusctl apply` "
            "and `bonusctl plan --refresh` name each; `bonusctl state resolve ADDRESS` says whose the payment is."
        )


# --- reviews -------------------------------------------------------------------------------------------------------


def _saved(older: str) -> "Plan":
    from pathlib import Path

    from reconcile.plan.saved import read_saved

    return read_saved(Path(older)).plan


def _masker(invocation: Invocation) -> "Masker":
    from reconcile.project.mask_key import find_masker

    assert invocation.project is not None
    return find_masker(invocation.environ, invocation.project.state_folder)


def _compared(invocation: Invocation, before: "Plan", plan: "Plan", masker: "Masker | None") -> "Difference":
    """What changed, masked where the plan is. What the state knows to be paid is asked of it."""
    from reconcile.plan.compare import compare
    from reconcile.project.audit import issued_of

    assert invocation.project is not None
    issued = issued_of(invocation.project, before)
    if masker is None:
        return compare(before, plan, issued)
    from reconcile.render.mask import mask_plan

    return compare(mask_plan(before, masker), mask_plan(plan, masker), frozenset(map(masker.raw, issued)))
