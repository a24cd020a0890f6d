"""How a history at MTurk may end: all is paid and known, but for what no list can tell, which is said."""

from collections import Counter
from collections.abc import Iterable

from reconcile.model import Desired
from reconcile.protocol.report import Left, Report
from tests.sim.book import Book, Violation
from tests.sim.looks import look_of
from tests.sim.mturk_end import MturkTruth, plain


def ends_true(truth: MturkTruth, book: Book, report: Report, desired: Iterable[Desired]) -> None:
    """What the state calls issued was paid, and what it lacks is for a worker and assignment of which nobody asks
    anything, or whose bonuses are left with a sentence. (Assignments with nothing to send are not read.)
    """
    paid = [*(one for made in truth.made.values() for one in made), *truth.by_hand]
    there = Counter((one.amount, one.remote_id) for one in paid)
    said = Counter((amount, plain(remote_id)) for amount, remote_id in book.issued.values())
    if not said <= there:
        raise Violation(f"the end: the state says more than the provider: {said - there}")
    left = {row.bonus_id: row for row in report.left}
    for one in paid:
        if (there - said)[one.amount, one.remote_id]:
            place = look_of(one)[:2]
            for bonus in desired:
                if (bonus.recipient, bonus.assignment_id) == place and bonus.bonus_id in left:
                    row = left[bonus.bonus_id]
                    if row.why not in (Left.IN_DOUBT, Left.CONFLICT):
                        raise Violation(f"the end: {one.amount} to {one.recipient} is not known, and not in doubt")


def ends_whole(report: Report, desired: Iterable[Desired], book: Book, *, doubtful: bool) -> None:
    """Every desired bonus is paid as asked, in conflict, or, where that may be (`doubtful`), in doubt with a sentence."""
    left = {row.bonus_id: row for row in report.left}
    for bonus in desired:
        names = [name for name in (bonus.identity(""), bonus.formerly) if name is not None]
        row = left.get(bonus.bonus_id)
        if book.paid_for(names) == bonus.amount or (row is not None and row.why is Left.CONFLICT):
            continue
        if row is None or row.why is not Left.IN_DOUBT or not doubtful:
            raise Violation(f"the end: {bonus.address} is not paid, but {None if row is None else row.why}")
        if not row.message:
            raise Violation(f"the end: {bonus.address} is in doubt, and nothing says why")
