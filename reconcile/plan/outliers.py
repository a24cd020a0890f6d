"""Guardrail: an amount far from what the campaign's other bonuses have. The slip of a decimal point looks like that."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from reconcile.diagnostics import Diagnostic
from reconcile.money import EXACT, Money
from reconcile.plan.changes import Changes, count_of
from reconcile.plan.guardrails import Allowed, Lane, finding, meant
from reconcile.plan.model import Action, Change

BONUSES_MIN: Final = 10
"""Of fewer bonuses none is far from the others."""
FACTOR: Final = 10
_SHIFTS: Final = (Decimal(10), Decimal(100), Decimal(1000))
# An amount is usual once a tenth of the bonuses have it, three at least.
_USUAL_SHARE: Final = 10
_USUAL_MIN: Final = 3


def check(lane: Lane, allowed: Allowed) -> Iterator[Diagnostic]:
    """Every payment whose bonus stands out in its campaign, as a finding."""
    for campaign, met in _amounts(lane).items():
        amounts = +met
        total = amounts.total()
        if total < BONUSES_MIN:
            continue
        median, usual = _median(amounts, total), _usual(amounts, total)
        if not any(_stands_out(amount, median, usual) for amount in met):
            # The way of the many: no row is read again where every amount is like the others.
            continue
        for change in lane.paying:
            if change.identity.campaign == campaign and "outlier" not in allowed.get(change.bonus_id, ()):
                yield from _judged(lane, change, median, usual)


def _amounts(lane: Lane) -> dict[str, Counter[Decimal]]:
    """Campaign → whole desired amount → how many of the campaign's bonuses have it: issued ones, and those of this plan (0: it
    had it before a top-up).
    """
    found: dict[str, Counter[Decimal]] = {}
    if isinstance(lane.paying, Changes) and not count_of(lane.paying)[Action.TOP_UP]:
        # First payments are counted already: nothing was issued for them.
        for kind, count in lane.paying.kinds.items():
            amounts = found.get(kind.campaign)
            if amounts is None:
                amounts = found[kind.campaign] = _issued(lane, kind.campaign)
            amounts[kind.amount] += count
        return found
    for change in lane.paying:
        amounts = found.get(change.identity.campaign)
        if amounts is None:
            amounts = found[change.identity.campaign] = _issued(lane, change.identity.campaign)
        amounts[EXACT.add(change.issued, change.amount)] += 1
        # A bonus that is topped up counts with what it will have. One under a former name is not among the issued.
        if change.issued and amounts[change.issued] > 0:
            amounts[change.issued] -= 1
    return found


def _issued(lane: Lane, campaign: str) -> Counter[Decimal]:
    if lane.ledger is None or lane.reader is None:
        return Counter()
    return Counter(dict(lane.reader.issued_amounts(lane.ledger.ledger, lane.project, campaign)))


def _median(amounts: Counter[Decimal], total: int) -> Decimal:
    """The lower one of the two in the middle, where there are two."""
    left = (total + 1) // 2
    for amount in sorted(amounts):
        left -= amounts[amount]
        if left <= 0:
            return amount
    raise AssertionError("the counts do not add up to the total")


def _usual(amounts: Counter[Decimal], total: int) -> frozenset[Decimal]:
    least = max(_USUAL_MIN, -(-total // _USUAL_SHARE))
    return frozenset(amount for amount, count in amounts.items() if count >= least)


def _stands_out(whole: Decimal, median: Decimal, usual: frozenset[Decimal]) -> bool:
    return whole not in usual and (_slipped(whole, usual) is not None or whole >= FACTOR * median)


def _judged(lane: Lane, change: Change, median: Decimal, usual: frozenset[Decimal]) -> Iterator[Diagnostic]:
    whole, currency = EXACT.add(change.issued, change.amount), change.currency
    if not _stands_out(whole, median, usual):
        return
    slipped = _slipped(whole, usual)
    if slipped is not None:
        what = f"{Money(whole, currency)} is {Money(slipped, currency)} with its decimal point moved"
        detail = f"Many bonuses of {change.identity.campaign} have {Money(slipped, currency)}."
    else:
        what = f"{Money(whole, currency)} is ten times the median of its campaign or more"
        detail = f"The median of {change.identity.campaign} is {Money(median, currency)}."
    yield finding(
        lane.policies.outliers,
        "outlier",
        f"{change.address}: {what}",
        change=change,
        detail=detail,
        hint=f"Correct the amount. {meant('outlier')}",
    )


def _slipped(whole: Decimal, usual: frozenset[Decimal]) -> Decimal | None:
    """The usual amount of which this is the tenth, the tenfold …, up to three places."""
    for shift in _SHIFTS:
        for amount in usual:
            if amount in (whole * shift, whole / shift):
                return amount
    return None
