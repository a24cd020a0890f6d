"""A frozen operation from the payments that were agreed to: the last step before the journal."""

from collections.abc import Iterable, Iterator, Sequence

from reconcile import identity
from reconcile.model import Account
from reconcile.plan.model import Change
from reconcile.protocol.gateway import Gateway
from reconcile.providers.base import Outgoing
from reconcile.state.events import PreparedOperation, PreparedPayment


class Rest(Iterator[Change]):
    """The payments that are still to be journaled; true while there are any. They are read one ahead, and no more."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = iter(changes)
        self._following = next(self._changes, None)

    def __bool__(self) -> bool:
        return self._following is not None

    def __next__(self) -> Change:
        change = self._following
        if change is None:
            raise StopIteration
        self._following = next(self._changes, None)
        return change


def prepare(
    number: int, account: str | Account, mode: str, changes: Sequence[Change], gateway: Gateway
) -> PreparedOperation:
    """The frozen operation that makes these payments; its id holds their ids and attempts, nothing else. An attempt counts
    among the operations of its kind: of one payment, or of several (`plan.change.Attempts`).
    """
    payments = []
    outgoing = []
    for change in changes:
        assert change.payment_id is not None
        assert change.pays
        # The id that is paid under is computed again here, from the identity alone.
        assert change.payment_id == identity.payment_id(change.identity.bonus_id, change.sequence)
        payments.append(
            PreparedPayment(
                payment_id=change.payment_id,
                bonus=change.identity,
                sequence=change.sequence,
                attempt=change.attempts.of(len(changes)),
                amount=change.amount,
                entry=change.entry,
            )
        )
        outgoing.append(
            Outgoing(
                payment_id=change.payment_id,
                campaign=change.identity.campaign,
                recipient=change.identity.recipient,
                assignment_id=change.identity.assignment_id,
                key=change.identity.key,
                sequence=change.sequence,
                amount=change.amount,
                texts=change.texts,
            )
        )
    operation_id = identity.operation_id(str(account), ((item.payment_id, item.attempt) for item in payments))
    # What a reviewer saw is what goes out: with one payment an operation its id depends on that payment alone.
    assert gateway.settings.batch_size > 1 or changes[0].operation_id in (None, operation_id)
    target, body = gateway.codec.prepare(operation_id, outgoing)
    return PreparedOperation(
        operation=number,
        operation_id=operation_id,
        mode=mode,
        target=target,
        body=body,
        payments=tuple(payments),
    )
