"""Reads the lists of many assignments, whole, as many at a time as the wire carries. All of them, or nothing is sent."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from reconcile.errors import Interrupted
from reconcile.protocol.gateway import (
    BACKOFF_FIRST_S,
    READ_TRIES,
    SHORT_WAIT_S,
    Gateway,
    is_long,
    over_ms,
    refused_access,
    told,
)
from reconcile.protocol.ports import Control
from reconcile.protocol.scan import ScanFailed
from reconcile.providers.base import ListPayments, PaymentsPage, RemotePayment, Trouble, Unread

PAGES_MAX: Final = 10_000
"""Of one assignment: a list that never ends is no list."""
OVERLAPS_MAX: Final = 3
"""How often a list is read whose pages overlap: they may have moved while they were read."""
OVERLAP: Final = Unread(
    code="",
    message="two of its pages show the same payment, or payments that are equal in everything, their time too: what was "
    "paid cannot be counted",
)


class Gathered:
    """One list as its pages come in. One that leads back to a page, never ends, or repeats what an earlier page showed is
    no list: its payments have no ids, so that a repetition would count twice.
    """

    def __init__(self) -> None:
        self.payments: list[RemotePayment] = []
        self._cursors: set[str] = set()
        self._shown: set[tuple[str, Decimal, str, int]] = set()

    def add(self, page: PaymentsPage) -> Unread | None:
        """Take the next page. Why nothing can be concluded from this list; None where it is sound so far."""
        if self._shown or page.next_cursor:
            shown = {(one.recipient, one.amount, one.comment, one.created_ms) for one in page.payments}
            if not shown.isdisjoint(self._shown):
                return OVERLAP
            self._shown |= shown
        if page.next_cursor in self._cursors:
            return Unread(code="", message="its pages lead back to one that was read")
        if len(self._cursors) >= PAGES_MAX:
            return Unread(code="", message="its list does not end")
        if page.next_cursor:
            self._cursors.add(page.next_cursor)
        self.payments += page.payments
        return None


class _Page(NamedTuple):
    name: str
    cursor: str


def read_lists(
    gateway: Gateway, names: Sequence[str], control: Control
) -> dict[str, tuple[RemotePayment, ...] | Unread]:
    """Every page of each; Unread for one that the provider refuses to list (`final`), or whose pages overlap. To be
    called with nothing in flight. Raises ScanFailed where one stayed unread, Interrupted where a person stopped the run.
    """
    reading = _Reading(gateway, names)
    tries, pause_s = 0, BACKOFF_FIRST_S
    while reading.waiting and tries < READ_TRIES:
        if tries:
            gateway.sleep(min(max(pause_s, reading.pause_s), SHORT_WAIT_S))
            pause_s *= 2
        taken = reading.round(control)
        if control.stop_requested():
            raise Interrupted("Interrupted while what was paid was read: nothing was sent.")
        # A provider that is slow to answer thousands of questions answers them all, as long as it answers some.
        tries, pause_s = (1, BACKOFF_FIRST_S) if taken else (tries + 1, pause_s)
    if reading.waiting:
        assert reading.problem is not None
        raise _failed(gateway, reading.waiting[0].name, reading.problem)
    return reading.whole()


class _Reading:
    """Lists on their way. `waiting`: pages that are still to be asked for."""

    def __init__(self, gateway: Gateway, names: Sequence[str]) -> None:
        self._gateway = gateway
        self._lists = {name: Gathered() for name in names}
        self._refused: dict[str, Unread] = {}
        self._overlaps: Counter[str] = Counter()
        self.waiting = deque(_Page(name, "") for name in names)
        self.problem: Unread | None = None
        self.pause_s = 0.0

    def round(self, control: Control) -> int:
        """Ask for everything that waits; what stays unread waits again. Returns how many pages were read."""
        gateway = self._gateway
        again: list[_Page] = []
        flying: dict[int, _Page] = {}
        self.pause_s, taken = 0.0, 0
        while flying or self.waiting:
            hurried = bool(again) and self.problem is not None and self.problem.trouble is not Trouble.NONE
            idle = hurried or control.stop_requested()
            while self.waiting and gateway.free and not gateway.pace_wait_ms() and not idle:
                page = self.waiting.popleft()
                flying[gateway.start(ListPayments(None, page.cursor, page.name))] = page
            if not flying:
                if idle:
                    break
                gateway.sleep(gateway.pace_wait_ms() / 1000)
                continue
            for reply in gateway.collect(0.25):
                page = flying.pop(reply.number)
                assert isinstance(reply.answer, PaymentsPage | Unread)
                if self._take(page, reply.answer):
                    taken += 1
                else:
                    again.append(page)
        self.waiting.extend(again)
        return taken

    def whole(self) -> dict[str, tuple[RemotePayment, ...] | Unread]:
        """The lists, each with names of its own."""
        return {name: self._refused.get(name) or tuple(numbered(one.payments)) for name, one in self._lists.items()}

    def _take(self, page: _Page, answer: PaymentsPage | Unread) -> bool:
        """One answer; False where it has to be asked for again."""
        if isinstance(answer, Unread):
            if answer.trouble is Trouble.STOP:
                raise refused_access(self._gateway.settings, answer)
            if answer.final:
                self._refused[page.name] = answer
                return True
            if is_long(answer):
                raise _failed(self._gateway, page.name, answer)
            self.problem, self.pause_s = answer, max(self.pause_s, answer.retry_after_s or 0.0)
            return False
        problem = self._lists[page.name].add(answer)
        if problem is OVERLAP:
            self._read_anew(page.name)
        elif problem is not None:
            raise _failed(self._gateway, page.name, problem)
        elif answer.next_cursor:
            self.waiting.append(_Page(page.name, answer.next_cursor))
        return True

    def _read_anew(self, name: str) -> None:
        """From its first page; a list that goes on overlapping says nothing, of this assignment alone."""
        self._overlaps[name] += 1
        if self._overlaps[name] < OVERLAPS_MAX:
            self._lists[name] = Gathered()
            self.waiting.append(_Page(name, ""))
        else:
            self._refused[name] = OVERLAP


def numbered(payments: Iterable[RemotePayment]) -> list[RemotePayment]:
    """A whole list with names of its own: payments of one millisecond are told apart by a number."""
    seen: Counter[str] = Counter()
    found = []
    for payment in sorted(payments, key=lambda one: (one.created_ms, one.recipient, one.amount, one.comment)):
        seen[payment.remote_id] += 1
        found.append(_renamed(payment, seen[payment.remote_id]))
    return found


def _renamed(payment: RemotePayment, number: int) -> RemotePayment:
    return payment if number == 1 else payment._replace(remote_id=f"{payment.remote_id}.{number}")


def _failed(gateway: Gateway, name: str, problem: Unread) -> ScanFailed:
    failed = ScanFailed(
        f"{gateway.settings.name}: the payments of assignment {name} could not be read: {told(problem, gateway.codec)}",
        detail="Nothing was sent: what was paid already must be known first.",
        remedy="Run it again; nothing is lost.",
    )
    failed.until_ms = over_ms(problem, gateway.moment())
    return failed
