"""The scan where a provider lists payments by assignment only: every assignment with something to send or open, whole.

It settles what is in doubt and shows in the list, before anything is sent again; it adopts what a reference names; and
it opens the books (`reconcile.protocol.books`) by which the rest of the run knows whom it must not pay.

Why the gate needs no window here. Its token names the payment and nothing else, so that the same payment has the same
token on every machine and in every life of a state, and the provider refuses it for 24 hours. A request of another
life that is still in flight is younger than a settle window: whichever of the two arrives second is refused. What was
executed longer ago than 24 hours stands in the list, which lags far less; the list of each assignment is read whole, in
this run, before anything is sent for it, and what nobody here owns keeps its recipient from being paid.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from reconcile.model import Identity, PaymentStatus
from reconcile.plan.model import Change
from reconcile.protocol.adopting import Adopter, Sought
from reconcile.protocol.books import Books
from reconcile.protocol.comparing import Span
from reconcile.protocol.context import Tally
from reconcile.protocol.gateway import Gateway
from reconcile.protocol.ports import Control
from reconcile.protocol.reading_lists import Listed, read_lists
from reconcile.protocol.report import UNOWNED, Left, LeftBonus, left_bonus
from reconcile.protocol.scan import Scan
from reconcile.protocol.track import Stage, Track, recovered
from reconcile.providers.base import Unread
from reconcile.state.events import ScanCompleted
from reconcile.state.ledger import Ledger, LedgerRecord


class Opened(NamedTuple):
    """A complete scan, and the books that it opened."""

    scan: Scan
    books: Books


def scan_assignments(
    ledger: Ledger,
    gateway: Gateway,
    record: LedgerRecord,
    *,
    sought: Sequence[Sought],
    full: bool,
    project: str,
    control: Control,
) -> Opened:
    """Read every assignment of `sought` and of what is open (`full`: also of all that is issued), settle what shows.

    Raises ScanFailed where a list stayed unread; one that the provider refuses is noted in the books.
    """
    tracks = [recovered(operation, Stage.ACCEPTED) for operation in ledger.open_operations(record.ledger)]
    names = _names(ledger, record, sought, tracks, full=full)
    moment = gateway.moment()
    lists = read_lists(gateway, tuple(names), control)
    books = Books(ledger, gateway, record)
    books.load(names)
    for track in tracks:
        books.follow(track)
    adopter = Adopter(ledger, gateway, record, books, project=project, sought=sought)
    for name, listed in lists.items():
        if isinstance(listed, Unread):
            books.unlisted[name] = listed
        else:
            adopter.take(books.judge(name, listed), tracks)
    adopter.commit()
    books.unfollow()
    # The provider's own clock before the first list was read; without one the watermark stays where it was.
    started_ms = (record.watermark_ms or 0) if moment.server_ms is None else moment.server_ms
    window_ms = gateway.settings.settle_window_s * 1000
    missing = adopter.look_back(Span(None, started_ms, window_ms)) if full else ()
    ledger.commit([_completed(record, started_ms, lists.values(), gateway.moment().wall_ms)])
    return Opened(Scan("", tuple(adopter.adopted), tuple(adopter.alarms), missing), books)


def _names(
    ledger: Ledger, record: LedgerRecord, sought: Sequence[Sought], tracks: Sequence[Track], *, full: bool
) -> dict[str, None]:
    """The assignments to read, each once, in the order in which they are met."""
    names = {one.bonus.assignment_id: None for one in sought}
    names |= {item.assignment_id: None for track in tracks for item in track.operation.items}
    if full:
        payments = ledger.all_payments(record.ledger)
        names |= {one.assignment_id: None for one in payments if one.status is PaymentStatus.ISSUED}
    return names


def _completed(record: LedgerRecord, started_ms: int, lists: Iterable[Listed | Unread], at_ms: int) -> ScanCompleted:
    return ScanCompleted(
        ledger=record.ledger,
        started_ms=started_ms,
        since_ms=None,
        newest_remote_id="",
        newest_ours_ms=None,
        payments=sum(len(listed.payments) for listed in lists if not isinstance(listed, Unread)),
        at_ms=at_ms,
    )


def payable(changes: Sequence[Change], books: Books, tally: Tally) -> list[Change]:
    """Those of the payments that the books allow; the others are left, each with its reason."""
    kept = []
    for change in changes:
        assert change.payment_id is not None
        # What was paid under a former name stands where that name says.
        refused = next(filter(None, (_refused(change, name, books) for name in change.names)), None)
        if refused is None:
            kept.append(change)
        else:
            tally.left[change.payment_id] = refused
    return kept


def _refused(change: Change, name: Identity, books: Books) -> LeftBonus | None:
    """Why what the list of this name's assignment shows, or does not show, keeps a payment back."""
    refused = books.unlisted.get(name.assignment_id)
    if refused is not None:
        text = f"its payments cannot be listed: {refused.message or refused.code}"
        return left_bonus(change, Left.ASSIGNMENT, text, code=refused.code, request_id=refused.request_id)
    doubt = books.doubt(name.recipient, name.assignment_id, change.address)
    if doubt:
        held = books.is_held(name.recipient, name.assignment_id)
        return left_bonus(change, Left.IN_DOUBT, doubt, code=UNOWNED if held else "")
    if not books.is_read(name.assignment_id):
        return left_bonus(change, Left.SCAN_FAILED, "its assignment was not read in this run")
    return None
