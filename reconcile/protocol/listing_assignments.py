"""`reconcile.protocol.listing` where a provider lists by assignment only: reads the whole list of each assignment that
something waits for, one page at a time, and lets the books say whose each payment is.
"""

from collections import deque

from reconcile.protocol.books import Books
from reconcile.protocol.reading_lists import Gathered, numbered
from reconcile.protocol.track import Stage, Track
from reconcile.providers.base import ListPayments, PaymentsPage, Trouble, Unread


class AssignmentListing:
    """One reading at a time, of as many assignments as something waits for."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._waiting: tuple[Track, ...] = ()
        self._names: deque[str] = deque()
        self._cursor = ""
        self._list = Gathered()
        self._failed: dict[str, Unread] = {}
        self.running = False
        self.flying = False

    def begin(self, tracks: tuple[Track, ...], *, anew: bool) -> None:
        """Start a reading for these operations."""
        assert not self.running
        self._names = deque(dict.fromkeys(item.assignment_id for track in tracks for item in track.operation.items))
        self.running, self._waiting, self._failed = True, tracks, {}
        self._from_the_start()

    def call(self) -> ListPayments:
        """The next page."""
        self.flying = True
        return ListPayments(None, self._cursor, self._names[0])

    def take(self, answer: PaymentsPage | Unread, tracks: object) -> tuple[Track, ...]:
        """One page; after the last of the last assignment the operations that waited."""
        self.flying = False
        if isinstance(answer, PaymentsPage):
            answer = self._list.add(answer) or answer
        if isinstance(answer, PaymentsPage):
            self._cursor = answer.next_cursor
            if answer.next_cursor:
                return ()
            self._books.judge(self._names[0], numbered(self._list.payments))
        else:
            self._failed[self._names[0]] = answer
            if answer.trouble is not Trouble.NONE:
                # Not the fault of this assignment: the others would hear the same.
                self._failed |= dict.fromkeys(self._names, answer)
                self._names.clear()
        if self._names:
            self._names.popleft()
        self._from_the_start()
        return () if self._names else self._end()

    def failure_of(self, track: Track) -> Unread | None:
        """Why the last reading has nothing to say of an operation; None where its list was read."""
        names = (item.assignment_id for item in track.operation.items)
        return next((self._failed[name] for name in names if name in self._failed), None)

    def _from_the_start(self) -> None:
        self._cursor, self._list = "", Gathered()

    def _end(self) -> tuple[Track, ...]:
        self.running = False
        waiting, self._waiting = self._waiting, ()
        return tuple(track for track in waiting if track.stage is Stage.LISTED)
