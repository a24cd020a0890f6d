"""The end of a run: every desired bonus with one reason, and the sums that the journal keeps."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from reconcile.money import Money
from reconcile.plan.model import Action, Change, Plan, PlanEntries
from reconcile.protocol.context import Tally
from reconcile.protocol.report import Left, LeftBonus, LeftRows, PaidRows, left_bonus
from reconcile.rows import Spooling, chosen
from reconcile.state.events import RunEnded
from reconcile.state.ledger import Ledger

Stopped = Mapping[str, Left] | Left | None
"""Why sending stopped early: by provider name, for all of them alike, or not at all."""


def what_is_left(
    plan: Plan,
    *,
    send: Sequence[Change],
    now: int | None,
    not_approved: Sequence[Change],
    tally: Tally,
    stopped: Stopped,
    spooling: Spooling,
) -> LeftRows:
    """Every bonus that is desired and not issued, once: a plan has one row for each.

    `send` was agreed to, the first `now` of it were to be sent (None: all of it).
    """
    left = LeftRows(spooling)
    conflicts = plan.changes if plan.counts[Action.CONFLICT] else ()
    left.extend(
        left_bonus(change, Left.CONFLICT, change.why) for change in conflicts if change.action is Action.CONFLICT
    )
    left.extend(_unpaid(send, now, tally, stopped))
    left.extend(left_bonus(change, Left.NOT_APPROVED) for change in not_approved)
    left.extend(_in_doubt(plan, tally))
    return left


def _unpaid(send: Sequence[Change], now: int | None, tally: Tally, stopped: Stopped) -> Iterator[LeftBonus]:
    # What was left at first and found paid later is paid.
    found = {item.payment_id for item in tally.paid if item.payment_id in tally.left} if tally.left else set()
    paid = _Met((item.payment_id, item.amount) for item in tally.paid)
    for number, change in enumerate(send):
        assert change.payment_id is not None
        known = None if change.payment_id in found else tally.left.get(change.payment_id)
        if known is not None:
            yield known
            continue
        amount = paid.take(change.payment_id)
        if amount is not None and amount != change.amount:
            yield left_bonus(change, Left.CONFLICT, _other_amount(change, amount))
        elif change.payment_id in tally.dropped:
            if (row := tally.dropped[change.payment_id]) is not None:
                yield row
        elif amount is None:
            late = now is not None and number >= now
            yield left_bonus(change, Left.LIMIT if late else _unsent(change, tally, stopped))


def _unsent(change: Change, tally: Tally, stopped: Stopped) -> Left:
    """Why a payment that was to be sent now was not."""
    if change.former is not None and change.provider in tally.holding:
        return Left.GATE
    why = stopped.get(change.provider) if isinstance(stopped, Mapping) else stopped
    return why or Left.UNREACHABLE


def still_asked(changes: Sequence[Change], plan: Plan, tally: Tally) -> Sequence[Change]:
    """Those payments that the plan as it is now has in the very same form. The others were settled, or became something else,
    while a person thought: the tally learns what is left of each.
    """
    entries = PlanEntries(plan.changes)
    conflicts = plan.changes if plan.counts[Action.CONFLICT] else ()
    why = {change.bonus_id: (Left.CONFLICT, change.why) for change in conflicts if change.action is Action.CONFLICT}
    why |= {doubt.bonus_id: (Left.IN_DOUBT, doubt.why) for doubt in plan.in_doubt}
    for change in changes:
        assert change.payment_id is not None
        if plan.refused:
            tally.dropped[change.payment_id] = left_bonus(change, Left.REFUSED, "the plan as it is now is refused")
        elif entries.get(change.payment_id) != change.entry:
            left = why.get(change.bonus_id)
            tally.dropped[change.payment_id] = None if left is None else left_bonus(change, *left)
    _still_lacking(changes, plan, tally)
    return chosen(changes, lambda change: change.payment_id not in tally.dropped) if tally.dropped else changes


def _still_lacking(changes: Sequence[Change], plan: Plan, tally: Tally) -> None:
    """What was settled in part, or is asked for in another form by now: nobody agreed to that."""
    settled = {
        change.bonus_id: change.payment_id
        for change in changes
        if change.payment_id is not None and tally.dropped.get(change.payment_id, change) is None
    }
    for change in plan.payments if settled else ():
        if change.bonus_id in settled:
            tally.dropped[settled[change.bonus_id]] = left_bonus(change, Left.NOT_APPROVED)


def _other_amount(change: Change, amount: Decimal) -> str:
    paid, asked = Money(amount, change.currency), Money(change.amount, change.currency)
    return f"the provider shows this payment with {paid}, made elsewhere under the same id; {asked} was asked for"


class _Met:
    """(id, amount) of payments that come in almost the order in which they are asked for, each once: only those that came
    too early are kept.
    """

    def __init__(self, paid: Iterator[tuple[bytes, Decimal]]) -> None:
        self._paid = paid
        self._early: dict[bytes, Decimal] = {}

    def take(self, wanted: bytes) -> Decimal | None:
        """With what amount the id is among them, None if it is not."""
        if wanted in self._early:
            return self._early.pop(wanted)
        for met, amount in self._paid:
            if met == wanted:
                return amount
            self._early[met] = amount
        return None


def _in_doubt(plan: Plan, tally: Tally) -> Iterator[LeftBonus]:
    doubts = {bonus.bonus_id: bonus for bonus in tally.left.values() if bonus.why is Left.IN_DOUBT}
    for doubt in plan.in_doubt:
        yield doubts.get(doubt.bonus_id) or LeftBonus(
            doubt.identity.address,
            doubt.bonus_id,
            doubt.provider,
            doubt.currency,
            doubt.amount,
            Left.IN_DOUBT,
            "",
            doubt.why,
        )


def settled_before(plan: Plan, paid: PaidRows, ledger: Ledger) -> int:
    """How many bonuses the plan found issued that were not, before this run settled or adopted them."""
    loaded = {campaign.campaign for campaign in plan.campaigns}
    numbers = [record.ledger for record in ledger.ledgers()]
    found = (ledger.payment_by_id(one.payment_id, ledger=number) for one in paid for number in numbers)
    known = (payment for payment in found if payment is not None and payment.campaign in loaded)
    settled = {payment.bonus_id for payment in known if payment.bonus_id is not None}
    if settled:
        settled.difference_update(change.bonus_id for change in plan.changes)
        settled.difference_update(row.bonus_id for row in plan.in_doubt)
        settled.difference_update(row.bonus_id for row in plan.accepted)
    return len(settled)


def ended(
    *, run_id: str, outcome: str, digest: str, paid: PaidRows, left: Collection[LeftBonus], at_ms: int
) -> RunEnded:
    """The last event of a run."""
    doubtful, rejected = _count(left, Left.IN_DOUBT), _count(left, Left.REJECTED)
    return RunEnded(
        run_id=run_id,
        outcome=outcome,
        plan_digest=digest,
        issued=paid.issued,
        adopted=len(paid) - paid.issued,
        rejected=rejected,
        in_doubt=doubtful,
        not_sent=len(left) - doubtful - rejected,
        paid=tuple(sorted(paid.sums.items())),
        at_ms=at_ms,
    )


def ended_without_sends(run_id: str, *, at_ms: int, adopted: int = 0, outcome: str = "done") -> RunEnded:
    """The last event of a run that sends nothing. `adopted`: payments that it took over."""
    return RunEnded(
        run_id=run_id,
        outcome=outcome,
        plan_digest="",
        issued=0,
        adopted=adopted,
        rejected=0,
        in_doubt=0,
        not_sent=0,
        paid=(),
        at_ms=at_ms,
    )


def _count(left: Collection[LeftBonus], why: Left) -> int:
    return left.whys[why] if isinstance(left, LeftRows) else sum(1 for bonus in left if bonus.why is why)
