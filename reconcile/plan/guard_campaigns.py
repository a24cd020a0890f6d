"""The guard's second half: a campaign or a project under a new name, given away by what the old one paid."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TypeAlias

from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.money import EXACT, ZERO, Money
from reconcile.plan.model import Change, PlanScope
from reconcile.plan.tally import Shelf, Tally
from reconcile.state.ledger import CampaignRecord, RecordedBonus

Paid: TypeAlias = tuple[str, Decimal]
"""(recipient, amount): what a payment is recognised by."""


@dataclass(slots=True)
class _Overlap:
    """What a campaign would issue, matched with what one old campaign paid."""

    tally: Tally
    open: Counter[Paid]
    assignments: set[tuple[str, Decimal, str]]
    planned: int
    matched: int = 0
    money: Decimal = ZERO
    old: int = 0
    same_assignment: int = 0

    def see(self, recipient: str, amount: Decimal, assignment_id: str) -> None:
        """One payment of the old campaign."""
        self.old += 1
        paid = recipient, amount
        if self.open[paid] > 0:
            self.open[paid] -= 1
            self.matched += 1
            self.money = EXACT.add(self.money, amount)
            if assignment_id and (recipient, amount, assignment_id) in self.assignments:
                self.same_assignment += 1

    @property
    def begun(self) -> bool:
        """The campaign has payments under its own name already: what it carries from an older one makes it no older."""
        return self.tally.book.paid

    @property
    def refuses(self) -> bool:
        """Half of either side, or the very same assignment, is too much for chance.

        A campaign that has been paying for a while repeats amounts by its nature: there the assignment decides.
        """
        if self.same_assignment or self.begun:
            return self.same_assignment > 0
        return self.matched > 0 and (2 * self.matched >= self.old or 2 * self.matched >= self.planned)

    @property
    def warns(self) -> bool:
        """Worth a look."""
        if self.begun:
            return self.matched > 0 and 2 * self.matched >= self.old and 2 * self.matched >= self.planned
        return self.matched > 0


def repeated(shelf: Shelf, issues: Mapping[str, Sequence[Change]], scope: PlanScope) -> Iterator[Diagnostic]:
    """Campaigns that would issue what a campaign that no spec holds any more has paid. `issues`: rows by campaign."""
    present = scope.held | scope.whole | shelf.tallies.keys()
    project = shelf.settings.project
    for _, ledger in shelf.ledgers():
        new = {
            name: rows
            for name, rows in issues.items()
            if (record := shelf.tallies[name].ledger) is not None and record.ledger == ledger.ledger
        }
        for old in shelf.campaigns(ledger.ledger) if new else ():
            if not old.issued and not old.in_doubt:
                continue
            if old.project == project and old.campaign in present:
                # Rows that moved to another campaign: what they leave behind is orphaned where it was.
                moved = new if old.campaign in scope.whole else {}
                yield from _moved(
                    shelf, ledger.ledger, old, {name: moved[name] for name in moved if name != old.campaign}
                )
                continue
            # Another team may share the account: only its campaign of the very same name can be ours renamed.
            same_name = {name: new[name] for name in (old.campaign,) if name in new}
            candidates = new if old.project == project else same_name
            overlaps = _seen(shelf, candidates, _paid_by(shelf, ledger.ledger, old) if candidates else iter(()))
            yield from _judged(overlaps, old, project)
        yield from _without_bonus(shelf, ledger.ledger, new)


def _moved(shelf: Shelf, ledger: int, old: CampaignRecord, new: Mapping[str, Sequence[Change]]) -> Iterator[Diagnostic]:
    """Payments that equal what a campaign has paid and no longer asks for, although a spec still holds it."""
    for overlap in _seen(shelf, new, _paid_by(shelf, ledger, old) if new else iter(())):
        if not overlap.matched:
            continue
        money = Money(overlap.money, overlap.tally.currency)
        yield Diagnostic(
            severity=Severity.ERROR if overlap.same_assignment else Severity.WARNING,
            code="moved-bonus",
            summary=f"Campaign {overlap.tally.head.name} would pay what {old.campaign} has paid and no longer asks for",
            detail=f"{overlap.matched:,} of its {overlap.planned:,} payments, {money}, equal such a payment by recipient "
            f"and amount{_of_assignment(overlap)}. Under another campaign a bonus is a new one: a row that was moved there "
            "would be paid again.",
            hint=f"If rows were moved, say at each what it was:\n  formerly: {{campaign: {old.campaign}}}\n"
            "If it is meant that they are paid beside the old ones, say so in the spec:\n  allow: [repeat]",
            place=Place(overlap.tally.head.path, overlap.tally.head.line),
        )


def _of_assignment(overlap: _Overlap) -> str:
    return f", {overlap.same_assignment:,} for the very same assignment" if overlap.same_assignment else ""


def _without_bonus(shelf: Shelf, ledger: int, new: Mapping[str, Sequence[Change]]) -> Iterator[Diagnostic]:
    """Payments of ours without a bonus, under the name of a campaign that would issue: made by another project."""
    for name, rows in new.items():
        payments = shelf.unattributed(ledger).of_campaign(name)
        paid = ((payment.recipient, payment.amount, payment.assignment_id) for payment in payments)
        yield from _judged(
            _seen(shelf, {name: rows}, paid), CampaignRecord("", name, 0, ZERO, ZERO), shelf.settings.project
        )


def _seen(
    shelf: Shelf, issues: Mapping[str, Sequence[Change]], paid: Iterator[tuple[str, Decimal, str]]
) -> list[_Overlap]:
    """What the campaigns would issue, matched with what was paid: (recipient, amount, assignment_id). Where nothing was
    paid, nothing is counted, and nothing comes back.
    """
    first = next(paid, None)
    if first is None:
        return []
    overlaps = _overlaps(shelf, issues)
    for one in chain((first,), paid):
        for overlap in overlaps:
            overlap.see(*one)
    return overlaps


def _overlaps(shelf: Shelf, issues: Mapping[str, Sequence[Change]]) -> list[_Overlap]:
    return [
        _Overlap(
            tally=shelf.tallies[name],
            open=Counter((row.identity.recipient, row.amount) for row in rows),
            assignments={(row.identity.recipient, row.amount, row.identity.assignment_id) for row in rows},
            planned=len(rows),
        )
        for name, rows in issues.items()
    ]


def _paid_by(shelf: Shelf, ledger: int, old: CampaignRecord) -> Iterator[tuple[str, Decimal, str]]:
    """(recipient, amount, assignment_id) of what an old campaign paid, less what counts for others by `formerly`."""
    assert shelf.reader is not None
    if old.project == shelf.settings.project:
        rows: Iterable[RecordedBonus] = shelf.book(ledger, old.campaign).left(shelf.reader, ledger)
    else:
        rows = (row for row in shelf.reader.bonuses(ledger, old.campaign) if row.project == old.project)
    for row in rows:
        if row.issued_count or row.open_count:
            yield row.recipient, EXACT.add(row.issued, row.open_amount), row.assignment_id


def _judged(overlaps: Sequence[_Overlap], old: CampaignRecord, project: str) -> Iterator[Diagnostic]:
    for overlap in overlaps:
        if overlap.refuses:
            yield _repeats(overlap, old, project, Severity.ERROR)
        elif overlap.warns:
            yield _repeats(overlap, old, project, Severity.WARNING)


def _repeats(overlap: _Overlap, old: CampaignRecord, project: str, severity: Severity) -> Diagnostic:
    name = overlap.tally.head.name
    money = Money(overlap.money, overlap.tally.currency)
    same_name = old.campaign == name
    who = _earlier_project(old) if same_name else old.campaign
    verb = "would pay again" if severity is Severity.ERROR else "pays some of"
    gone = "" if same_name else ", and no spec holds it any more"
    are = "is" if overlap.same_assignment == 1 else "are"
    same = (
        f" {overlap.same_assignment:,} of them {are} for the very same assignment." if overlap.same_assignment else ""
    )
    return Diagnostic(
        severity=severity,
        code="renamed-project" if same_name else "renamed-campaign",
        summary=f"Campaign {name} {verb} what {who} has paid",
        detail=f"{overlap.matched:,} of its {overlap.planned:,} payments, {money}, equal payments of {who} by recipient and "
        f"amount. {overlap.old:,} were made there in all{gone}.{same} A renamed {'project' if same_name else 'campaign'} "
        "would pay everybody again.",
        hint=_way_out(old, project, same_name=same_name),
        place=Place(overlap.tally.head.path, overlap.tally.head.line),
    )


def _earlier_project(old: CampaignRecord) -> str:
    """A campaign of the same name: what sets it apart is the project in its identities."""
    if old.project:
        return f"{old.campaign} of project {old.project}"
    return f"{old.campaign} of {'no project' if old.bonuses else 'another project'}"


def _way_out(old: CampaignRecord, project: str, *, same_name: bool) -> str:
    meant = "If it is meant that they are paid again, say so in the spec:\n  allow: [repeat]"
    if not same_name:
        return f"If it was renamed, say so at the head of the spec:\n  formerly: {old.campaign}\n{meant}"
    if old.project:
        back = f"name it in the config as it was:\n  project: {old.project}"
    elif old.bonuses:
        back = f"take this line out of the config again:\n  project: {project}"
    else:
        back = "name it in the config as it was."
    return f"If the project was renamed, {back}\n{meant}"
