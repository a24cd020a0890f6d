"""The fold of what became of payments: settlements, a person's word, and what the provider shows.

"Not paid" needs its proof, an issued payment stays issued, and all open payments of an operation end together.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from reconcile import identity
from reconcile.errors import EventRefused
from reconcile.model import Identity, PaymentStatus
from reconcile.money import EXACT
from reconcile.state import fold_plain
from reconcile.state.coding import amount_text, amount_value
from reconcile.state.events import (
    AdoptedPayment,
    Basis,
    OperationSettled,
    PaymentResolved,
    PaymentsAdopted,
    PaymentsAttributed,
    Result,
    Settlement,
)
from reconcile.state.fold_bonuses import (
    bonus_named,
    bonus_of_payment,
    count_issued,
    give_back,
    issue,
    ledger_row,
    look_up_bonuses,
    minus,
    operation_row,
    plus,
    taken,
)
from reconcile.state.rows import OperationRow, PaymentRow
from reconcile.state.tables import Tables

# Members of an enumeration are looked up once: each look costs as much as a comparison, and every payment comes by.
_ISSUED: Final = Result.ISSUED
_NO_PROOF: Final = (Basis.NEVER_SENT, Basis.REFUSAL, Basis.ABSENCE)


def settled(tables: Tables, _: int, event: OperationSettled) -> None:
    """All open payments of an operation end together."""
    operation = operation_row(tables, event.ledger, event.operation)
    if len({item.payment_id for item in event.items}) != len(event.items):
        raise EventRefused(f"A settlement of operation {event.operation} names a payment twice")
    for item in event.items:
        _check_proof(operation, event.basis, item)
    left = fold_plain.settle(tables, operation, event)
    _look_up(tables, event, left)
    for item in left:
        _settle_item(tables, event, item)
    if operation.open_count:
        raise EventRefused(f"A settlement of operation {event.operation} leaves {operation.open_count} open")
    if event.basis is Basis.LIST and any(item.result is Result.ISSUED for item in event.items):
        ledger_row(tables, event.ledger).verified_first = 1


def _look_up(tables: Tables, event: OperationSettled, items: Sequence[Settlement]) -> None:
    """What an earlier run left open is read with few questions; what this one opened is at hand."""
    payment_ids = [item.payment_id for item in items]
    tables.items.look_up(event.operation, payment_ids, column=1)
    tables.payments.look_up(event.ledger, payment_ids, column=0)
    _look_up_owners(tables, event.ledger, payment_ids)


def _look_up_owners(tables: Tables, ledger: int, payment_ids: Sequence[bytes]) -> None:
    owners: dict[int, list[bytes]] = {}
    for payment_id in payment_ids:
        payment = tables.payments.get(payment_id, ledger)
        if payment is not None and payment.campaign is not None and payment.bonus_id is not None:
            owners.setdefault(payment.campaign, []).append(payment.bonus_id)
    for campaign, bonus_ids in owners.items():
        tables.bonuses.look_up(campaign, bonus_ids, column=1)


def _check_proof(operation: OperationRow, basis: Basis, item: Settlement) -> None:
    if item.result is _ISSUED:
        if basis in _NO_PROOF:
            raise EventRefused(f"{basis} cannot prove that operation {operation.operation} paid")
        if item.amount is None or item.burnt:
            raise EventRefused(f"An issued payment of operation {operation.operation} needs the provider's amount")
        return
    if basis is Basis.NEVER_SENT and operation.sends:
        raise EventRefused(f"Operation {operation.operation} was sent: it may have paid")
    if basis is Basis.REFUSAL and not 0 < operation.sends == operation.not_executed:
        raise EventRefused(f"A send of operation {operation.operation} is not refused: it may have paid")


def _settle_item(tables: Tables, event: OperationSettled, item: Settlement) -> None:
    place = tables.items.get(event.operation, item.payment_id)
    payment = tables.payments.get(item.payment_id, event.ledger)
    if place is None or payment is None:
        raise EventRefused(f"Operation {event.operation} does not hold payment {identity.to_text(item.payment_id)}")
    if place.result:
        if payment.status == PaymentStatus.ISSUED and item.result is not Result.ISSUED:
            return  # It was adopted meanwhile, and issued is never taken back.
        raise EventRefused(f"Payment {identity.to_text(item.payment_id)} of operation {event.operation} is settled")
    if item.result is Result.ISSUED:
        assert item.amount is not None
        issue(tables, payment, item.amount)
        payment.remote_id, payment.created_ms = item.remote_id, item.created_ms
    else:
        give_back(tables, payment, item.result, burnt=item.burnt)
    payment.code, payment.message = item.code, item.message


def resolved(tables: Tables, _: int, event: PaymentResolved) -> None:
    """A person's word settles a payment."""
    payment = tables.payments.get(event.payment_id, event.ledger)
    name = identity.to_text(event.payment_id)
    if payment is None or payment.status == PaymentStatus.ISSUED:
        raise EventRefused(f"Payment {name} is not open: there is nothing to decide")
    if event.result is Result.ISSUED:
        issue(tables, payment, amount_value(payment.amount))
    elif event.result is Result.RELEASED and payment.status == PaymentStatus.PREPARED:
        give_back(tables, payment, event.result, burnt=False)
    else:
        raise EventRefused(f"Payment {name} is {payment.status}: a person cannot make it {event.result}")
    payment.code, payment.message = "resolved", event.reason


