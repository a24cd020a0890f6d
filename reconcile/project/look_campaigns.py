"""Looking at a state by campaign: every one's figures, as plan and state know them. Reads only."""

from collections.abc import Iterator
from typing import Final

from reconcile.money import ZERO
from reconcile.plan.model import CampaignSummary, Plan
from reconcile.project.config import Project
from reconcile.project.look import configured_name
from reconcile.protocol.books import nobodys
from reconcile.providers.registry import make_codec
from reconcile.render.state_values import CampaignRow, StatusNotes
from reconcile.state.ledger import StateReader

RUNS_MAX: Final = 10
"""How many runs are looked at for the last one that told something."""


def campaign_rows(project: Project, reader: StateReader | None, plan: Plan) -> Iterator[CampaignRow]:
    """The figures of every campaign that the specs or the state know."""
    seen = set()
    rejected = _rejected(reader)
    carried = {(one.provider, one.campaign): one for one in plan.carried}
    for summary in plan.campaigns:
        settings = project.settings.provider(summary.provider)
        key = (settings.ledger_key if settings else ("", "")), summary.campaign
        seen.add(key)
        yield _campaign_row(summary, rejected.get(key, 0))
    for ledger in reader.ledgers() if reader is not None else ():
        assert reader is not None
        for record in reader.campaigns(ledger.ledger):
            key = (ledger.account.type, ledger.account.environment), record.campaign
            if key in seen or record.project != project.settings.project:
                continue
            provider = configured_name(project, ledger) or ledger.account.type
            elsewhere = carried.get((provider, record.campaign))
            bonuses = record.bonuses - (elsewhere.bonuses if elsewhere else 0)
            if not bonuses:
                continue
            yield CampaignRow(
                campaign=record.campaign,
                provider=provider,
                currency=ledger.currency,
                desired=0,
                issued=0,
                to_issue=0,
                in_doubt=0,
                rejected=rejected.get(key, 0),
                conflict=0,
                orphaned=bonuses,
                amount=ZERO,
                issued_amount=record.issued - elsewhere.issued if elsewhere else record.issued,
                budget=None,
                budget_left=None,
            )


def status_notes(project: Project, reader: StateReader, plan: Plan) -> StatusNotes:
    """What stands beside the campaigns of a plan."""
    ledgers = reader.ledgers()
    disowned = sum(nobodys(reader, ledger) for ledger in ledgers)
    return StatusNotes(
        open_operations=sum(reader.count_open(ledger.ledger) for ledger in ledgers),
        held=held_back(project, reader, plan),
        unattributed=sum(1 for ledger in ledgers for _ in reader.unattributed(ledger.ledger)) - disowned,
        nobodys=disowned,
    )


def held_back(project: Project, reader: StateReader, plan: Plan) -> int:
    """Bonuses that the last apply called in doubt and that the state has nothing of: they were never sent.

    Only where a provider lists by assignment; elsewhere a payment of unknown origin holds nobody back. A run since then that
    settled something may have settled what was in doubt, so that nothing is concluded.
    """
    if not any(make_codec(settings).lists_by_assignment for settings in project.settings.providers):
        return 0
    telling = (run for run in reader.runs(RUNS_MAX) if run.command != "refresh" or reader.run_sums(run.run_id))
    last = next(telling, None)
    if last is None or not last.command.startswith("apply"):
        return 0
    doubtful = sum(campaign.in_doubt for campaign in plan.campaigns)
    sendable = sum(campaign.issue + campaign.top_up for campaign in plan.campaigns)
    return min(max(0, last.in_doubt - doubtful), sendable)


def _campaign_row(summary: CampaignSummary, rejected: int) -> CampaignRow:
    return CampaignRow(
        campaign=summary.campaign,
        provider=summary.provider,
        currency=summary.currency,
        desired=summary.desired,
        issued=summary.unchanged,
        to_issue=summary.issue + summary.top_up,
        in_doubt=summary.in_doubt,
        rejected=rejected,
        conflict=summary.conflict,
        orphaned=summary.orphaned,
        amount=summary.amount,
        issued_amount=summary.issued,
        budget=summary.budget,
        budget_left=summary.budget_left,
        accepted=summary.accepted,
    )


def _rejected(reader: StateReader | None) -> dict[tuple[tuple[str, str], str], int]:
    """Bonuses whose newest attempt was rejected, by ledger and campaign."""
    return {
        ((ledger.account.type, ledger.account.environment), campaign): count
        for ledger in (reader.ledgers() if reader is not None else ())
        for campaign, count in (reader.count_rejected(ledger.ledger) if reader is not None else {}).items()
    }
