"""Which payment of a bonus one is that was made beside this state: the number that it gets, checked before it is recorded."""

from reconcile import identity
from reconcile.errors import Refused
from reconcile.model import Identity, PaymentStatus
from reconcile.state.ledger import RecordedBonus, StateReader


def next_sequence(reader: StateReader, ledger: int, bonus: Identity, former: Identity | None) -> int:
    """The number of the bonus's next payment, counted on from its former name's where it has none of its own.

    Raises Refused where the state cannot tell: a payment of it is open, one in between is not known, or one that was
    found again is not recorded as its own yet.
    """
    names = [one.bonus_id for one in (bonus, former) if one is not None]
    rows = {row.bonus_id: row for row in reader.bonuses_by_id(ledger, names)}
    own, earlier = rows.get(bonus.bonus_id), rows.get(former.bonus_id) if former is not None else None
    if any(row is not None and row.open_count for row in (own, earlier)):
        raise _not_now(bonus, "a payment of it is under way, and settled first")
    sequence = (_last(own) or _last(earlier)) + 1
    if earlier is not None and earlier.issued_count != earlier.issued_sequence:
        raise _not_now(bonus, "an earlier payment of it is not known here (`formerly` may say which)")
    if own is not None and own.issued_count not in (own.issued_sequence, own.issued_sequence - _last(earlier)):
        raise _not_now(bonus, "an earlier payment of it is not known here (`formerly` may say which)")
    known = reader.payment_by_id(identity.payment_id(bonus.bonus_id, sequence), ledger=ledger)
    if known is not None and known.status in (PaymentStatus.ISSUED, PaymentStatus.PREPARED):
        raise _not_now(bonus, "a payment of it that was found again is not counted as its own yet")
    return sequence


def _last(row: RecordedBonus | None) -> int:
    return 0 if row is None else row.issued_sequence


def _not_now(bonus: Identity, why: str) -> Refused:
    return Refused(
        f"No payment can be taken over for {bonus.address} now: {why}",
        detail="Nothing was recorded.",
        remedy="bonusctl apply",
        reason="not_settled",
    )
