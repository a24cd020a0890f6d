"""Approvals: what of a plan may be sent, judged on values alone.

An approval is a set of payments, each named by its id and the hash of its content. Adoption and settling make the set
smaller, never stale; what is missing and not in it waits for another approval; what the specs no longer ask for is
not sent because it was approved once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from reconcile.diagnostics import Severity
from reconcile.digest import set_digest
from reconcile.errors import Refused
from reconcile.model import PaymentStatus
from reconcile.money import Money
from reconcile.plan.changes import PlanEntries
from reconcile.plan.model import Change, Plan, ProviderSummary
from reconcile.plan.saved import SavedPlan
from reconcile.rows import Lazy, chosen
from reconcile.state.ledger import RecordedPayment, StateReader

_AGAIN: Final = "Plan again, and approve that:\n  bonusctl plan --out plan.bonusplan"
# What a plan is refused for that is no policy, budget or guard: the code of its first error → the reason.
_REASONS: Final = {"account-mismatch": "account_mismatch", "target-unknown": "usage"}


class Approved(NamedTuple):
    """A set of approved payments: payment_id → entry hash. `digest` names it."""

    digest: str
    entries: Mapping[bytes, bytes]


class Judgement(NamedTuple):
    """What an approval means for the plan as it is now.

    `send`: missing and approved, in the order of the specs. `not_approved`: missing, and nobody approved it in this
    form. `no_longer_asked`: how many were approved and are neither paid nor asked for any more. `settled`: how many
    of the set are issued already.
    """

    send: Sequence[Change]
    not_approved: Sequence[Change]
    no_longer_asked: int
    settled: int


def approve_plan(plan: Plan) -> Approved:
    """The plan itself, all of it."""
    return Approved(plan.digest, PlanEntries(plan.changes))


def agreed_now(plan: Plan) -> Approved:
    """What a yes to the plan covers: where a limit holds payments back, the others alone."""
    if not plan.held_back:
        return approve_plan(plan)
    now = PlanEntries(plan.changes, len(plan.payments) - plan.held_back)
    return Approved(set_digest(Lazy(lambda: (entry for _, entry in now.items()), len(now))), now)


def approve_saved(saved: SavedPlan, plan: Plan, reader: StateReader) -> Approved:
    """The set of a saved plan, if it was made for this environment, account and state. `plan`: as it is now.

    Raises Refused: environment_mismatch, account_mismatch, lineage_mismatch, or stale_plan where a payment in it was
    meanwhile issued with another amount.
    """
    present = {provider.name: provider for provider in plan.providers}
    for provider in saved.plan.providers:
        if provider.name in present:
            _same_environment(provider, present[provider.name])
            _same_account(provider, present[provider.name])
    _same_lineage(saved, plan, reader)
    _same_amounts(saved, reader)
    return Approved(saved.plan.digest, PlanEntries(saved.plan.changes))


def approve_digest(expected: str, plan: Plan, reader: StateReader, *, before: Plan | None = None) -> Approved:
    """The set that a digest names: the plan's as it is now, or as it was `before` this run read what was paid (an earlier
    run may have paid a part of it, and died with the only state that knew), or one that the state has recorded.

    Raises Refused (digest_mismatch) where it is none of them.
    """
    for one in (plan, before):
        if one is not None and one.digest == expected:
            return approve_plan(one)
    recorded = reader.approved(expected)
    if recorded is not None:
        return Approved(expected, recorded)
    raise Refused(
        "The plan is not the one that was approved",
        detail=f"Expected {expected},\nbut the plan is now {plan.digest}. Nothing was sent.",
        remedy="See what it pays now:\n  bonusctl plan --refresh",
        reason="digest_mismatch",
    )


def judge(approved: Approved, plan: Plan, reader: StateReader) -> Judgement:
    """What is sent, what is not, and why. `plan`: as it is now, after the refresh.

    Raises Refused: policy (or account_mismatch) where the plan itself is refused, stale_plan where everything in the
    set is settled and something else is asked for.
    """
    _not_refused(plan)
    entries, planned = approved.entries, PlanEntries(plan.changes)
    if approved.digest == plan.digest and len(entries) == len(planned):
        # The digest names the very set of the plan: nothing needs to be looked up.
        return Judgement(plan.payments, (), 0, 0)
    wanted = chosen(plan.payments, lambda change: _approved(change, entries))
    not_approved = chosen(plan.payments, lambda change: not _approved(change, entries))
    doubtful = {row.bonus_id for row in plan.in_doubt}
    settled, no_longer_asked = 0, 0
    gone = (payment_id for payment_id in entries if payment_id not in planned)
    for payment in _recorded(gone, plan, reader):
        if payment is not None and payment.status is PaymentStatus.ISSUED:
            settled += 1
        elif payment is None or payment.bonus_id not in doubtful:
            no_longer_asked += 1
    if not_approved and settled == len(entries):
        raise _used_up(approved, not_approved)
    return Judgement(wanted, not_approved, no_longer_asked, settled)


def _approved(change: Change, entries: Mapping[bytes, bytes]) -> bool:
    """The very payment, in the very form that was approved."""
    assert change.payment_id is not None
    return entries.get(change.payment_id) == change.entry


def _recorded(payment_ids: Iterable[bytes], plan: Plan, reader: StateReader) -> Iterator[RecordedPayment | None]:
    ledgers = _ledgers(plan, reader)
    for payment_id in payment_ids:
        found = (reader.payment_by_id(payment_id, ledger=ledger) for ledger in ledgers)
        yield next((payment for payment in found if payment is not None), None)


def _ledgers(plan: Plan, reader: StateReader) -> list[int]:
    """The ledgers of the plan's providers, as far as they were met."""
    found = (reader.ledger(provider.type, provider.environment) for provider in plan.providers)
    return list(dict.fromkeys(ledger.ledger for ledger in found if ledger is not None))


