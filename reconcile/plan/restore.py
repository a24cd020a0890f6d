"""A plan back from its document: strict, since a saved plan is a file that anybody may have touched.

Ids are computed again from the names, entries from what they stand for, sums from the rows: a document that says one
thing in its list and another in its digest is refused, not believed.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from reconcile import digest, identity
from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.errors import Refused
from reconcile.model import Identity
from reconcile.money import EXACT, add
from reconcile.plan.changes import Changes, hashes_of, planned_operations
from reconcile.plan.document import FORMAT_VERSION
from reconcile.plan.fields import Damaged, Fields
from reconcile.plan.model import (
    Accepted,
    Action,
    Attempts,
    CampaignSummary,
    Change,
    InDoubt,
    Plan,
    PlannedOperation,
    ProviderSummary,
)
from reconcile.rows import IN_MEMORY, Spooling
from reconcile.times import parse_time

_DAY_MS_MAX: Final = 1 << 44
"""Some five hundred years: later days are nobody's plan."""
_ACTIONS: Final = {action.value: action for action in Action}
_SEVERITIES: Final = {severity.value: severity for severity in Severity}


def restore(fields: Fields, spooling: Spooling = IN_MEMORY) -> Plan:
    """The plan of a document. `spooling`: where rows go that are too many for the memory. Raises Damaged for a document that is none, Refused where its content does not fit its
    digest (reason digest_mismatch).
    """
    if fields.number("format_version") != FORMAT_VERSION:
        raise Damaged("it has a format that this version of bonusctl does not know")
    project = fields.maybe("project")
    providers = {provider.name: provider for provider in map(_provider, fields.items("providers"))}
    changes = Changes(spooling)
    changes.extend(_change(row, project, providers) for row in fields.items("changes"))
    operations = planned_operations(spooling)
    operations.extend(map(_operation, fields.items("operations")))
    _fits_digest(fields.text("digest"), changes)
    return Plan(
        digest=fields.text("digest"),
        changes=changes.finished(),
        in_doubt=tuple(_in_doubt(row, project) for row in fields.items("in_doubt")),
        operations=operations.finished(),
        unchanged=fields.inner("summary").number("unchanged"),
        campaigns=tuple(map(_campaign, fields.items("campaigns"))),
        providers=tuple(_counted(provider, changes) for provider in providers.values()),
        diagnostics=tuple(map(_diagnostic, fields.items("diagnostics"))),
        refused=fields.flag("refused"),
        orphans_elsewhere=fields.number("orphans_elsewhere"),
        lineage=fields.maybe("lineage"),
        head=fields.maybe("head"),
        project=project,
        held_back=fields.number("held_back"),
        accepted=tuple(_accepted(row, project) for row in fields.items("accepted")),
    )


def _attempts(row: Fields) -> Attempts:
    """Plans of an older bonusctl name one alone; it is shown, and nothing is sent by it."""
    if "attempt_alone" not in row.values:
        return Attempts(row.number("attempt"), row.number("attempt"))
    return Attempts(row.number("attempt_alone"), row.number("attempt_together"))


def _change(row: Fields, project: str, providers: Mapping[str, ProviderSummary]) -> Change:
    action = _ACTIONS.get(row.text("action"))
    if action is None:
        raise Damaged(f"{row.where}.action is unknown")
    who = _who(row, project)
    entry = bytes.fromhex(row.maybe("entry")) if row.maybe("entry") else b""
    change = Change(
        action=action,
        identity=who,
        bonus_id=who.bonus_id,
        provider=row.text("provider"),
        currency=row.text("currency"),
        amount=row.amount("amount"),
        issued=row.amount("issued_amount"),
        payment_id=row.maybe_id("payment_id"),
        sequence=row.number("sequence"),
        attempt=row.number("attempt"),
        operation_id=row.maybe_id("operation_id"),
        entry=entry,
        texts=row.texts("texts"),
        path=row.maybe("path"),
        line=row.number("line"),
        why=row.maybe("why"),
        differences=row.strings("differences"),
        attempts=_attempts(row),
    )
    if row.id("bonus_id") != change.bonus_id or row.text("address") != change.address:
        raise _mismatch(change, "its id does not belong to its names")
    _fits_entry(change, providers)
    return change


def _fits_entry(change: Change, providers: Mapping[str, ProviderSummary]) -> None:
    """A row that pays is exactly what its entry stands for; any other row has no entry and no payment."""
    provider = providers.get(change.provider)
    if provider is None:
        raise Damaged(f"{change.address} has a provider that the plan does not describe")
    if not change.pays:
        if change.payment_id is not None or change.entry or change.sequence:
            raise _mismatch(change, "it pays nothing and yet names a payment")
        return
    if not change.sequence or change.payment_id != identity.payment_id(change.bonus_id, change.sequence):
        raise _mismatch(change, "its payment's id does not belong to its bonus")
    entry = digest.entry_hash(
        provider_type=provider.type,
        environment=provider.environment,
        payment_id=change.payment_id,
        recipient=change.identity.recipient,
        assignment_id=change.identity.assignment_id,
        amount=change.amount,
        currency=change.currency,
        texts=change.texts,
    )
    if entry != change.entry:
        raise _mismatch(change, "recipient, amount, assignment or texts are not those that were approved")


