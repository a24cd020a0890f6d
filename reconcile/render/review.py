"""A plan as a reviewer reads it: how many and how much first, then what needs a look, then every row, folded.

Made of blocks, so that Markdown and HTML say the same. `rows_max` bounds every list; each says how much it leaves out.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from reconcile.diagnostics import Diagnostic, Severity
from reconcile.model import Texts
from reconcile.money import EXACT, ZERO
from reconcile.packed import count_distinct
from reconcile.plan.compare import Difference
from reconcile.plan.days import days
from reconcile.plan.document import Totals, totals
from reconcile.plan.model import Action, CampaignSummary, Plan, ProviderSummary
from reconcile.providers.rules import RULES
from reconcile.render.blocks import Block, Callout, Details, Heading, Line, Mono, Para, Pre, Strong, Table, shortened
from reconcile.render.review_diff import difference_blocks
from reconcile.render.review_rows import attention_block, payments_block
from reconcile.render.texts import texts_of
from reconcile.times import format_time

NAME_MAX: Final = 100
_TEXT_MAX: Final = 300
_CAMPAIGNS_MAX: Final = 50
_FINDINGS_MAX: Final = 20
_TEXTS_MAX: Final = 10
_PROVIDERS_MAX: Final = 20


def review(plan: Plan, *, rows_max: int, diff: Difference | None = None) -> tuple[Block, ...]:
    """The document's blocks. `diff`: what changed since an older plan, None where there is none to compare with."""
    blocks = [
        Heading(2, _title(plan)),
        *_callouts(plan, rows_max),
        *_summary(plan),
        *([] if diff is None else difference_blocks(diff, rows_max)),
        *_findings(plan.diagnostics, rows_max),
        *_campaigns(plan.campaigns, rows_max),
        *_providers(plan.providers, rows_max),
        *attention_block(plan, rows_max),
        *payments_block(plan, rows_max),
        *_texts(plan, rows_max),
        *_footer(plan),
    ]
    return tuple(blocks)


def _title(plan: Plan) -> Line:
    count, sums = len(plan.payments), [f"{each.amount:,} {each.currency}" for each in totals(plan) if each.amount]
    what = f"{count:,} {_plural(count, 'payment')}, {' and '.join(sums)}" if count else "nothing to pay"
    project: Line = (" of ", Mono(shortened(plan.project, NAME_MAX))) if plan.project else ()
    return ("Bonus plan", *project, f": {what}")


# --- what nobody may overlook --------------------------------------------------------------------------------------


def _callouts(plan: Plan, rows_max: int) -> Iterator[Block]:
    if plan.refused:
        yield Callout("danger", ((Strong("Refused."), " Nothing of this is paid while an error stands below."),))
    elsewhere = [line for provider in plan.providers for line in _elsewhere(provider)]
    if elsewhere:
        shown = elsewhere[: max(1, min(rows_max, _PROVIDERS_MAX))]
        left_out = len(elsewhere) - len(shown)
        rest: tuple[Line, ...] = ((f"… and {left_out:,} more like that.",),) if left_out else ()
        yield Callout("danger", (*shown, *rest))
    if not plan.lineage:
        yield Callout(
            "danger",
            (
                (Strong("There is no state:"), " every bonus shows as missing, also one that was paid."),
                ("Such a plan is not fit for approval once the account has a history.",),
            ),
        )


def _elsewhere(provider: ProviderSummary) -> Iterator[Line]:
    """Where requests or money do not take the usual way."""
    name = Mono(shortened(provider.name, NAME_MAX))
    if provider.endpoint:
        address = Mono(shortened(provider.endpoint, NAME_MAX))
        yield (Strong("Another address:"), " requests of ", name, " go to ", address, ", not to the provider's own.")
    if provider.act_under:
        account = Mono(shortened(provider.act_under, NAME_MAX))
        yield (Strong("Another account:"), " ", name, " acts for ", account, " with a token of its own.")


