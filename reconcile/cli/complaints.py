"""The errors of our own tree as text and JSON: what is wrong, what is true now, what to do."""

from reconcile.cli.console import Console
from reconcile.cli.failures import ERROR, INTERRUPTED, refusal_document
from reconcile.errors import BonusctlError, Interrupted, InvalidInput
from reconcile.render.safe import visible


def complain(error: BonusctlError, console: Console, *, as_json: bool) -> int:
    """Say it, and return the exit code."""
    if isinstance(error, InvalidInput):
        _diagnostics(error, console, as_json=as_json)
        return ERROR
    console.message(error_text(error, head=console.paint("Error:", "red")))
    for line in getattr(error, "lines", ()):
        console.message(visible(str(line)))
    if as_json:
        document = refusal_document(reason=error.reason, error=error.summary, detail=error.detail, remedy=error.remedy)
        console.document(document)
    return INTERRUPTED if isinstance(error, Interrupted) else ERROR


def error_text(error: BonusctlError, *, head: str) -> str:
    """`Error: summary`, then the detail, then the remedy, with blank lines between."""
    parts = [f"{head} {safe_lines(error.summary)}"]
    if error.detail:
        parts.append(safe_lines(error.detail))
    if error.remedy:
        parts.append(safe_lines(error.remedy))
    return "\n\n".join(parts)


def safe_lines(text: str) -> str:
    """A text of several lines with everything in it shown and nothing obeyed."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _diagnostics(error: InvalidInput, console: Console, *, as_json: bool) -> None:
    from reconcile.render.diagnostics import render_json, render_text

    console.message(render_text(error.diagnostics, color=console.color_messages))
    console.message(f"{console.paint('Error:', 'red')} {safe_lines(error.summary)}")
    if as_json:
        document = refusal_document(reason=error.reason, error=error.summary)
        console.document(document | {"diagnostics": render_json(error.diagnostics)["diagnostics"]})
