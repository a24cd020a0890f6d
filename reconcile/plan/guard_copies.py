"""The guard's third part: last week's spec under a new name. The old spec still stands, so nothing looks renamed, and
every row is a new bonus that would be paid again. Only a warning: flat amounts come to the same people every week.

Runs only for campaigns that have paid nothing yet, and reads an old one's rows only where its sums leave room for it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.money import Money, add
from reconcile.plan.model import Change, PlanScope
from reconcile.plan.tally import Shelf, Tally
from reconcile.state.ledger import CampaignRecord, RecordedBonus

LEAST: Final = 3
"""Fewer payments than these equal others by chance."""


class _Copy(NamedTuple):
    """A held campaign that has paid all that the new one asks for: how many for the very same assignment, how many in
    all.
    """

    same_assignment: int
    paid: int
    campaign: str


def copied(shelf: Shelf, issues: Mapping[str, Sequence[Change]], scope: PlanScope) -> Iterator[Diagnostic]:
    """New campaigns that ask for what another, still held, has paid. `issues`: rows by campaign."""
    for name, rows in issues.items():
        tally = shelf.tallies[name]
        if len(rows) < LEAST or tally.book.paid or tally.carried or tally.ledger is None:
            continue
        found = [copy for old in _held(shelf, tally, scope) if (copy := _copy(shelf, tally, old, rows)) is not None]
        if found:
            yield _copied(tally, rows, found)


def _held(shelf: Shelf, tally: Tally, scope: PlanScope) -> Iterator[CampaignRecord]:
    """Our other campaigns in the same ledger that a spec holds and still asks something for."""
    assert tally.ledger is not None
    for old in shelf.campaigns(tally.ledger.ledger):
        if old.project != shelf.settings.project or old.campaign == tally.head.name:
            continue
        if old.campaign in shelf.tallies or old.campaign in scope.held - scope.whole:
            yield old


def _copy(shelf: Shelf, tally: Tally, old: CampaignRecord, rows: Sequence[Change]) -> _Copy | None:
    """How the old campaign's payments hold all of these rows, None if they do not."""
    assert shelf.reader is not None
    assert tally.ledger is not None
    ledger = tally.ledger.ledger
    if old.bonuses < len(rows) or not old.issued:
        return None
    amounts = Counter(row.amount for row in rows)
    if not amounts <= Counter(dict(shelf.reader.issued_amounts(ledger, old.project, old.campaign))):
        return None
    open_rows = Counter((row.identity.recipient, row.amount) for row in rows)
    same = {(row.identity.recipient, row.amount, row.identity.assignment_id) for row in rows}
    paid, same_assignment = 0, 0
    for bonus in _still_asked_for(shelf, ledger, old):
        paid += 1
        if open_rows[bonus.recipient, bonus.issued] > 0:
            open_rows[bonus.recipient, bonus.issued] -= 1
        if bonus.assignment_id and (bonus.recipient, bonus.issued, bonus.assignment_id) in same:
            same_assignment += 1
    return None if open_rows.total() else _Copy(same_assignment, paid, old.campaign)


def _still_asked_for(shelf: Shelf, ledger: int, old: CampaignRecord) -> Iterator[RecordedBonus]:
    """What the old campaign has paid, without what its specs are known to ask for no more: that may have been moved."""
    assert shelf.reader is not None
    other = shelf.tallies.get(old.campaign)
    for bonus in shelf.reader.bonuses(ledger, old.campaign):
        if bonus.project != old.project or not bonus.issued_count:
            continue
        if other is None or (bonus.bonus_id not in other.book.plain and bonus.bonus_id not in other.book.odd):
            yield bonus


def _copied(tally: Tally, rows: Sequence[Change], found: Sequence[_Copy]) -> Diagnostic:
    # The likeliest first: the one that shares assignments, then the one that paid little else, then the newest name.
    likest = max(found, key=lambda copy: (copy.same_assignment, -copy.paid, copy.campaign))
    money = Money(add(row.amount for row in rows), tally.currency)
    same = f", {likest.same_assignment:,} for the very same assignment" if likest.same_assignment else ""
    others = len(found) - 1
    more = f" {others:,} other {'campaign' if others == 1 else 'campaigns'} paid the same." if others else ""
    return Diagnostic(
        severity=Severity.WARNING,
        code="copied-campaign",
        summary=f"Campaign {tally.head.name} would pay again what {likest.campaign} has paid",
        detail=f"All of its {len(rows):,} payments, {money}, equal payments of {likest.campaign} by recipient and amount"
        f"{same}. {likest.paid:,} were made there in all.{more} A spec that was copied with its rows or its data file pays "
        "everybody again.",
        hint="If the old rows or the old data file were left in it, put the new ones in.\n"
        "If it is meant that they are paid again, say so in the spec:\n  allow: [repeat]",
        place=Place(tally.head.path, tally.head.line),
    )
