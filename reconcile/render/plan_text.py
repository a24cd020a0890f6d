"""A plan for people: what will be paid to whom, what will not and why, and what to do next.

Drawn from the same rows that are sent. Texts of workers, specs and providers pass `visible`; long lists are cut, and
say by how much.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, TypeAlias, assert_never

from reconcile.diagnostics import Diagnostic, Severity
from reconcile.plan.changes import kinds_of
from reconcile.plan.model import Action, CampaignSummary, Change, InDoubt, Plan
from reconcile.providers.rules import RULES
from reconcile.render.plan_messages import message_lines
from reconcile.render.plan_totals import total_lines
from reconcile.render.safe import visible
from reconcile.render.style import Style

ROWS_MAX: Final = 200
_WIDTH_MAX: Final = 100
_NOTE: Final = "      "

Row: TypeAlias = Change | InDoubt


def render_plan_text(plan: Plan, *, color: bool = False, limit_rows: int = ROWS_MAX, saved_as: str = "") -> str:
    """The plan as text. At most `limit_rows` rows are listed. `saved_as`: the file it was saved to, "" for none."""
    style = Style(color)
    return _text(plan, style, limit_rows, list(_next(plan, style, saved_as)))


def render_plan_to_approve(plan: Plan, *, color: bool = False, limit_rows: int = ROWS_MAX) -> str:
    """The plan as apply shows it before it asks: without the commands that would lead to where we are."""
    return _text(plan, Style(color), limit_rows, [])


def _text(plan: Plan, style: Style, limit_rows: int, steps: list[str]) -> str:
    blocks = [
        _head(plan, style),
        *_campaigns(plan, style, limit_rows),
        list(message_lines(plan, style)),
        list(_diagnostics(plan.diagnostics, style)),
        [*total_lines(plan, style), *steps],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


# --- head ----------------------------------------------------------------------------------------------------------


def _head(plan: Plan, style: Style) -> list[str]:
    project = f" of project {visible(plan.project)}" if plan.project else ""
    lines = [style.paint(f"Plan{project}", "bold")]
    for provider in plan.providers:
        title = RULES[provider.type].title if provider.type in RULES else visible(provider.type)
        account = f"account {visible(provider.account)}" if provider.account else "account not met yet"
        lines.append(f"  {visible(provider.name)}: {title} {visible(provider.environment)}, {account}")
        if provider.act_under:
            note = f"acts for {visible(provider.act_under)} with another account's token"
            lines.append(f"    {style.paint(note, 'yellow')}")
        if provider.endpoint:
            note = f"its requests go to {visible(provider.endpoint)}, not to {title}'s own address"
            lines.append(f"    {style.paint(note, 'yellow')}")
    if not plan.lineage:
        lines += [
            "",
            style.paint("There is no state: every bonus shows as missing, also one that was paid.", "yellow"),
            "Such a plan is not fit for approval once the account has a history.",
        ]
    return lines


# --- rows ----------------------------------------------------------------------------------------------------------


def _campaigns(plan: Plan, style: Style, limit_rows: int) -> Iterator[list[str]]:
    counts = _counts(plan)
    listed = _listed(plan, limit_rows)
    for campaign in plan.campaigns:
        key = campaign.campaign, campaign.provider
        if counts[key] or campaign.budget is not None:
            rows = listed[key]
            yield list(_campaign(campaign, rows, counts[key] - len(rows), style))


def _counts(plan: Plan) -> Counter[tuple[str, str]]:
    """(campaign, provider) → how many rows it has."""
    counts = Counter((row.identity.campaign, row.provider) for row in plan.in_doubt)
    for kind, count in kinds_of(plan.changes).items():
        counts[kind.campaign, kind.provider] += count
    return counts


def _listed(plan: Plan, limit: int) -> defaultdict[tuple[str, str], list[Row]]:
    """(campaign, provider) → the rows that are listed: what the specs ask for, what is in doubt, what they ask for no more.

    Where not all can be, what needs a person goes first, then payments in the order of the specs.
    """
    doubtful = plan.in_doubt[:limit]
    changes = _chosen(plan, limit - len(doubtful))
    orphans = [change for change in changes if change.action is Action.ORPHANED]
    asked = [change for change in changes if change.action is not Action.ORPHANED]
    ordered: list[Row] = [*asked, *doubtful, *orphans]
    rows: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in ordered:
        rows[row.identity.campaign, row.provider].append(row)
    return rows


def _chosen(plan: Plan, limit: int) -> list[Change]:
    """So many changes, in their order: all that are no first payments, as far as they fit, then of these the first."""
    issues = plan.counts[Action.ISSUE]
    others_left = min(limit, len(plan.changes) - issues)
    issues_left = min(limit - others_left, issues)
    found = []
    for change in plan.changes:
        if not (others_left or issues_left):
            break
        if change.action is Action.ISSUE and issues_left:
            issues_left -= 1
            found.append(change)
        elif change.action is not Action.ISSUE and others_left:
            others_left -= 1
            found.append(change)
    return found


def _campaign(campaign: CampaignSummary, rows: Sequence[Row], left_out: int, style: Style) -> Iterator[str]:
    yield style.paint(f"Campaign {visible(campaign.campaign)} on {visible(campaign.provider)}", "bold")
    addresses = [visible(row.identity.address) for row in rows]
    width = min(_WIDTH_MAX, max(map(len, addresses), default=0))
    for row, address in zip(rows, addresses, strict=True):
        yield from _row(row, address.ljust(width), style)
    if left_out:
        yield f"  … and {left_out:,} more {'row' if left_out == 1 else 'rows'} (--format json lists all)"
    footer = _footer(campaign)
    if footer:
        yield style.paint(f"  {footer}", "dim")


def _row(row: Row, address: str, style: Style) -> Iterator[str]:
    sign, paint, words = _words(row)
    yield f"  {style.paint(f'{sign} {address}', *paint)}  {words}"
    if isinstance(row, InDoubt):
        yield f"{_NOTE}{visible(row.why)}"
        return
    notes = (row.why, *row.differences)
    yield from (f"{_NOTE}{visible(note)}" for note in notes if note)
    if row.action is Action.CONFLICT and row.path:
        yield f"{_NOTE}{visible(row.path)}:{row.line}"


def _words(row: Row) -> tuple[str, tuple[str, ...], str]:
    """(sign, colours, what the row says about money)."""
    if isinstance(row, InDoubt):
        return "?", ("magenta",), f"{row.amount:,} {row.currency} in doubt"
    currency = row.currency
    match row.action:
        case Action.ISSUE:
            return "+", ("green",), f"{row.amount:,} {currency}"
        case Action.TOP_UP:
            whole = row.issued + row.amount
            return "~", ("yellow",), f"{row.issued:,} → {whole:,} {currency}: pays {row.amount:,} {currency}"
        case Action.CONFLICT:
            return "!", ("red",), f"{row.issued:,} {currency} issued, {row.amount:,} {currency} asked for"
        case Action.ORPHANED:
            return "-", ("cyan",), f"{row.issued:,} {currency} issued, no longer asked for (nothing will be done)"
        case _:
            assert_never(row.action)


def _footer(campaign: CampaignSummary) -> str:
    parts = [f"{campaign.unchanged:,} unchanged"] if campaign.unchanged else []
    if campaign.amount:
        parts.append(f"pays {campaign.amount:,} {campaign.currency}")
    if campaign.budget is not None and campaign.budget_left is not None:
        parts.append(_budget(campaign.budget, campaign.budget_left, campaign.currency))
    return ", ".join(parts)


def _budget(budget: Decimal, left: Decimal, currency: str) -> str:
    if left < 0:
        return f"budget {budget:,} {currency} exceeded by {-left:,} {currency}"
    return f"budget {budget:,} {currency}: {left:,} {currency} left afterwards"


# --- findings and what comes next ----------------------------------------------------------------------------------


def _diagnostics(diagnostics: Sequence[Diagnostic], style: Style) -> Iterator[str]:
    for number, diagnostic in enumerate(diagnostics):
        if number:
            yield ""
        error = diagnostic.severity is Severity.ERROR
        word = style.paint("Error:", "bold", "red") if error else style.paint("Warning:", "bold", "yellow")
        yield f"{word} {visible(diagnostic.summary)}"
        if diagnostic.place is not None:
            yield f"  at {visible(diagnostic.place.path)}:{diagnostic.place.line}"
        for text in (diagnostic.detail, diagnostic.hint):
            yield from (f"  {visible(line)}" for line in text.split("\n") if line)


def _next(plan: Plan, style: Style, saved_as: str) -> Iterator[str]:
    lines = list(_steps(plan, saved_as))
    if lines:
        yield ""
        yield f"{style.paint('Next:', 'bold')} {lines[0]}"
        yield from (f"  {line}" for line in lines[1:])


def _steps(plan: Plan, saved_as: str) -> Iterator[str]:
    """One sentence and, on lines of their own, the commands to copy."""
    actions = plan.counts
    if plan.refused:
        yield "mend what the errors above say, and plan again."
    elif plan.payments and not plan.lineage:
        yield "to see what was paid already, and then to pay what is missing:"
        yield "bonusctl plan --refresh"
        yield "bonusctl apply"
    elif plan.payments:
        yield "to pay exactly this:"
        yield f"bonusctl apply {visible(saved_as) if saved_as else f'--expect-digest {plan.digest}'}"
    elif plan.in_doubt:
        yield "ask the provider what became of the payments in doubt:"
        yield "bonusctl refresh"
    elif actions[Action.CONFLICT]:
        yield "correct the specs where they conflict with what was issued."
