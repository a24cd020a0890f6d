"""Asks how accepted operations are: many with one reading of the operations' list, few or old ones by name.

Polling costs less than the work: the pauses grow while nothing changes, and are long while payments are being sent.
"""

from typing import Final

from reconcile.protocol.context import Context
from reconcile.protocol.track import Stage, Track
from reconcile.protocol.watched import Watched
from reconcile.providers.base import (
    Call,
    ListOperations,
    OperationPhase,
    OperationSeen,
    OperationsPage,
    PollOperation,
    Unread,
)

FIRST_MS: Final = 100
LONGEST_MS: Final = 5_000
BUSY_MS: Final = 1_000
"""While payments are being sent there is no hurry: the list is read this often, and nobody is asked alone."""
LIST_WORTH: Final = 4
"""So many operations are asked for with one reading of the list instead of one by one."""
CLOCK_MARGIN_MS: Final = 10_000


class Polling:
    """When to ask which of the accepted operations. The pause between two questions about an operation grows."""

    def __init__(self, context: Context, watched: Watched) -> None:
        self._watched = watched
        self._cursor = ""
        self._since_ms = 0
        self._asked: set[bytes] = set()
        self.listing = False
        self.flying = False
        self._failures = 0
        self._list_due_ms = 0
        self._list_pause_ms = FIRST_MS
        self._started_ms = context.gateway.moment().server_ms

    def calls(self, now_ms: int, room: int, *, idle: bool) -> list[tuple[Call, Track | None]]:
        """Up to `room` questions that are due now. `idle`: nothing is being sent."""
        if self.listing:
            return [] if self.flying or room < 1 else [self._page()]
        together = self._together()
        if together:
            if room < 1 or now_ms < self._list_due_ms:
                return []
            self._begin(together, now_ms, idle=idle)
            return [self._page()]
        calls: list[tuple[Call, Track | None]] = []
        for track in self._watched.at(Stage.ACCEPTED) if idle or self._failures >= 2 else ():
            if track.due_ms <= now_ms and len(calls) < room:
                self._watched.move(track, Stage.READING)
                calls.append((PollOperation(track.operation), track))
        return calls

    def wanted(self, now_ms: int) -> int:
        """How many questions are due now, while payments are being sent."""
        if self.listing:
            return int(not self.flying)
        if self._together():
            return int(now_ms >= self._list_due_ms)
        if self._failures < 2:
            return 0
        return sum(1 for track in self._watched.at(Stage.ACCEPTED) if track.due_ms <= now_ms)

    def due_ms(self) -> int | None:
        """When the next question is due."""
        tracks = self._watched.at(Stage.ACCEPTED)
        if not tracks or self.listing:
            return None
        return self._list_due_ms if self._together() else min(track.due_ms for track in tracks)

    def take_page(self, page: OperationsPage | Unread) -> list[tuple[Track, OperationSeen]]:
        """One page of the operations' list: what it shows of the operations asked for."""
        self.flying = False
        if isinstance(page, Unread):
            self.listing = False
            self._failures += 1
            self._ask_alone()
            return []
        seen = []
        for operation in page.operations:
            if operation.operation_id in self._asked:
                self._asked.discard(operation.operation_id)
                track = self._watched.tracks.get(operation.operation_id)
                if track is not None:
                    seen.append((track, operation))
                    if operation.phase is OperationPhase.DONE:
                        self._list_pause_ms = FIRST_MS
        self._cursor = page.next_cursor
        if not page.next_cursor or not self._asked:
            self.listing = False
            self._ask_alone()
        return seen

    def again(self, track: Track, now_ms: int) -> None:
        """It still runs: ask later."""
        self._watched.move(track, Stage.ACCEPTED)
        track.reads += 1
        track.due_ms = now_ms + min(FIRST_MS * 2 ** min(track.reads, 10), LONGEST_MS)

    def _begin(self, together: list[Track], now_ms: int, *, idle: bool) -> None:
        self.listing, self._cursor = True, ""
        self._list_pause_ms = min(self._list_pause_ms * 2, LONGEST_MS) if idle else BUSY_MS
        self._list_due_ms = now_ms + self._list_pause_ms
        self._asked = {track.operation.operation_id for track in together}
        self._since_ms = min(self._submitted_ms(track) for track in together) - CLOCK_MARGIN_MS

    def _page(self) -> tuple[Call, Track | None]:
        self.flying = True
        return ListOperations(self._since_ms, self._cursor), None

    def _ask_alone(self) -> None:
        """What the list did not show is asked for by name."""
        for operation_id in self._asked:
            track = self._watched.tracks.get(operation_id)
            if track is not None:
                track.alone = True
        self._asked = set()

    def _together(self) -> list[Track]:
        """Those that are asked for with one reading of the list; none where there are too few for it."""
        if self._failures >= 2:
            return []
        tracks = [track for track in self._watched.at(Stage.ACCEPTED) if not track.alone and self._in_reach(track)]
        return tracks if len(tracks) >= LIST_WORTH else []

    def _in_reach(self, track: Track) -> bool:
        """Only operations of this run: an old one would make the reading long."""
        return track.sent_here > 0 and self._started_ms is not None

    def _submitted_ms(self, track: Track) -> int:
        assert self._started_ms is not None
        times = [send.server_ms for send in track.sends if send.server_ms is not None]
        return min(times, default=self._started_ms)
