"""Payments into operations: the requests that a plan takes, in the order of the specs."""

from collections.abc import Iterator, Sequence
from itertools import islice

from reconcile import identity
from reconcile.model import Account
from reconcile.money import add
from reconcile.plan.changes import Changes, planned_operations
from reconcile.plan.model import Change, PlannedOperation
from reconcile.plan.tally import Shelf
from reconcile.rows import Rows, joined
from reconcile.settings import ProviderSettings


def group(shelf: Shelf, changes: Changes) -> tuple[Changes, Sequence[PlannedOperation]]:
    """(the same rows with their operation ids and the attempts in them, the operations). Ids are None before the first
    contact, where every payment is at its first attempt.

    Up to `batch_size` payments of one provider go together; the first payment ever on an account goes alone, as apply
    sends it, since its marker is read back before the rest. What would be refused as the same payment twice cannot meet
    in one request: every comment ends with the payment's own marker.
    """
    used = {kind.provider for kind in changes.kinds if kind.action.pays}
    operations: dict[str, Rows[PlannedOperation]] = {}
    for provider in shelf.settings.providers:
        if provider.name in used:
            operations[provider.name] = _operations(shelf, changes, provider)
    every = joined(*(rows.finished() for rows in operations.values()))
    if all(shelf.ledger(provider) is None for provider in shelf.settings.providers if provider.name in used):
        return changes, every
    return changes.of(_named(changes, operations)), every


def _named(changes: Changes, operations: dict[str, Rows[PlannedOperation]]) -> Iterator[Change]:
    """The rows with their operation ids and attempts: operations hold their payments in the order of the rows."""
    held = {name: ((one, payment) for one in rows for payment in one.payments) for name, rows in operations.items()}
    for change in changes:
        if change.pays:
            operation, payment_id = next(held[change.provider])
            assert payment_id == change.payment_id
            attempt = change.attempts.of(len(operation.payments))
            yield change._replace(operation_id=operation.operation_id, attempt=attempt)
        else:
            yield change


def _operations(shelf: Shelf, changes: Changes, provider: ProviderSettings) -> Rows[PlannedOperation]:
    ledger = shelf.ledger(provider)
    account = None if ledger is None else ledger.account
    first_alone = ledger is None or not ledger.verified_first
    paying = (change for change in changes if change.pays and change.provider == provider.name)
    rows = planned_operations(changes.spooling)
    size = 1 if first_alone else provider.batch_size
    while batch := list(islice(paying, size)):
        rows.append(_operation(account, provider, batch))
        size = provider.batch_size
    return rows


def _operation(account: Account | None, provider: ProviderSettings, batch: Sequence[Change]) -> PlannedOperation:
    size = len(batch)
    payments = [(change.payment_id, change.attempts.of(size)) for change in batch if change.payment_id is not None]
    assert len(payments) == size
    return PlannedOperation(
        operation_id=None if account is None else identity.operation_id(str(account), payments),
        provider=provider.name,
        payments=tuple(payment for payment, _ in payments),
        amount=add(change.amount for change in batch),
    )
