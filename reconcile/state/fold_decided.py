"""The fold of what a person decided: bonuses accepted as they are, and payments taken over by an import."""

from typing import Final

from reconcile import identity
from reconcile.errors import EventRefused
from reconcile.model import PaymentStatus
from reconcile.state.coding import amount_text
from reconcile.state.events import AcceptanceRevoked, BonusAccepted, ImportedPayment, PaymentsImported
from reconcile.state.fold_bonuses import bonus_named, issue, ledger_row, look_up_bonuses
from reconcile.state.rows import AcceptanceRow, BonusRow, PaymentRow
from reconcile.state.tables import Tables

IMPORTED = "imported"
"""The code of an imported payment, in whose message its origin stands."""
SEQUENCES_MAX: Final = 1_000
"""How many payments a former name is believed to have had."""


def accepted(tables: Tables, _: int, event: BonusAccepted) -> None:
    """The newest acceptance of a bonus is the one that counts."""
    ledger_row(tables, event.ledger)
    # An earlier one is known before this one takes its place.
    tables.acceptances.get(event.ledger, event.bonus.bonus_id)
    tables.acceptances.add(
        AcceptanceRow(
            ledger=event.ledger,
            bonus_id=event.bonus.bonus_id,
            issued=amount_text(event.issued),
            desired=amount_text(event.desired),
            code=event.code,
            reason=event.reason,
            actor=event.actor,
            at_ms=event.at_ms,
        )
    )


def revoked(tables: Tables, _: int, event: AcceptanceRevoked) -> None:
    """An acceptance ends."""
    row = tables.acceptances.get(event.ledger, event.bonus.bonus_id)
    if row is None or row.revoked:
        raise EventRefused(f"{event.bonus.address} is not accepted: there is nothing to take back")
    row.revoked = 1


def imported(tables: Tables, sequence: int, event: PaymentsImported) -> None:
    """Payments made beside bonusctl: each is its bonus's next, and each of the provider's counts once."""
    ledger_row(tables, event.ledger)
    tables.flush()
    remote_ids: set[str] = set()
    bonus_ids = look_up_bonuses(tables, event.ledger, [payment.bonus for payment in event.payments])
    tables.payments.look_up(event.ledger, [payment.payment_id for payment in event.payments], column=0)
    for position, (payment, bonus_id) in enumerate(zip(event.payments, bonus_ids, strict=True)):
        if payment.remote_id:
            if payment.remote_id in remote_ids or _is_imported(tables, event.ledger, payment.remote_id):
                raise EventRefused(f"The provider's payment {payment.remote_id} was imported before")
            remote_ids.add(payment.remote_id)
        _import(tables, event, payment, bonus_id, (sequence, position))


def _is_imported(tables: Tables, ledger: int, remote_id: str) -> bool:
    sql = "SELECT 1 FROM payments WHERE ledger = ? AND remote_id = ? AND code = 'imported'"
    return tables.store.execute(sql, (ledger, remote_id)).fetchone() is not None


def _import(
    tables: Tables, event: PaymentsImported, payment: ImportedPayment, bonus_id: bytes, told: tuple[int, int]
) -> None:
    campaign, bonus = bonus_named(tables, event.ledger, payment.bonus, bonus_id)
    address = payment.bonus.address
    sequence = _sequence(bonus, payment.payment_id)
    if not sequence:
        raise EventRefused(f"An imported payment of {address} does not have the id of its next payment")
    if payment.amount <= 0:
        raise EventRefused(f"An imported payment of {address} is of no money")
    if bonus.open_count:
        raise EventRefused(f"{address} may have been paid: nothing is imported for it")
    row = tables.payments.get(payment.payment_id, event.ledger)
    if row is None:
        row = tables.payments.add(
            PaymentRow(payment_id=payment.payment_id, ledger=event.ledger, sequence=sequence, status="", amount="")
        )
    if row.status in (PaymentStatus.ISSUED, PaymentStatus.PREPARED):
        raise EventRefused(f"Payment {sequence} of {address} is {row.status}: never twice")
    row.campaign, row.bonus_id, row.operation = campaign.campaign, bonus.bonus_id, None
    issue(tables, row, payment.amount)
    row.remote_id, row.created_ms = payment.remote_id, payment.created_ms
    row.code, row.message = IMPORTED, event.origin
    # Without texts there is nothing to read in the event.
    row.told_event, row.told_position = told if payment.texts else (None, None)


def _sequence(bonus: BonusRow, payment_id: bytes) -> int:
    """Which payment of the bonus this is, 0 for none that may follow: the next one. Of a bonus without a payment it is
    the first, or the one with which it goes on from its former name's.
    """
    following = (bonus.issued_sequence + 1,) if bonus.issued_sequence else range(1, SEQUENCES_MAX + 1)
    return next((one for one in following if identity.payment_id(bonus.bonus_id, one) == payment_id), 0)
