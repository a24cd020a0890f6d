"""The fold's ground floor: a payment counts in its own row, its bonus and its campaign, and all change together here."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from reconcile import identity
from reconcile.errors import EventRefused
from reconcile.model import Account, Identity, PaymentStatus
from reconcile.money import EXACT
from reconcile.state.coding import Misfit, amount_text, amount_value
from reconcile.state.events import Result
from reconcile.state.rows import BonusRow, CampaignRow, LedgerRow, OperationRow, PaymentRow
from reconcile.state.tables import Tables

NOTHING: Final = "0.00"


def ledger_row(tables: Tables, number: int) -> LedgerRow:
    """The ledger with this number."""
    row = tables.ledgers.get(number)
    if row is None:
        raise EventRefused(f"The state has no ledger {number}")
    return row


def account_of(ledger: LedgerRow) -> str:
    """The account of a ledger, as ids of operations hold it."""
    return str(Account(ledger.type, ledger.environment, ledger.account_id))


def operation_row(tables: Tables, ledger: int, number: int) -> OperationRow:
    """The operation with this number, in this ledger."""
    row = tables.operations.get(number)
    if row is None or row.ledger != ledger:
        raise EventRefused(f"Ledger {ledger} has no operation {number}")
    return row


def look_up_bonuses(tables: Tables, ledger: int, names: Sequence[Identity]) -> list[bytes]:
    """The ids of these bonuses; what the ledger has of them is read with few questions."""
    found: dict[tuple[str, str], list[bytes]] = {}
    ids = []
    for name in names:
        bonus_id = name.bonus_id
        ids.append(bonus_id)
        found.setdefault((name.project, name.campaign), []).append(bonus_id)
    for (project, campaign), bonus_ids in found.items():
        tables.bonuses.look_up(tables.campaign(ledger, project, campaign).campaign, bonus_ids, column=1)
    return ids


def bonus_named(tables: Tables, ledger: int, name: Identity, bonus_id: bytes) -> tuple[CampaignRow, BonusRow]:
    """A bonus, by its name and its id, and its campaign; made where the ledger does not know them yet."""
    campaign = tables.campaign(ledger, name.project, name.campaign)
    bonus = tables.bonuses.get(campaign.campaign, bonus_id)
    if bonus is None:
        bonus = tables.bonuses.add(
            BonusRow(
                campaign=campaign.campaign,
                bonus_id=bonus_id,
                recipient=name.recipient,
                assignment_id=name.assignment_id,
                key=name.key,
            )
        )
        campaign.bonuses += 1
    return campaign, bonus


def bonus_of_payment(tables: Tables, payment: PaymentRow) -> tuple[CampaignRow, BonusRow]:
    """The bonus that an attributed payment was made for, and its campaign."""
    campaign, bonus = tables.campaigns.get(payment.campaign), tables.bonuses.get(payment.campaign, payment.bonus_id)
    if campaign is None or bonus is None:
        raise EventRefused(f"Payment {identity.to_text(payment.payment_id)} has lost its bonus")
    return campaign, bonus


def plus(total: str, amount: Decimal) -> str:
    """A bonus's sum with `amount` added to it."""
    if total == NOTHING:
        return amount_text(amount)
    return amount_text(EXACT.add(amount_value(total), amount))


def minus(total: str, amount: Decimal) -> str:
    """A bonus's sum with `amount` taken from it. Raises Misfit below nothing."""
    if total == amount_text(amount):
        return NOTHING
    return amount_text(EXACT.subtract(amount_value(total), amount))


def taken(total: Decimal, amount: Decimal) -> Decimal:
    """A campaign's sum with `amount` taken from it. Raises Misfit below nothing."""
    left = EXACT.subtract(total, amount)
    if left < 0:
        raise Misfit(f"{left} is negative or too large for an amount")
    return left


def issue(tables: Tables, payment: PaymentRow, amount: Decimal) -> None:
    """From here on the payment was made, with the provider's amount."""
    _close(tables, payment, Result.ISSUED)
    payment.status, payment.amount = PaymentStatus.ISSUED.value, amount_text(amount)
    if payment.bonus_id is None:
        return
    campaign, bonus = bonus_of_payment(tables, payment)
    count_issued(campaign, bonus, payment.sequence, amount)


def count_issued(campaign: CampaignRow, bonus: BonusRow, sequence: int, amount: Decimal) -> None:
    """A bonus's payment of this sequence was made: the next one begins at attempt 1 again."""
    bonus.issued = plus(bonus.issued, amount)
    bonus.issued_count += 1
    bonus.issued_sequence = max(bonus.issued_sequence, sequence)
    bonus.attempt, bonus.rejected = 1, 0
    campaign.issued = EXACT.add(campaign.issued, amount)


def give_back(tables: Tables, payment: PaymentRow, result: Result, *, burnt: bool) -> None:
    """The payment was proved not made: its bonus may be planned again."""
    _close(tables, payment, result)
    payment.status = PaymentStatus(result.value).value
    _, bonus = bonus_of_payment(tables, payment)
    if burnt:
        # Only an id that is used up at the provider gives way to a new one.
        payment.attempt += 1
        payment.attempt_alone += _was_its_own(tables, payment)
    bonus.attempt = payment.attempt
    bonus.rejected = int(result is Result.REJECTED)


def _was_its_own(tables: Tables, payment: PaymentRow) -> bool:
    """Whether the payment's newest operation had the id that the payment takes alone, whatever this state has seen.

    A journal of an older bonusctl may hold single payments at a higher attempt, which no other state would send: those
    ids are not counted.
    """
    assert payment.operation is not None
    operation = operation_row(tables, payment.ledger, payment.operation)
    account = account_of(ledger_row(tables, payment.ledger))
    own = identity.operation_id(account, [(payment.payment_id, payment.attempt_alone)])
    return operation.items == 1 and operation.operation_id == own


def _close(tables: Tables, payment: PaymentRow, result: Result) -> None:
    if payment.status != PaymentStatus.PREPARED:
        return
    assert payment.operation is not None
    item, operation = tables.items.get(payment.operation, payment.payment_id), tables.operations.get(payment.operation)
    if item is None or operation is None or item.result:
        raise EventRefused(f"Payment {identity.to_text(payment.payment_id)} is open, but not in its operation")
    item.result = result.value
    operation.open_count -= 1
    campaign, bonus = bonus_of_payment(tables, payment)
    asked = amount_value(payment.amount)
    bonus.open_count -= 1
    bonus.open_amount = minus(bonus.open_amount, asked)
    campaign.in_doubt = taken(campaign.in_doubt, asked)
