"""From proofs to settlements: an operation ends whole, or not at all.

A payment is issued where the provider shows it (its list, its log), rejected where the provider proves its refusal.
Amount and id are the provider's, never the ones that were wished. Where one payment of an operation lacks a proof,
nothing of the operation is settled yet.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reconcile.providers.base import ItemResult, RemotePayment
from reconcile.state.events import Result, Settlement
from reconcile.state.ledger import OperationItem


class Proofs(NamedTuple):
    """What is known of an operation's payments, by payment id: what the list shows, what the log or the answer tells.

    `burnt`: the provider shows an ended operation under the id, so a payment that was not made in it takes a new one.
    `finished_ms` is when it ended: the time of a payment whose proof names none.
    """

    found: Mapping[bytes, RemotePayment]
    log: Mapping[bytes, ItemResult]
    burnt: bool = False
    finished_ms: int | None = None


def from_proofs(items: Sequence[OperationItem], proofs: Proofs) -> tuple[Settlement, ...] | None:
    """The settlements of all these payments, None while one of them lacks a proof."""
    settlements = []
    for item in items:
        settlement = _issued(item, proofs) or _from_log(item, proofs)
        if settlement is None:
            return None
        settlements.append(settlement)
    return tuple(settlements)


def from_absence(items: Sequence[OperationItem], proofs: Proofs) -> tuple[Settlement, ...] | None:
    """The same where absence counts by now: what no proof names was not made. None where the log says that one was
    made and the list does not show it: they cannot both be whole.
    """
    settlements = []
    for item in items:
        settlement = _issued(item, proofs) or _from_log(item, proofs)
        if settlement is None and item.payment_id in proofs.log:
            return None
        settlements.append(settlement or _released(item, burnt=proofs.burnt))
    return tuple(settlements)


def refused(
    items: Sequence[OperationItem], *, code: str, message: str, named: Mapping[bytes, ItemResult]
) -> tuple[Settlement, ...]:
    """The provider refused the whole request, by proof, before anything of it was done: the id is as good as new.

    `named`: the payments at fault, where it names them. The others were only in bad company: they are free again.
    """
    if not named:
        return tuple(_rejected(item, code, message, burnt=False) for item in items)
    return tuple(
        _rejected(item, named[item.payment_id].code, named[item.payment_id].message, burnt=False)
        if item.payment_id in named
        else _released(item, burnt=False)
        for item in items
    )


def released(items: Sequence[OperationItem]) -> tuple[Settlement, ...]:
    """Proved not executed: free to be planned again."""
    return tuple(_released(item, burnt=False) for item in items)


def _released(item: OperationItem, *, burnt: bool) -> Settlement:
    return Settlement(payment_id=item.payment_id, result=Result.RELEASED, burnt=burnt)


def _rejected(item: OperationItem, code: str, message: str, *, burnt: bool) -> Settlement:
    return Settlement(payment_id=item.payment_id, result=Result.REJECTED, code=code, message=message, burnt=burnt)


def _issued(item: OperationItem, proofs: Proofs) -> Settlement | None:
    remote = proofs.found.get(item.payment_id)
    if remote is None:
        return None
    return Settlement(
        payment_id=item.payment_id,
        result=Result.ISSUED,
        amount=remote.amount,
        remote_id=remote.remote_id,
        created_ms=remote.created_ms,
    )


def _from_log(item: OperationItem, proofs: Proofs) -> Settlement | None:
    proof = proofs.log.get(item.payment_id)
    if proof is None:
        return None
    if not proof.issued:
        return _rejected(item, proof.code, proof.message, burnt=proofs.burnt)
    if proof.amount is None or not proof.remote_id:
        return None
    return Settlement(
        payment_id=item.payment_id,
        result=Result.ISSUED,
        amount=proof.amount,
        remote_id=proof.remote_id,
        created_ms=proofs.finished_ms if proof.created_ms is None else proof.created_ms,
    )
