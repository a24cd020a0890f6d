"""Looking at a state by bonus: each with its payments, under whichever name they were made. Reads only."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from reconcile.diagnostics import Diagnostics
from reconcile.errors import InvalidInput, StateError, UsageError
from reconcile.model import Desired, Identity, PaymentStatus, PublicStatus, parse_address, public_status
from reconcile.money import ZERO, add
from reconcile.plan.acceptance import rejection
from reconcile.project.config import Project
from reconcile.project.specs import choose
from reconcile.providers.rules import currency_of
from reconcile.render.state_values import BonusRow
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
    """Every recorded bonus by ledger, campaign and id, then the desired ones that are not recorded yet.

    What was paid under a former name is the present bonus's, once: `campaign` finds it by either of its names.
    """
    left = dict(asked.bonuses)
    former = {bonus.formerly.bonus_id: bonus for bonus in left.values() if bonus.formerly is not None}
    for ledger in reader.ledgers() if reader is not None else ():
        assert reader is not None
        acceptances = {record.bonus_id: record for record in reader.acceptances(ledger.ledger)}
        payments = (row for row in reader.all_payments(ledger.ledger, campaign or None) if row.bonus_id is not None)
        for bonus_id, group in groupby(payments, key=lambda payment: payment.bonus_id):
            assert bonus_id is not None
            bonus = asked.bonuses.get(bonus_id) or former.get(bonus_id)
            if bonus is None or not _is_of(project, bonus, ledger):
                yield recorded_row(project, ledger, tuple(group), None)
            elif left.pop(bonus.bonus_id, None) is not None:
                row = _desired_row(project, ledger, bonus, _payments(reader, ledger, bonus, tuple(group)))
                yield with_acceptance(row, acceptances.get(bonus.bonus_id))
        # A campaign's own name finds none of the payments that were made under its former one.
        for bonus in [bonus for bonus in left.values() if campaign and bonus.campaign.name == campaign]:
            if bonus.formerly is not None and _is_of(project, bonus, ledger):
                found = reader.payments(bonus.formerly.bonus_id, ledger=ledger.ledger)
                if found:
                    del left[bonus.bonus_id]
                    row = _desired_row(project, ledger, bonus, found)
                    yield with_acceptance(row, acceptances.get(bonus.bonus_id))
    for bonus in left.values():
        if not campaign or bonus.campaign.name == campaign:
            yield _planned_row(project, bonus)


def _payments(
    reader: StateReader, ledger: LedgerRecord, bonus: Desired, own: tuple[RecordedPayment, ...] = ()
) -> tuple[RecordedPayment, ...]:
    """A desired bonus's payments, those under its former name first. `own` spares the asking where there is none."""
    if bonus.formerly is None:
        return own or reader.payments(bonus.bonus_id, ledger=ledger.ledger)
    names = bonus.formerly.bonus_id, bonus.bonus_id
    return tuple(payment for name in names for payment in reader.payments(name, ledger=ledger.ledger))


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
    asked = wanted(project)
    bonus = asked.bonuses.get(bonus_id) or _formerly(asked, bonus_id)
    for ledger in reader.ledgers() if reader is not None else ():
        assert reader is not None
        row = _row_in(project, reader, ledger, bonus_id, bonus)
        if row is not None and configured_name(project, ledger) is not None:
            return ledger, row
    former = "" if asked.readable else " The specs, which may say what it was called before, cannot be read."
    raise StateError(
        f"{address} is not recorded in this state",
        detail=f"Nothing was sent for it yet, or it was recorded under another project.{former}",
        remedy="List what is recorded:\nbonusctl state list",
        reason="not_recorded",
    )


def _row_in(
    project: Project, reader: StateReader, ledger: LedgerRecord, bonus_id: bytes, bonus: Desired | None
) -> BonusRow | None:
    """What a ledger has recorded of a bonus, None for nothing. `bonus`: the one that the specs ask for by this id."""
    if bonus is None or not _is_of(project, bonus, ledger):
        payments = reader.payments(bonus_id, ledger=ledger.ledger)
        row = recorded_row(project, ledger, payments, None) if payments else None
    else:
        payments = _payments(reader, ledger, bonus)
        row = _desired_row(project, ledger, bonus, payments) if payments else None
    if row is None:
        return None
    acceptance = next((one for one in reader.acceptances(ledger.ledger) if one.bonus_id == row.bonus_id), None)
    return with_acceptance(row, acceptance)


def _formerly(asked: Wanted, bonus_id: bytes) -> Desired | None:
    """The present bonus whose former name this is."""
    return next(
        (one for one in asked.bonuses.values() if one.formerly is not None and one.formerly.bonus_id == bonus_id), None
    )


def recorded_row(
    project: Project, ledger: LedgerRecord, payments: tuple[RecordedPayment, ...], desired: Decimal | None
) -> BonusRow:
    """A bonus from its payments, ordered by sequence."""
    first = payments[0]
    assert first.bonus_id is not None
    return BonusRow(
        bonus_id=first.bonus_id,
        campaign=first.campaign,
        provider=configured_name(project, ledger) or ledger.account.type,
        recipient=first.recipient,
        assignment_id=first.assignment_id,
        key=first.key,
        currency=ledger.currency,
        desired=desired,
        issued=add(payment.amount for payment in payments if payment.status is PaymentStatus.ISSUED),
        status=status_of(payments),
        payments=payments,
    )


def _desired_row(
    project: Project, ledger: LedgerRecord, bonus: Desired, payments: tuple[RecordedPayment, ...]
) -> BonusRow:
    """A recorded bonus that the specs ask for, under the name by which they do."""
    return recorded_row(project, ledger, payments, bonus.amount)._replace(
        bonus_id=bonus.bonus_id,
        campaign=bonus.campaign.name,
        recipient=bonus.recipient,
        assignment_id=bonus.assignment_id,
        key=bonus.key,
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


def configured_name(project: Project, ledger: LedgerRecord) -> str | None:
    """The config's name for the provider that a ledger belongs to."""
    key = (ledger.account.type, ledger.account.environment)
    return next((provider.name for provider in project.settings.providers if provider.ledger_key == key), None)


def _is_of(project: Project, bonus: Desired, ledger: LedgerRecord) -> bool:
    return configured_name(project, ledger) == bonus.campaign.provider


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
