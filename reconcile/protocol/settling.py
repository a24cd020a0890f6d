"""From proofs to settlements: an operation ends whole, or not at all.

A payment is issued where the provider shows it (its list, its log), rejected where the provider proves its refusal.
Amount and id are the provider's, never the ones that were wished. Where one payment of an operation lacks a proof,
nothing of the operation is settled yet.
"""

from collections.abc import Mapping, Sequence

from reconcile.providers.base import ItemResult, RemotePayment
from reconcile.state.events import Result, Settlement
from reconcile.state.ledger import OperationItem


def from_proofs(
    items: Sequence[OperationItem],
    *,
    found: Mapping[bytes, RemotePayment],
    log: Mapping[bytes, ItemResult],
    burns_ids: bool,
    finished_ms: int | None = None,
) -> tuple[Settlement, ...] | None:
    """The settlements of all these payments, None while one of them lacks a proof.

    `finished_ms` is when the operation ended: the time of a payment whose proof names none.
    """
    settlements = []
    for item in items:
        settlement = _issued(item, found) or _from_log(item, log, burns_ids=burns_ids, finished_ms=finished_ms)
        if settlement is None:
            return None
        settlements.append(settlement)
    return tuple(settlements)


def refused(items: Sequence[OperationItem], *, code: str, message: str) -> tuple[Settlement, ...]:
    """The provider refused the whole request, by proof, before anything of it was done: the id is as good as new."""
    return tuple(
        Settlement(payment_id=item.payment_id, result=Result.REJECTED, code=code, message=message) for item in items
    )


def released(items: Sequence[OperationItem], *, burnt: bool = False) -> tuple[Settlement, ...]:
    """Proved not executed: free to be planned again."""
    return tuple(Settlement(payment_id=item.payment_id, result=Result.RELEASED, burnt=burnt) for item in items)


def _issued(item: OperationItem, found: Mapping[bytes, RemotePayment]) -> Settlement | None:
    remote = found.get(item.payment_id)
    if remote is None:
        return None
    return Settlement(
        payment_id=item.payment_id,
        result=Result.ISSUED,
        amount=remote.amount,
        remote_id=remote.remote_id,
        created_ms=remote.created_ms,
    )


def _from_log(
    item: OperationItem, log: Mapping[bytes, ItemResult], *, burns_ids: bool, finished_ms: int | None
) -> Settlement | None:
    proof = log.get(item.payment_id)
    if proof is None:
        return None
    if not proof.issued:
        return Settlement(
            payment_id=item.payment_id,
            result=Result.REJECTED,
            code=proof.code,
            message=proof.message,
            burnt=burns_ids,
        )
    if proof.amount is None or not proof.remote_id:
        return None
    return Settlement(
        payment_id=item.payment_id,
        result=Result.ISSUED,
        amount=proof.amount,
        remote_id=proof.remote_id,
        created_ms=finished_ms if proof.created_ms is None else proof.created_ms,
    )
