"""`bonusctl show`."""

import re
from typing import TYPE_CHECKING, Final

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option, mask_option, max_chars_option

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.render.mask import Masker

_RUN: Final = re.compile(r"[0-9A-Fa-f-]{4,36}", re.ASCII)
# What looks like no file: neither a suffix nor a folder.
_NAME: Final = re.compile(r"[\w-]+")


@click.command(
    epilog=examples(
        "bonusctl show week-47.bonusplan",
        "bonusctl show --format markdown --mask-recipients week-47.bonusplan",
        "bonusctl show 4f7c21d0",
    ),
)
@click.argument("what", metavar="PLAN|RUN")
@format_option("text", "json", "markdown", "html")
@max_chars_option
@mask_option
@pass_invocation
def command(
    invocation: Invocation,
    /,
    what: str,
    form: str,
    max_chars: int | None,
    masked: bool,  # noqa: FBT001
) -> None:
    """Show a saved plan again, or what a run did.

    PLAN is the file that `plan --out` wrote; it needs no config, no state and no network. RUN is a run's id or its
    beginning, as `history` lists them: who, when, for which commit and pull request, under which digest, and each
    payment with the provider's id.
    """
    from pathlib import Path

    from reconcile.cli.showing import check_showing
    from reconcile.errors import UsageError

    check_showing(form, max_chars=max_chars)
    if _RUN.fullmatch(what) and not Path(what).exists():
        _run(invocation, what, form=form, masked=masked)
    elif _NAME.fullmatch(what) and not Path(what).exists():
        raise UsageError(
            f"{what} is neither a file nor the beginning of a run's id",
            remedy="List the runs, or save a plan to show:\nbonusctl history\nbonusctl plan --out plan.bonusplan",
        )
    else:
        _plan(invocation, Path(what), form=form, max_chars=max_chars, masked=masked)


def _plan(invocation: Invocation, path: "Path", *, form: str, max_chars: int | None, masked: bool) -> None:
    from reconcile.cli.showing import Showing, show_plan
    from reconcile.plan.saved import read_saved

    plan = read_saved(path).plan
    if masked:
        from reconcile.render.mask import mask_plan

        plan = mask_plan(plan, _masker(invocation))
    show_plan(invocation.console, plan, Showing(form, max_chars), saved_as=str(path))


def _run(invocation: Invocation, beginning: str, *, form: str, masked: bool) -> None:
    from reconcile.errors import UsageError
    from reconcile.project.audit import find_run
    from reconcile.render.audit_text import render_run_json, render_run_text

    if form not in ("text", "json"):
        raise UsageError("A run is shown with --format text or json")
    run = find_run(invocation.load_project(), beginning)
    payments = run.payments
    if masked:
        from reconcile.render.audit_values import masked_row

        masker = _masker(invocation)
        payments = tuple(masked_row(one, masker) for one in payments)
    if form == "json":
        invocation.console.document(render_run_json(run.record, payments))
    else:
        invocation.console.result(render_run_text(run.record, payments))


def _masker(invocation: Invocation) -> "Masker":
    """The key of the environment; else the one beside the state of the config that is found, if one is."""
    from reconcile.errors import UsageError
    from reconcile.project.mask_key import VARIABLE, find_masker

    if invocation.environ.get(VARIABLE):
        return find_masker(invocation.environ, None)
    try:
        project = invocation.project or invocation.load_project()
    except UsageError:
        return find_masker(invocation.environ, None)
    return find_masker(invocation.environ, project.state_folder)