# --- adoption --------------------------------------------------------------------------------------------------------


def adopted(tables: Tables, sequence: int, event: PaymentsAdopted) -> None:
    """The provider shows payments of ours: they were made, whatever the state thought."""
    ledger = ledger_row(tables, event.ledger)
    bonuses = [payment.bonus for payment in event.payments if payment.bonus is not None]
    bonus_ids = iter(look_up_bonuses(tables, event.ledger, bonuses))
    tables.payments.look_up(event.ledger, [payment.payment_id for payment in event.payments], column=0)
    for position, payment in enumerate(event.payments):
        bonus_id = None if payment.bonus is None else next(bonus_ids)
        _adopt(tables, event.ledger, payment, bonus_id, (sequence, position))
        if payment.bonus is not None:
            ledger.verified_first = 1


def _adopt(tables: Tables, ledger: int, payment: AdoptedPayment, bonus_id: bytes | None, told: tuple[int, int]) -> None:
    row = tables.payments.get(payment.payment_id, ledger)
    if row is None:
        row = tables.payments.add(_adopted_row(ledger, payment))
    if payment.bonus is not None and bonus_id is not None and row.bonus_id is None:
        _attribute(tables, row, payment.sequence, payment.bonus, bonus_id)
    if row.status == PaymentStatus.ISSUED:
        if row.remote_id:
            return  # Known. Another remote id for it is an alarm; the first one stays.
        _correct(tables, row, payment.amount)
    else:
        issue(tables, row, payment.amount)
    row.remote_id, row.created_ms = payment.remote_id, payment.created_ms
    row.code = row.message = ""
    row.told_event, row.told_position = told


def _adopted_row(ledger: int, payment: AdoptedPayment) -> PaymentRow:
    return PaymentRow(
        payment_id=payment.payment_id,
        ledger=ledger,
        sequence=payment.sequence,
        status="",
        amount="",
        marker_campaign=payment.campaign,
        marker_key=payment.key,
        recipient=payment.recipient,
        assignment_id=payment.assignment_id,
    )


def _correct(tables: Tables, row: PaymentRow, amount: Decimal) -> None:
    """A payment that a person called issued is found at the provider: its amount is the provider's."""
    if row.bonus_id is not None:
        campaign, bonus = bonus_of_payment(tables, row)
        before = amount_value(row.amount)
        bonus.issued = plus(minus(bonus.issued, before), amount)
        campaign.issued = EXACT.add(taken(campaign.issued, before), amount)
    row.amount = amount_text(amount)


def attributed(tables: Tables, _: int, event: PaymentsAttributed) -> None:
    """Payments of ours find their bonuses."""
    bonus_ids = look_up_bonuses(tables, event.ledger, [bonus for _, _, bonus in event.payments])
    for (payment_id, sequence, bonus), bonus_id in zip(event.payments, bonus_ids, strict=True):
        row = tables.payments.get(payment_id, event.ledger)
        if row is None:
            raise EventRefused(f"Ledger {event.ledger} has no payment {identity.to_text(payment_id)}")
        if row.bonus_id is None:
            _attribute(tables, row, sequence, bonus, bonus_id)
        elif row.bonus_id != bonus_id:
            raise EventRefused(f"Payment {identity.to_text(payment_id)} belongs to another bonus")


def _attribute(tables: Tables, row: PaymentRow, sequence: int, name: Identity, bonus_id: bytes) -> None:
    campaign, bonus = bonus_named(tables, row.ledger, name, bonus_id)
    if row.payment_id != identity.payment_id(bonus.bonus_id, sequence):
        raise EventRefused(f"Payment {identity.to_text(row.payment_id)} is not payment {sequence} of {name.address}")
    row.campaign, row.bonus_id, row.sequence = campaign.campaign, bonus.bonus_id, sequence
    row.marker_campaign = row.marker_key = row.recipient = row.assignment_id = None
    if row.status == PaymentStatus.ISSUED:
        count_issued(campaign, bonus, sequence, amount_value(row.amount))
