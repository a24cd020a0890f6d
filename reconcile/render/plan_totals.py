"""The end of a plan: how many, how much, how many requests and over how many days."""

from collections.abc import Iterator
from typing import Final

from reconcile.plan.days import days
from reconcile.plan.document import Totals, totals
from reconcile.plan.model import Action, Plan, ProviderSummary
from reconcile.providers.rules import RULES
from reconcile.render.safe import visible
from reconcile.render.style import Style
from reconcile.settings import usable_requests

BATCH: Final = 100
"""The batch size that is named as the way out of a day's quota."""


def total_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Counts, money, quota, digest, and what the plan leaves aside."""
    yield style.paint(_counts(plan), "bold")
    if plan.payments:
        yield from (f"Pays {_money(each)}." for each in totals(plan) if each.amount)
        for provider in plan.providers:
            if provider.requests:
                yield from _requests(provider)
                yield from _one_writer(provider)
    if plan.held_back:
        yield f"{_count(plan.held_back, 'payment')} of them {_are(plan.held_back)} left for later by --limit."
    if plan.orphans_elsewhere:
        yield (
            f"{_count(plan.orphans_elsewhere, 'bonus')} {_are(plan.orphans_elsewhere)} recorded in campaigns that "
            "were not loaded; orphans are looked for only in campaigns that are loaded whole."
        )
    if plan.refused:
        yield style.paint("Refused: nothing of it will be sent while an error stands above.", "bold", "red")
    if plan.payments:
        yield f"Digest {plan.digest}"


def _counts(plan: Plan) -> str:
    actions = plan.counts
    if not plan.changes and not plan.in_doubt:
        if plan.accepted:
            return f"Nothing to do: {plan.unchanged:,} issued, {len(plan.accepted):,} accepted as they are."
        if not plan.unchanged:
            return "Nothing to do: no bonus is asked for."
        held = "the bonus is" if plan.unchanged == 1 else f"all {plan.unchanged:,} bonuses are"
        return f"Nothing to do: {held} issued."
    parts = [f"{actions[Action.ISSUE]:,} to issue"]
    for count, words in (
        (actions[Action.TOP_UP], "to top up"),
        (plan.unchanged, "unchanged"),
        (actions[Action.CONFLICT], "in conflict"),
        (len(plan.in_doubt), "in doubt"),
        (len(plan.accepted), "accepted as they are"),
        (actions[Action.ORPHANED], "orphaned"),
    ):
        if count:
            parts.append(f"{count:,} {words}")
    return f"Plan: {', '.join(parts)}."


def _money(total: Totals) -> str:
    if total.fees is None:
        return f"{total.amount:,} {total.currency}, fees unknown (`fee_percent` is not set)"
    if not total.fees:
        return f"{total.amount:,} {total.currency}, no fees"
    whole = total.amount + total.fees
    return f"{total.amount:,} {total.currency} + {total.fees:,} {total.currency} fees = {whole:,} {total.currency}"


def _requests(provider: ProviderSummary) -> Iterator[str]:
    """How much of the day's quota it takes; where one day does not suffice, when it runs and what batches would mean."""
    limit, today = provider.daily_request_limit, provider.requests_today
    sent = f", {today:,} sent today already" if today else ""
    line = f"{visible(provider.name)}: {_count(provider.requests, 'request')}"
    if not RULES[provider.type].daily_limit:
        yield f"{line}."
        return
    line = f"{line}, {limit:,} a day{sent}"
    planned = days(provider)
    if len(planned) == 1:
        yield f"{line}."
        return
    line = f"{line}: {len(planned):,} days"
    if provider.requests < provider.payments or provider.payments <= BATCH:
        yield f"{line}."
    else:
        batches = -(-provider.payments // BATCH)
        yield f"{line}; `batch_size: {BATCH}` needs {batches:,}, and one state as the only writer."
    usable = usable_requests(limit)
    spare = f", {limit - usable:,} of them left to other programs" if usable < limit else ""
    yield (
        f"  {planned[0].date} to {planned[-1].date} (UTC){spare}: {planned[0].requests:,} requests on the first day, "
        f"{planned[-1].requests:,} on the last. An apply each day goes on under the same approval."
    )


def _one_writer(provider: ProviderSummary) -> Iterator[str]:
    """What every mode but asynchronous singles asks of the team."""
    if provider.mode in ("async", "token") and provider.batch_size == 1:
        return
    batches = f" in batches of up to {provider.batch_size:,}" if provider.batch_size > 1 else " one by one"
    how = "synchronously" if provider.mode == "sync" else "asynchronously"
    yield f"  Sent {how}{batches}: this state must be the only one that pays on the account."


def _count(number: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
