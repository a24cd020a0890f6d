"""What a plan came to, as a pull request shows it: figures, the commit status's one line, annotations and Markdown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reconcile.ci.github import DESCRIPTION_MAX
from reconcile.diagnostics import Diagnostic, Severity
from reconcile.plan.document import totals
from reconcile.plan.model import Plan
from reconcile.render.blocks import Block, Callout, Heading, Para, Pre, Strong
from reconcile.render.diagnostics import render_github
from reconcile.render.markdown import markdown
from reconcile.render.plan_review import render_plan_markdown
from reconcile.render.review import finding_lines

_SHOWN_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A plan as it may be shown (masked, where that is asked for), or None with what is wrong in the specs.

    `saved`: the file of the plan, "" where none was written.
    """

    plan: Plan | None
    problems: tuple[Diagnostic, ...] = ()
    saved: str = ""

    @property
    def fit(self) -> bool:
        """Whether somebody can approve it."""
        return self.plan is not None and not self.plan.refused

    @property
    def digest(self) -> str:
        """What an approval names, "" where there is nothing to approve."""
        return self.plan.digest if self.plan is not None and not self.plan.refused else ""

    @property
    def exit_code(self) -> int:
        """As `plan --detailed-exitcode`: 0 nothing to do, 1 refused or broken specs, 2 changes."""
        if self.plan is None or self.plan.refused:
            return 1
        return 2 if self.plan.wants_something else 0


def figures(outcome: Outcome) -> str:
    """`2 payments, 1.30 USD`, `nothing to pay`, or why there is no plan to approve."""
    plan = outcome.plan
    if plan is None:
        return "the specs have errors"
    if plan.refused:
        return "the plan is refused"
    if not plan.payments:
        return "nothing to pay"
    count = len(plan.payments)
    return f"{count:,} {'payment' if count == 1 else 'payments'}, {money(outcome)}"


def money(outcome: Outcome) -> str:
    """What the plan pays, by currency: `1.30 USD`; "" for nothing."""
    if outcome.plan is None:
        return ""
    return ", ".join(f"{each.amount} {each.currency}" for each in totals(outcome.plan) if each.amount)


def outputs(outcome: Outcome) -> dict[str, str]:
    """The step's outputs."""
    return {
        "changes": str(len(outcome.plan.payments)) if outcome.plan is not None else "",
        "total": money(outcome),
        "digest": outcome.digest,
        "plan": outcome.saved,
        "exit-code": str(outcome.exit_code),
    }


def description(outcome: Outcome) -> str:
    """The one line of the commit status; where there is something to approve, it begins with the digest."""
    said = figures(outcome)
    said = f"{outcome.digest} {said}" if outcome.fit else f"{said[0].upper()}{said[1:]}"
    return said if len(said) <= DESCRIPTION_MAX else f"{said[: DESCRIPTION_MAX - 1]}…"


def annotations(outcome: Outcome) -> str:
    """Workflow commands for the places of errors and warnings, a few, and how many more there are."""
    return render_github(outcome.problems if outcome.plan is None else outcome.plan.diagnostics)


def review_markdown(outcome: Outcome, *, max_chars: int) -> str:
    """The review, with a line end, of at most `max_chars` characters."""
    if outcome.plan is not None:
        text = render_plan_markdown(outcome.plan, max_chars=max_chars)
        return text if len(text) <= max_chars else markdown(_too_long(outcome))
    shown = min(len(outcome.problems), _SHOWN_MAX)
    text = markdown(_broken(outcome, shown))
    while len(text) > max_chars and shown:
        shown //= 2
        text = markdown(_broken(outcome, shown))
    return text


def _broken(outcome: Outcome, count: int) -> Iterator[Block]:
    errors = sum(one.severity is Severity.ERROR for one in outcome.problems)
    yield Heading(2, ("Bonus plan: the specs have errors",))
    yield Callout("danger", ((Strong("Nothing was planned."), f" {errors:,} {'error' if errors == 1 else 'errors'}."),))
    if count:
        yield Pre(tuple(line for one in outcome.problems[:count] for line in finding_lines(one)))
    if len(outcome.problems) > count:
        yield Para((f"… and {len(outcome.problems) - count:,} more. bonusctl validate shows all.",))


def _too_long(outcome: Outcome) -> Iterator[Block]:
    yield Heading(2, (f"Bonus plan: {figures(outcome)}",))
    yield Callout("warning", (("The review is too long for a comment: bonusctl plan shows it.",),))
    if outcome.digest:
        yield Para((f"Digest: {outcome.digest}",))
