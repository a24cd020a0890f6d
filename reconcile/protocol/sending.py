"""Sends operations, each try journaled before its first byte, and reads what each try proved.

A definite refusal settles an operation only where no earlier try of it was ambiguous. After "executed" an operation
is never sent again. When answers stay away one after the other, sending pauses and tries again with one operation.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from reconcile.model import SendOutcome
from reconcile.protocol.ages import Moment, oldest_ms
from reconcile.protocol.context import Context
from reconcile.protocol.gateway import BACKOFF_FIRST_S, BACKOFF_MAX_S, over_ms, told
from reconcile.protocol.quota import Quota, next_day_ms
from reconcile.protocol.recovery import ambiguous
from reconcile.protocol.report import Left
from reconcile.protocol.settling import Proofs, from_proofs, refused, released
from reconcile.protocol.track import Stage, Track
from reconcile.providers.base import SendAnswer, Trouble
from reconcile.state.events import Basis, FinishedSend
from reconcile.state.ledger import RecordedSend
from reconcile.times import duration

SENDS_MAX: Final = 4
"""Tries of one operation in one run; the next run goes on."""
UNREACHED_MAX: Final = 6
"""Rounds in a row in which nothing left the host, or all was put off, before a run gives up sending."""

PROBES_MAX: Final = 6
"""Ambiguous answers in a row to single tries, before a run gives up sending."""

IN_BAD_COMPANY: Final = "nothing of its request was done: another payment in it was refused"


class Sender:
    """What is to be sent, when, and what came of it. `more`: whether `source` has any left."""

    def __init__(self, context: Context, source: Iterator[Track], *, quota: Quota, more: Callable[[], bool]) -> None:
        self._context = context
        self._source = source
        self._more = more
        self._again: deque[Track] = deque()
        self._quota = quota
        self._pause_until_ms = 0
        self._pause_s = BACKOFF_FIRST_S
        self._ambiguous_row = 0
        self._unreached_row = 0
        self.probing = False
        self.stopped: Left | None = None

    def add(self, track: Track) -> None:
        """An operation to send again."""
        self._again.append(track)

    def stop(self, why: Left, text: str = "", until_ms: int | None = None) -> None:
        """Send nothing more in this run. The first reason stays. `text`: what it waits for, `until_ms`: when to come
        back, None where no one can say.
        """
        if self.stopped is None:
            self.stopped = why
            if why in (Left.QUOTA, Left.FUNDS):
                self._context.wait(why, text, until_ms)
            elif text:
                self._context.tally.notes.append(f"{self._context.gateway.settings.name}: {text}")

    def next(self, now: Moment) -> Track | None:
        """The next operation to send now, None if there is none or sending pauses."""
        if self.stopped is not None or now.boottime_ms < self._pause_until_ms or self.probing:
            return None
        if not self._quota.left(now.wall_ms):
            if self._again or self._more():
                self._stop_for_today(now)
            return None
        track = self._due(now.boottime_ms)
        if track is not None:
            self._quota.take()
            self.probing = self._is_low()
        return track

    def expired(self, now: Moment) -> list[Track]:
        """Operations in doubt whose id the provider may have forgotten by now: never sent again, only observed. What
        was put off, and provably not executed, needs no protection.
        """
        old = [
            track
            for track in self._again
            if track.in_doubt and oldest_ms(track.sends, now) >= self._context.promise(track).protection_ms
        ]
        for track in old:
            self._again.remove(track)
            track.stage = Stage.ACCEPTED
        return old

    def due_ms(self) -> int | None:
        """When something can be sent, None if nothing waits."""
        if self.stopped is not None or self.probing or not self._again:
            return None
        return max(self._pause_until_ms, min(track.due_ms for track in self._again))

    def paused(self, now_ms: int) -> bool:
        """Whether sending waits for better times."""
        return self.stopped is None and now_ms < self._pause_until_ms

    def pending(self) -> bool:
        """Whether anything is left to send, now or later."""
        return self.stopped is None and (bool(self._again) or self._more())

    @property
    def pause_until_ms(self) -> int:
        """When a pause ends."""
        return self._pause_until_ms

    def unsent(self) -> Iterator[Track]:
        """What was to be sent again and was not: given back once sending has stopped."""
        while self._again:
            yield self._again.popleft()

    def journal_send(self, track: Track) -> None:
        """Tell the journal that a try of this operation begins."""
        now = self._context.gateway.moment()
        number = len(track.sends) + 1
        track.sent(RecordedSend(number, now.wall_ms, now.boot_id, now.boottime_ms, None, now.server_ms))
        track.stage = Stage.FLYING
        self._context.journal.starting(track.operation.operation, number)

    def take(self, track: Track, answer: SendAnswer) -> None:
        """What a try proved."""
        self.probing = False
        track.concluded(answer.outcome, answer.server_ms)
        track.request_id = answer.request_id
        self._context.journal.finished(
            FinishedSend(
                operation=track.operation.operation,
                send=track.sends[-1].send,
                outcome=answer.outcome,
                status=answer.status,
                code=answer.code,
                message=answer.message,
                request_id=answer.request_id,
                server_ms=answer.server_ms,
            )
        )
        match answer.outcome:
            case SendOutcome.EXECUTED:
                self._executed(track, answer)
            case SendOutcome.AMBIGUOUS:
                self._unknown(track, answer)
            case SendOutcome.NOT_EXECUTED:
                self._not_executed(track, answer)

    # --- the three outcomes ----------------------------------------------------------------------------------------

    def _executed(self, track: Track, answer: SendAnswer) -> None:
        self._calm()
        track.stage, track.accepted = Stage.ACCEPTED if answer.exists else Stage.AWAITED, True
        protected = self._context.promise(track).protection_ms > 0
        if answer.items and not answer.exists and (protected or not ambiguous(track.sends)):
            # Results that came with the answer; an unprotected earlier try may have been executed as well.
            track.log = {item.payment_id: item for item in answer.items}
            # No operation was shown to stand under the id: what was refused keeps it.
            settlements = from_proofs(track.open_items, Proofs(found={}, log=track.log))
            if settlements is not None:
                self._context.settle(track, Basis.ITEMS, settlements)

    def _unknown(self, track: Track, answer: SendAnswer) -> None:
        self._ambiguous_row += 1
        now = self._context.gateway.moment()
        if answer.trouble is Trouble.FUNDS:
            self.stop(Left.FUNDS, self._told(answer))
        elif answer.trouble in (Trouble.LATER, Trouble.QUOTA):
            self._limited(answer)
        if self._ambiguous_row >= self._row_max + PROBES_MAX:
            self.stop(Left.UNREACHABLE, f"answers stay away, {self._ambiguous_row} in a row")
        elif self._is_low():
            self._pause("answers stay away")
        repeatable = self._context.promise(track).protection_ms > 0 and track.sent_here < SENDS_MAX
        if repeatable and self.stopped is None:
            track.stage = Stage.READY
            track.due_ms = now.boottime_ms + int(1000 * min(BACKOFF_FIRST_S * 2**track.sent_here, BACKOFF_MAX_S))
            self.add(track)
        else:
            track.stage = Stage.ACCEPTED
        track.why = Left.IN_DOUBT
        track.said(answer)

    def _not_executed(self, track: Track, answer: SendAnswer) -> None:
        if answer.status == 0 or answer.trouble is Trouble.LATER:
            self._put_off(track, answer)
            return
        self._calm()
        stop = {Trouble.QUOTA: Left.QUOTA, Trouble.FUNDS: Left.FUNDS, Trouble.STOP: Left.REFUSED}
        if answer.trouble in stop:
            if answer.trouble is Trouble.QUOTA:
                self._limited(answer)
            self.stop(stop[answer.trouble], self._told(answer))
            track.said(answer)
            self.give_back(track, stop[answer.trouble])
        elif ambiguous(track.sends):
            # This refusal says nothing about the earlier try: look, and never conclude from it.
            track.stage = Stage.ACCEPTED
        else:
            named = {item.payment_id: item for item in answer.items}
            track.why, track.code, track.message = Left.REFUSED, answer.code, IN_BAD_COMPANY
            settlements = refused(track.open_items, code=answer.code, message=answer.message, named=named)
            self._context.settle(track, Basis.REFUSAL, settlements)

    def _put_off(self, track: Track, answer: SendAnswer) -> None:
        """Nothing was executed, and the same bytes can go out later."""
        # Answers to what was in flight when the pause began are of the same round.
        if not self.paused(self._context.gateway.moment().boottime_ms):
            self._unreached_row += 1
        if self._unreached_row >= UNREACHED_MAX:
            self.stop(Left.QUOTA if answer.trouble is Trouble.LATER else Left.UNREACHABLE, self._told(answer))
        elif answer.trouble is Trouble.LATER:
            self._limited(answer)
        else:
            self._pause(answer.message or answer.code)
        track.said(answer)
        if self.stopped is not None:
            self.give_back(track, self.stopped)
            return
        track.stage, track.due_ms = Stage.READY, self._pause_until_ms
        self.add(track)

    def give_back(self, track: Track, why: Left) -> None:
        """Sending has stopped: what was provably not executed is free again, the rest is observed."""
        track.why = why
        if track.in_doubt:
            track.stage = Stage.ACCEPTED
        else:
            basis = Basis.REFUSAL if track.sends else Basis.NEVER_SENT
            self._context.settle(track, basis, released(track.open_items))

    # --- limits ----------------------------------------------------------------------------------------------------

    def _limited(self, answer: SendAnswer) -> None:
        """The provider takes no more for now: wait for it where that is short or fits `--wait`, else end the run."""
        now = self._context.gateway.moment()
        seconds = answer.retry_after_s
        if answer.trouble is Trouble.QUOTA:
            self.stop(Left.QUOTA, f"no more requests today: {self._told(answer)}", over_ms(answer, now))
        elif seconds is not None and not self._context.is_patient(seconds):
            text = f"no more requests for {duration(-int(-seconds // 1))}: {self._told(answer)}"
            self.stop(Left.QUOTA, text, over_ms(answer, now))
        else:
            self._pause(answer.message or answer.code, seconds)

    def _stop_for_today(self, now: Moment) -> None:
        usable, limit = self._quota.usable, self._quota.limit
        spare = f" ({limit:,} are allowed; the rest is left to other programs)" if usable < limit else ""
        text = f"today's {usable:,} bonus requests are used up{spare}"
        self.stop(Left.QUOTA, text, next_day_ms(now.wall_ms))

    def _told(self, answer: SendAnswer) -> str:
        return told(answer, self._context.gateway.codec)

    # --- pace ------------------------------------------------------------------------------------------------------

    @property
    def _row_max(self) -> int:
        return 2 * self._context.gateway.slots

    def _is_low(self) -> bool:
        """After a row of ambiguous answers one operation tries the water alone, an old one if there is any."""
        return self._ambiguous_row >= self._row_max

    def _due(self, now_ms: int) -> Track | None:
        for _ in range(len(self._again)):
            track = self._again.popleft()
            if track.due_ms <= now_ms:
                return track
            self._again.append(track)
        return None if self._is_low() and self._again else next(self._source, None)

    def _calm(self) -> None:
        self._ambiguous_row = self._unreached_row = 0
        self._pause_s = BACKOFF_FIRST_S

    def _pause(self, text: str, seconds: float | None = None) -> None:
        wait_s = self._pause_s if seconds is None else max(seconds, 0.0)
        self._pause_s = min(self._pause_s * 2, BACKOFF_MAX_S)
        until_ms = self._context.gateway.moment().boottime_ms + int(wait_s * 1000)
        if until_ms > self._pause_until_ms:
            self._pause_until_ms = until_ms
            self._context.progress.note(
                f"{self._context.gateway.settings.name}: {text}: sending again in {wait_s:.1f} s"
            )
