"""The loop in which operations are sent and observed until each is settled or can only be left.

Every turn is the same: take what came, choose what starts next, make all of it durable in one commit, and only then
let requests go. When a commit fails, nothing more is sent: what came back is handed to a person instead.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from reconcile import identity
from reconcile.errors import StateError
from reconcile.money import format_amount
from reconcile.protocol.ages import Moment
from reconcile.protocol.context import Context
from reconcile.protocol.gateway import Reply
from reconcile.protocol.observing import Observer
from reconcile.protocol.quota import Quota
from reconcile.protocol.report import Left
from reconcile.protocol.sending import Sender
from reconcile.protocol.track import Stage, Track
from reconcile.providers.base import (
    Call,
    ItemsArchived,
    ItemsSeen,
    ListOperations,
    ListPayments,
    OperationAbsent,
    OperationSeen,
    OperationsPage,
    PaymentsPage,
    PollOperation,
    ReadItems,
    SendAnswer,
    SendOperation,
    Unread,
)
from reconcile.times import MINUTE_MS, duration

OPEN_MIN: Final = 64
OPEN_PER_SLOT: Final = 16
TURN_S: Final = 0.25
SLEPT_MS: Final = 5 * MINUTE_MS


class Unrecorded(StateError):
    """A commit failed while requests were in flight. `lines` holds what came back, one JSON document a line; `cause`
    is what went wrong with the state. The next run recovers from the journal: every send in it is older than its
    request.
    """

    reason = "state_write_failed"

    def __init__(self, cause: StateError, lines: tuple[str, ...]) -> None:
        super().__init__(
            cause.summary,
            detail=f"{cause.detail} Nothing more was sent. {len(lines)} results could not be recorded.".strip(),
            remedy=cause.remedy or "Mend the disk, then run it again: it recovers from the journal.\n  bonusctl apply",
            reason=cause.reason,
        )
        self.cause = cause
        self.lines = lines


class Engine:
    """Sends and observes for one provider, until nothing more can be done."""

    def __init__(self, context: Context, *, newest_remote_id: str, scanned: Moment | None) -> None:
        self._context = context
        self._gateway = context.gateway
        self._observer = Observer(context, newest_remote_id=newest_remote_id, scanned=scanned)
        self._sender: Sender | None = None
        self._flying: dict[int, Track] = {}
        self._unrecorded: list[str] = []
        self._turned_ms: int | None = None
        self._open_max = max(OPEN_MIN, OPEN_PER_SLOT * context.gateway.slots)

    def observe(self, tracks: Iterable[Track]) -> None:
        """Watch operations that are not to be sent."""
        for track in tracks:
            track.stage = Stage.ACCEPTED
            self._observer.add(track)

    def run(
        self, again: Iterable[Track], source: Iterator[Track], *, quota: Quota, more: Callable[[], bool]
    ) -> Left | None:
        """Send `again` and then what `source` gives, journaling each of `source` first; see all of it through.

        `more` tells whether `source` has any left. Returns why sending stopped early, None if it did not. Raises StateError, and Unrecorded with what came back.
        """
        sender = self._sender = Sender(self._context, source, quota=quota, more=more)
        for track in again:
            sender.add(track)
        try:
            while self._turn(sender):
                pass
        except StateError as error:
            raise Unrecorded(error, self._rescue()) from error
        return sender.stopped

    # --- one turn ----------------------------------------------------------------------------------------------------

    def _turn(self, sender: Sender) -> bool:
        if self._context.control.stop_requested():
            sender.stop(Left.INTERRUPTED)
        self._watch_clock(sender)
        sends = self._choose_sends(sender)
        if sender.stopped is not None:
            self._withdraw(sender)
        idle = not sends and not any(track.stage is Stage.FLYING for track in self._flying.values())
        room = min(self._gateway.free, self._gateway.allowed()) - len(sends)
        questions = self._observer.questions(room, idle=idle) if room > 0 else []
        now = self._gateway.moment()
        self._context.journal.flush(now)
        self._unrecorded.clear()
        for track in sends:
            self._start(SendOperation(track.operation, track.sends[-1].boottime_ms), track)
        for question in questions:
            self._start(question.call, question.track)
        if not self._gateway.in_flight and not self._waiting(sender):
            return False
        for reply in self._gateway.collect(self._timeout_s(sender, now)):
            self._take(sender, reply)
        return True

    def _watch_clock(self, sender: Sender) -> None:
        """A machine that slept knows nothing of what happened meanwhile: it sends nothing before the next scan."""
        now = self._gateway.moment()
        if self._turned_ms is not None and now.boottime_ms - self._turned_ms > SLEPT_MS:
            slept = duration((now.boottime_ms - self._turned_ms) // 1000)
            sender.stop(Left.INTERRUPTED, f"this machine stood still for {slept}: what was paid must be read again")
        self._turned_ms = now.boottime_ms
        for track in sender.expired(now):
            self._observer.add(track)

    def _choose_sends(self, sender: Sender) -> list[Track]:
        sends: list[Track] = []
        now = self._gateway.moment()
        room = min(self._gateway.free - self._reserved(), self._gateway.allowed())
        while len(sends) < room and len(self._observer) + len(self._flying) + len(sends) < self._open_max:
            track = sender.next(now)
            if track is None:
                break
            sender.journal_send(track)
            sends.append(track)
        return sends

    def _reserved(self) -> int:
        """How many free slots, or requests that the pace allows, are kept for questions that are due: the more, the more
        operations wait for an answer, so that sending and finding out keep step.
        """
        share = self._gateway.slots * len(self._observer) // self._open_max
        return min(self._observer.wanted(), max(share, 1 if self._gateway.slots > 1 else 0))

    def _withdraw(self, sender: Sender) -> None:
        """Sending has stopped: free what was provably not executed, observe the rest."""
        assert sender.stopped is not None
        for track in sender.unsent():
            sender.give_back(track, sender.stopped)
            if track.stage is Stage.ACCEPTED:
                self._observer.add(track)

    def _start(self, call: Call, track: Track | None) -> None:
        number = self._gateway.start(call)
        if track is not None:
            self._flying[number] = track

    def _waiting(self, sender: Sender) -> bool:
        return (
            bool(len(self._observer))
            or sender.due_ms() is not None
            or sender.paused(self._gateway.moment().boottime_ms)
            or sender.pending()
        )

    def _timeout_s(self, sender: Sender, now: Moment) -> float:
        """How long to wait for answers: while every slot is taken only they can bring anything new."""
        if self._gateway.free <= 0:
            return TURN_S
        due = [due for due in (sender.due_ms(), self._observer.due_ms()) if due is not None]
        if sender.paused(now.boottime_ms):
            due.append(sender.pause_until_ms)
        if wait_ms := self._gateway.pace_wait_ms():
            due.append(now.boottime_ms + wait_ms)
        # A stop request is seen in between.
        left_s = max(0, min(due, default=now.boottime_ms + 10_000) - now.boottime_ms) / 1000
        return min(max(left_s, 0.005), TURN_S)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _take(self, sender: Sender, reply: Reply) -> None:
        track = self._flying.pop(reply.number, None)
        answer = reply.answer
        match reply.call:
            case SendOperation():
                assert track is not None
                assert isinstance(answer, SendAnswer)
                self._unrecorded.append(_line(track, answer))
                sender.take(track, answer)
                if track.stage in (Stage.ACCEPTED, Stage.AWAITED):
                    self._observer.add(track)
            case PollOperation():
                assert track is not None
                assert isinstance(answer, OperationSeen | OperationAbsent | Unread)
                self._observer.take_poll(track, answer)
            case ReadItems():
                assert track is not None
                assert isinstance(answer, ItemsSeen | ItemsArchived | Unread)
                self._observer.take_items(track, answer)
            case ListOperations():
                assert isinstance(answer, OperationsPage | Unread)
                self._observer.take_operations(answer)
            case ListPayments():
                assert isinstance(answer, PaymentsPage | Unread)
                self._observer.take_payments(reply.call, answer)
            case _:
                raise AssertionError(f"an answer to a question that was not asked: {reply.call}")

    def _rescue(self) -> tuple[str, ...]:
        """After a failed commit: wait for what is in flight, and keep it as text. Nothing new is started."""
        lines = list(self._unrecorded)
        until_ms = self._gateway.moment().boottime_ms + 1000 * (self._gateway.settings.timeout_s + 1)
        while self._gateway.in_flight and self._gateway.moment().boottime_ms < until_ms:
            for reply in self._gateway.collect(TURN_S):
                track = self._flying.pop(reply.number, None)
                if track is not None and isinstance(reply.answer, SendAnswer):
                    lines.append(_line(track, reply.answer))
        return tuple(lines)


def _line(track: Track, answer: SendAnswer) -> str:
    """One result as JSON: enough to find the payment at the provider."""
    return json.dumps(
        {
            "operation_id": identity.to_text(track.operation.operation_id),
            "outcome": answer.outcome.value,
            "status": answer.status,
            "code": answer.code,
            "request_id": answer.request_id,
            "payments": [
                {
                    "payment_id": identity.to_text(item.payment_id),
                    "recipient": item.recipient,
                    "amount": format_amount(item.amount),
                }
                for item in track.operation.items
            ],
        },
        ensure_ascii=False,
    )
