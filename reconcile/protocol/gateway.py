"""A provider as the protocol sees it: calls go in, answers come out, and every answer moves the known server time.

The gateway joins a codec (words) and a wire (bytes). It never decides what an answer means for a payment.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from reconcile.errors import ProviderError
from reconcile.protocol.ages import Moment
from reconcile.protocol.pace import Pace
from reconcile.protocol.ports import Clock, Control
from reconcile.protocol.quota import next_day_ms
from reconcile.providers.base import (
    Answer,
    AssignmentFound,
    Call,
    Codec,
    ItemsSeen,
    ListPayments,
    PollOperation,
    ReadAssignment,
    ReadItems,
    SendAnswer,
    SendOperation,
    Ticket,
    Trouble,
    Unread,
    Wire,
)
from reconcile.providers.rules import RULES
from reconcile.settings import ProviderSettings

READ_TRIES: Final = 5
BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MAX_S: Final = 30.0
SHORT_WAIT_S: Final = 120
"""A limit that is over this soon is always waited for; a longer one only as far as `--wait` goes."""


class Reply(NamedTuple):
    """An answer that came, with the call it belongs to."""

    number: int
    call: Call
    answer: Answer


class Gateway:
    """Calls in flight at one provider. `met`: the recipients and assignments whom a sentence of this run may name. Those of
    every call that did not go well are among them, since the provider's own words about it may name them; `meet` adds
    others.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        codec: Codec,
        wire: Wire,
        *,
        clock: Clock,
        control: Control,
        met: set[str] | None = None,
    ) -> None:
        self.settings = settings
        self.codec = codec
        self._met = met
        self._wire = wire
        self._clock = clock
        self._control = control
        self._calls: dict[int, Call] = {}
        self._number = 0
        self._server: tuple[int, int] | None = None
        self._pace = Pace(_per_second(settings), clock.boottime_ms())

    @property
    def free(self) -> int:
        """How many slots are free for calls."""
        return self._wire.slots - len(self._calls)

    @property
    def slots(self) -> int:
        """How many calls may be in flight together."""
        return self._wire.slots

    @property
    def in_flight(self) -> int:
        """How many calls have not been answered yet."""
        return len(self._calls)

    def meet(self, *names: str) -> None:
        """A sentence of this run may name these recipients and assignments."""
        if self._met is not None:
            self._met.update(name for name in names if name)

    def allowed(self) -> int:
        """How many more calls the pace of requests lets start now."""
        return self._pace.allowed(self._clock.boottime_ms())

    def pace_wait_ms(self) -> int:
        """Milliseconds until the pace of requests lets a call start, 0: now."""
        return self._pace.wait_ms(self._clock.boottime_ms())

    def moment(self) -> Moment:
        """Now, with the provider's clock as its newest answer showed it, moved on by the boot-time clock."""
        boottime_ms = self._clock.boottime_ms()
        server_ms = None
        if self._server is not None:
            seen_ms, at_ms = self._server
            server_ms = seen_ms + boottime_ms - at_ms
        return Moment(self._clock.now_ms(), self._clock.boot_id(), boottime_ms, server_ms)

    def start(self, call: Call) -> int:
        """Send a call in the background; its number comes back with the reply."""
        self._number += 1
        self._pace.take()
        self._calls[self._number] = call
        since_ms = call.journaled_ms if isinstance(call, SendOperation) else None
        self._wire.start(Ticket(self._number, self.codec.request(call), isinstance(call, SendOperation), since_ms))
        return self._number

    def collect(self, timeout_s: float) -> Sequence[Reply]:
        """Replies that have come; waits for the first of them at most `timeout_s`."""
        replies = []
        for number, result in self._wire.wait(timeout_s):
            call = self._calls.pop(number)
            answer = self.codec.answer(call, result)
            server_ms = getattr(answer, "server_ms", None)
            if server_ms is not None:
                self._server = (server_ms, self._clock.boottime_ms())
            self._heed(answer)
            self.meet(*_named(call, answer))
            replies.append(Reply(number, call, answer))
        return replies

    def _heed(self, answer: Answer) -> None:
        """What an answer means for the pace. A provider that says when to come back is waited for instead."""
        if not isinstance(answer, Unread | SendAnswer) or answer.trouble is not Trouble.LATER:
            self._pace.calm(self._clock.boottime_ms())
        elif answer.retry_after_s is None:
            self._pace.slower(self._clock.boottime_ms())

    def sleep(self, seconds: float) -> None:
        """Let time pass with nothing in flight; a stop request ends it early."""
        assert not self._calls
        until_ms = self._clock.boottime_ms() + int(seconds * 1000)
        while (left_ms := until_ms - self._clock.boottime_ms()) > 0 and not self._control.stop_requested():
            self._wire.wait(min(left_ms / 1000, 0.5))

    def ask(self, call: Call) -> Answer:
        """One read, answered: tried again a few times with growing pauses, with nothing else in flight.

        What still stays unanswered comes back as Unread, and at once where the provider's limit of requests is not
        over soon. Raises ProviderError where trying again is no use: credentials refused, wrong address.
        """
        assert not self._calls
        assert not isinstance(call, SendOperation), "money is sent by the journal's own way only"
        pause_s = BACKOFF_FIRST_S
        answer: Answer = Unread(code="", message="")
        for attempt in range(READ_TRIES):
            while wait_ms := self.pace_wait_ms():
                self._wire.wait(wait_ms / 1000)
            self.start(call)
            replies: Sequence[Reply] = ()
            while not replies:
                replies = self.collect(1.0)
            answer = replies[0].answer
            if not isinstance(answer, Unread):
                return answer
            if answer.trouble is Trouble.STOP:
                raise refused_access(self.settings, answer)
            if is_long(answer) or attempt + 1 == READ_TRIES or self._control.stop_requested():
                break
            self.sleep(min(pause_s, BACKOFF_MAX_S) if answer.retry_after_s is None else answer.retry_after_s)
            pause_s = min(pause_s * 2, BACKOFF_MAX_S)
        return answer