# --- figures -------------------------------------------------------------------------------------------------------


def _summary(plan: Plan) -> Iterator[Block]:
    actions = plan.counts
    recipients = count_distinct(change.identity.recipient for change in plan.payments)
    rows: list[tuple[Line, ...]] = []
    if plan.payments:
        rows.append((("Payments",), (f"{len(plan.payments):,} to {recipients:,} {_plural(recipients, 'recipient')}",)))
    for each in totals(plan):
        rows += _money(each, named=len(totals(plan)) > 1)
    for count, words in (
        (actions[Action.TOP_UP], "Of them top-ups"),
        (plan.held_back, "Left for later by a limit"),
        (plan.unchanged, "Unchanged, paid before"),
        (len(plan.accepted), "Accepted as they are"),
        (actions[Action.CONFLICT], "In conflict"),
        (len(plan.in_doubt), "In doubt"),
        (actions[Action.ORPHANED], "Paid, no longer asked for"),
    ):
        if count:
            rows.append(((words,), (f"{count:,}",)))
    if rows:
        yield Table(("Summary", ""), tuple(rows), frozenset({1}))


def _money(each: Totals, *, named: bool) -> Iterator[tuple[Line, ...]]:
    if not each.amount:
        return
    of = f" in {each.currency}" if named else ""
    yield (f"Bonuses{of}",), (f"{each.amount:,} {each.currency}",)
    if each.fees is None:
        yield (f"Fees{of}",), ("not known",)
        return
    yield (f"Fees{of}",), (f"{each.fees:,} {each.currency}",)
    yield (Strong(f"In all{of}"),), (Strong(f"{each.amount + each.fees:,} {each.currency}"),)


def _campaigns(campaigns: Sequence[CampaignSummary], rows_max: int) -> Iterator[Block]:
    """Money by campaign; those where something happens first."""
    ordered = sorted(campaigns, key=lambda one: not (one.amount or one.conflict or one.in_doubt or one.orphaned))
    shown = ordered[: min(rows_max, _CAMPAIGNS_MAX)]
    if not campaigns:
        return
    yield Heading(3, ("Campaigns",))
    heads = ("Campaign", "Payments", "Pays", "Paid before", "Budget", "Left before", "Left after")
    if shown:
        yield Table(heads, tuple(map(_campaign, shown)), frozenset(range(1, 7)))
    left_out = ordered[len(shown) :]
    if left_out:
        yield Para((f"… and {_count(len(left_out), 'more campaign')}.",))


def _campaign(one: CampaignSummary) -> tuple[Line, ...]:
    left = one.budget_left
    before = None if left is None else left + one.amount
    after: Line = (
        (Strong(_signed(left, one.currency)),) if left is not None and left < 0 else (_signed(left, one.currency),)
    )
    return (
        (Mono(shortened(one.campaign, NAME_MAX)),),
        (f"{one.issue + one.top_up:,}",),
        (f"{one.amount:,} {one.currency}",),
        (f"{one.issued:,} {one.currency}",),
        ("–" if one.budget is None else f"{one.budget:,} {one.currency}",),
        (_signed(before, one.currency),),
        after,
    )


def _signed(amount: Decimal | None, currency: str) -> str:
    return "–" if amount is None else f"{amount:,} {currency}"


def _providers(providers: Sequence[ProviderSummary], rows_max: int) -> Iterator[Block]:
    shown = providers[: min(rows_max, _PROVIDERS_MAX)]
    if shown:
        yield Heading(3, ("Paid from",))
        heads = ("Provider", "Environment", "Account", "Payments", "Amount", "Fees", "Requests", "Last known balance")
        yield Table(heads, tuple(map(_provider, shown)), frozenset(range(3, 8)))


