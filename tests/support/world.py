"""A whole run in one process: the production protocol, planner and SQLite state, the emulator's own answers, one clock.

Only the edges are the test's: a wire that hands a request's bytes to the emulator's code, a clock that moves when
something waits, and `Points`, which counts every durable write and every network event and can end the run at any of
them, as a killed process would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from reconcile.emulator.api import answer_api
from reconcile.emulator.control import Running
from reconcile.emulator.fault import Fault
from reconcile.emulator.faults import FaultBook
from reconcile.emulator.ledger import Ledger as RemoteLedger
from reconcile.emulator.messages import Answer, Head, make_request
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Delivery, Orders
from reconcile.emulator.sends import run_due
from reconcile.errors import StateWriteFailed
from reconcile.model import Campaign, Desired, Identity, Texts
from reconcile.money import Money, parse_amount
from reconcile.plan.approval import approve_digest, judge
from reconcile.plan.model import Plan, PlanScope
from reconcile.plan.planner import make_plan
from reconcile.plan.wanted import still_wanted
from reconcile.protocol.report import Paid, Report
from reconcile.protocol.runner import Consented, Ports, ProviderAccess, RunOptions, run_apply, run_refresh
from reconcile.providers.base import AccountFound, Lost, NotSent, Ticket, WireRequest, WireResponse, WireResult
from reconcile.providers.registry import make_codec
from reconcile.settings import Policies, ProviderSettings, Settings
from reconcile.state.backup import restore_state
from reconcile.state.events import Event, PaymentResolved, Result
from reconcile.state.ledger import Ledger, OperationRecord, StateReader
from reconcile.state.lock import Holder, acquire
from reconcile.state.sqlite import open_ledger
from reconcile.times import utc_day_start

LINEAGE = str(UUID(int=1))
START_MS = 1_700_000_000_000
TRAVEL_MS = 20


class Crash(BaseException):
    """The process is gone, here and now."""


@dataclass(slots=True)
class Points:
    """Every place where a run can die, counted. `die_at`: numbers of the events at which it does, from 1.
    `fail_commit`: the number of the commit that does not become durable, as on a full disk.
    """

    die_at: frozenset[int] = frozenset()
    fail_commit: int = 0
    count: int = 0
    names: dict[str, int] = field(default_factory=dict)

    def reach(self, name: str) -> None:
        self.count += 1
        self.names[name] = self.names.get(name, 0) + 1
        if self.count in self.die_at:
            raise Crash(name)


@dataclass(slots=True)
class SimClock:
    """Wall clock and boot-time clock that move together unless a test moves one of them."""

    wall_ms: int = START_MS
    boot_ms: int = 1_000_000
    boot: str = "boot-1"

    def now_ms(self) -> int:
        return self.wall_ms

    def boottime_ms(self) -> int:
        return self.boot_ms

    def boot_id(self) -> str:
        return self.boot

    def advance(self, milliseconds: int) -> None:
        self.wall_ms += milliseconds
        self.boot_ms += milliseconds


class Server(RemoteLedger):
    """The emulator's ledger, on the world's clock."""

    def __init__(self, path: Path, clock: SimClock) -> None:
        super().__init__(path, first_id=Options().first_id)
        # Its disk is not the subject of these tests.
        self.connection.execute("PRAGMA synchronous = OFF")
        self._clock = clock

    def now_ms(self) -> int:
        return self._clock.now_ms() + self.clock_offset_ms()


class SimWire:
    """Hands requests to the emulator's code, one after the other, and loses what the faults lose."""

    def __init__(self, world: World, points: Points, slots: int) -> None:
        self._world = world
        self._points = points
        self._slots = slots
        self._queue: list[Ticket] = []

    @property
    def slots(self) -> int:
        return self._slots

    def start(self, ticket: Ticket) -> None:
        assert len(self._queue) < self._slots
        self._queue.append(ticket)

    def wait(self, timeout_s: float) -> Sequence[tuple[int, WireResult]]:
        if not self._queue:
            self._world.clock.advance(max(1, int(timeout_s * 1000)))
            return ()
        if len(self._world.requests) == self._world.sleep_after:
            self._world.clock.advance(3_600_000)
        ticket = self._queue.pop(0)
        self._points.reach("request leaves")
        self._world.clock.advance(TRAVEL_MS)
        result = self._world.serve(ticket.request, lambda: self._points.reach("request carried out, no answer yet"))
        self._world.clock.advance(TRAVEL_MS)
        self._points.reach("answer received")
        return [(ticket.number, result)]

    def close(self) -> None:
        self._queue.clear()


class CrashingLedger:
    """The real state; dies before or after a commit when the points say so."""

    def __init__(self, ledger: Ledger, points: Points) -> None:
        self._ledger = ledger
        self._points = points

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def commit(self, events: Sequence[Event]) -> None:
        self._points.reach("before commit")
        if self._points.names["before commit"] == self._points.fail_commit:
            raise StateWriteFailed("the disk is full")
        self._ledger.commit(events)
        self._points.reach("after commit")


