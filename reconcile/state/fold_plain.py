"""The usual life of a payment, folded by the values of its rows: the first one of a bonus is prepared, and later issued.

Nearly every payment lives so, and a payment's rows are made, changed and written several times: as plain values they
cost a third. What is folded here is what `fold_operations` and `fold_settling` make of the same events, in every case
that is not so plain as well: they are the definition, they ask here first, and what is not plain is theirs.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from reconcile import identity
from reconcile.model import PaymentStatus
from reconcile.money import EXACT
from reconcile.state.coding import amount_text
from reconcile.state.events import OperationSettled, PreparedPayment, Result, Settlement
from reconcile.state.fold_bonuses import NOTHING, taken
from reconcile.state.rows import BonusRow, CampaignRow, ItemRow, OperationRow, PaymentRow
from reconcile.state.table_rows import columns_of
from reconcile.state.tables import Tables

_BONUS: Final = columns_of(BonusRow)
_PAYMENT: Final = columns_of(PaymentRow)
_ITEM: Final = columns_of(ItemRow)
_BONUS_ENDS: Final = tuple(
    _BONUS.index(name) for name in ("issued", "issued_count", "issued_sequence", "open_count", "open_amount")
)
_PAYMENT_ENDS: Final = tuple(_PAYMENT.index(name) for name in ("status", "remote_id", "created_ms"))
_ITEM_ENDS: Final = (_ITEM.index("result"),)
_PREPARED: Final = PaymentStatus.PREPARED.value
_ISSUED: Final = PaymentStatus.ISSUED.value
_PAID: Final = Result.ISSUED
_RESULT: Final = _PAID.value
# A payment's columns from `remote_id` on, while it is under way.
_UNPAID: Final = ("", None, "", "", *(None,) * (len(_PAYMENT) - _PAYMENT.index("told_event")))


# --- prepared --------------------------------------------------------------------------------------------------------


def begin(
    tables: Tables,
    campaign: CampaignRow,
    operation: OperationRow,
    place: int,
    payment: PreparedPayment,
    bonus_id: bytes,
) -> bool:
    """Open the first payment of a bonus that the ledger does not know, at its place in a new operation; False, and
    nothing is done, for any other.
    """
    ledger, number, payment_id = operation.ledger, campaign.campaign, payment.payment_id
    bonus_key, payment_key = (number, bonus_id), (payment_id, ledger)
    if not (tables.bonuses.is_unknown(bonus_key) and tables.payments.is_unknown(payment_key)):
        return False
    amount, sequence, name = payment.amount, payment.sequence, payment.bonus
    if payment.attempt != 1 or amount <= 0 or payment_id != identity.payment_id(bonus_id, sequence):
        return False
    text = amount_text(amount)
    tables.bonuses.begin(
        bonus_key,
        (number, bonus_id, name.recipient, name.assignment_id, name.key, NOTHING, 0, 0, 1, text, 1, 0),
    )
    tables.payments.begin(
        payment_key,
        (payment_id, ledger, number, bonus_id, sequence, _PREPARED, text, 1, 1, operation.operation, *_UNPAID),
    )
    tables.items.begin((operation.operation, payment_id), (operation.operation, payment_id, place, ""))
    campaign.bonuses += 1
    campaign.in_doubt = EXACT.add(campaign.in_doubt, amount)
    return True


# --- issued ----------------------------------------------------------------------------------------------------------


def settle(tables: Tables, operation: OperationRow, event: OperationSettled) -> Sequence[Settlement]:
    """Issue the payments of a settlement that were opened by `begin` and paid as they were asked for. What is left."""
    left: list[Settlement] = []
    sums: dict[int, Decimal] = {}
    for item in event.items:
        campaign = _issue(tables, event, item)
        if campaign is None:
            left.append(item)
            continue
        assert item.amount is not None
        sums[campaign] = EXACT.add(sums.get(campaign, 0), item.amount)
        operation.open_count -= 1
    for number, amount in sums.items():
        row = tables.campaigns.get(number)
        assert row is not None
        row.issued, row.in_doubt = EXACT.add(row.issued, amount), taken(row.in_doubt, amount)
    return left


def _issue(tables: Tables, event: OperationSettled, item: Settlement) -> int | None:
    """The number of the campaign whose payment was issued, None where nothing was done."""
    amount, payment_id = item.amount, item.payment_id
    if item.result is not _PAID or amount is None or item.code or item.message:
        return None
    item_key, payment_key = (event.operation, payment_id), (payment_id, event.ledger)
    place, payment = tables.items.untouched(item_key), tables.payments.untouched(payment_key)
    if place is None or payment is None or not item.remote_id or item.created_ms is None:
        return None
    text = amount_text(amount)
    if payment[5:] != (_PREPARED, text, 1, 1, event.operation, *_UNPAID):
        return None
    number, bonus_id, sequence = payment[2:5]
    bonus_key = (number, bonus_id)
    bonus = tables.bonuses.untouched(bonus_key)
    if bonus is None or bonus[5:] != (NOTHING, 0, 0, 1, text, 1, 0) or place[3]:
        return None
    tables.bonuses.end(bonus_key, (*bonus[:5], text, 1, sequence, 0, NOTHING, 1, 0), _BONUS_ENDS)
    tables.payments.end(
        payment_key,
        (*payment[:5], _ISSUED, *payment[6:10], item.remote_id, item.created_ms, *payment[12:]),
        _PAYMENT_ENDS,
    )
    tables.items.end(item_key, (*place[:3], _RESULT), _ITEM_ENDS)
    campaign: int = number
    return campaign
