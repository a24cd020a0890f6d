"""Payments into operations: the requests that a plan takes, in the order of the specs."""

from collections.abc import Iterator, Sequence

from reconcile import identity
from reconcile.model import Account
from reconcile.money import add
from reconcile.plan.model import Change, PlannedOperation
from reconcile.plan.tally import Shelf
from reconcile.settings import ProviderSettings


def group(shelf: Shelf, changes: Sequence[Change]) -> tuple[list[Change], tuple[PlannedOperation, ...]]:
    """(the same rows with their operation ids, the operations). Ids are None before the first contact.

    Up to `batch_size` payments of one provider go together; the first payment ever on an account goes alone, as apply
    sends it, since its marker is read back before the rest. What would be refused as the same payment twice cannot meet
    in one request: every comment ends with the payment's own marker.
    """
    operations: list[PlannedOperation] = []
    of_payment: dict[bytes, bytes] = {}
    for provider in shelf.settings.providers:
        ledger = shelf.ledger(provider)
        account = None if ledger is None else ledger.account
        paying = [change for change in changes if change.pays and change.provider == provider.name]
        first_alone = ledger is None or not ledger.verified_first
        for batch in _batches(paying, provider.batch_size, first_alone=first_alone):
            operation = _operation(account, provider, batch)
            operations.append(operation)
            if operation.operation_id is not None:
                of_payment.update(dict.fromkeys(operation.payments, operation.operation_id))
    rows = [
        change._replace(operation_id=of_payment[change.payment_id]) if change.payment_id in of_payment else change
        for change in changes
    ]
    return rows, tuple(operations)


def _batches(paying: Sequence[Change], size: int, *, first_alone: bool) -> Iterator[Sequence[Change]]:
    begin = 1 if first_alone and paying else 0
    if begin:
        yield paying[:begin]
    for start in range(begin, len(paying), size):
        yield paying[start : start + size]


def _operation(account: Account | None, provider: ProviderSettings, batch: Sequence[Change]) -> PlannedOperation:
    payments = [(change.payment_id, change.attempt) for change in batch if change.payment_id is not None]
    assert len(payments) == len(batch)
    return PlannedOperation(
        operation_id=None if account is None else identity.operation_id(str(account), payments),
        provider=provider.name,
        payments=tuple(payment for payment, _ in payments),
        amount=add(change.amount for change in batch),
    )
