"""Apply and refresh as a command runs them: the plan shown, progress drawn, the report written."""

from collections.abc import Sequence

from reconcile.cli.console import Console
from reconcile.cli.invocation import Invocation
from reconcile.cli.progress import ConsoleProgress
from reconcile.plan.model import Plan
from reconcile.project.approvals import Consent
from reconcile.project.run import Orders, apply, refresh
from reconcile.project.specs import Chosen
from reconcile.project.stop import StopControl
from reconcile.protocol.report import Report
from reconcile.render.plan_text import render_plan_to_approve
from reconcile.render.report_json import render_report_json
from reconcile.render.report_text import render_report_text
from reconcile.settings import ProviderSettings


def run_apply(invocation: Invocation, chosen: Chosen, consent: Consent, orders: Orders, *, form: str) -> int:
    """Apply, and return the exit code."""
    console = invocation.console

    def shown(plan: Plan) -> None:
        console.say(render_plan_to_approve(plan, color=console.color_messages))

    report = apply(
        chosen,
        consent,
        orders,
        control=StopControl(console.message_at_once),
        progress=ConsoleProgress(console),
        shown=shown,
    )
    return report_out(console, report, form=form)


def run_refresh(invocation: Invocation, providers: Sequence[ProviderSettings], *, full: bool) -> Report:
    """Refresh, and return what it found."""
    console = invocation.console
    return refresh(
        invocation.load_project() if invocation.project is None else invocation.project,
        providers,
        Orders(command="refresh", full=full),
        control=StopControl(console.message_at_once),
        progress=ConsoleProgress(console),
    )


def report_out(console: Console, report: Report, *, form: str) -> int:
    """Write the report as a result, and return the exit code."""
    console.end_progress()
    if form == "json":
        console.document(render_report_json(report))
    else:
        console.result(render_report_text(report, color=console.color))
    return report.exit_code
