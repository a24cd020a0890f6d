"""The rows of a plan as one list, with the figures that are counted while it is filled: nobody reads it to count."""

from collections import Counter
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from reconcile.packed import Packed
from reconcile.plan.change import Action, Change, PlannedOperation
from reconcile.plan.coding import CHANGES, ENTRIES, ENTRY, OPERATIONS
from reconcile.rows import IN_MEMORY, Rows, Spooling, chosen, mapped


class Kind(NamedTuple):
    """What rows are counted by."""

    action: Action
    campaign: str
    provider: str
    currency: str
    amount: Decimal


class Changes(Rows[Change]):
    """Rows of a plan, in memory or packed away. `kinds` counts them; `entries` holds the id and the entry hash, joined,
    of each that pays, so that a set of very many payments can be named without reading the rows.
    """

    def __init__(self, spooling: Spooling = IN_MEMORY) -> None:
        super().__init__(CHANGES, spooling)
        self.kinds: Counter[Kind] = Counter()
        self.entries: Rows[bytes] = Rows(ENTRIES, spooling)

    def append(self, value: Change) -> None:
        """One more row."""
        super().append(value)
        self.kinds[kind_of(value)] += 1
        if value.payment_id is not None and value.pays:
            self.entries.append(value.payment_id + value.entry)

    def of(self, changes: Iterable[Change]) -> "Changes":
        """Another list, kept in the same way, of these rows."""
        made = Changes(self.spooling)
        made.extend(changes)
        return made


def planned_operations(spooling: Spooling) -> Rows[PlannedOperation]:
    """An empty list of operations."""
    return Rows(OPERATIONS, spooling)


def kind_of(change: Change) -> Kind:
    """What a row is counted by."""
    return Kind(change.action, change.identity.campaign, change.provider, change.currency, change.amount)


def kinds_of(changes: Sequence[Change]) -> Counter[Kind]:
    """How many rows there are of each kind."""
    return changes.kinds if isinstance(changes, Changes) else Counter(map(kind_of, changes))


def count_of(changes: Sequence[Change]) -> Counter[Action]:
    """How many rows there are of each action."""
    if not isinstance(changes, Changes):
        return Counter(change.action for change in changes)
    counts: Counter[Action] = Counter()
    for kind, count in changes.kinds.items():
        counts[kind.action] += count
    return counts


def amounts_of(payments: Sequence[Change]) -> Counter[Decimal]:
    """Amount → how many of these rows, which all pay, have it."""
    amounts: Counter[Decimal] = Counter()
    if not isinstance(payments, Changes):
        amounts.update(change.amount for change in payments)
    else:
        for kind, count in payments.kinds.items():
            assert kind.action.pays
            amounts[kind.amount] += count
    return amounts


def paying(changes: Sequence[Change]) -> Sequence[Change]:
    """The rows that pay."""
    return chosen(changes, _pays, len(changes.entries) if isinstance(changes, Changes) else None)


def entries_of(changes: Sequence[Change]) -> Iterator[tuple[bytes, bytes]]:
    """(payment_id, entry hash) of each row that pays, in order."""
    if isinstance(changes, Changes):
        return ((entry[:16], entry[16:]) for entry in changes.entries)
    return ((change.payment_id, change.entry) for change in changes if change.pays and change.payment_id is not None)


def hashes_of(changes: Changes) -> Sequence[bytes]:
    """The entry hash of each row that pays, in order."""
    return mapped(changes.entries.finished(), _hash)


def same_list(changes: Sequence[Change], made: Iterable[Change]) -> Sequence[Change]:
    """`made` as a list of the same form as `changes`: a tuple, or kept where that is kept."""
    return changes.of(made).finished() if isinstance(changes, Changes) else tuple(made)


def _hash(entry: bytes) -> bytes:
    return entry[16:]


def _pays(change: Change) -> bool:
    return change.pays


class PlanEntries(Mapping[bytes, bytes]):
    """What a plan's payments stand for, payment_id → entry hash, in the order of the specs. `first`: so many of them, None
    for all. Read from the plan's rows; only where one is looked up they are kept, packed.
    """

    def __init__(self, changes: Sequence[Change], first: int | None = None) -> None:
        self._changes = changes
        self._first = first
        self._packed: Packed | None = None

    def __getitem__(self, payment_id: bytes) -> bytes:
        if self._packed is None:
            self._packed = Packed(16, ENTRY)
            for known, entry in self._pairs():
                self._packed.add(known + entry)
        found = self._packed.get(payment_id)
        if found is None:
            raise KeyError(payment_id)
        return found

    def __iter__(self) -> Iterator[bytes]:
        return (payment_id for payment_id, _ in self._pairs())

    def __len__(self) -> int:
        count = len(paying(self._changes))
        return count if self._first is None else min(count, self._first)

    def items(self) -> "_Pairs":
        """(payment_id, entry hash) of each, read as the plan has them: nothing is looked up for it."""
        return _Pairs(self)

    def _pairs(self) -> Iterator[tuple[bytes, bytes]]:
        return islice(entries_of(self._changes), self._first)


class _Pairs(ItemsView[bytes, bytes]):
    """`PlanEntries.items`."""

    _mapping: PlanEntries

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._mapping._pairs()
