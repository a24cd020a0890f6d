"""Looking at a state: every bonus with its payments, every campaign's figures. Reads only."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from reconcile.diagnostics import Diagnostics
from reconcile.errors import InvalidInput, StateError, UsageError
from reconcile.model import Desired, Identity, PaymentStatus, PublicStatus, parse_address, public_status
from reconcile.money import ZERO, add
from reconcile.plan.acceptance import rejection
from reconcile.plan.model import CampaignSummary, Plan
from reconcile.project.config import Project
from reconcile.project.specs import choose
from reconcile.providers.rules import currency_of
from reconcile.render.state_values import BonusRow, CampaignRow
from reconcile.state.ledger import AcceptanceRecord, LedgerRecord, RecordedPayment, StateReader


class Wanted(NamedTuple):
    """What the specs ask for, by bonus id. `readable` is False where the specs have errors or are not there."""

    bonuses: dict[bytes, Desired]
    readable: bool


def wanted(project: Project) -> Wanted:
    """Every desired bonus, if the specs can be read; a state can be looked at without them."""
    diagnostics = Diagnostics()
    try:
        found = {bonus.bonus_id: bonus for bonus in choose(project).desired(diagnostics)}
    except UsageError:
        return Wanted({}, readable=False)
    return Wanted({}, readable=False) if diagnostics.errors else Wanted(found, readable=True)


def bonus_rows(
    project: Project, reader: StateReader | None, asked: Wanted, *, campaign: str = ""
) -> Iterator[BonusRow]:
    """Every recorded bonus by ledger, campaign and id, then the desired ones that are not recorded yet."""
    left = dict(asked.bonuses)
    former = {bonus.formerly.bonus_id: bonus for bonus in left.values() if bonus.formerly is not None}
    for ledger in reader.ledgers() if reader is not None else ():
        assert reader is not None
        acceptances = {record.bonus_id: record for record in reader.acceptances(ledger.ledger)}
        payments = (row for row in reader.all_payments(ledger.ledger, campaign or None) if row.bonus_id is not None)
        for bonus_id, group in groupby(payments, key=lambda payment: payment.bonus_id):
            assert bonus_id is not None
            # What is recorded under a former name is the present bonus: it is not listed as missing beside it.
            bonus = asked.bonuses.get(bonus_id) or former.get(bonus_id)
            if bonus is not None and _is_of(project, bonus, ledger):
                left.pop(bonus.bonus_id, None)
                row = recorded_row(project, ledger, tuple(group), bonus.amount)
                yield with_acceptance(row, acceptances.get(bonus_id))
            else:
                yield recorded_row(project, ledger, tuple(group), None)
    for bonus in left.values():
        if not campaign or bonus.campaign.name == campaign:
            yield _planned_row(project, bonus)


def find_bonus(project: Project, reader: StateReader | None, address: str) -> tuple[LedgerRecord, BonusRow]:
    """The recorded bonus at an address, in the ledger that knows it. Raises UsageError or StateError."""
    parts = parse_address(address)
    if parts is None:
        raise UsageError(
            f"{address} is no address of a bonus",
            detail="An address is campaign/recipient, with /assignment_id and #key where the bonus has them.",
            remedy="List the addresses:\nbonusctl state list",
        )
    bonus_id = Identity(project.settings.project, *parts).bonus_id
    found = []
    for ledger in reader.ledgers() if reader is not None else ():
        assert reader is not None
        payments = reader.payments(bonus_id, ledger=ledger.ledger)
        if payments and _configured(project, ledger) is not None:
            found.append((ledger, payments))
    if not found:
        raise StateError(
            f"{address} is not recorded in this state",
            detail="Nothing was sent for it yet, or it was recorded under another project.",
            remedy="List what is recorded:\nbonusctl state list",
            reason="not_recorded",
        )
    ledger, payments = found[0]
    desired = wanted(project).bonuses.get(bonus_id)
    row = recorded_row(project, ledger, payments, None if desired is None else desired.amount)
    assert reader is not None
    acceptance = next((one for one in reader.acceptances(ledger.ledger) if one.bonus_id == bonus_id), None)
    return ledger, with_acceptance(row, acceptance)


def recorded_row(
    project: Project, ledger: LedgerRecord, payments: tuple[RecordedPayment, ...], desired: Decimal | None
) -> BonusRow:
    """A bonus from its payments, ordered by sequence."""
    first = payments[0]
    assert first.bonus_id is not None
    return BonusRow(
        bonus_id=first.bonus_id,
        campaign=first.campaign,
        provider=_configured(project, ledger) or ledger.account.type,
        recipient=first.recipient,
        assignment_id=first.assignment_id,
        key=first.key,
        currency=ledger.currency,
        desired=desired,
        issued=add(payment.amount for payment in payments if payment.status is PaymentStatus.ISSUED),
        status=status_of(payments),
        payments=payments,
    )


def with_acceptance(row: BonusRow, record: AcceptanceRecord | None) -> BonusRow:
    """The row with what a person accepted of it, where that still holds."""
    if record is None or (record.issued, record.desired) != (row.issued, row.desired):
        return row
    if record.code and record.code != rejection(row.payments):
        return row
    return row._replace(accepted=record)


def status_of(payments: Sequence[RecordedPayment]) -> PublicStatus:
    """A bonus's word: in doubt while any payment is, rejected if the newest was, issued if any was, else planned."""
    words = [public_status(payment.status, sent=payment.sent) for payment in payments]
    if "in_doubt" in words:
        return "in_doubt"
    if words[-1] == "rejected":
        return "rejected"
    return "issued" if "issued" in words else "planned"


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
            provider = _configured(project, ledger) or ledger.account.type
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
    counts: dict[tuple[tuple[str, str], str], int] = {}
    for ledger in reader.ledgers() if reader is not None else ():
        assert reader is not None
        for record in reader.campaigns(ledger.ledger):
            count = sum(1 for bonus in reader.bonuses(ledger.ledger, record.campaign) if bonus.rejected)
            counts[(ledger.account.type, ledger.account.environment), record.campaign] = count
    return counts


def _configured(project: Project, ledger: LedgerRecord) -> str | None:
    """The config's name for the provider that a ledger belongs to."""
    key = (ledger.account.type, ledger.account.environment)
    return next((provider.name for provider in project.settings.providers if provider.ledger_key == key), None)


def _is_of(project: Project, bonus: Desired, ledger: LedgerRecord) -> bool:
    return _configured(project, ledger) == bonus.campaign.provider


def _planned_row(project: Project, bonus: Desired) -> BonusRow:
    settings = project.settings.provider(bonus.campaign.provider)
    if settings is None:
        raise InvalidInput(f"{bonus.address} names a provider that the config does not have", ())
    return BonusRow(
        bonus_id=bonus.bonus_id,
        campaign=bonus.campaign.name,
        provider=settings.name,
        recipient=bonus.recipient,
        assignment_id=bonus.assignment_id,
        key=bonus.key,
        currency=currency_of(*settings.ledger_key),
        desired=bonus.amount,
        issued=ZERO,
        status="planned",
        payments=(),
    )
