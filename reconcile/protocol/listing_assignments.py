"""`reconcile.protocol.listing` where a provider lists by assignment only: reads the whole list of each assignment that
something waits for, one page at a time, and lets the books say whose each payment is.
"""

from collections import deque
from typing import Final

from reconcile.protocol.books import Books
from reconcile.protocol.listing import Taken
from reconcile.protocol.reading_lists import Gathered
from reconcile.protocol.track import Track
from reconcile.providers.base import ListPayments, PaymentsPage, Trouble, Unread

LIMITED_MAX: Final = 6
"""How often in a row a page is asked for again at once where the provider says that it is too fast."""


class AssignmentListing:
    """One reading at a time, of as many assignments as something waits for."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._waiting: tuple[Track, ...] = ()
        self._names: deque[str] = deque()
        self._cursor = ""
        self._list = Gathered()
        self._failed: dict[str, Unread] = {}
        self._limited = 0
        self.running = False
        self._flying = False

    @property
    def ready(self) -> int:
        """How many pages of the reading can be asked for now."""
        return int(self.running and not self._flying)

    def begin(self, tracks: tuple[Track, ...], *, anew: bool, expected: int) -> None:
        """Start a reading for these operations."""
        assert not self.running
        self._names = deque(dict.fromkeys(item.assignment_id for track in tracks for item in track.operation.items))
        self.running, self._waiting, self._failed = True, tracks, {}
        self._from_the_start()

    def calls(self, room: int) -> list[ListPayments]:
        """The next page, one at a time."""
        if not self.ready or room < 1:
            return []
        self._flying = True
        return [ListPayments(None, self._cursor, self._names[0])]

    def take(self, call: ListPayments, answer: PaymentsPage | Unread, tracks: object) -> Taken:
        """One page; after the last of the last assignment the operations that waited."""
        self._flying = False
        if isinstance(answer, PaymentsPage):
            self._limited = 0
            answer = self._list.add(answer) or answer
        elif answer.trouble is Trouble.LATER and answer.retry_after_s is None and self._limited < LIMITED_MAX:
            # Too fast, and the pace is slower from now on: the same page once more.
            self._limited += 1
            return Taken()
        if isinstance(answer, PaymentsPage):
            self._cursor = answer.next_cursor
            if answer.next_cursor:
                return Taken()
            self._books.judge(self._names[0], self._list.whole())
        else:
            self._failed[self._names[0]] = answer
            if answer.trouble is not Trouble.NONE:
                # Not the fault of this assignment: the others would hear the same.
                self._failed |= dict.fromkeys(self._names, answer)
                self._names.clear()
        if self._names:
            self._names.popleft()
        self._from_the_start()
        return Taken() if self._names else self._end()

    def claim(self, track: Track) -> bool:
        """A reading is of assignments that something waits for: it shows nothing before that."""
        return False

    def failure_of(self, track: Track) -> Unread | None:
        """Why the last reading has nothing to say of an operation; None where its list was read."""
        names = (item.assignment_id for item in track.operation.items)
        return next((self._failed[name] for name in names if name in self._failed), None)

    def _from_the_start(self) -> None:
        self._cursor, self._list = "", Gathered()

    def _end(self) -> Taken:
        self.running = False
        waiting, self._waiting = self._waiting, ()
        return Taken(waited=waiting)
