"""The rows of a review: what needs a person first, then the payments in the order of the specs."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, assert_never

from reconcile.money import EXACT, add
from reconcile.plan.changes import kinds_of
from reconcile.plan.model import Action, Change, InDoubt, Plan
from reconcile.render.blocks import Block, Details, Line, Mono, Para, Table, shortened
from reconcile.rows import chosen, joined, mapped

NAME_MAX: Final = 100
_NOTE_MAX: Final = 300
_HEADS: Final = ("What", "Campaign", "Recipient", "Assignment", "Key", "Issued", "Amount", "Why")


def attention_block(plan: Plan, rows_max: int) -> Iterator[Block]:
    """Conflicts, payments in doubt and orphans: nothing is paid for them."""
    rows: Sequence[Change | InDoubt] = joined(_of(plan, Action.CONFLICT), plan.in_doubt, _of(plan, Action.ORPHANED))
    if not rows:
        return
    shown = rows[:rows_max]
    blocks: list[Block] = [Table(_HEADS, mapped(shown, _attention), frozenset({5, 6}))] if shown else []
    if len(rows) > len(shown):
        blocks.append(Para((f"… and {len(rows) - len(shown):,} more, left out for length.",)))
    yield Details(f"Not paid, for a person to look at: {len(rows):,}", tuple(blocks))


def payments_block(plan: Plan, rows_max: int) -> Iterator[Block]:
    """Every payment that would be made, folded; what does not fit is counted, with its money."""
    payments = plan.payments
    if not payments:
        return
    shown = payments[:rows_max]
    heads = ("Campaign", "Recipient", "Assignment", "Key", "Amount", "Note")
    blocks: list[Block] = [Table(heads, mapped(shown, _payment), frozenset({4}))] if shown else []
    left_out = payments[len(shown) :]
    if left_out:
        sums = _sums(plan, shown, left_out)
        money = " and ".join(f"{amount:,} {currency}" for currency, amount in sums.items())
        blocks.append(Para((f"… and {len(left_out):,} more of {money} together, left out for length.",)))
    cut = f", the first {len(shown):,} of them here" if left_out else ""
    yield Details(f"Payments: {len(payments):,}{cut}", tuple(blocks))


def _of(plan: Plan, action: Action) -> Sequence[Change]:
    return chosen(plan.changes, lambda change: change.action is action, plan.counts[action])


def _sums(plan: Plan, shown: Sequence[Change], left_out: Sequence[Change]) -> dict[str, Decimal]:
    """Currency → the money of all payments but the first ones, which are shown. With one currency no long list is read."""
    every = {kind: count for kind, count in kinds_of(plan.changes).items() if kind.action.pays}
    sums = {}
    currencies = dict.fromkeys(kind.currency for kind in every)
    for currency in currencies if len(currencies) == 1 else dict.fromkeys(change.currency for change in left_out):
        whole = add(EXACT.multiply(kind.amount, count) for kind, count in every.items() if kind.currency == currency)
        sums[currency] = EXACT.subtract(whole, add(change.amount for change in shown if change.currency == currency))
    return sums


def names(row: Change | InDoubt) -> tuple[Line, ...]:
    """Campaign, recipient, assignment and key."""
    who = row.identity
    return tuple(
        (Mono(shortened(part, NAME_MAX)),) for part in (who.campaign, who.recipient, who.assignment_id, who.key)
    )


def _payment(change: Change) -> tuple[Line, ...]:
    note = change.why
    if change.action is Action.TOP_UP:
        note = f"top-up to {change.issued + change.amount:,} {change.currency}"
    notes = "; ".join(part for part in (note, *change.differences) if part)
    return *names(change), (f"{change.amount:,} {change.currency}",), (Mono(shortened(notes, _NOTE_MAX)),)


def _attention(row: Change | InDoubt) -> tuple[Line, ...]:
    amount = f"{row.amount:,} {row.currency}"
    if isinstance(row, InDoubt):
        return ("in doubt",), *names(row), ("–",), (amount,), (Mono(shortened(row.why, _NOTE_MAX)),)
    why = "; ".join(part for part in (row.why, *row.differences) if part)
    issued = f"{row.issued:,} {row.currency}"
    return (_word(row.action),), *names(row), (issued,), (amount,), (Mono(shortened(why, _NOTE_MAX)),)


def _word(action: Action) -> str:
    match action:
        case Action.CONFLICT:
            return "conflict"
        case Action.ORPHANED:
            return "no longer asked for"
        case Action.ISSUE | Action.TOP_UP:
            return "payment"
        case _:
            assert_never(action)
