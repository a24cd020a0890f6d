"""Policies and budgets: limits that a plan must not break, each told with the numbers.

They count what is issued, in doubt, orphaned and planned, without fees, and all limits are inclusive. They stop money
that is still to be paid: what was issued before a limit was lowered refuses nothing by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.money import EXACT, ZERO, Money, add
from reconcile.plan.changes import kinds_of
from reconcile.plan.model import CampaignSummary, Change
from reconcile.plan.tally import Shelf, Tally
from reconcile.rows import chosen
from reconcile.settings import Policies

SHOWN_MAX: Final = 20


def check(
    shelf: Shelf, changes: Sequence[Change], campaigns: Sequence[CampaignSummary], held_back: Container[bytes | None]
) -> Iterator[Diagnostic]:
    """Every limit that the plan's payments break. What a plan may pay in all counts without `held_back`, the ids of
    payments that wait for another apply.
    """
    for currency in dict.fromkeys(kind.currency for kind in kinds_of(changes) if kind.action.pays):
        policies = shelf.settings.policies_for(currency)
        paying = chosen(changes, _paid_in(currency))
        now = chosen(paying, lambda change: change.payment_id not in held_back)
        yield from _plan_total(now, policies, currency)
        yield from _plan_bonuses(now, policies)
        yield from _shortened(_max_bonus(paying, policies), "policy-max-bonus")
        yield from _shortened(_assignments(paying, policies), "policy-require-assignment")
        yield from _shortened(_recipients(shelf, paying, policies), "policy-max-per-recipient")
    for campaign in campaigns:
        yield from _budget(shelf, campaign)


def _paid_in(currency: str) -> Callable[[Change], bool]:
    return lambda change: change.pays and change.currency == currency


def _plan_total(paying: Sequence[Change], policies: Policies, currency: str) -> Iterator[Diagnostic]:
    limit = policies.max_plan_total
    if limit is None:
        return
    total = add(change.amount for change in paying)
    if total > limit:
        yield _refusal(
            "policy-max-plan-total",
            f"This plan pays {total:,} {currency}; max_plan_total allows {limit:,} {currency}",
            hint="Pay in parts (`--limit N`, `--target ADDRESS`), or raise max_plan_total in the config.",
        )


def _plan_bonuses(paying: Sequence[Change], policies: Policies) -> Iterator[Diagnostic]:
    limit = policies.max_plan_bonuses
    if limit is not None and len(paying) > limit:
        yield _refusal(
            "policy-max-plan-bonuses",
            f"This plan pays {len(paying):,} bonuses; max_plan_bonuses allows {limit:,}",
            hint=f"Pay in parts (`--limit {limit}`), or raise max_plan_bonuses in the config.",
        )


def _max_bonus(paying: Sequence[Change], policies: Policies) -> Iterator[Diagnostic]:
    limit = policies.max_bonus
    if limit is None:
        return
    for change in paying:
        whole = EXACT.add(change.issued, change.amount)
        if whole > limit:
            yield _refusal(
                "policy-max-bonus",
                f"{change.address} asks for {Money(whole, change.currency)}; "
                f"max_bonus allows {Money(limit, change.currency)}",
                detail="The whole desired amount counts, what was issued before included." if change.issued else "",
                hint="Correct the amount, or raise max_bonus in the config.",
                place=Place(change.path, change.line),
            )


def _assignments(paying: Sequence[Change], policies: Policies) -> Iterator[Diagnostic]:
    if not policies.require_assignment:
        return
    for change in paying:
        if not change.identity.assignment_id:
            yield _refusal(
                "policy-require-assignment",
                f"{change.address} names no assignment; require_assignment asks for one",
                hint="Add the assignment_id that the bonus is for.",
                place=Place(change.path, change.line),
            )


# --- one recipient in one campaign ---------------------------------------------------------------------------------


def _recipients(shelf: Shelf, paying: Sequence[Change], policies: Policies) -> Iterator[Diagnostic]:
    limit = policies.max_per_recipient
    if limit is None:
        return
    planned: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for change in paying:
        sums, recipient = planned[change.identity.campaign], change.identity.recipient
        sums[recipient] = EXACT.add(sums.get(recipient, ZERO), change.amount)
    for campaign, of_recipient in planned.items():
        spent = _spent(shelf, shelf.tallies[campaign], of_recipient.keys())
        broken = {who for who, now in of_recipient.items() if spent.get(who, ZERO) + now > limit}
        # Only for those the rows are read again; the first of each is named, in the order of the specs.
        for change in paying if broken else ():
            who = change.identity
            if who.campaign == campaign and who.recipient in broken:
                broken.remove(who.recipient)
                yield _too_much(change, spent.get(who.recipient, ZERO), of_recipient[who.recipient], limit)


def _spent(shelf: Shelf, tally: Tally, recipients: Iterable[str]) -> dict[str, Decimal]:
    """Recipient → what was issued or is in doubt for them in this campaign, orphans and former names included.

    Reads the campaign's rows once more: only where the policy is set and something is to be paid.
    """
    spent = dict.fromkeys(recipients, ZERO)
    if tally.ledger is not None and shelf.reader is not None:
        for row in shelf.reader.bonuses(tally.ledger.ledger, tally.head.name):
            if row.project == shelf.settings.project and row.recipient in spent:
                spent[row.recipient] = add((spent[row.recipient], row.issued, row.open_amount))
    for carried in tally.carried:
        if carried.recipient in spent:
            spent[carried.recipient] = add((spent[carried.recipient], carried.issued, carried.in_doubt))
    return spent


def _too_much(first: Change, before: Decimal, now: Decimal, limit: Decimal) -> Diagnostic:
    currency, who = first.currency, first.identity
    earlier = f", {Money(before, currency)} of it issued or in doubt already" if before else ""
    return _refusal(
        "policy-max-per-recipient",
        f"{who.recipient} would have {Money(EXACT.add(before, now), currency)} from {who.campaign}{earlier}; "
        f"max_per_recipient allows {Money(limit, currency)}",
        hint="Correct the amounts, or raise max_per_recipient in the config.",
        place=Place(first.path, first.line),
    )


# --- budgets -------------------------------------------------------------------------------------------------------


def _budget(shelf: Shelf, campaign: CampaignSummary) -> Iterator[Diagnostic]:
    if campaign.budget is None or campaign.budget_left is None or campaign.budget_left >= 0 or not campaign.amount:
        return
    head = shelf.tallies[campaign.campaign].head
    before = EXACT.subtract(EXACT.subtract(campaign.budget, campaign.budget_left), campaign.amount)
    yield _refusal(
        "policy-budget",
        f"{campaign.campaign} would pay {EXACT.add(before, campaign.amount):,} {campaign.currency}; "
        f"its budget allows {campaign.budget:,} {campaign.currency}",
        detail=f"{before:,} {campaign.currency} are issued or in doubt already, and this plan pays "
        f"{campaign.amount:,} {campaign.currency}.",
        hint="Take bonuses out, or raise the campaign's budget.",
        place=Place(head.path, head.budget_line or head.line),
    )


# --- the form of a refusal -----------------------------------------------------------------------------------------


def _refusal(code: str, summary: str, *, hint: str, detail: str = "", place: Place | None = None) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, code=code, summary=summary, detail=detail, hint=hint, place=place)


def _shortened(found: Iterator[Diagnostic], code: str) -> Iterator[Diagnostic]:
    """The first twenty, and how many more there are."""
    left_out = 0
    for number, diagnostic in enumerate(found):
        if number < SHOWN_MAX:
            yield diagnostic
        else:
            left_out += 1
    if left_out:
        name = code.removeprefix("policy-").replace("-", "_")
        yield _refusal(
            code, f"And {left_out:,} more break {name}", hint="They have the same cause, or mend the first ones first."
        )