def _named(call: Call, answer: Answer) -> Iterator[str]:
    """Whom a sentence about this answer may name."""
    match answer:
        case AssignmentFound(recipient=recipient):
            yield recipient
        case ItemsSeen(items=items):
            yield from (item.recipient for item in items)
        case Unread():
            yield from _asked_about(call)
        case SendAnswer(code=code, message=message) if code or message:
            yield from _asked_about(call)
        case _:
            pass


def _asked_about(call: Call) -> Iterator[str]:
    match call:
        case SendOperation(operation=operation) | PollOperation(operation=operation) | ReadItems(operation=operation):
            for item in operation.items:
                yield from (item.recipient, item.assignment_id)
        case ReadAssignment(assignment_id=name) | ListPayments(scope=name):
            yield name
        case _:
            pass


def is_long(answer: SendAnswer | Unread) -> bool:
    """Whether what the provider wants waited for is not over soon: the day's limit, an hour's."""
    return answer.trouble is Trouble.QUOTA or (answer.retry_after_s or 0) > SHORT_WAIT_S


def over_ms(answer: SendAnswer | Unread, now: Moment) -> int | None:
    """When the limit that an answer names is over, by our wall clock; None where it names none."""
    if answer.trouble is Trouble.QUOTA:
        # The provider's days are UTC days of its own clock.
        return now.wall_ms + next_day_ms(now.theirs_ms) - now.theirs_ms
    if answer.trouble is Trouble.LATER and answer.retry_after_s is not None:
        return now.wall_ms + int(answer.retry_after_s * 1000)
    return None


def told(answer: SendAnswer | Unread, codec: Codec) -> str:
    """What went wrong, in one line: the provider's words and its name for the request, then what the code means."""
    request = f" (request {answer.request_id})" if answer.request_id else ""
    code = f"{answer.code}: " if answer.code and answer.message else answer.code
    advice = codec.explain(answer.code)
    return f"{code}{answer.message or ('' if code else 'no answer')}{request}{f'. {advice}' if advice else ''}"


def refused_access(settings: ProviderSettings, answer: Unread) -> ProviderError:
    """The error for credentials or an address that the provider refuses."""
    request = f" (request {answer.request_id})" if answer.request_id else ""
    return ProviderError(
        f"{settings.name}: the provider refused access: {answer.code or 'no code'}{request}",
        detail=answer.message,
        remedy="Check the token, and that it belongs to this environment:\n  bonusctl doctor",
        reason="access_refused",
    )


def _per_second(settings: ProviderSettings) -> int:
    if settings.requests_per_second is not None:
        return settings.requests_per_second
    return RULES[settings.type].paces.get(settings.environment, 0)
