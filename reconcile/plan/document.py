"""A plan as JSON: the same words for `plan --format json`, for a saved plan, and for whatever is drawn from them.

Made in pieces, so that a plan of a million rows streams. Everything outside ASCII is escaped, which also keeps
hostile text from a terminal. Amounts are texts; what is absent is null.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.diagnostics import Diagnostic
from reconcile.digest import texts_json
from reconcile.model import Identity
from reconcile.money import add, format_amount
from reconcile.plan.days import date_of, days
from reconcile.plan.model import (
    Accepted,
    Action,
    CampaignSummary,
    Change,
    InDoubt,
    Plan,
    PlannedOperation,
    ProviderSummary,
)
from reconcile.times import format_time

FORMAT_VERSION: Final = 1


class Totals(NamedTuple):
    """What a plan pays in one currency. `fees` None: some provider's are not configured."""

    currency: str
    amount: Decimal
    fees: Decimal | None


def totals(plan: Plan) -> tuple[Totals, ...]:
    """One for each currency of the plan's providers, in their order."""
    found = []
    for currency in dict.fromkeys(provider.currency for provider in plan.providers):
        paying = [provider for provider in plan.providers if provider.currency == currency]
        fees = [provider.fees for provider in paying if provider.fees is not None]
        unknown = any(provider.fees is None and provider.payments for provider in paying)
        found.append(Totals(currency, add(provider.amount for provider in paying), None if unknown else add(fees)))
    return tuple(found)


def document(plan: Plan) -> dict[str, object]:
    """The whole document as one value."""
    return {key: list(part) if isinstance(part, Iterator) else part for key, part in _parts(plan)}


def chunks(plan: Plan, extra: Mapping[str, object] | None = None) -> Iterator[str]:
    """The text of the document, piece by piece: together what `json.dumps` makes of the whole.

    `extra`: further keys at its end.
    """
    opening = "{"
    for key, part in (*_parts(plan), *(extra or {}).items()):
        yield f"{opening}{json.dumps(key)}: "
        opening = ", "
        if isinstance(part, Iterator):
            yield from _array(part)
        else:
            yield json.dumps(part)
    yield "}"


def _array(items: Iterable[object]) -> Iterator[str]:
    separator = "["
    for item in items:
        yield separator + json.dumps(item)
        separator = ", "
    yield "[]" if separator == "[" else "]"


def _parts(plan: Plan) -> tuple[tuple[str, object], ...]:
    """The document's keys in order; long lists as iterators."""
    return (
        ("format_version", FORMAT_VERSION),
        ("digest", plan.digest),
        ("summary", summary(plan)),
        ("changes", iter(map(_change, plan.changes))),
        ("operations", iter(map(_operation, plan.operations))),
        ("in_doubt", iter(map(_in_doubt, plan.in_doubt))),
        ("accepted", iter(map(_accepted, plan.accepted))),
        ("campaigns", iter(map(_campaign, plan.campaigns))),
        ("providers", iter(map(_provider, plan.providers))),
        ("diagnostics", iter(map(_diagnostic, plan.diagnostics))),
        ("refused", plan.refused),
        ("orphans_elsewhere", plan.orphans_elsewhere),
        ("held_back", plan.held_back),
        ("project", plan.project or None),
        ("lineage", plan.lineage or None),
        ("head", plan.head or None),
    )


def summary(plan: Plan) -> dict[str, object]:
    """The plan's figures. With two currencies `total`, `fees` and `currency` are null and `totals` has them."""
    actions = plan.counts
    money = totals(plan)
    one = money[0] if len(money) == 1 else None
    figures: dict[str, object] = {
        "issue": actions[Action.ISSUE],
        "top_up": actions[Action.TOP_UP],
        "unchanged": plan.unchanged,
        "conflict": actions[Action.CONFLICT],
        "orphaned": actions[Action.ORPHANED],
        "in_doubt": len(plan.in_doubt),
        "accepted": len(plan.accepted),
        "operations": len(plan.operations),
        "total": format_amount(one.amount) if one else None,
        "fees": _amount(one.fees) if one else None,
        "currency": one.currency if one else None,
    }
    if len(money) > 1:
        figures["totals"] = {each.currency: format_amount(each.amount) for each in money}
        figures["fees_by_currency"] = {each.currency: _amount(each.fees) for each in money}
    return figures


