"""How an apply ended as Markdown, for the page of a CI job: its report, or why it refused.

All of it stands in a fenced block, where nothing is markup. It says what the log says: masked where that was asked for.
"""

from reconcile.errors import BonusctlError
from reconcile.protocol.report import Report
from reconcile.render.blocks import Heading, Pre
from reconcile.render.markdown import markdown
from reconcile.render.report_text import render_report_text


def report_summary(report: Report) -> str:
    """The report under a line that says whether something is left, with a line end."""
    head = "Bonuses: something is left" if report.exit_code else "Bonuses: all that was asked for is paid"
    return markdown((Heading(2, (head,)), Pre(tuple(render_report_text(report).splitlines()))))


def refusal_summary(error: BonusctlError) -> str:
    """Why nothing, or nothing more, was sent; with a line end."""
    parts = (error.summary, error.detail, error.remedy)
    lines = "\n\n".join(part for part in parts if part).splitlines()
    return markdown((Heading(2, ("Bonuses: refused",)), Pre(tuple(lines))))