# --- refusals ------------------------------------------------------------------------------------------------------


def _not_refused(plan: Plan) -> None:
    if not plan.refused:
        return
    errors = [diagnostic for diagnostic in plan.diagnostics if diagnostic.severity is Severity.ERROR]
    first = errors[0]
    more = f"\nAnd {len(errors) - 1} more: `bonusctl plan` shows them." if len(errors) > 1 else ""
    raise Refused(
        first.summary,
        detail=f"{first.detail}{more}\nNothing was sent.".strip(),
        remedy=first.hint,
        reason=_REASONS.get(first.code, "policy"),
    )


def _used_up(approved: Approved, not_approved: Sequence[Change]) -> Refused:
    return Refused(
        "The approved plan is used up: all of it is settled, and something else is asked for now",
        detail=f"{len(not_approved):,} {'payment is' if len(not_approved) == 1 else 'payments are'} asked for that the "
        f"approved set {approved.digest} does not hold, the first for {not_approved[0].address}. Nothing was sent.",
        remedy=_AGAIN,
        reason="stale_plan",
    )


def _same_environment(saved: ProviderSummary, present: ProviderSummary) -> None:
    if (saved.type, saved.environment) != (present.type, present.environment):
        raise Refused(
            f"The plan was made for {saved.type}/{saved.environment}, but {present.name} is now "
            f"{present.type}/{present.environment}",
            detail="What is approved for one environment is not approved for another. Nothing was sent.",
            remedy=_AGAIN,
            reason="environment_mismatch",
        )


def _same_account(saved: ProviderSummary, present: ProviderSummary) -> None:
    if saved.account and present.account and saved.account != present.account:
        raise Refused(
            f"The plan was made for account {saved.account}, but {present.name} is now {present.account}",
            detail="What is approved for one account is not approved for another. Nothing was sent.",
            remedy=_AGAIN,
            reason="account_mismatch",
        )


def _same_lineage(saved: SavedPlan, plan: Plan, reader: StateReader) -> None:
    """A plan belongs to the state that it was made with. One made without any fits a state that has no past yet, and
    the state that accepted it before.
    """
    lineage = saved.plan.lineage
    if lineage == reader.lineage:
        return
    if lineage:
        raise Refused(
            "The plan was made with another state",
            detail=f"It carries the lineage {lineage}, but this state's is {reader.lineage}. Nothing was sent.",
            remedy=_AGAIN,
            reason="lineage_mismatch",
        )
    # Where nothing is missing nothing is sent: a job whose state was lost, run again, has simply nothing to do.
    if plan.payments and reader.approved(saved.plan.digest) is None and _has_history(plan, reader):
        raise Refused(
            "The plan was made without a state, but the account has a history",
            detail="It shows every bonus as missing, also those that were paid. Nothing was sent.",
            remedy="Plan with the state, and approve that:\n  bonusctl plan --refresh --out plan.bonusplan",
            reason="lineage_mismatch",
        )


def _has_history(plan: Plan, reader: StateReader) -> bool:
    """Something of ours was recorded or found in a ledger that the plan uses."""
    for ledger in _ledgers(plan, reader):
        if any(record.bonuses for record in reader.campaigns(ledger)):
            return True
        if next(iter(reader.unattributed(ledger)), None) is not None:
            return True
    return False


def _same_amounts(saved: SavedPlan, reader: StateReader) -> None:
    environments = {provider.name: (provider.type, provider.environment) for provider in saved.plan.providers}
    for change in saved.plan.payments:
        ledger = reader.ledger(*environments[change.provider])
        if ledger is None or change.payment_id is None:
            continue
        payment = reader.payment_by_id(change.payment_id, ledger=ledger.ledger)
        if payment is None or payment.status is not PaymentStatus.ISSUED or payment.amount == change.amount:
            continue
        raise Refused(
            f"{change.address} was meanwhile paid another amount than the plan says",
            detail=f"{Money(payment.amount, change.currency)} was issued, {Money(change.amount, change.currency)} "
            "was approved. Nothing was sent.",
            remedy=_AGAIN,
            reason="stale_plan",
        )