class Quiet:
    """No one watches; somebody asks for a stop once so many requests were served (0: never)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def stop_requested(self) -> bool:
        return 0 < self._world.stop_after <= len(self._world.requests)

    def phase(self, text: str) -> None: ...

    def paying(self, provider: str, *, payments: int, amount: Money) -> None: ...

    def settled(self, paid: Sequence[Paid], *, rejected: int, under_way: int) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(slots=True)
class SimProject:
    """Specs as values, and somebody who agrees to every plan that is not refused."""

    world: World
    project: str = ""

    def wanted(self, settings: ProviderSettings, operations: Sequence[OperationRecord]) -> frozenset[bytes]:
        with self.world.reading() as reader:
            return still_wanted(operations, desired=self.world.desired, reader=reader, settings=settings)

    def plan(self, reader: StateReader) -> Plan:
        return self.world.plan(reader)

    def consent(self, plan: Plan, reader: StateReader, accounts: Mapping[str, AccountFound]) -> Consented:
        assert not plan.refused, [found.summary for found in plan.diagnostics]
        self.world.while_asking()
        if self.world.expect_digest:
            return self._approved(plan, reader)
        entries = tuple((change.payment_id or b"", change.entry) for change in plan.payments)
        known = reader.approved(plan.digest) is not None
        return Consented(plan.payments, (), plan.digest, () if known or not entries else entries, 0)

    def _approved(self, plan: Plan, reader: StateReader) -> Consented:
        approved = approve_digest(self.world.expect_digest, plan, reader)
        judged = judge(approved, plan, reader)
        entries = () if reader.approved(approved.digest) is not None else tuple(approved.entries.items())
        return Consented(judged.send, judged.not_approved, approved.digest, entries, judged.no_longer_asked)


@dataclass(slots=True)
class World:
    """A folder with a state, an emulator's ledger, and what the specs say."""

    folder: Path
    desired: list[Desired] = field(default_factory=list)
    clock: SimClock = field(default_factory=SimClock)
    options: Options = field(default_factory=Options)
    settings: Settings = field(default_factory=lambda: settings())
    faults: list[Fault] = field(default_factory=list)
    running: Running | None = None
    current: Ledger | None = None
    while_asking: Callable[[], None] = lambda: None
    runs: int = 0
    stop_after: int = 0
    sleep_after: int = -1
    expect_digest: str = ""
    requests: list[WireRequest] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "bonusctl.db"

    @property
    def remote(self) -> Running:
        if self.running is None:
            server = Server(self.folder / "remote.db", self.clock)
            self.running = Running(ledger=server, options=self.options, book=FaultBook(self.faults))
        return self.running

    def strike(self, *faults: Fault) -> None:
        """Faults from now on, counted anew."""
        self.remote.book = FaultBook(faults)

    def close(self) -> None:
        if self.running is not None:
            self.running.ledger.close()

    # --- the provider ------------------------------------------------------------------------------------------------

    def serve(self, request: WireRequest, carried_out: Callable[[], None]) -> WireResult:
        self.requests.append(request)
        running = self.remote
        head = Head(request.method, request.target, {"content-type": "application/json"}, True, 0, len(request.body))
        with running.ledger.transaction(writes=True):
            run_due(running.ledger, running.options, running.ledger.now_ms())
            answer, orders = answer_api(running, make_request(head, request.body), self.clock.boottime_ms())
        carried_out()
        self.clock.advance(orders.delay_ms)
        return self._deliver(answer, orders)

    def _deliver(self, answer: Answer, orders: Orders) -> WireResult:
        if orders.delivery is Delivery.HANG:
            self.clock.advance(30_000)
            return Lost("time-out")
        if orders.delivery in (Delivery.CLOSE, Delivery.RESET, Delivery.TRUNCATE):
            return Lost("connection closed")
        body = answer.body[: len(answer.body) // 2] if orders.delivery is Delivery.SHORTEN else answer.body
        headers = {"content-type": answer.content_type} | {name.lower(): value for name, value in answer.headers}
        headers["date"] = http_date(self.remote.ledger.now_ms())
        return WireResponse(answer.status, headers, body)

    def paid(self) -> list[tuple[str, str, Decimal]]:
        """What the provider paid: (remote id, recipient, amount)."""
        with self.remote.ledger.transaction(writes=True):
            run_due(self.remote.ledger, self.remote.options, self.remote.ledger.now_ms())
        rows = self.remote.ledger.connection.execute("SELECT id, user_id, amount FROM bonuses ORDER BY id").fetchall()
        return [(str(row[0]), str(row[1]), Decimal(row[2])) for row in rows]

    # --- runs --------------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[StateReader]:
        assert self.current is not None
        yield self.current

    def plan(self, reader: StateReader) -> Plan:
        names = frozenset(bonus.campaign.name for bonus in self.desired)
        scope = PlanScope(whole=names, held=names)
        day = utc_day_start(self.clock.now_ms())
        return make_plan(settings=self.settings, desired=self.desired, reader=reader, scope=scope, day_start_ms=day)

    def apply(self, points: Points | None = None, *, slots: int = 2, **options: object) -> Report:
        """One run of apply; a Crash leaves the state as the dead process left it."""
        return self._run(points or Points(), slots, "apply", options)

    def refresh(self, points: Points | None = None, *, slots: int = 2, **options: object) -> Report:
        return self._run(points or Points(), slots, "refresh", options)

    def _run(self, points: Points, slots: int, command: str, options: dict[str, object]) -> Report:
        self.runs += 1
        run = RunOptions(
            run_id=str(UUID(int=self.runs)),
            command=command,
            actor="test",
            host="test",
            git_commit="",
            version="0",
            **options,  # type: ignore[arg-type]
        )
        holder = Holder(pid=1, host="test", command=command, since_ms=self.clock.now_ms())
        lock = acquire(self.state, holder, timeout_s=0)
        try:
            with open_ledger(self.state, lock=lock, lineage=LINEAGE, at_ms=self.clock.now_ms()) as real:
                self.current = CrashingLedger(real, points)  # type: ignore[assignment]
                assert self.current is not None
                quiet = Quiet(self)
                ports = Ports(ledger=self.current, clock=self.clock, control=quiet, progress=quiet)
                provider = self.settings.providers[0]
                access = ProviderAccess(provider, make_codec(provider), SimWire(self, points, slots))
                if command == "refresh":
                    return run_refresh(ports, [access], "", run)
                return run_apply(ports, [access], SimProject(self), run)
        finally:
            self.current = None
            lock.release()

    def restore(self, backup: Path) -> None:
        """Put a backup in the state's place, as `state restore` does."""
        lock = acquire(self.state, Holder(pid=1, host="test", command="restore", since_ms=0), timeout_s=0)
        try:
            restore_state(
                backup, self.state, lock=lock, actor="test", reason="", at_ms=self.clock.now_ms(), network_allowed=True
            )
        finally:
            lock.release()

    @contextmanager
    def looking(self) -> Iterator[Ledger]:
        """The state between two runs."""
        lock = acquire(self.state, Holder(pid=1, host="test", command="look", since_ms=0), timeout_s=0)
        try:
            with open_ledger(self.state, lock=lock, lineage=LINEAGE, at_ms=self.clock.now_ms()) as ledger:
                yield ledger
        finally:
            lock.release()

    def issued(self) -> dict[str, Decimal]:
        """What the state calls issued, by address."""
        with self.looking() as ledger:
            rows: dict[str, Decimal] = {}
            for record in ledger.ledgers():
                for payment in ledger.all_payments(record.ledger):
                    if payment.status == "issued":
                        name = f"{payment.campaign}/{payment.recipient}"
                        rows[name] = rows.get(name, Decimal(0)) + payment.amount
            return rows

    def remote_ids(self) -> dict[str, str]:
        """The provider's ids of what the state calls issued, by address."""
        with self.looking() as ledger:
            return {
                f"{payment.campaign}/{payment.recipient}": payment.remote_id
                for record in ledger.ledgers()
                for payment in ledger.all_payments(record.ledger)
                if payment.status == "issued"
            }

    def resolve_issued(self, recipient: str) -> None:
        """A person says that a payment in doubt was made."""
        with self.looking() as ledger:
            open_items = [
                item
                for record in ledger.ledgers()
                for one in ledger.open_operations(record.ledger)
                for item in one.items
            ]
            for item in open_items:
                if item.recipient == recipient:
                    resolved = PaymentResolved(
                        ledger=1,
                        payment_id=item.payment_id,
                        result=Result.ISSUED,
                        reason="seen",
                        actor="test",
                        at_ms=self.clock.now_ms(),
                    )
                    ledger.commit([resolved])


def settings(**changes: object) -> Settings:
    """One asynchronous Toloka provider in the sandbox (so that the gate is real), or with changes."""
    provider = ProviderSettings(name="toloka", type="toloka", environment="sandbox", fee_percent=Decimal(0))
    return Settings(
        path=Path("bonusctl.yaml"),
        root=Path(),
        project="",
        specs=("specs/",),
        state="bonusctl.db",
        providers=(replace(provider, **changes),),  # type: ignore[arg-type]
        policies=(("USD", Policies()),),
    )


def bonus(
    recipient: str,
    amount: str,
    *,
    campaign: str = "c",
    key: str = "",
    assignment_id: str = "",
    texts: Texts = (("public_title", (("EN", "Thanks"),)),),
) -> Desired:
    """A desired bonus, written short."""
    head = Campaign(campaign, "toloka", None, frozenset(), "", "specs/c.yaml", 1)
    identity = Identity("", campaign, recipient, assignment_id, key)
    exact = parse_amount(amount, decimals_max=3)
    return Desired(
        identity.bonus_id,
        head,
        recipient,
        assignment_id,
        key,
        exact,
        lambda: texts,
        frozenset(),
        None,
        "specs/c.yaml",
        1,
    )


def http_date(at_ms: int) -> str:
    """An HTTP Date, whole seconds."""
    from email.utils import formatdate

    return formatdate(at_ms / 1000, usegmt=True)


__all__ = ["Crash", "Fault", "NotSent", "Points", "World", "bonus", "settings"]
