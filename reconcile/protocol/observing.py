"""Finds out what became of operations that the provider has, or may have: polls, then the log, then the list.

Only proof settles. What this run cannot prove is left in doubt, with the reason, for the next run or a person.
"""

from typing import Final, NamedTuple, assert_never

from reconcile.protocol.absence import absence_counts, accounts_for, window_left_ms
from reconcile.protocol.ages import Moment, youngest_ms
from reconcile.protocol.context import Context
from reconcile.protocol.gateway import over_ms, told
from reconcile.protocol.holding import Hold, is_beyond
from reconcile.protocol.listing import PAGE, Listing
from reconcile.protocol.listing_assignments import AssignmentListing
from reconcile.protocol.polling import Polling
from reconcile.protocol.report import Left, Wait
from reconcile.protocol.settling import Proofs, from_absence, from_proofs
from reconcile.protocol.track import Stage, Track
from reconcile.protocol.watched import Watched
from reconcile.providers.base import (
    Call,
    ItemsArchived,
    ItemsSeen,
    ListPayments,
    OperationAbsent,
    OperationPhase,
    OperationSeen,
    OperationsPage,
    PaymentsPage,
    ReadItems,
    Trouble,
    Unread,
)
from reconcile.state.events import Basis, Result
from reconcile.times import duration

READS_MAX: Final = 4
LIST_AFTER_MS: Final = 1_000
"""While payments are being sent, the list is read when it fills several pages, or after this long."""
PATIENCE_MS: Final = 2_000
"""While payments are being sent, what the list does not show for so long is asked for."""
WINDOW_MARGIN_MS: Final = 1_000


class Question(NamedTuple):
    """A read that is due, with the operation it is about (None: about many)."""

    call: Call
    track: Track | None