# --- pieces --------------------------------------------------------------------------------------------------------


def _change(change: Change) -> dict[str, object]:
    return {
        "action": change.action.value,
        "address": change.address,
        "bonus_id": identity.to_text(change.bonus_id),
        "payment_id": _id(change.payment_id),
        "operation_id": _id(change.operation_id),
        **_names(change.identity, change.provider),
        "amount": format_amount(change.amount),
        "issued_amount": format_amount(change.issued),
        "currency": change.currency,
        "sequence": change.sequence or None,
        "attempt": change.attempt or None,
        "attempt_alone": change.attempts.alone or None,
        "attempt_together": change.attempts.together or None,
        "entry": change.entry.hex() or None,
        "texts": texts_json(change.texts),
        "why": change.why or None,
        "differences": list(change.differences),
        "path": change.path or None,
        "line": change.line or None,
    }


def _names(who: Identity, provider: str) -> dict[str, object]:
    return {
        "campaign": who.campaign,
        "provider": provider,
        "recipient": who.recipient,
        "assignment_id": who.assignment_id or None,
        "key": who.key or None,
    }


def _in_doubt(row: InDoubt) -> dict[str, object]:
    return {
        "address": row.identity.address,
        "bonus_id": identity.to_text(row.bonus_id),
        **_names(row.identity, row.provider),
        "amount": format_amount(row.amount),
        "currency": row.currency,
        "why": row.why,
    }


def _accepted(row: Accepted) -> dict[str, object]:
    return {
        "address": row.identity.address,
        "bonus_id": identity.to_text(row.bonus_id),
        **_names(row.identity, row.provider),
        "amount": format_amount(row.amount),
        "issued_amount": format_amount(row.issued),
        "currency": row.currency,
        "code": row.code or None,
        "reason": row.reason,
        "actor": row.actor,
        "accepted_at": format_time(row.at_ms),
    }


def _operation(operation: PlannedOperation) -> dict[str, object]:
    return {
        "operation_id": _id(operation.operation_id),
        "provider": operation.provider,
        "payments": [identity.to_text(payment) for payment in operation.payments],
        "amount": format_amount(operation.amount),
    }


def _campaign(campaign: CampaignSummary) -> dict[str, object]:
    left = campaign.budget_left
    return {
        **campaign._asdict(),
        "amount": format_amount(campaign.amount),
        "issued": format_amount(campaign.issued),
        "budget": _amount(campaign.budget),
        # The one figure that can fall below zero.
        "budget_left": f"-{format_amount(-left)}" if left is not None and left < 0 else _amount(left),
    }


def _provider(provider: ProviderSummary) -> dict[str, object]:
    figures = provider._asdict()
    del figures["day_ms"], figures["balance_ms"]
    return {
        **figures,
        "account": provider.account or None,
        "act_under": provider.act_under or None,
        "endpoint": provider.endpoint or None,
        "day": date_of(provider.day_ms),
        "days": [day._asdict() for day in days(provider)],
        "amount": format_amount(provider.amount),
        "fees": _amount(provider.fees),
        "balance": _amount(provider.balance),
        "balance_at": None if provider.balance_ms is None else format_time(provider.balance_ms),
    }


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    place = diagnostic.place
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "hint": diagnostic.hint,
        "path": place.path if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        **({"mentions": list(diagnostic.mentions)} if diagnostic.mentions else {}),
    }


def _id(raw: bytes | None) -> str | None:
    return None if raw is None else identity.to_text(raw)


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else format_amount(amount)
