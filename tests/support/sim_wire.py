"""A wire without sockets: requests in flight together, answers in the order of their arrival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from reconcile.providers.base import NotSent, Ticket, WireResult
from reconcile.providers.http import STALE_AFTER_MS
from reconcile.state.lock import RunLock
from tests.support.points import Points

if TYPE_CHECKING:
    from tests.support.world import World

TRAVEL_MS = 20


class _Answered(NamedTuple):
    due_ms: int
    order: int
    number: int
    result: WireResult


class SimWire:
    """Hands requests to the emulator's code, and loses what the faults lose. Keeps the fence of the real wire: a
    payment is not sent by who lost the state's lock, nor long after it was journaled. `haste`: how many times faster
    time passes while nothing is in flight.
    """

    haste = 1

    def __init__(self, world: World, points: Points, slots: int, lock: RunLock | None = None) -> None:
        self._world = world
        self._points = points
        self._slots = slots
        self._lock = lock
        self._queue: list[Ticket] = []
        self._answered: list[_Answered] = []
        self._slept_ms = 0

    @property
    def slots(self) -> int:
        return self._slots

    def start(self, ticket: Ticket) -> None:
        assert len(self._queue) + len(self._answered) < self._slots
        self._queue.append(ticket)

    def wait(self, timeout_s: float) -> Sequence[tuple[int, WireResult]]:
        clock = self._world.clock
        if not self._queue and not self._answered:
            clock.advance(max(1, int(timeout_s * 1000) * self.haste))
            return ()
        while self._queue:
            self._leave(self._queue.pop(0))
        answered = min(self._answered)
        self._answered.remove(answered)
        clock.advance(max(0, answered.due_ms - clock.boottime_ms()))
        self._points.reach("answer received")
        return [(answered.number, answered.result)]

    def close(self) -> None:
        self._queue.clear()
        self._answered.clear()

    def _leave(self, ticket: Ticket) -> None:
        clock = self._world.clock
        if len(self._world.requests) == self._world.sleep_after:
            clock.advance(3_600_000)
        # All that wait leave at once: only what happens at this very point can hold one up.
        before_ms = clock.boottime_ms()
        self._points.reach("request leaves")
        refusal = self._refusal(ticket, clock.boottime_ms() - before_ms) or self._points.unreachable()
        clock.advance(TRAVEL_MS)
        if refusal:
            result: WireResult = NotSent(refusal)
            delay_ms = 0
        else:
            result, delay_ms = self._world.carry_out(
                ticket.request, lambda: self._points.reach("request carried out, no answer yet")
            )
        due_ms = clock.boottime_ms() + delay_ms + TRAVEL_MS
        self._answered.append(_Answered(due_ms, len(self._answered), ticket.number, result))

    def _refusal(self, ticket: Ticket, waited_ms: int) -> str:
        if not ticket.fenced:
            return ""
        if self._lock is not None and not self._lock.still_held():
            return "another run took over the state's lock"
        if waited_ms > STALE_AFTER_MS:
            return f"it waited {waited_ms} ms before it could be sent"
        return ""
