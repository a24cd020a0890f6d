"""What a ledger knows of one campaign, kept so that an unchanged bonus costs one `pop` and next to no memory.

A book is used up while the specs stream past: what remains in it at the end is what the specs no longer ask for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile import identity
from reconcile.errors import StateCorrupt
from reconcile.model import ID_BYTES
from reconcile.money import EXACT, ZERO, add, amount_from_wire
from reconcile.plan.decision import Known
from reconcile.plan.model import FIRST
from reconcile.state.ledger import RecordedBonus, RecordedPayment, StateReader


class Held(NamedTuple):
    """What is recorded under one identity: RecordedBonus without its names. Attempts belong to its payments."""

    issued: Decimal
    payments: int
    sequence: int
    open_count: int
    open_amount: Decimal
    rejected: bool

    @property
    def spent(self) -> Decimal:
        """What was paid or may have been."""
        return EXACT.add(self.issued, self.open_amount)


EMPTY: Final = Held(ZERO, 0, 0, 0, ZERO, False)  # noqa: FBT003 (a row of a table)


@dataclass(slots=True)
class Book:
    """A campaign's recorded bonuses: those with exactly one payment, which is issued, and `odd`, all others.

    The former are `settled`, the set of their fingerprints, as long as whole blocks of the specs are found in it; once one bonus
    is asked for alone, those that are left are `plain`, by id.
    """

    settled: set[bytes] = field(default_factory=set)
    odd: dict[bytes, RecordedBonus] = field(default_factory=dict)
    paid: bool = False
    _plain: dict[bytes, Decimal] | None = None

    @property
    def plain(self) -> dict[bytes, Decimal]:
        """What was issued, by id, of those that nobody used up."""
        if self._plain is None:
            self._plain = {one[:ID_BYTES]: _amount(one[ID_BYTES:]) for one in self.settled}
            self.settled.clear()
        return self._plain

    def use(self, fingerprints: Sequence[bytes]) -> bool:
        """Use up all of these, if all were issued just so and none was asked for alone before; else none."""
        if not self.settled.issuperset(fingerprints):
            return False
        self.settled.difference_update(fingerprints)
        return True

    def take(self, bonus_id: bytes) -> Held | None:
        """What is recorded under this id, which is thereby used up."""
        issued = self.plain.pop(bonus_id, None)
        if issued is not None:
            return plain(issued)
        row = self.odd.pop(bonus_id, None)
        return None if row is None else held(row)

    def left_count(self) -> int:
        """How many bonuses `left` would give."""
        return len(self.plain) + sum(1 for row in self.odd.values() if row.issued_count or row.open_count)

    def left(self, reader: StateReader, ledger: int) -> Iterator[RecordedBonus]:
        """What nobody took and was issued or is in doubt, in no order."""
        if self.plain:
            yield from reader.bonuses_by_id(ledger, list(self.plain))
        yield from (row for row in self.odd.values() if row.issued_count or row.open_count)


def _amount(text: bytes) -> Decimal:
    found = amount_from_wire(text.decode("utf-8", "replace"))
    if found is None:
        raise StateCorrupt(
            f"The state holds {text!r} where an amount belongs",
            detail="Its tables were altered.",
            remedy="bonusctl state verify",
        )
    return found


def plain(issued: Decimal) -> Held:
    """One payment, issued."""
    return Held(issued, 1, 1, 0, ZERO, False)  # noqa: FBT003 (a row of a table)


def held(row: RecordedBonus) -> Held:
    """A recorded bonus's sums."""
    return Held(row.issued, row.issued_count, row.issued_sequence, row.open_count, row.open_amount, row.rejected)


def load_book(reader: StateReader, ledger: int, campaign: str, project: str) -> Book:
    """The book of one project's campaign. One pass over the campaign's rows in the ledger, and a look at each odd one."""
    book = Book()
    others: list[bytes] = []
    for page in reader.issued_once(ledger, project, campaign):
        book.settled.update(page.fingerprints)
        others += page.others
    book.odd = {row.bonus_id: row for row in reader.bonuses_by_id(ledger, others)}
    book.paid = bool(book.settled) or any(row.issued_count or row.open_count for row in book.odd.values())
    return book


class Unattributed:
    """Payments of ours that no bonus is known for, ready to be asked whether they were made for this one."""

    def __init__(self, payments: Iterable[RecordedPayment]) -> None:
        self._by_id = {payment.payment_id: payment for payment in payments}
        self._sequences = sorted({payment.sequence for payment in self._by_id.values() if payment.sequence > 0})

    def take(self, bonus_id: bytes, recipient: str) -> tuple[tuple[int, RecordedPayment], ...]:
        """(sequence, payment) of each that is a payment of this bonus, which are thereby used up.

        The id decides, and the recipient must be the bonus's own: a marker copied to another worker pays nobody. Every sequence that any marker names is tried, and 1, 2, 3 … as long as they are found.
        """
        if not self._by_id:
            return ()
        found: dict[int, RecordedPayment] = {}
        for sequence in self._sequences:
            self._take(bonus_id, recipient, sequence, found)
        sequence = 1
        while sequence in found or self._take(bonus_id, recipient, sequence, found):
            sequence += 1
        return tuple(sorted(found.items()))

    def of_campaign(self, campaign: str) -> Iterator[RecordedPayment]:
        """Those that are left and whose marker names this campaign."""
        return (payment for payment in self._by_id.values() if payment.campaign == campaign)

    def _take(self, bonus_id: bytes, recipient: str, sequence: int, found: dict[int, RecordedPayment]) -> bool:
        payment_id = identity.payment_id(bonus_id, sequence)
        payment = self._by_id.get(payment_id)
        if payment is None or payment.recipient != recipient:
            return False
        found[sequence] = self._by_id.pop(payment_id)
        return True


def merge(own: Held, former: Held, extra: tuple[tuple[int, RecordedPayment], ...] = ()) -> Known:
    """What is known of a bonus from its own record, its former name's and payments that had no bonus until now.

    Sequences go on from the former name's: a bonus that was paid twice under its old name is topped up with number 3.
    The next payment is taken for one that no operation held yet; what is recorded of it says more.
    """
    count = own.payments + len(extra)
    sequence = max(own.sequence, extra[-1][0] if extra else 0)
    following = (sequence or former.sequence) + 1
    return Known(
        issued=add((own.issued, former.issued, *(payment.amount for _, payment in extra))),
        next_sequence=following,
        attempts=FIRST,
        open_count=own.open_count + former.open_count,
        open_amount=EXACT.add(own.open_amount, former.open_amount),
        missing=_missing(count, sequence, former),
        rejected=own.rejected,
    )


def _missing(count: int, sequence: int, former: Held) -> int:
    """How many payments are not known although a higher one was made.

    The present name's payments are whole if they count from 1, or from where the former name's ended.
    """
    if former.payments != former.sequence:
        return former.sequence - former.payments
    if count == sequence or sequence - count == former.sequence:
        return 0
    return sequence - count
