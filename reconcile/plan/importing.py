"""Payments made before bonusctl, or beside it, matched to what the specs ask for: by recipient, assignment and amount.

Equal payments and equal bonuses are counted against each other. Where there are fewer payments than bonuses that they
fit, nobody can tell which were paid: these are ambiguous, and none of them is taken over. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from reconcile.model import Texts
from reconcile.money import EXACT
from reconcile.plan.model import Action, Change
from reconcile.state.ledger import RecordedPayment

Triple: TypeAlias = tuple[str, str, Decimal]


class Candidate(NamedTuple):
    """A payment without our marker. `remote_id` "" and `created_ms` None where a file does not say; `texts` () where
    they are not known. `where`: the file's line, or "" for one of the provider's list.
    """

    recipient: str
    assignment_id: str
    amount: Decimal
    remote_id: str
    created_ms: int | None
    texts: Texts
    where: str

    @property
    def triple(self) -> Triple:
        """What it is matched by."""
        return self.recipient, self.assignment_id, self.amount


class Match(NamedTuple):
    """A payment, and the row of the plan that it stands for: the bonus's first payment, or its next."""

    candidate: Candidate
    change: Change


class Ambiguous(NamedTuple):
    """A payment that fits several bonuses, of which fewer were paid than are asked for."""

    candidate: Candidate
    addresses: tuple[str, ...]


class Unmatched(NamedTuple):
    """A payment that fits no bonus."""

    candidate: Candidate
    why: str


class Matching(NamedTuple):
    """What an import would do. `already`: payments that the state has; `matched` stands in the order of the specs."""

    matched: tuple[Match, ...]
    ambiguous: tuple[Ambiguous, ...]
    unmatched: tuple[Unmatched, ...]
    already: tuple[Candidate, ...]


class Recorded(NamedTuple):
    """What the state has: the provider's ids of all its payments, and the payments that imports took over."""

    remote_ids: frozenset[str]
    imported: tuple[RecordedPayment, ...]


def match(candidates: Iterable[Candidate], changes: Sequence[Change], recorded: Recorded) -> Matching:
    """Match payments to what the plan would pay. `changes` in the order of the specs."""
    new, already = _without_known(candidates, recorded)
    bonuses = _open_bonuses(changes)
    by_triple: defaultdict[Triple, list[Candidate]] = defaultdict(list)
    for candidate in new:
        by_triple[candidate.triple].append(candidate)
    matched: list[Match] = []
    ambiguous: list[Ambiguous] = []
    unmatched: list[Unmatched] = []
    hints = _Hints(changes)
    for triple, payments in by_triple.items():
        asked = bonuses.get(triple, [])
        if 0 < len(payments) < len(asked):
            addresses = tuple(change.address for change in asked)
            ambiguous += [Ambiguous(payment, addresses) for payment in payments]
            continue
        matched += [Match(payment, change) for payment, change in zip(payments, asked, strict=False)]
        why = "its bonus is matched by an equal payment already" if asked else hints.why(triple)
        unmatched += [Unmatched(payment, why) for payment in payments[len(asked) :]]
    places = {change.bonus_id: number for number, change in enumerate(changes)}
    matched.sort(key=lambda one: places[one.change.bonus_id])
    return Matching(tuple(matched), tuple(ambiguous), tuple(unmatched), tuple(already))


def _open_bonuses(changes: Iterable[Change]) -> dict[Triple, list[Change]]:
    """The bonuses that lack a payment, by what it would be."""
    found: defaultdict[Triple, list[Change]] = defaultdict(list)
    for change in changes:
        if change.pays:
            found[change.identity.recipient, change.identity.assignment_id, change.amount].append(change)
    return found


# --- what the state has already ------------------------------------------------------------------------------------


def _without_known(candidates: Iterable[Candidate], recorded: Recorded) -> tuple[list[Candidate], list[Candidate]]:
    """(new, known before). By the provider's id; where one side has none, an equal payment that was imported stands
    for it, once, unless both say when they were made and differ.
    """
    seen: set[str] = set()
    rest: list[Candidate] = []
    already: list[Candidate] = []
    for candidate in candidates:
        known = candidate.remote_id and (candidate.remote_id in recorded.remote_ids or candidate.remote_id in seen)
        (already if known else rest).append(candidate)
        if candidate.remote_id:
            seen.add(candidate.remote_id)
    pool: defaultdict[Triple, list[RecordedPayment]] = defaultdict(list)
    for payment in recorded.imported:
        if payment.remote_id not in seen or not payment.remote_id:
            pool[payment.recipient, payment.assignment_id, payment.amount].append(payment)
    new = []
    for candidate in rest:
        same = next((one for one in pool.get(candidate.triple, ()) if _may_be(candidate, one)), None)
        if same is None:
            new.append(candidate)
        else:
            pool[candidate.triple].remove(same)
            already.append(candidate)
    return new, already


def _may_be(candidate: Candidate, payment: RecordedPayment) -> bool:
    if candidate.remote_id and payment.remote_id:
        return False
    return candidate.created_ms is None or payment.created_ms in (None, candidate.created_ms)


# --- why something fits nothing ------------------------------------------------------------------------------------


class _Hints:
    """What the specs ask for of a recipient, to say what comes closest."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = changes
        self._asked: defaultdict[str, set[tuple[str, Decimal]]] | None = None
        self._lacking: dict[Triple, str] = {}

    def why(self, triple: Triple) -> str:
        """One clause about a payment that fits no bonus."""
        if self._asked is None:
            self._asked = defaultdict(set)
            for change in self._changes:
                name = change.identity
                if change.pays:
                    self._asked[name.recipient].add((name.assignment_id, change.amount))
                elif change.action is Action.CONFLICT and 0 < change.issued < change.amount:
                    lacks = EXACT.subtract(change.amount, change.issued)
                    self._lacking[name.recipient, name.assignment_id, lacks] = name.address
        if triple in self._lacking:
            return (
                f"it is what {self._lacking[triple]} lacks: `allow_top_up: true` under `policies` lets it be taken over"
            )
        recipient, assignment_id, amount = triple
        asked = self._asked.get(recipient)
        if not asked:
            return "the specs ask for nothing more for this recipient"
        if any(one == amount for _, one in asked):
            return "the specs ask for this amount for another assignment"
        if any(one == assignment_id for one, _ in asked):
            return "the specs ask for another amount"
        return "the specs ask for other assignments and amounts"
