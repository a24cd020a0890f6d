"""The guard against renamed identities: a renamed campaign or a new `key` column would pay everybody again.

A bonus's id comes from its names, so a renamed bonus is a new one to the ledger. What gives it away is the money: the
same recipients and amounts, where the old names are no longer asked for. Runs only when there is something to issue.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from typing import Final, NamedTuple

from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.model import Identity
from reconcile.money import EXACT, Money, add
from reconcile.plan.changes import Changes
from reconcile.plan.guard_campaigns import Paid, repeated
from reconcile.plan.guard_copies import copied
from reconcile.plan.model import Action, Change, PlanScope
from reconcile.plan.tally import Shelf, Tally
from reconcile.rows import chosen
from reconcile.state.ledger import RecordedBonus

SHOWN_MAX: Final = 20


def renamed(shelf: Shelf, changes: Changes, repeats: Set[bytes], scope: PlanScope) -> Iterator[Diagnostic]:
    """What looks like a payment under a new name. `repeats`: bonuses that are meant to repeat one."""
    if all(tally.ledger is None for tally in shelf.tallies.values()):
        # An account that was never met has paid nothing that could be repeated.
        return
    issues = _issues(changes, repeats)
    for name, rows in issues.items():
        tally = shelf.tallies[name]
        if tally.ledger is not None:
            yield from _within(shelf, tally, rows, whole=name in scope.whole)
    if issues:
        yield from repeated(shelf, issues, scope)
        yield from copied(shelf, issues, scope)


def _issues(changes: Changes, repeats: Set[bytes]) -> dict[str, Sequence[Change]]:
    """Campaign → its rows that issue and are not meant to repeat anything. A long list is not copied, but read again."""
    names = dict.fromkeys(kind.campaign for kind in changes.kinds if kind.action is Action.ISSUE)
    rows = changes.finished()
    found = {name: chosen(rows, _issue_of(name, repeats), _count(changes, name, repeats)) for name in names}
    return {name: issues for name, issues in found.items() if issues}


def _count(changes: Changes, campaign: str, repeats: Set[bytes]) -> int | None:
    """How many rows of a campaign issue; None where some are meant to repeat what was paid."""
    if repeats:
        return None
    kinds = changes.kinds.items()
    return sum(count for kind, count in kinds if kind.action is Action.ISSUE and kind.campaign == campaign)


def _issue_of(campaign: str, repeats: Set[bytes]) -> Callable[[Change], bool]:
    def issues(change: Change) -> bool:
        return change.action is Action.ISSUE and change.identity.campaign == campaign and change.bonus_id not in repeats

    return issues


# --- in one campaign: another key or assignment --------------------------------------------------------------------


class _Match(NamedTuple):
    new: Change
    old: RecordedBonus


def _within(shelf: Shelf, tally: Tally, rows: Sequence[Change], *, whole: bool) -> Iterator[Diagnostic]:
    matches = _matches(shelf, tally, rows)
    if not matches:
        return
    if not whole:
        yield _perhaps_renamed(tally, matches)
        return
    for match in matches[:SHOWN_MAX]:
        yield _renamed_bonus(match)
    if len(matches) > SHOWN_MAX:
        yield _more_renamed(tally, matches)


def _matches(shelf: Shelf, tally: Tally, rows: Sequence[Change]) -> list[_Match]:
    """Each payment to issue with a bonus of the same campaign that was paid the same and is not asked for."""
    assert shelf.reader is not None
    assert tally.ledger is not None
    if not tally.book.left_count():
        return []
    left: defaultdict[Paid, list[RecordedBonus]] = defaultdict(list)
    wanted = {(row.identity.recipient, row.amount) for row in rows}
    for old in tally.book.left(shelf.reader, tally.ledger.ledger):
        paid = old.recipient, EXACT.add(old.issued, old.open_amount)
        if paid in wanted:
            left[paid].append(old)
    for found in left.values():
        found.sort(key=lambda old: (old.assignment_id, old.key), reverse=True)
    return [_Match(row, left[paid].pop()) for row in rows if left.get(paid := (row.identity.recipient, row.amount))]


def _renamed_bonus(match: _Match) -> Diagnostic:
    new, old = match
    was = Identity(old.project, old.campaign, old.recipient, old.assignment_id, old.key)
    state = "was paid" if old.issued_count else "has in doubt"
    return Diagnostic(
        severity=Severity.ERROR,
        code="renamed-bonus",
        summary=f"{new.address} would be paid what {was.address} {state}",
        detail=f"The same recipient and the same {Money(new.amount, new.currency)}, in one campaign, and the old bonus is "
        "not asked for any more. With another key or assignment it is a new bonus, and the worker would be paid twice.",
        hint=f"If it is the same bonus, say what it was:\n  {_formerly(new.identity, was)}\n"
        "If it is meant to be paid beside the old one:\n  allow: [repeat]",
        place=Place(new.path, new.line),
        mentions=(old.recipient, old.assignment_id),
    )


def _formerly(new: Identity, old: Identity) -> str:
    """The line for the spec: only the parts that differ, `~` for one that was absent."""
    parts = []
    if new.assignment_id != old.assignment_id:
        parts.append(f"assignment_id: {old.assignment_id or '~'}")
    if new.key != old.key:
        parts.append(f"key: {old.key or '~'}")
    return f"formerly: {{{', '.join(parts)}}}"


def _more_renamed(tally: Tally, matches: Sequence[_Match]) -> Diagnostic:
    money = Money(add(match.new.amount for match in matches), tally.currency)
    return Diagnostic(
        severity=Severity.ERROR,
        code="renamed-bonus",
        summary=f"And {len(matches) - SHOWN_MAX:,} more bonuses of {tally.head.name} look renamed: "
        f"{len(matches):,} together, {money}",
        detail="A new `key` or `assignment_id` column makes every row a new bonus.",
        hint="Say under `defaults` what the bonuses were (`formerly`), or that all of them are meant to be paid "
        "again:\n  allow: [repeat]",
        place=Place(tally.head.path, tally.head.line),
    )


def _perhaps_renamed(tally: Tally, matches: Sequence[_Match]) -> Diagnostic:
    money = Money(add(match.new.amount for match in matches), tally.currency)
    return Diagnostic(
        severity=Severity.WARNING,
        code="renamed-bonus",
        summary=f"{len(matches):,} payments ({money}) equal payments of {tally.head.name} that these files do not ask for",
        detail="The campaign is not loaded whole, so it cannot be told whether another file asks for them or whether "
        "bonuses were renamed.",
        hint=f"Plan all files of {tally.head.name} together to be sure.",
        place=Place(tally.head.path, tally.head.line),
    )
