"""Plans on stdout, in the format that was asked for."""

from reconcile.cli.console import Console
from reconcile.diagnostics import Severity
from reconcile.plan.model import Plan


def show_plan(console: Console, plan: Plan, *, form: str, saved_as: str = "") -> None:
    """Write a plan as a result. A refused one is shown all the same; its JSON carries the `reason`."""
    if form == "json":
        from reconcile.plan.document import chunks

        console.results((*chunks(plan, {"reason": refusal_of(plan)} if plan.refused else None), "\n"))
        return
    from reconcile.render.plan_text import render_plan_text

    console.result(render_plan_text(plan, color=console.color, saved_as=saved_as))


def refusal_of(plan: Plan) -> str:
    """The reason of a refused plan, for programs."""
    codes = {found.code for found in plan.diagnostics if found.severity is Severity.ERROR}
    return "account_mismatch" if "account-mismatch" in codes else "policy"
