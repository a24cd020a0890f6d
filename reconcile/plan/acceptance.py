"""Bonuses that a person accepts as they are: an amount that differs for good, a rejection that stays one.

An acceptance holds only for what was seen then. Another amount in the spec, another payment, or a rejection with
another code makes the bonus what it was before: a conflict, or something to pay.
"""

from decimal import Decimal
from typing import NamedTuple

from reconcile.model import Desired, Identity, PaymentStatus
from reconcile.plan.model import Accepted, Action, Change
from reconcile.plan.tally import Shelf, Tally
from reconcile.state.ledger import RecordedPayment, StateReader

REJECTED_WITHOUT_CODE = "rejected"


class Acceptable(NamedTuple):
    """What a person would accept of a bonus: `issued` although `desired` is asked for, or the rejection `code`."""

    identity: Identity
    issued: Decimal
    desired: Decimal
    code: str


def acceptable(change: Change, reader: StateReader, ledger: int) -> Acceptable | None:
    """What there is to accept in a row of the plan; None where the bonus is simply to be paid."""
    if change.action is Action.CONFLICT and change.issued:
        return Acceptable(change.identity, change.issued, change.amount, "")
    code = rejection(reader.payments(change.bonus_id, ledger=ledger)) if change.pays else ""
    return Acceptable(change.identity, change.issued, change.issued + change.amount, code) if code else None


def rejection(payments: tuple[RecordedPayment, ...]) -> str:
    """The code of a bonus's newest payment, if that was rejected; else ""."""
    newest = payments[-1] if payments else None
    if newest is None or newest.status is not PaymentStatus.REJECTED:
        return ""
    return newest.code or REJECTED_WITHOUT_CODE


def held(shelf: Shelf, tally: Tally, bonus: Desired, issued: Decimal, *, rejected: bool) -> Accepted | None:
    """The acceptance of a bonus that still holds: of which `issued` was paid, and the newest payment was `rejected`."""
    if tally.ledger is None or shelf.reader is None:
        return None
    ledger = tally.ledger.ledger
    record = shelf.acceptance(ledger, bonus.bonus_id)
    if record is None or (record.issued, record.desired) != (issued, bonus.amount):
        return None
    if record.code:
        code = rejection(shelf.reader.payments(bonus.bonus_id, ledger=ledger)) if rejected else ""
        if record.code != code:
            return None
    return Accepted(
        bonus.identity(shelf.settings.project),
        bonus.bonus_id,
        tally.provider.name,
        tally.currency,
        bonus.amount,
        issued,
        record.code,
        record.reason,
        record.actor,
        record.at_ms,
    )
