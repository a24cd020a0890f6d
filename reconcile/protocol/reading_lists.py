"""Reads the lists of many assignments, whole, as many at a time as the wire carries. All of them, or nothing is sent."""

from collections import Counter, deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

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

Alike: TypeAlias = tuple[str, Decimal, str, int]
"""(recipient, amount, comment, created_ms): what two payments are told apart by, where they have no ids."""
PAGES_MAX: Final = 10_000
"""Of one assignment: a list that never ends is no list."""
OVERLAPS_MAX: Final = 3
"""How often a list is read whose pages overlap: they may have moved while they were read."""


class Listed(NamedTuple):
    """A whole list, with names of its own. `perhaps`: payments that an earlier page shows, too, equal in everything: each is
    that one shown twice, or another one made in the same moment.
    """

    payments: tuple[RemotePayment, ...]
    perhaps: tuple[RemotePayment, ...] = ()


class Gathered:
    """One list as its pages come in. One that leads back to a page, or never ends, is no list. Its payments have no ids:
    what several pages show is certain only as often as one of them shows it.
    """

    def __init__(self) -> None:
        self._cursors: set[str] = set()
        self._payments: list[RemotePayment] = []
        self._perhaps: list[RemotePayment] = []
        self._shown: Counter[Alike] = Counter()

    @property
    def overlaps(self) -> bool:
        """Whether two of its pages show the same."""
        return bool(self._perhaps)

    def add(self, page: PaymentsPage) -> Unread | None:
        """Take the next page. Why nothing can be concluded from this list; None where it is sound so far."""
        if page.next_cursor in self._cursors:
            return Unread(code="", message="its pages lead back to one that was read")
        if len(self._cursors) >= PAGES_MAX:
            return Unread(code="", message="its list does not end")
        if page.next_cursor:
            self._cursors.add(page.next_cursor)
        if not self._shown and not page.next_cursor:
            self._payments += page.payments
            return None
        here: Counter[Alike] = Counter()
        for payment in page.payments:
            alike = (payment.recipient, payment.amount, payment.comment, payment.created_ms)
            here[alike] += 1
            (self._perhaps if here[alike] <= self._shown[alike] else self._payments).append(payment)
        self._shown |= here
        return None

    def whole(self) -> Listed:
        """Every payment with a name of its own: those of one millisecond are told apart by a number."""
        marked = [*((one, False) for one in self._payments), *((one, True) for one in self._perhaps)]
        marked.sort(key=lambda one: (one[0].created_ms, one[0].recipient, one[0].amount, one[0].comment, one[1]))
        seen: Counter[str] = Counter()
        found: dict[bool, list[RemotePayment]] = {False: [], True: []}
        for payment, perhaps in marked:
            seen[payment.remote_id] += 1
            found[perhaps].append(_renamed(payment, seen[payment.remote_id]))
        return Listed(tuple(found[False]), tuple(found[True]))


class _Page(NamedTuple):
    name: str
    cursor: str


def read_lists(gateway: Gateway, names: Sequence[str], control: Control) -> dict[str, Listed | Unread]:
    """Every page of each; Unread for one that the provider refuses to list (`final`). To be
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

    def whole(self) -> dict[str, Listed | Unread]:
        """The lists, each with names of its own."""
        return {name: self._refused.get(name) or one.whole() for name, one in self._lists.items()}

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
        listed = self._lists[page.name]
        problem = listed.add(answer)
        if problem is not None:
            raise _failed(self._gateway, page.name, problem)
        if listed.overlaps and self._overlaps[page.name] + 1 < OVERLAPS_MAX:
            # From its first page: what goes on overlapping is taken as it is.
            self._overlaps[page.name] += 1
            self._lists[page.name] = Gathered()
            self.waiting.append(_Page(page.name, ""))
        elif answer.next_cursor:
            self.waiting.append(_Page(page.name, answer.next_cursor))
        return True


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
