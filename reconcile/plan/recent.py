"""Guardrails over time: what was paid lately, with what is to be paid now.

One pass over the payments of the longest window asked for; kept are sums for the recipients of this plan alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile.diagnostics import Diagnostic
from reconcile.model import format_address
from reconcile.money import EXACT, ZERO, Money, add
from reconcile.plan.guardrails import Allowed, Lane, finding, meant, shortened
from reconcile.plan.model import Action, Change
from reconcile.settings import Policies, Rail
from reconcile.state.ledger import PaidRow
from reconcile.times import DAY_MS

WINDOW_DAYS: Final = 30


class _Likeness(NamedTuple):
    """What two payments share that may be one paid twice."""

    recipient: str
    amount: Decimal
    assignment_id: str


@dataclass(slots=True)
class _Past:
    """What was paid in the windows: by recipient in thirty days, in all in one, and what equals a payment to make."""

    of_recipient: dict[str, Decimal]
    like: dict[_Likeness, list[PaidRow]]
    in_a_day: Decimal = field(default=ZERO)


def check(lane: Lane, allowed: Allowed, now_ms: int) -> Iterator[Diagnostic]:
    """Windows that the plan breaks, and payments that repeat one."""
    policies = lane.policies
    windows = policies.windows is not Rail.OFF and (
        policies.max_per_recipient_30d is not None or policies.max_per_day is not None
    )
    repeats = policies.repeats is not Rail.OFF and policies.repeat_days is not None
    if not windows and not repeats:
        return
    counted = lane.without(allowed, "window") if windows else []
    repeatable = [change for change in lane.without(allowed, "repeat") if change.action is Action.ISSUE]
    past = _past(lane, counted, repeatable if repeats else [], now_ms)
    if windows:
        yield from shortened(_recipients(lane, counted, past), policies.windows)
        yield from _day(lane, [change for change in counted if change.payment_id not in lane.held_back], past)
    if repeats:
        yield from shortened(_repeats(lane, repeatable, past), policies.repeats)


def _past(lane: Lane, counted: Sequence[Change], repeatable: Sequence[Change], now_ms: int) -> _Past:
    past = _Past(
        of_recipient=dict.fromkeys((change.identity.recipient for change in counted), ZERO),
        like={_likeness(change): [] for change in repeatable},
    )
    if lane.ledger is None or lane.reader is None or not (counted or repeatable):
        return past
    month_ms, day_ms = now_ms - WINDOW_DAYS * DAY_MS, now_ms - DAY_MS
    repeat_ms = now_ms - (lane.policies.repeat_days or 0) * DAY_MS
    for row in lane.reader.paid_since(lane.ledger.ledger, _earliest(lane.policies, now_ms)):
        if row.at_ms > month_ms and row.recipient in past.of_recipient:
            past.of_recipient[row.recipient] = EXACT.add(past.of_recipient[row.recipient], row.amount)
        if row.at_ms > day_ms:
            past.in_a_day = EXACT.add(past.in_a_day, row.amount)
        if row.at_ms > repeat_ms:
            past.like.get(_Likeness(row.recipient, row.amount, row.assignment_id), []).append(row)
    return past


def _earliest(policies: Policies, now_ms: int) -> int:
    """Where the longest of the windows that are asked for begins."""
    days = [1]
    if policies.max_per_recipient_30d is not None:
        days.append(WINDOW_DAYS)
    if policies.repeat_days is not None and policies.repeats is not Rail.OFF:
        days.append(policies.repeat_days)
    return now_ms - max(days) * DAY_MS


def _likeness(change: Change) -> _Likeness:
    return _Likeness(change.identity.recipient, change.amount, change.identity.assignment_id)


# --- windows -------------------------------------------------------------------------------------------------------


def _recipients(lane: Lane, counted: Sequence[Change], past: _Past) -> Iterator[Diagnostic]:
    limit, currency = lane.policies.max_per_recipient_30d, lane.currency
    if limit is None:
        return
    planned: defaultdict[str, list[Change]] = defaultdict(list)
    for change in counted:
        planned[change.identity.recipient].append(change)
    for recipient, rows in planned.items():
        before, now = past.of_recipient[recipient], add(row.amount for row in rows)
        whole = EXACT.add(before, now)
        if whole > limit:
            yield finding(
                lane.policies.windows,
                "policy-max-per-recipient-30d",
                f"{recipient} would have {Money(whole, currency)} in {WINDOW_DAYS} days{_earlier(before, currency)}; "
                f"max_per_recipient_30d allows {Money(limit, currency)}",
                change=rows[0],
                detail="All campaigns on this account count, by the time at which the provider made each payment.",
                hint=f"Wait, or correct the amounts. {meant('window')}",
            )


def _day(lane: Lane, counted: Sequence[Change], past: _Past) -> Iterator[Diagnostic]:
    limit, currency = lane.policies.max_per_day, lane.currency
    whole = EXACT.add(past.in_a_day, add(change.amount for change in counted))
    if limit is None or not counted or whole <= limit:
        return
    earlier = f", {past.in_a_day:,} {currency} of it issued or in doubt already" if past.in_a_day else ""
    yield finding(
        lane.policies.windows,
        "policy-max-per-day",
        f"{lane.provider.name} would pay {whole:,} {currency} in 24 hours{earlier}; "
        f"max_per_day allows {limit:,} {currency}",
        change=counted[0],
        detail="All payments of this account in the last 24 hours count, and all that this plan would make.",
        hint=f"Pay in parts (`--limit N`), or raise max_per_day in the config. {meant('window')}",
    )


def _earlier(before: Decimal, currency: str) -> str:
    return f", {Money(before, currency)} of it issued or in doubt already" if before else ""


# --- repetitions ---------------------------------------------------------------------------------------------------


def _repeats(lane: Lane, repeatable: Sequence[Change], past: _Past) -> Iterator[Diagnostic]:
    """The same recipient, amount and assignment: under another key, or the same assignment in another campaign."""
    planned: defaultdict[_Likeness, list[Change]] = defaultdict(list)
    for change in repeatable:
        likeness = _likeness(change)
        old = next((row for row in past.like[likeness] if _repeated(change, row)), None)
        twin = next((one for one in planned[likeness] if _twins(change, one)), None)
        if old is not None:
            address = format_address(old.campaign, old.recipient, old.assignment_id, old.key)
            yield _repeat(lane, change, address, "was paid", (old.recipient, old.assignment_id))
        elif twin is not None:
            yield _repeat(lane, change, twin.address, "is to be paid", ())
        else:
            # One of each campaign is enough to recognise the next by.
            planned[likeness].append(change)


def _repeated(change: Change, row: PaidRow) -> bool:
    return row.bonus_id != change.bonus_id and (bool(row.assignment_id) or row.campaign == change.identity.campaign)


def _twins(change: Change, other: Change) -> bool:
    return bool(change.identity.assignment_id) or other.identity.campaign == change.identity.campaign


def _repeat(lane: Lane, change: Change, address: str, state: str, mentions: tuple[str, ...]) -> Diagnostic:
    return finding(
        lane.policies.repeats,
        "repeat",
        f"{change.address} would be paid what {address} {state}",
        change=change,
        detail=f"The same recipient, assignment and {Money(change.amount, change.currency)} within "
        f"{lane.policies.repeat_days} days, under another key or campaign.",
        hint=f"Take one of them away. {meant('repeat')}",
        mentions=mentions,
    )