class Observer:
    """The operations under observation. `scanned` is when this run's scan began: absence is judged by it alone."""

    def __init__(self, context: Context, *, newest_remote_id: str, scanned: Moment | None) -> None:
        self._context = context
        self._scanned = scanned
        self._watched = Watched()
        self._polling = Polling(context, self._watched)
        self._hold = Hold(context)
        books = context.books
        self.listing = Listing(context, newest_remote_id) if books is None else AssignmentListing(books)
        # So many payments make a reading of the list worth while: as many pages as are read at once.
        self._full = PAGE * max(1, context.gateway.slots // 2)
        self._gathered = 0
        self._gathered_since_ms: int | None = None
        self._to_be_shown: tuple[Track, ...] = ()

    def __len__(self) -> int:
        return len(self._watched)

    def add(self, track: Track) -> None:
        """Watch an operation from now on."""
        now = self._context.gateway.moment()
        timeout_ms = self._context.gateway.settings.operation_timeout_s * 1000
        age_ms = youngest_ms(track.sends, now)
        track.due_ms = now.boottime_ms
        track.deadline_ms = now.boottime_ms + max(0, timeout_ms - age_ms)
        held = self._context.promise(track).holds_operations
        shown = self._context.books is None and self._hold.closed_by() is None
        awaited = track.stage is Stage.AWAITED and held and shown
        self._watched.add(track, Stage.AWAITED if awaited else Stage.ACCEPTED)
        if self.listing.claim(track) and self._settle(track, Basis.LIST):
            return
        if awaited:
            self._gather(track)
        if not held:
            # One that "exists" is asked for by name. Of any other nothing is kept: the list alone can show it.
            track.alone, track.log_read = True, not track.executed or self._context.books is not None
            if track.log_read:
                self._to_list(track)

    def wanted(self) -> int:
        """How many reads are due now, while payments are being sent."""
        now_ms = self._context.gateway.moment().boottime_ms
        items = sum(1 for track in self._watched.at(Stage.ITEMS) if track.due_ms <= now_ms)
        pages = self.listing.ready
        if not self.listing.running and self._list_due(now_ms, idle=False):
            pages = 1 + self._gathered // PAGE
        return items + pages + self._polling.wanted(now_ms)

    def questions(self, room: int, *, idle: bool) -> list[Question]:
        """Up to `room` reads that are due now. `idle`: nothing is being sent."""
        now_ms = self._context.gateway.moment().boottime_ms
        questions: list[Question] = []
        for track in self._watched.at(Stage.ITEMS):
            if len(questions) < room and track.due_ms <= now_ms:
                self._watched.move(track, Stage.READING)
                questions.append(Question(ReadItems(track.operation), track))
        if len(questions) < room and not self.listing.running and self._list_due(now_ms, idle=idle):
            self._begin_reading(now_ms, idle=idle)
        questions += [Question(call, None) for call in self.listing.calls(room - len(questions))]
        polls = self._polling.calls(now_ms, room - len(questions), idle=idle)
        return questions + [Question(call, track) for call, track in polls]

    def due_ms(self) -> int | None:
        """When the next read is due, None if nothing is waiting."""
        due = [track.due_ms for track in self._watched.at(Stage.ITEMS)]
        polls_ms = self._polling.due_ms()
        due += [] if polls_ms is None else [polls_ms]
        if not self.listing.running:
            gather_ms = 0 if self._gathered_since_ms is None else self._gathered_since_ms + LIST_AFTER_MS
            list_ms = max(gather_ms, self._hold.until_ms)
            due += [max(track.due_ms, list_ms) for track in self._watched.at(Stage.LISTED)]
            due += [list_ms] if self._watched.any_at(Stage.AWAITED) else []
        return min(due, default=None)

    # --- answers ---------------------------------------------------------------------------------------------------

    def take_poll(self, track: Track, answer: OperationSeen | OperationAbsent | Unread) -> None:
        """How one operation is."""
        if track not in self._watched:
            # The list proved all of it meanwhile.
            return
        match answer:
            case OperationSeen():
                self._seen(track, answer)
            case OperationAbsent():
                self._absent(track)
            case Unread():
                self._unread(track, answer, Stage.ACCEPTED)
            case _:
                assert_never(answer)

    def take_operations(self, answer: OperationsPage | Unread) -> None:
        """A page of the operations' list."""
        for track, seen in self._polling.take_page(answer):
            self._seen(track, seen)

    def take_items(self, track: Track, answer: ItemsSeen | ItemsArchived | Unread) -> None:
        """What the log proves."""
        if track not in self._watched:
            return
        if isinstance(answer, Unread):
            self._unread(track, answer, Stage.ITEMS)
            return
        track.log_read = True
        if isinstance(answer, ItemsSeen):
            wanted = {item.payment_id: item for item in track.open_items}
            for proof in answer.items:
                item = wanted.get(proof.payment_id)
                if item is not None and proof.recipient in ("", item.recipient):
                    track.log[proof.payment_id] = proof
                elif item is not None:
                    self._context.alarm("other_recipient", f"the log shows {proof.recipient} for {item.recipient}")
        if not self._settle(track, Basis.LOG):
            self._to_list(track)

    def take_payments(self, call: ListPayments, answer: PaymentsPage | Unread) -> None:
        """A page of the payments' list. What it proves whole is settled; after a reading's last page the operations that
        waited for it are judged, and what it should have shown by then is asked for.
        """
        if isinstance(answer, Unread):
            self._hold.heed(answer)
        taken = self.listing.take(call, answer, self._watched.payments)
        for track in taken.complete:
            self._settle(track, Basis.LIST)
        for track in taken.waited:
            if track.stage is Stage.LISTED and track in self._watched:
                self._listed(track)
        if not self.listing.running:
            self._end_reading()

    # --- from answer to stage ----------------------------------------------------------------------------------------

    def _seen(self, track: Track, seen: OperationSeen) -> None:
        now_ms = self._context.gateway.moment().boottime_ms
        if seen.phase is OperationPhase.RUNNING:
            if now_ms >= track.deadline_ms:
                self._leave(track, Left.IN_DOUBT, message="the operation still runs at the provider")
            else:
                self._polling.again(track, now_ms)
            return
        track.ended, track.reads, track.due_ms = seen, 0, now_ms
        whole = seen.total == seen.issued == len(track.operation.items) and not seen.failed
        if whole:
            # One page of the list proves many payments, with the provider's amount, id and time.
            self._to_list(track)
        else:
            self._watched.move(track, Stage.ITEMS)

    def _absent(self, track: Track) -> None:
        now_ms = self._context.gateway.moment().boottime_ms
        if not self._context.promise(track).holds_operations:
            track.log_read = True
            self._to_list(track)
        elif track.accepted or track.sent_here:
            # Just sent, or known to be executed: it may not show yet.
            if now_ms >= track.deadline_ms or (not track.accepted and track.reads >= READS_MAX):
                self._leave(track, Left.IN_DOUBT, message="the provider does not show the operation")
            else:
                self._polling.again(track, now_ms)
        else:
            self._judge_absence(track)

    def _judge_absence(self, track: Track) -> None:
        """Not in the list that this run read: proof only once the settle window had passed by then."""
        window_ms = self._context.gateway.settings.settle_window_s * 1000
        doubt = self._context.doubt(track)
        if doubt:
            self._leave(track, Left.IN_DOUBT, message=doubt)
            return
        if self._read_late(track, window_ms):
            settlements = from_absence(track.open_items, self._proofs(track))
            if settlements is not None and accounts_for(track, settlements):
                made = any(settlement.result is Result.ISSUED for settlement in settlements)
                self._context.settle(track, Basis.LIST if made else Basis.ABSENCE, settlements)
                self._forget(track)
                return
        self._leave(track, Left.IN_DOUBT, message="not proved paid, and too early to call it not paid")
        self._wait_for_window(track, window_ms)

    def _listed(self, track: Track) -> None:
        failure = self.listing.failure_of(track)
        if failure is not None:
            self._unread(track, failure, Stage.LISTED)
        elif self._settle(track, Basis.LIST):
            return
        elif not track.log_read:
            track.due_ms = 0
            self._watched.move(track, Stage.ITEMS)
        elif (track.log or track.sent_here) and track.reads < READS_MAX:
            # The list may lag behind: read it again.
            track.reads += 1
            track.due_ms = self._context.gateway.moment().boottime_ms + 250 * 2**track.reads
        else:
            self._judge_absence(track)

    def _settle(self, track: Track, basis: Basis) -> bool:
        settlements = from_proofs(track.open_items, self._proofs(track))
        if settlements is None:
            return False
        self._context.settle(track, basis, settlements)
        self._forget(track)
        return True

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _proofs(self, track: Track) -> Proofs:
        ended = track.ended
        burnt = ended is not None and self._context.promise(track).burns_ids
        return Proofs(track.found, track.log, burnt, ended.finished_ms if ended is not None else None)

    def _to_list(self, track: Track) -> None:
        closed_by = self._hold.closed_by()
        if closed_by is not None:
            self._unread(track, closed_by, Stage.LISTED)
            return
        track.due_ms = self._context.gateway.moment().boottime_ms
        self._watched.move(track, Stage.LISTED)
        self._gather(track)

    def _gather(self, track: Track) -> None:
        """The list is to show its payments: the next reading is worth more."""
        self._gathered += len(track.operation.items)
        if self._gathered_since_ms is None:
            self._gathered_since_ms = self._context.gateway.moment().boottime_ms

    def _list_due(self, now_ms: int, *, idle: bool) -> bool:
        if now_ms < self._hold.until_ms:
            return False
        awaited = self._watched.any_at(Stage.AWAITED)
        if not awaited and not any(track.due_ms <= now_ms for track in self._watched.at(Stage.LISTED)):
            return False
        since_ms = now_ms if self._gathered_since_ms is None else self._gathered_since_ms
        return idle or self._gathered >= self._full or now_ms - since_ms >= LIST_AFTER_MS

    def _begin_reading(self, now_ms: int, *, idle: bool) -> None:
        waiting = tuple(track for track in self._watched.at(Stage.LISTED) if track.due_ms <= now_ms)
        self.listing.begin(waiting, anew=any(track.log_read for track in waiting), expected=self._gathered)
        self._gathered, self._gathered_since_ms = 0, None
        until_ms = now_ms if idle else now_ms - PATIENCE_MS
        self._to_be_shown = tuple(track for track in self._watched.at(Stage.AWAITED) if track.due_ms <= until_ms)

    def _end_reading(self) -> None:
        closed_by = self._hold.closed_by()
        if closed_by is not None:
            # No reading will show what is expected of the next one.
            self._to_be_shown = self._watched.at(Stage.AWAITED)
            for track in self._watched.at(Stage.LISTED):
                self._unread(track, closed_by, Stage.LISTED)
        for track in self._to_be_shown:
            if track.stage is Stage.AWAITED and track in self._watched:
                self._watched.move(track, Stage.ACCEPTED)
        self._to_be_shown = ()
        if self._watched.any_at(Stage.AWAITED) and self._gathered_since_ms is None:
            self._gathered_since_ms = self._context.gateway.moment().boottime_ms

    def _unread(self, track: Track, answer: Unread, stage: Stage) -> None:
        track.reads += 1
        now = self._context.gateway.moment()
        now_ms = now.boottime_ms
        pause_s = answer.retry_after_s
        limited = is_beyond(self._context, answer)
        if limited:
            text = f"what was sent cannot be looked at now: {told(answer, self._context.gateway.codec)}"
            self._context.wait(Left.IN_DOUBT, text, over_ms(answer, now))
        down = track.reads >= READS_MAX and stage is Stage.LISTED
        if limited or answer.trouble is Trouble.STOP or (down and track.log_read):
            track.said(answer)
            self._leave(track, Left.IN_DOUBT)
        elif down:
            # The list stays away: the operation's own log may prove it as well.
            track.reads, track.due_ms = 0, now_ms
            self._watched.move(track, Stage.ITEMS)
        elif track.reads >= READS_MAX and stage is Stage.ITEMS:
            track.log_read, track.reads = True, 0
            self._to_list(track)
        elif now_ms >= track.deadline_ms and track.reads >= READS_MAX:
            track.said(answer)
            self._leave(track, Left.IN_DOUBT)
        else:
            pause_ms = min(250 * 2**track.reads, 60_000) if pause_s is None else int(1000 * pause_s)
            track.due_ms = now_ms + pause_ms
            self._watched.move(track, stage)

    def _leave(self, track: Track, why: Left, code: str = "", message: str = "") -> None:
        track.leave(why, code or track.code, message or track.message)
        for item in track.open_items:
            self._context.tally.left[item.payment_id] = self._context.left(
                item, why, track.code, track.message, request_id=track.request_id
            )
        self._forget(track)

    def _read_late(self, track: Track, window_ms: int) -> bool:
        """Whether this run read the list so late that it could tell what was not made."""
        return self._scanned is not None and absence_counts(track, window_ms=window_ms, scanned=self._scanned)

    def _wait_for_window(self, track: Track, window_ms: int) -> None:
        now = self._context.gateway.moment()
        left_ms = window_left_ms(track, window_ms=window_ms, now=now)
        if (
            left_ms == 0
            and not self._read_late(track, window_ms)
            and absence_counts(track, window_ms=window_ms, scanned=now)
        ):
            # The window ended while this run was at work: the list is to be read once more, and no person asked.
            left_ms = 1
        name = self._context.gateway.settings.name
        if left_ms > 0:
            text = f"{name}: an outcome is proved at the earliest in {duration(-(-left_ms // 1000))}"
        else:
            text = f"{name}: the provider does not tell the outcome of an operation: a person can, with state resolve"
        until_ms = now.wall_ms + left_ms + WINDOW_MARGIN_MS if left_ms > 0 else None
        self._context.tally.waits.append(Wait(provider=name, why=Left.IN_DOUBT, text=text, until_ms=until_ms))

    def _forget(self, track: Track) -> None:
        self._watched.forget(track)
