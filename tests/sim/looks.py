"""The promises where equal payments cannot be told apart: held as sums over what looks the same.

A payment here stands for each that looks like it: the same worker, assignment and amount. What was made of a look is
never more than was sent of it under different tokens; what a state calls issued, the provider shows as often.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from reconcile.state.events import OperationSettled, Result
from tests.sim.book import Book, Violation
from tests.sim.mturk_end import MturkTruth, plain
from tests.sim.truth import Made


class Look(NamedTuple):
    """What equal payments share."""

    recipient: str
    assignment_id: str
    amount: Decimal


Sent = Mapping[Look, set[bytes]]
"""The payments that were ever sent with a look, by anybody."""


def look_of(made: Made) -> Look:
    return Look(made.recipient, made.remote_id.partition("@")[0], made.amount)


def paid_once(truth: MturkTruth, sent: Sent) -> None:
    """I1: no more payments of a look than were sent under tokens of their own."""
    for look, number in _made(truth).items():
        if number > len(sent.get(look, ())):
            raise Violation(f"I1: paid twice: {number} payments of {look.amount} to {look.recipient}")


def issued_is_true(truth: MturkTruth, book: Book) -> None:
    """I4: whatever the state calls issued stands at the provider, each time."""
    there = Counter((one.amount, one.remote_id) for made in truth.made.values() for one in made)
    there += Counter((one.amount, one.remote_id) for one in truth.by_hand)
    said = Counter((amount, plain(remote_id)) for amount, remote_id in book.issued.values())
    if not said <= there:
        raise Violation(f"I4: called issued, and never paid: {said - there}")


def not_paid_is_true(
    truth: MturkTruth, event: OperationSettled, book: Book, sent: Sent, alone: Iterable[bytes]
) -> None:
    """I5: where this journal alone has sent a look, what it does not release accounts for all that was made of it."""
    sole, possible = set(alone), set(truth.may_still_pay())
    released = {item.payment_id for item in event.items if item.result is not Result.ISSUED}
    made = _made(truth)
    for payment in released & sole:
        if payment in possible:
            raise Violation("I5: called not paid while it may still be paid")
        for look, same in sent.items():
            if payment in same and same <= sole:
                kept = [one for one in same - released if book.status.get(one) in ("issued", "prepared")]
                if made[look] > len(kept):
                    raise Violation(f"I5: called not paid ({event.basis.value}) and paid: {look}")


def never_forgotten(truth: MturkTruth, book: Book, sent: Sent, alone: Iterable[bytes]) -> None:
    """I2: of a look that this journal sent, and nobody else, all that was made is issued or in doubt."""
    sole, made = set(alone), _made(truth)
    for look, same in sent.items():
        if same <= sole:
            kept = [one for one in same if book.status.get(one) in ("issued", "prepared")]
            if made[look] > len(kept):
                raise Violation(f"I2: paid, and neither issued nor in doubt: {look}")


def never_too_much(truth: MturkTruth, ceilings: Mapping[str, Decimal]) -> None:
    """I10: what a worker is paid never exceeds the largest amounts that were asked for that worker's bonuses."""
    most: dict[str, Decimal] = {}
    for name, amount in ceilings.items():
        worker = name.partition("#")[0]
        most[worker] = most.get(worker, Decimal(0)) + amount
    sums: dict[str, Decimal] = {}
    for made in truth.made.values():
        for one in made:
            sums[one.recipient] = sums.get(one.recipient, Decimal(0)) + one.amount
    for worker, paid in sums.items():
        if paid > most.get(worker, Decimal(0)):
            raise Violation(f"I10: {worker} was paid {paid}, at most {most.get(worker)} was ever asked for")


def _made(truth: MturkTruth) -> Counter[Look]:
    return Counter(look_of(one) for made in truth.made.values() for one in made)
