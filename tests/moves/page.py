"""The oracle: a page that a person could keep beside the tool, and that knows nothing of how it works.

For each bonus the largest amount that was ever asked for it, whatever its names were; and what the provider's own
ledger holds. Nothing here reads a plan or a state.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from reconcile.model import parse_marker


class Name(NamedTuple):
    """What a bonus is known by."""

    campaign: str
    recipient: str
    key: str


class Row(NamedTuple):
    """A payment in the provider's ledger."""

    remote_id: str
    payment_id: bytes
    name: Name
    amount: Decimal


def row_of(remote_id: str, recipient: str, amount: Decimal, comment: str) -> Row:
    """A payment by what stands in its comment."""
    found = parse_marker(comment)
    assert found is not None, f"a payment without a marker: {comment}"
    return Row(remote_id, found.payment_id, Name(found.campaign, recipient, found.key), amount)


class Page:
    """`ask` and `rename` are the edits of the specs; `check` holds the provider's rows against them."""

    def __init__(self) -> None:
        self._bonus: dict[Name, int] = {}
        self._largest: dict[int, Decimal] = {}

    def ask(self, name: Name, amount: Decimal) -> None:
        """Somebody asks for so much, in all."""
        bonus = self._bonus.setdefault(name, len(self._largest))
        self._largest[bonus] = max(amount, self._largest.get(bonus, Decimal(0)))

    def rename(self, new: Name, old: Name) -> None:
        """Two names of one bonus: what was paid under the one counts for the other."""
        self._bonus[new] = self._bonus[old]

    def held(self, rows: Iterable[Row]) -> defaultdict[int, Decimal]:
        """What each bonus was paid, by the provider's ledger."""
        sums: defaultdict[int, Decimal] = defaultdict(Decimal)
        for row in rows:
            sums[self._bonus[row.name]] += row.amount
        return sums

    def holds(self, name: Name, rows: Iterable[Row]) -> Decimal:
        """What the bonus of this name was paid under any of its names."""
        return self.held(rows)[self._bonus[name]]

    def check(self, rows: list[Row]) -> None:
        """Nobody holds more than the largest amount asked for, and no payment is there twice."""
        times = Counter(row.payment_id for row in rows)
        assert not [one for one, count in times.items() if count > 1], "one payment was made twice"
        for bonus, amount in self.held(rows).items():
            assert amount <= self._largest[bonus], (
                f"{amount} was paid where at most {self._largest[bonus]} was asked for"
            )