def _fits_digest(named: str, changes: Changes) -> None:
    found = digest.set_digest(hashes_of(changes))
    if found != named:
        raise Refused(
            "The saved plan's content does not fit its digest",
            detail=f"It names {named}, but what it lists has the digest {found}.",
            remedy="Make the plan again:\n  bonusctl plan --out PLAN",
            reason="digest_mismatch",
        )


def _mismatch(change: Change, what: str) -> Refused:
    return Refused(
        f"The saved plan's row for {change.address} was altered",
        detail=f"{what[0].upper()}{what[1:]}.",
        remedy="Make the plan again:\n  bonusctl plan --out PLAN",
        reason="digest_mismatch",
    )


# --- the other lists -----------------------------------------------------------------------------------------------


def _who(row: Fields, project: str) -> Identity:
    return Identity(project, row.text("campaign"), row.text("recipient"), row.maybe("assignment_id"), row.maybe("key"))


def _in_doubt(row: Fields, project: str) -> InDoubt:
    who = _who(row, project)
    return InDoubt(who, who.bonus_id, row.text("provider"), row.text("currency"), row.amount("amount"), row.text("why"))


def _accepted(row: Fields, project: str) -> Accepted:
    who = _who(row, project)
    at_ms = parse_time(row.text("accepted_at"))
    if at_ms is None:
        raise Damaged(f"{row.where}.accepted_at is no time")
    return Accepted(
        who,
        who.bonus_id,
        row.text("provider"),
        row.text("currency"),
        row.amount("amount"),
        row.amount("issued_amount"),
        row.maybe("code"),
        row.text("reason"),
        row.text("actor"),
        at_ms,
    )


def _operation(row: Fields) -> PlannedOperation:
    payments = []
    for payment in row.strings("payments"):
        raw = identity.from_text(payment)
        if raw is None:
            raise Damaged(f"{row.where}.payments holds something that is no id")
        payments.append(raw)
    return PlannedOperation(row.maybe_id("operation_id"), row.text("provider"), tuple(payments), row.amount("amount"))


def _campaign(row: Fields) -> CampaignSummary:
    return CampaignSummary(
        campaign=row.text("campaign"),
        provider=row.text("provider"),
        currency=row.text("currency"),
        desired=row.number("desired"),
        unchanged=row.number("unchanged"),
        issue=row.number("issue"),
        top_up=row.number("top_up"),
        conflict=row.number("conflict"),
        orphaned=row.number("orphaned"),
        in_doubt=row.number("in_doubt"),
        amount=row.amount("amount"),
        issued=row.amount("issued"),
        budget=row.maybe_amount("budget"),
        budget_left=row.maybe_amount("budget_left"),
        accepted=row.number("accepted"),
    )


def _provider(row: Fields) -> ProviderSummary:
    return ProviderSummary(
        name=row.text("name"),
        type=row.text("type"),
        environment=row.text("environment"),
        account=row.maybe("account"),
        endpoint=row.maybe("endpoint"),
        currency=row.text("currency"),
        payments=row.number("payments"),
        amount=row.amount("amount"),
        fees=row.maybe_amount("fees"),
        requests=row.number("requests"),
        requests_today=row.number("requests_today"),
        daily_request_limit=row.number("daily_request_limit"),
        day_ms=_day_ms(row),
        act_under=row.maybe("act_under"),
        mode=row.text("mode"),
        batch_size=row.number("batch_size"),
        balance=row.maybe_amount("balance"),
        balance_ms=_balance_ms(row),
    )


def _balance_ms(row: Fields) -> int | None:
    at = row.maybe("balance_at")
    balance_ms = parse_time(at) if at else None
    if at and balance_ms is None:
        raise Damaged(f"{row.where}.balance_at is no time")
    return balance_ms


def _day_ms(row: Fields) -> int:
    day_ms = parse_time(row.text("day"))
    if day_ms is None or not 0 <= day_ms < _DAY_MS_MAX:
        raise Damaged(f"{row.where}.day is no date")
    return day_ms


def _counted(provider: ProviderSummary, changes: Changes) -> ProviderSummary:
    """What a reader will see as the provider's total is the sum of the rows, whatever the document says."""
    paying = {
        kind: count for kind, count in changes.kinds.items() if kind.action.pays and kind.provider == provider.name
    }
    total: Decimal = add(EXACT.multiply(kind.amount, count) for kind, count in paying.items())
    if (sum(paying.values()), total) != (provider.payments, provider.amount):
        raise Refused(
            f"The saved plan's total for {provider.name} is not the sum of its rows",
            remedy="Make the plan again:\n  bonusctl plan --out PLAN",
            reason="digest_mismatch",
        )
    return provider


def _diagnostic(row: Fields) -> Diagnostic:
    severity = _SEVERITIES.get(row.text("severity"))
    if severity is None:
        raise Damaged(f"{row.where}.severity is unknown")
    path = row.maybe("path")
    return Diagnostic(
        severity=severity,
        code=row.text("code"),
        summary=row.text("summary"),
        detail=row.text("detail"),
        hint=row.text("hint"),
        place=Place(path, row.number("line"), row.number("column")) if path else None,
        mentions=row.strings("mentions") if "mentions" in row.values else (),
    )
