"""A plan's figures by campaign and by provider: counted from its rows, so that they can never say something else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from reconcile.money import EXACT, ZERO, add, fee
from reconcile.plan.changes import kinds_of
from reconcile.plan.model import (
    Action,
    CampaignSummary,
    CarriedOver,
    Change,
    InDoubt,
    PlannedOperation,
    ProviderSummary,
)
from reconcile.plan.tally import Carried, Shelf, Tally
from reconcile.settings import ProviderSettings


def campaign_summaries(
    shelf: Shelf, tallies: Sequence[Tally], changes: Sequence[Change], in_doubt: Iterable[InDoubt]
) -> tuple[CampaignSummary, ...]:
    """One for each campaign, in the order of the specs."""
    actions: defaultdict[tuple[str, str], Counter[Action]] = defaultdict(Counter)
    pays: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for kind, count in kinds_of(changes).items():
        key = kind.campaign, kind.provider
        actions[key][kind.action] += count
        if kind.action.pays:
            pays[key].append(EXACT.multiply(kind.amount, count))
    doubts = Counter((row.identity.campaign, row.provider) for row in in_doubt)
    return tuple(
        _campaign(shelf, tally, actions[key], add(pays[key]), doubts[key])
        for tally in tallies
        for key in [(tally.head.name, tally.provider.name)]
    )


def _campaign(shelf: Shelf, tally: Tally, counts: Counter[Action], amount: Decimal, doubts: int) -> CampaignSummary:
    issued, in_doubt = _spent(shelf, tally)
    budget = tally.head.budget
    return CampaignSummary(
        campaign=tally.head.name,
        provider=tally.provider.name,
        currency=tally.currency,
        desired=tally.asked,
        unchanged=tally.unchanged,
        issue=counts[Action.ISSUE],
        top_up=counts[Action.TOP_UP],
        conflict=counts[Action.CONFLICT],
        orphaned=counts[Action.ORPHANED],
        in_doubt=doubts,
        amount=amount,
        issued=issued,
        accepted=tally.accepted,
        budget=budget,
        budget_left=None if budget is None else EXACT.subtract(budget, add((issued, in_doubt, amount))),
    )


def carried_over(tallies: Iterable[Tally]) -> tuple[CarriedOver, ...]:
    """What is recorded under old names and counts for these campaigns, by provider and old campaign."""
    found: dict[tuple[str, str], list[Carried]] = {}
    for tally in tallies:
        for carried in tally.carried:
            if carried.campaign:
                found.setdefault((tally.provider.name, carried.campaign), []).append(carried)
    return tuple(
        CarriedOver(provider, campaign, len(rows), add(row.issued for row in rows))
        for (provider, campaign), rows in found.items()
    )


def _spent(shelf: Shelf, tally: Tally) -> tuple[Decimal, Decimal]:
    """(issued, in doubt) of a campaign: recorded under its name, orphans included, or carried over to it."""
    issued, in_doubt = ZERO, ZERO
    if tally.ledger is not None:
        for record in shelf.campaigns(tally.ledger.ledger):
            if (record.project, record.campaign) == (shelf.settings.project, tally.head.name):
                issued, in_doubt = record.issued, record.in_doubt
    return (
        add((issued, *(carried.issued for carried in tally.carried))),
        add((in_doubt, *(carried.in_doubt for carried in tally.carried))),
    )


def provider_summaries(
    shelf: Shelf,
    tallies: Sequence[Tally],
    changes: Sequence[Change],
    operations: Sequence[PlannedOperation],
    day_start_ms: int,
) -> tuple[ProviderSummary, ...]:
    """One for each provider that a loaded campaign uses (none loaded: each), in the order of the config."""
    used = {tally.provider.name for tally in tallies} or {provider.name for provider in shelf.settings.providers}
    requests = Counter(operation.provider for operation in operations)
    amounts: defaultdict[str, Counter[Decimal]] = defaultdict(Counter)
    for kind, count in kinds_of(changes).items():
        if kind.action.pays:
            amounts[kind.provider][kind.amount] += count
    return tuple(
        _provider(shelf, provider, amounts[provider.name], requests[provider.name], day_start_ms)
        for provider in shelf.settings.providers
        if provider.name in used
    )


def _provider(
    shelf: Shelf, provider: ProviderSettings, amounts: Counter[Decimal], requests: int, day_start_ms: int
) -> ProviderSummary:
    ledger = shelf.ledger(provider)
    sent = 0
    if ledger is not None and shelf.reader is not None:
        # Where a journal was lost, what its sends paid is found again at the provider: so many requests it took at least.
        found = shelf.reader.adopted_since(ledger.ledger, day_start_ms)
        sent = shelf.reader.sends_since(ledger.ledger, day_start_ms) - (-found // provider.batch_size)
    return ProviderSummary(
        name=provider.name,
        type=provider.type,
        environment=provider.environment,
        account="" if ledger is None else ledger.account.id,
        endpoint=provider.endpoint,
        currency=shelf.tariff(provider).currency,
        payments=amounts.total(),
        amount=add(amount * count for amount, count in amounts.items()),
        fees=_fees(amounts, provider.fee_percent),
        requests=requests,
        requests_today=sent,
        daily_request_limit=provider.daily_request_limit,
        day_ms=day_start_ms,
        act_under=provider.act_under,
        mode=provider.mode,
        batch_size=provider.batch_size,
        balance=None if ledger is None else ledger.balance,
        balance_ms=None if ledger is None else ledger.balance_ms,
    )


def _fees(amounts: Counter[Decimal], percent: Decimal | None) -> Decimal | None:
    """Each payment's fee by itself, as the provider takes it."""
    if percent is None:
        return None
    return add(fee(amount, percent) * count for amount, count in amounts.items())