def _provider(one: ProviderSummary) -> tuple[Line, ...]:
    title = RULES[one.type].title if one.type in RULES else one.type
    planned = len(days(one))
    over = f" over {planned:,} days" if planned > 1 else ""
    return (
        (Mono(shortened(one.name, NAME_MAX)),),
        (f"{title} {one.environment}",),
        (Mono(shortened(one.account, NAME_MAX)),) if one.account else ("not met yet",),
        (f"{one.payments:,}",),
        (f"{one.amount:,} {one.currency}",),
        ("not known" if one.fees is None else f"{one.fees:,} {one.currency}",),
        (f"{one.requests:,}{over}",),
        _balance(one),
    )


def _balance(one: ProviderSummary) -> Line:
    if one.balance is None or one.balance_ms is None:
        return ("not known",)
    text = f"{one.balance:,} {one.currency}, {format_time(one.balance_ms)[:16].replace('T', ' ')} UTC"
    needed = EXACT.add(one.amount, one.fees or ZERO)
    return (Strong(f"{text}: too little"),) if needed > one.balance else (text,)


# --- findings and texts --------------------------------------------------------------------------------------------


def _findings(diagnostics: Sequence[Diagnostic], rows_max: int) -> Iterator[Block]:
    for severity, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning")):
        found = [one for one in diagnostics if one.severity is severity]
        if not found:
            continue
        shown = found[: min(rows_max, _FINDINGS_MAX)]
        yield Heading(3, (_count(len(found), word).capitalize(),))
        if shown:
            yield Pre(tuple(line for one in shown for line in finding_lines(one)))
        if len(found) > len(shown):
            yield Para((f"… and {_count(len(found) - len(shown), f'more {word}')}.",))


def finding_lines(one: Diagnostic) -> Iterator[str]:
    """One finding as lines of a fenced block: its place and summary, then detail and hint, indented."""
    place = f"{one.place.path}:{one.place.line}: " if one.place else ""
    yield shortened(f"{place}{one.summary}", _TEXT_MAX)
    for text in (one.detail, one.hint):
        yield from (f"  {shortened(line, _TEXT_MAX)}" for line in text.split("\n") if line)


def _texts(plan: Plan, rows_max: int) -> Iterator[Block]:
    messages = texts_of(plan.payments, min(rows_max, _TEXTS_MAX))
    if not messages.different:
        return
    left_out = messages.different - len(messages.first)
    inside: list[Block] = [
        block
        for texts, count in messages.first
        for block in (Para((f"{_count(count, 'payment')}{':' if texts else ' without any text.'}",)), *_said(texts))
    ]
    if left_out:
        inside.append(Para((f"… and {left_out:,} more different {_plural(left_out, 'text')}.",)))
    yield Details(f"What the workers will read ({_count(messages.different, 'text')})", tuple(inside))


def _said(texts: Texts) -> Iterator[Block]:
    rows: list[tuple[Line, ...]] = []
    for field, value in texts:
        if isinstance(value, bool):
            rows.append(((field.replace("_", " "),), ("yes" if value else "no",)))
        elif isinstance(value, str):
            rows.append(((field.replace("_", " "),), (Mono(shortened(value, _TEXT_MAX)),)))
        else:
            rows += [
                ((f"{field.replace('_', ' ')} ", Mono(language)), (Mono(shortened(text, _TEXT_MAX)),))
                for language, text in value
            ]
    if rows:
        yield Table(("Field", "Text"), tuple(rows))


def _footer(plan: Plan) -> Iterator[Block]:
    if plan.orphans_elsewhere:
        are = "is" if plan.orphans_elsewhere == 1 else "are"
        bonuses = "bonus" if plan.orphans_elsewhere == 1 else "bonuses"
        yield Para((f"{plan.orphans_elsewhere:,} {bonuses} {are} recorded in campaigns that were not loaded.",))
    if plan.payments:
        yield Para(("Digest: ", Mono(plan.digest)))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {_plural(number, noun)}"


def _plural(number: int, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"
