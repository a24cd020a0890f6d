"""Plans on stdout, in the format that was asked for."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from reconcile.cli.console import Console
from reconcile.diagnostics import Severity
from reconcile.errors import UsageError
from reconcile.plan.model import Plan

if TYPE_CHECKING:
    from reconcile.plan.compare import Difference

_REVIEWS = frozenset({"markdown", "html"})


class Showing(NamedTuple):
    """How a plan is shown: its format (text, json, markdown, html), the longest text of a review (None: the format's own), and
    what changed since an older plan (None: there is none to compare with).
    """

    form: str = "text"
    max_chars: int | None = None
    diff: "Difference | None" = None


def check_showing(form: str, *, max_chars: int | None, compared: bool = False) -> None:
    """Raises UsageError for options that do not go with the format."""
    if max_chars is not None and form not in _REVIEWS:
        raise UsageError("--max-chars goes with --format markdown or html")
    if compared and form == "json":
        raise UsageError("--diff goes with --format text, markdown or html")


def show_plan(console: Console, plan: Plan, showing: Showing, *, saved_as: str = "") -> None:
    """Write a plan as a result. A refused one is shown all the same; its JSON carries the `reason`."""
    match showing.form:
        case "json":
            from reconcile.plan.document import chunks

            console.documents(chain(chunks(plan, {"reason": refusal_of(plan)} if plan.refused else None), "\n"))
        case "markdown" | "html":
            console.results(_review(plan, showing))
        case _:
            from reconcile.render.plan_text import render_plan_text

            console.result(render_plan_text(plan, color=console.color, saved_as=saved_as))
            if showing.diff is not None:
                from reconcile.render.review_diff import difference_lines
                from reconcile.render.style import Style

                console.result("\n" + "\n".join(difference_lines(showing.diff, Style(console.color))))


def _review(plan: Plan, showing: Showing) -> Iterator[str]:
    from reconcile.render.plan_review import MARKDOWN_CHARS_MAX, render_plan_html, render_plan_markdown

    if showing.form == "html":
        yield from render_plan_html(plan, max_chars=showing.max_chars, diff=showing.diff)
    else:
        yield render_plan_markdown(plan, max_chars=showing.max_chars or MARKDOWN_CHARS_MAX, diff=showing.diff)


def refusal_of(plan: Plan) -> str:
    """The reason of a refused plan, for programs."""
    codes = {found.code for found in plan.diagnostics if found.severity is Severity.ERROR}
    return "account_mismatch" if "account-mismatch" in codes else "policy"
