"""Apply and refresh as a command runs them: the plan shown, progress drawn, the report written."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reconcile.cli.console import Console
from reconcile.cli.event_lines import EventLines
from reconcile.cli.invocation import Invocation
from reconcile.cli.progress import ConsoleProgress
from reconcile.diagnostics import Diagnostics
from reconcile.errors import BonusctlError
from reconcile.plan.held import HeldBack
from reconcile.plan.model import Plan
from reconcile.project.approvals import Consent
from reconcile.project.run import Orders, apply, refresh
from reconcile.project.specs import Chosen
from reconcile.project.stop import StopControl
from reconcile.protocol.engine import Unrecorded
from reconcile.protocol.report import Left, Report
from reconcile.render.event_json import ending_event
from reconcile.render.mask import Masker, ids_of, mask_plan
from reconcile.render.mask_report import mask_error, mask_report, mask_sentence
from reconcile.render.plan_text import render_plan_to_approve
from reconcile.render.report_json import report_chunks
from reconcile.render.report_text import render_report_text
from reconcile.render.safe import visible
from reconcile.render.summary import refusal_summary, report_summary
from reconcile.settings import ProviderSettings


def run_apply(
    invocation: Invocation,
    chosen: Chosen,
    consent: Consent,
    orders: Orders,
    *,
    form: str,
    masker: Masker | None = None,
    summary: str = "",
) -> int:
    """Apply, and return the exit code. `masker`: what is shown names nobody, None for everything as it is. `summary`: a
    file that the report, or the refusal, is appended to as Markdown.
    """
    console = invocation.console

    met: set[str] = set()

    def clean(text: str) -> str:
        return text if masker is None else mask_sentence(text, masker, met)

    def shown(plan: Plan) -> None:
        if masker is not None:
            met.update(ids_of(plan))
            plan = mask_plan(plan, masker)
        console.say(render_plan_to_approve(plan, color=console.color_messages))

    try:
        report = apply(
            chosen,
            consent,
            orders,
            control=StopControl(console.message_at_once),
            progress=EventLines(console, clean, masker, met) if form == "jsonl" else ConsoleProgress(console, clean),
            shown=shown,
            met=None if masker is None else met,
        )
    except BonusctlError as error:
        if masker is None:
            _append(console, summary, refusal_summary(error))
            raise
        met.update(_ids(chosen))
        masked = mask_error(error, masker, met)
        if isinstance(error, Unrecorded):
            error.lines = tuple(map(clean, error.lines))
        _append(console, summary, refusal_summary(masked))
        raise masked from None
    said = report if masker is None else mask_report(report, masker)
    _append(console, summary, report_summary(said))
    return report_out(console, said, form=form)


def _append(console: Console, path: str, text: str) -> None:
    """Append to the summary. That it cannot be written changes nothing of what was paid: it is said, and no more."""
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        console.message(f"The summary was not written to {path}: {error.strerror}.")


def _ids(chosen: Chosen) -> Iterator[str]:
    """The recipients and assignments that the specs name."""
    for bonus in chosen.desired(Diagnostics()):
        yield from (bonus.recipient, bonus.assignment_id)


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


def refresh_for_plan(invocation: Invocation, chosen: Chosen, masker: Masker | None) -> tuple[HeldBack, ...]:
    """Refresh before a plan; what is alarming or stayed unread is said. Returns what an apply would hold back now."""
    console = invocation.console
    met: set[str] = set()

    def clean(text: str) -> str:
        return text if masker is None else mask_sentence(text, masker, met)

    try:
        report = refresh(
            chosen.project,
            chosen.providers(),
            Orders(command="refresh"),
            control=StopControl(console.message_at_once),
            progress=ConsoleProgress(console, clean),
            ahead=chosen,
            met=None if masker is None else met,
        )
    except BonusctlError as error:
        if masker is None:
            raise
        met.update(_ids(chosen))
        raise mask_error(error, masker, met) from None
    said = report if masker is None else mask_report(report, masker)
    console.end_progress()
    for text in (*said.alarms, *(wait.text for wait in said.waits if wait.why is Left.SCAN_FAILED)):
        console.warn(visible(text))
    why = (Left.ASSIGNMENT, Left.IN_DOUBT, Left.SCAN_FAILED)
    return tuple(HeldBack(one.bonus_id, one.address, one.message) for one in report.left if one.why in why)


def report_out(console: Console, report: Report, *, form: str) -> int:
    """Write the report as a result, and return the exit code."""
    console.end_progress()
    if form == "jsonl":
        console.document(ending_event(report))
    elif form == "json":
        console.documents(report_chunks(report))
    else:
        console.result(render_report_text(report, color=console.color))
    return report.exit_code
