"""The fold of what a person decided: bonuses accepted as they are, and payments taken over by an import."""

from reconcile import identity
from reconcile.errors import EventRefused
from reconcile.model import PaymentStatus
from reconcile.state.coding import amount_text
from reconcile.state.events import AcceptanceRevoked, BonusAccepted, ImportedPayment, PaymentsImported
from reconcile.state.fold_bonuses import bonus_named, issue, ledger_row
from reconcile.state.rows import AcceptanceRow, PaymentRow
from reconcile.state.tables import Tables

IMPORTED = "imported"
"""The code of an imported payment, in whose message its origin stands."""


def accepted(tables: Tables, _: int, event: BonusAccepted) -> None:
    """The newest acceptance of a bonus is the one that counts."""
    ledger_row(tables, event.ledger)
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
    """Payments made before bonusctl: each is its bonus's first, and each of the provider's counts once."""
    ledger_row(tables, event.ledger)
    tables.flush()
    remote_ids: set[str] = set()
    for position, payment in enumerate(event.payments):
        if payment.remote_id:
            if payment.remote_id in remote_ids or _is_imported(tables, event.ledger, payment.remote_id):
                raise EventRefused(f"The provider's payment {payment.remote_id} was imported before")
            remote_ids.add(payment.remote_id)
        _import(tables, event, payment, (sequence, position))


def _is_imported(tables: Tables, ledger: int, remote_id: str) -> bool:
    sql = "SELECT 1 FROM payments WHERE ledger = ? AND remote_id = ? AND code = 'imported'"
    return tables.store.execute(sql, (ledger, remote_id)).fetchone() is not None


def _import(tables: Tables, event: PaymentsImported, payment: ImportedPayment, told: tuple[int, int]) -> None:
    campaign, bonus = bonus_named(tables, event.ledger, payment.bonus)
    address = payment.bonus.address
    if payment.payment_id != identity.payment_id(bonus.bonus_id, 1):
        raise EventRefused(f"An imported payment of {address} does not have the id of its first payment")
    if payment.amount <= 0:
        raise EventRefused(f"An imported payment of {address} is of no money")
    if bonus.issued_count or bonus.open_count:
        raise EventRefused(f"{address} was paid, or may have been: nothing is imported for it")
    row = tables.payments.get(payment.payment_id, event.ledger)
    if row is None:
        row = tables.payments.add(
            PaymentRow(payment_id=payment.payment_id, ledger=event.ledger, sequence=1, status="", amount="")
        )
    assert row.status not in (PaymentStatus.ISSUED, PaymentStatus.PREPARED), "its bonus would count it"
    row.campaign, row.bonus_id, row.operation = campaign.campaign, bonus.bonus_id, None
    issue(tables, row, payment.amount)
    row.remote_id, row.created_ms = payment.remote_id, payment.created_ms
    row.code, row.message = IMPORTED, event.origin
    # Without texts there is nothing to read in the event.
    row.told_event, row.told_position = told if payment.texts else (None, None)
