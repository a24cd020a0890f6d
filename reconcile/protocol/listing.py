"""Reads the newest payments of the provider's list while a run goes on, to find many outcomes with few requests.

Pages follow one another from the newest id that the run's scan saw. Where many payments are expected, the newest id is
asked for first, and what lies before it is read in several windows of ids at once: all of it was there before. Ids may
become visible out of order, so what a reading does not show is never concluded from it: the operation itself is asked then.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from reconcile import identity
from reconcile.model import Marker, parse_marker
from reconcile.protocol.context import Context
from reconcile.protocol.scan import attributed
from reconcile.protocol.track import Track
from reconcile.protocol.watched import Open
from reconcile.providers.base import ListPayments, PaymentsPage, RemotePayment, Unread
from reconcile.state.ledger import OperationItem

PAGE: Final = 300
"""As many payments as a page of the list holds at most."""
WINDOW: Final = 280
"""As many as a window is made for: a little below a page, since ids do not follow one another evenly."""
WINDOWS_MAX: Final = 64
REMEMBERED_MAX: Final = 20_000
"""So many of the newest findings stay in mind."""


class Taken(NamedTuple):
    """What a page brought: operations of which every open payment is found by now, and, after a reading's last page,
    those that waited for its end.
    """

    complete: tuple[Track, ...] = ()
    waited: tuple[Track, ...] = ()


@dataclass(slots=True, eq=False)
class _Window:
    """Ids after `after` and up to `until` ("": all that follow), read page by page. `newest`: only the highest of them."""

    after: str
    until: str = ""
    newest: bool = False
    flying: bool = False


class Listing:
    """One reading at a time, of one or several windows. `failure`: why the last reading broke off."""

    def __init__(self, context: Context, base: str) -> None:
        self._context = context
        self._base = base
        self._cursor = self._began = base
        self._one_by_one = False
        self._waiting: tuple[Track, ...] = ()
        self._windows: list[_Window] = []
        self._expected = 0
        self._settled: dict[bytes, str] = {}
        self._early: dict[bytes, RemotePayment] = {}
        self.failure: Unread | None = None

    @property
    def running(self) -> bool:
        """Whether a reading has begun and not ended."""
        return bool(self._windows)

    @property
    def ready(self) -> int:
        """How many pages of the reading can be asked for now."""
        return 0 if self.failure is not None else sum(1 for window in self._windows if not window.flying)

    def failure_of(self, track: Track) -> Unread | None:
        """Why the last reading has nothing to say of an operation."""
        return self.failure

    def begin(self, tracks: tuple[Track, ...], *, anew: bool, expected: int) -> None:
        """Start a reading for these operations, which hold `expected` payments; `anew` from where the run's scan ended."""
        assert not self.running
        self.failure, self._waiting, self._expected = None, tracks, expected
        if anew:
            self._cursor = self._base
        self._began = self._cursor
        one_by_one = self._one_by_one or anew or not self._cursor or expected < 2 * WINDOW
        self._windows = [_Window(self._cursor, newest=not one_by_one)]

    def calls(self, room: int) -> list[ListPayments]:
        """Up to `room` pages that can be asked for now."""
        calls: list[ListPayments] = []
        for window in self._windows:
            if len(calls) < room and not window.flying and self.failure is None:
                window.flying = True
                calls.append(self._call(window))
        return calls

    def take(self, call: ListPayments, answer: PaymentsPage | Unread, payments: Open) -> Taken:
        """One page. `payments`: those that are looked for."""
        window = next(one for one in self._windows if one.flying and self._call(one) == call)
        window.flying = False
        complete: tuple[Track, ...] = ()
        if isinstance(answer, Unread):
            # What was not seen is read once more; who does not tell the newest id is not asked for it again.
            self.failure, self._cursor = answer, self._began
            self._one_by_one = self._one_by_one or window.newest
        else:
            complete = self._see_all(answer, payments)
            self._move_on(window, answer)
        if self.failure is not None:
            # The rest of the reading is no use; what is in flight still comes back.
            self._windows = [one for one in self._windows if one.flying]
        return Taken(complete, () if self.running else self._end())

    def claim(self, track: Track) -> bool:
        """The list may have shown its payments before the answer to their request came: they are found now. True if
        all that are open are.
        """
        for item in track.open_items if self._early else ():
            payment = self._early.pop(item.payment_id, None)
            marker = parse_marker(payment.comment) if payment is not None else None
            if payment is not None and marker is not None and self._is_of(item, marker, payment):
                track.found[item.payment_id] = payment
        complete = bool(track.found) and len(track.found) == len(track.open_items)
        if complete:
            self._remember(track)
        return complete

    # --- windows -----------------------------------------------------------------------------------------------------

    def _call(self, window: _Window) -> ListPayments:
        since_ms = None if window.after else self._context.gateway.settings.since_ms
        return ListPayments(since_ms, window.after, until=window.until, newest=window.newest)

    def _move_on(self, window: _Window, page: PaymentsPage) -> None:
        """Go on with the window's next page, or be done with it."""
        if window.newest:
            self._windows = self._split(int(page.payments[-1].remote_id)) if page.payments else []
            return
        if page.payments and not window.until:
            self._cursor = page.payments[-1].remote_id
        window.after = page.next_cursor
        if not page.next_cursor:
            self._windows.remove(window)

    def _split(self, newest: int) -> list[_Window]:
        """Everything up to the newest id, in about as many windows as pages are expected. It is read from there next time:
        what comes meanwhile has higher ids.
        """
        first = int(self._cursor)
        count = min(-(-self._expected // WINDOW), WINDOWS_MAX, newest - first)
        bounds = [first + (newest - first) * part // count for part in range(count + 1)]
        self._cursor = str(newest)
        return [_Window(str(after), str(until)) for after, until in pairwise(bounds)]

    def _end(self) -> tuple[Track, ...]:
        waiting, self._waiting = self._waiting, ()
        return waiting

    # --- payments ----------------------------------------------------------------------------------------------------

    def _see_all(self, page: PaymentsPage, payments: Open) -> tuple[Track, ...]:
        touched: dict[int, Track] = {}
        for payment in page.payments:
            track = self._see(payment, payments)
            if track is not None:
                touched[id(track)] = track
        complete = tuple(track for track in touched.values() if len(track.found) == len(track.open_items))
        for track in complete:
            self._remember(track)
        return complete

    def _see(self, payment: RemotePayment, payments: Open) -> Track | None:
        marker = parse_marker(payment.comment)
        if marker is None:
            return None
        track, item = payments.get(marker.payment_id, (None, None))
        earlier = self._settled.get(marker.payment_id)
        if track is None and earlier is None:
            first = self._early.setdefault(marker.payment_id, payment)
            _shorten(self._early)
            if first.remote_id != payment.remote_id and self._is_of(None, marker, payment):
                self._twice(marker, first.remote_id, payment)
            return None
        if not self._is_of(item, marker, payment):
            return None
        if track is not None:
            earlier = track.found.setdefault(marker.payment_id, payment).remote_id
        if earlier is not None and earlier != payment.remote_id:
            self._twice(marker, earlier, payment)
        return track

    def _twice(self, marker: Marker, earlier: str, payment: RemotePayment) -> None:
        self._context.gateway.meet(payment.recipient)
        self._context.alarm(
            "paid_twice",
            f"payment {identity.to_text(marker.payment_id)} stands twice at the provider: "
            f"{earlier} and {payment.remote_id} ({payment.amount} to {payment.recipient})",
        )

    def _is_of(self, item: OperationItem | None, marker: Marker, payment: RemotePayment) -> bool:
        """Whether the payment's id is made from what the list shows."""
        alike = item is not None and _alike(item, marker, payment)
        return alike or attributed(marker, payment, self._context.project) is not None

    def _remember(self, track: Track) -> None:
        """What is settled and shown a second time under another id is an alarm."""
        for payment_id, payment in track.found.items():
            self._settled[payment_id] = payment.remote_id
        _shorten(self._settled)


def _shorten(remembered: dict[bytes, Any]) -> None:
    while len(remembered) > REMEMBERED_MAX:
        del remembered[next(iter(remembered))]


def _alike(item: OperationItem, marker: Marker, payment: RemotePayment) -> bool:
    """Whether the list shows the very parts that the payment's id was made from, so that it need not be made again."""
    shown = (payment.recipient, payment.assignment_id, marker.campaign, marker.key, marker.sequence)
    return shown == (item.recipient, item.assignment_id, item.campaign, item.key, item.sequence)
