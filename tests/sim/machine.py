"""A machine that runs bonusctl in a simulated world, every step of it watched, and every point of it a choice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconcile.errors import BonusctlError, EventRefused, Refused, StateError, StateWriteFailed
from reconcile.plan.model import Plan
from reconcile.protocol.report import Report
from reconcile.protocol.runner import run_apply, run_refresh
from reconcile.providers.base import WireRequest, WireResult
from reconcile.state.events import Event, StateCarried
from reconcile.state.ledger import Ledger
from reconcile.state.lock import Holder, take_over
from tests.sim.book import Book
from tests.sim.mturk_end import with_pages
from tests.sim.rules import Clocked, Trace
from tests.sim.watch import Watch, is_send
from tests.support.points import Crash, CrashingLedger, Points
from tests.support.sim_wire import SimWire
from tests.support.world import SimProject, World

if TYPE_CHECKING:
    from tests.sim.history import History

WINDOW_MS = 900_000
DATE_MS = 1_000
"""How exact the provider's Date is: whole seconds."""


@dataclass(slots=True)
class ChosenPoints(Points):
    """Points at which the history decides what happens."""

    machine: Machine | None = None

    def reach(self, name: str) -> None:
        assert self.machine is not None
        self.count += 1
        self.names[name] = self.names.get(name, 0) + 1
        self.machine.history.moments.at_point(self.machine, name)

    def unreachable(self) -> str:
        assert self.machine is not None
        return self.machine.history.moments.connection()


class HastyWire(SimWire):
    """Hours of waiting in few turns."""

    haste = 16


class WatchedLedger(CrashingLedger):
    """The real state: each commit is checked against the rules, and may fail, with or without becoming durable."""

    def commit(self, events: Sequence[Event]) -> None:
        points = self._points
        assert isinstance(points, ChosenPoints)
        assert points.machine is not None
        machine = points.machine
        points.reach("before commit")
        machine.history.watch.committing(machine, events)
        disk = machine.history.moments.disk()
        try:
            if self._failed or disk == 1:
                raise StateWriteFailed("the disk is full")
            self._ledger.commit(events)
            machine.history.watch.committed(machine, events)
            if disk:
                raise StateWriteFailed("the disk broke after the write")
        except EventRefused:
            # Nothing was written, and the ledger stays usable: a run may still say that it ended.
            raise
        except StateError:
            self._failed = machine.trace.failed = True
            raise
        points.reach("after commit")


class Careful(SimProject):
    """Somebody who agrees to every plan that is not refused."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        super().__init__(world, ledger)

    def plan(self, reader: object) -> Plan:
        plan = super().plan(reader)  # type: ignore[arg-type]
        if plan.refused:
            raise Refused("; ".join(found.summary for found in plan.diagnostics))
        return plan


@dataclass(slots=True, kw_only=True)
class Machine(World):
    """A machine with a state of its own. `life` changes where the state was lost or replaced; `cuts` are the lengths
    that its journal had after each commit: no backup can hold anything else. `page`: how many rows the provider gives on a
    page, 0 for as many as are asked for.
    """

    name: str
    history: History
    book: Book = field(default_factory=Book)
    clocked: Clocked = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    life: int = 0
    sending: bool = False
    page: int = 0

    @property
    def trace(self) -> Trace:
        """The run that goes on now."""
        return self.traces[-1]

    @property
    def watch(self) -> Watch:
        return self.history.watch

    def play(self, command: str = "apply", *, slots: int = 2, **options: object) -> Report | None:
        """One run, told in the story; None where it died or broke off."""
        told = self.history.tell
        told(f"{self.name}: {command}")
        with self.tracing(unread=options.get("scan") is False) as points:
            trace = self.trace
            try:
                with self.opened(points, slots, command, options) as (ports, access, run):
                    if command == "refresh":
                        report = run_refresh(ports, [access], "", run)
                    else:
                        report = run_apply(ports, [access], Careful(self, ports.ledger), run)
            except Crash as crash:
                told(f"  {self.name} died: {crash}")
                return None
            except BonusctlError as error:
                told(f"  {self.name} broke off: {error.summary}")
                return None
        left = ", ".join(f"{row.address} {row.why.value}" for row in report.left)
        told(f"  {self.name}: exit {report.exit_code}, {len(report.paid)} paid{f'; left: {left}' if left else ''}")
        # The report of a run that was pushed aside at its very end was true when it was made.
        self.watch.reported(self, report, whole=command == "apply" and not trace.aside)
        return report

    @contextmanager
    def tracing(self, *, unread: bool = False) -> Iterator[ChosenPoints]:
        """One run of any command, watched: its points."""
        self.traces.append(Trace(window_ms=WINDOW_MS - DATE_MS, unread=unread))
        try:
            yield ChosenPoints(machine=self)
        finally:
            self.traces.pop()

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        """The provider gets a request."""
        if self.page:
            request = request._replace(target=re.sub(r"limit=[0-9]+", f"limit={self.page}", request.target))
            request = with_pages(request, self.page)
        self.watch.leaving(self, request)
        self.sending = is_send(request)

        def done() -> None:
            self._again(request)
            self.watch.served()
            carried_out()

        return World.carry_out(self, request, done)

    def _again(self, request: WireRequest) -> None:
        again_ms = self.history.faults.again_ms
        self.history.faults.again_ms = None
        # A synchronous request whose id nobody looks at would be paid twice: against that no client can do anything.
        if again_ms is not None and self.history.provider.refuses_repetition(request):
            self.history.provider.deliver_again(request, again_ms)

    def pushed_aside(self) -> None:
        """`state unlock`: the lock goes to somebody else, whoever holds it; every gate closes."""
        holder = Holder(pid=2, host="test", command="state unlock", since_ms=self.clock.now_ms())
        _, lock = take_over(self.state, holder)
        for trace in self.traces:
            trace.aside = True
        with lock:
            if self.cuts:
                with self.store.open(lock, self.clock.now_ms()) as ledger:
                    carried = StateCarried(
                        how="unlocked", reason="", actor="test", epoch=ledger.epoch + 1, at_ms=self.clock.now_ms()
                    )
                    ledger.commit([carried])
                    self.note([carried])

    def note(self, events: Sequence[Event]) -> None:
        """Events that a person's command wrote."""
        self.book.take_all(events)
        self.cuts.append((self.cuts[-1] if self.cuts else 1) + len(events))

    def lose(self) -> None:
        """The state is gone."""
        self.store.lose()
        self.book, self.clocked, self.cuts, self.life = Book(), {}, [], self.life + 1

    def put_back(self, length: int, *, carried: str) -> None:
        """The state as it was after its first `length` events takes the present one's place."""
        events = self.store.events()[:length]
        with self.locked("restore") as lock:
            self.store.put_back(events, carried=carried, lock=lock, at_ms=self.clock.now_ms())
        self.life += 1
        self.book = Book().take_all(self.store.events())
        self.cuts = [cut for cut in self.cuts if cut <= length] + ([length + 1] if carried else [])
