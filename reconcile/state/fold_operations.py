"""The fold of operations and their sends.

What would pay twice if it were broken is checked here once more, whoever wrote the event: an open or issued payment is
not prepared again, an id is the one that its payments give, an executed operation is not sent again.
"""

from reconcile import identity
from reconcile.errors import EventRefused
from reconcile.model import PaymentStatus, SendOutcome
from reconcile.money import EXACT
from reconcile.state import fold_plain
from reconcile.state.coding import amount_text
from reconcile.state.events import (
    FinishedSend,
    OperationsPrepared,
    PreparedOperation,
    PreparedPayment,
    SendsFinished,
    SendsStarted,
)
from reconcile.state.fold_bonuses import account_of, bonus_named, ledger_row, look_up_bonuses, operation_row, plus
from reconcile.state.rows import ItemRow, OperationRow, PaymentRow, SendRow
from reconcile.state.tables import Tables


def prepared(tables: Tables, sequence: int, event: OperationsPrepared) -> None:
    """Operations begin: their payments are open from now on."""
    account = account_of(ledger_row(tables, event.ledger))
    for position, operation in enumerate(event.operations):
        if operation.operation != tables.highest_operation() + 1:
            raise EventRefused(f"Operation {operation.operation} cannot follow {tables.highest_operation()}")
        _check_id(operation, account)
        bonus_ids = look_up_bonuses(tables, event.ledger, [payment.bonus for payment in operation.payments])
        tables.payments.look_up(event.ledger, [payment.payment_id for payment in operation.payments], column=0)
        row = OperationRow(
            operation=operation.operation,
            ledger=event.ledger,
            operation_id=operation.operation_id,
            event=sequence,
            position=position,
            prepared_ms=event.at_ms,
            items=len(operation.payments),
            open_count=len(operation.payments),
        )
        tables.add_operation(row)
        campaign = tables.campaign(event.ledger, *operation.payments[0].bonus[:2])
        for place, (payment, bonus_id) in enumerate(zip(operation.payments, bonus_ids, strict=True)):
            if payment.bonus[:2] != (campaign.project, campaign.name):
                campaign = tables.campaign(event.ledger, *payment.bonus[:2])
            if fold_plain.begin(tables, campaign, row, place, payment, bonus_id):
                continue
            _open_payment(tables, row, payment, bonus_id)
            tables.items.add(ItemRow(operation.operation, payment.payment_id, place))


def _check_id(operation: PreparedOperation, account: str) -> None:
    payments = [(payment.payment_id, payment.attempt) for payment in operation.payments]
    if not payments or len({payment_id for payment_id, _ in payments}) != len(payments):
        raise EventRefused(f"Operation {operation.operation} holds no payment, or one twice")
    if operation.operation_id != identity.operation_id(account, payments):
        raise EventRefused(f"Operation {operation.operation} does not have the id that its payments give")


def _open_payment(tables: Tables, operation: OperationRow, payment: PreparedPayment, bonus_id: bytes) -> None:
    ledger = operation.ledger
    campaign, bonus = bonus_named(tables, ledger, payment.bonus, bonus_id)
    if payment.payment_id != identity.payment_id(bonus.bonus_id, payment.sequence):
        raise EventRefused(f"A payment of {payment.bonus.address} does not have the id that its bonus gives")
    if payment.amount <= 0:
        raise EventRefused(f"A payment of {payment.bonus.address} is of no money")
    if bonus.open_count:
        raise EventRefused(f"{payment.bonus.address} has an open payment: another one could pay it twice")
    row = tables.payments.get(payment.payment_id, ledger)
    _check_attempt(operation, row, payment)
    if row is None:
        row = tables.payments.add(
            PaymentRow(payment_id=payment.payment_id, ledger=ledger, sequence=payment.sequence, status="", amount="")
        )
    elif row.status not in (PaymentStatus.RELEASED, PaymentStatus.REJECTED):
        raise EventRefused(f"Payment {payment.sequence} of {payment.bonus.address} is {row.status}: never twice")
    row.campaign, row.bonus_id, row.operation = campaign.campaign, bonus.bonus_id, operation.operation
    row.status, row.amount = PaymentStatus.PREPARED.value, amount_text(payment.amount)
    row.code = row.message = ""
    bonus.open_count += 1
    bonus.open_amount = plus(bonus.open_amount, payment.amount)
    bonus.attempt, bonus.rejected = row.attempt, 0
    campaign.in_doubt = EXACT.add(campaign.in_doubt, payment.amount)


def _check_attempt(operation: OperationRow, row: PaymentRow | None, payment: PreparedPayment) -> None:
    """An id that is used up is not taken again, nor another one while its own is good."""
    together, alone = (1, 1) if row is None else (row.attempt, row.attempt_alone)
    expected = alone if operation.items == 1 else together
    # Before format 5 a payment that went alone took the count of all its operations, too: such a journal still folds.
    if payment.attempt not in (expected, together):
        raise EventRefused(f"{payment.bonus.address} is at attempt {expected}, not {payment.attempt}")


def sends_started(tables: Tables, _: int, event: SendsStarted) -> None:
    """Requests go out: only whole operations, and never one that was executed."""
    for number, send in event.sends:
        operation = operation_row(tables, event.ledger, number)
        if send != operation.sends + 1:
            raise EventRefused(f"Send {send} of operation {number} cannot follow send {operation.sends}")
        if operation.executed:
            raise EventRefused(f"Operation {number} was executed: it is never sent again")
        if operation.open_count != operation.items:
            raise EventRefused(f"Operation {number} is settled in part: only whole operations are sent")
        operation.sends = send
        tables.sends.add(
            SendRow(
                operation=number,
                send=send,
                ledger=event.ledger,
                at_ms=event.at_ms,
                boot_id=event.boot_id,
                boottime_ms=event.boottime_ms,
                server_ms=event.server_ms,
            )
        )


def sends_finished(tables: Tables, _: int, event: SendsFinished) -> None:
    """What sends proved."""
    for finished in event.sends:
        operation = operation_row(tables, event.ledger, finished.operation)
        row = tables.sends.get(finished.operation, finished.send)
        if row is None or row.outcome is not None:
            raise EventRefused(f"Send {finished.send} of operation {finished.operation} is not under way")
        _finish(row, finished, event.at_ms)
        operation.executed += finished.outcome is SendOutcome.EXECUTED
        operation.not_executed += finished.outcome is SendOutcome.NOT_EXECUTED


def _finish(row: SendRow, finished: FinishedSend, at_ms: int) -> None:
    row.finished_ms, row.outcome, row.status = at_ms, finished.outcome.value, finished.status
    row.code, row.message, row.request_id = finished.code, finished.message, finished.request_id
    if finished.server_ms is not None:
        # An answer without a Date, or none at all, leaves the clock that was known when the send began.
        row.server_ms = finished.server_ms
