"""A whole run in one process: the production protocol, planner and SQLite state, the emulator's own answers, one clock.

Only the edges are the test's: a wire that hands a request's bytes to the emulator's code, a clock that moves when
something waits, and `Points`, which counts every durable write and every network event and can end the run at any of
them, as a killed process would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from reconcile.emulator.control import Running
from reconcile.emulator.fault import Fault
from reconcile.emulator.faults import FaultBook
from reconcile.emulator.options import Options
from reconcile.emulator.sends import run_due
from reconcile.model import Desired
from reconcile.money import Money
from reconcile.plan.approval import approve_digest, judge
from reconcile.plan.model import Plan, PlanScope
from reconcile.plan.planner import make_plan
from reconcile.plan.wanted import still_wanted
from reconcile.protocol.report import LeftBonus, Paid, Report
from reconcile.protocol.runner import Consented, Ports, ProviderAccess, RunOptions, run_apply, run_refresh
from reconcile.providers.base import AccountFound, NotSent, WireRequest, WireResult
from reconcile.providers.registry import make_codec
from reconcile.rows import IN_MEMORY, Spooling
from reconcile.settings import ProviderSettings, Settings
from reconcile.state.backup import restore_state
from reconcile.state.events import PaymentResolved, Result
from reconcile.state.ledger import Ledger, OperationRecord, StateReader
from reconcile.state.lock import Holder, RunLock, acquire
from reconcile.times import utc_day_start
from tests.support.asked import bonus, settings
from tests.support.points import Crash, CrashingLedger, Points
from tests.support.sim_provider import Server, SimClock, answer_request, travelling
from tests.support.sim_wire import SimWire
from tests.support.spilling import SPILLING
from tests.support.stores import LINEAGE, FileStore, Store


class Quiet:
    """No one watches; somebody asks for a stop once so many requests were served (0: never)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def stop_requested(self) -> bool:
        return 0 < self._world.stop_after <= len(self._world.requests)

    def phase(self, text: str) -> None: ...

    def paying(self, provider: str, *, payments: int, amount: Money) -> None: ...

    def settled(self, paid: Sequence[Paid], *, rejected: Sequence[LeftBonus], under_way: int) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(slots=True)
class SimProject:
    """Specs as values, and somebody who agrees to every plan that is not refused."""

    world: World
    ledger: Ledger
    project: str = ""

    def wanted(
        self, settings: ProviderSettings, operations: Sequence[OperationRecord], *, renamed: bool
    ) -> frozenset[bytes]:
        return still_wanted(
            operations, desired=self.world.desired, reader=self.ledger, settings=settings, renamed=renamed
        )

    def look(self) -> Plan:
        return self.world.plan(self.ledger)

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
    make_wire: type[SimWire] = SimWire
    make_ledger: type[CrashingLedger] = CrashingLedger
    kept: Store | None = None

    @property
    def store(self) -> Store:
        """Where the state is kept: in its file, unless the world was given another place."""
        if self.kept is None:
            self.kept = FileStore(self.state)
        return self.kept

    @property
    def state(self) -> Path:
        return self.folder / "bonusctl.db"

    @property
    def remote(self) -> Running:
        if self.running is None:
            server = Server(None, self.clock)
            self.running = Running(ledger=server, options=self.options, book=FaultBook(self.faults))
        return self.running

    def strike(self, *faults: Fault) -> None:
        """Faults from now on, counted anew."""
        self.remote.book = FaultBook(faults)

    def close(self) -> None:
        self.store.close()
        if self.running is not None:
            self.running.ledger.close()

    # --- the provider ------------------------------------------------------------------------------------------------

    def serve(self, request: WireRequest, carried_out: Callable[[], None]) -> WireResult:
        """Carry a request out and wait for what comes back."""
        result, delay_ms = self.carry_out(request, carried_out)
        self.clock.advance(delay_ms)
        return result

    def carry_out(self, request: WireRequest, carried_out: Callable[[], None]) -> tuple[WireResult, int]:
        """What comes back of a request, and after how many milliseconds."""
        self.requests.append(request)
        answer, orders = answer_request(self.remote, request, self.clock)
        carried_out()
        return travelling(answer, orders, self.remote.ledger.now_ms())

    def paid(self) -> list[tuple[str, str, Decimal]]:
        """What the provider paid: (remote id, recipient, amount)."""
        with self.remote.ledger.transaction(writes=True):
            run_due(self.remote.ledger, self.remote.options, self.remote.ledger.now_ms())
        rows = self.remote.ledger.connection.execute("SELECT id, user_id, amount FROM bonuses ORDER BY id").fetchall()
        return [(str(row[0]), str(row[1]), Decimal(row[2])) for row in rows]

    # --- runs --------------------------------------------------------------------------------------------------------

    def plan(self, reader: StateReader) -> Plan:
        names = frozenset(bonus.campaign.name for bonus in self.desired)
        scope = PlanScope(whole=names, held=names)
        day = utc_day_start(self.clock.now_ms())
        return make_plan(
            settings=self.settings,
            desired=self.desired,
            reader=reader,
            scope=scope,
            day_start_ms=day,
            spooling=self.spooling,
        )

    @property
    def spooling(self) -> Spooling:
        """In every other run no row of plan and report stays as it is: nothing may depend on where rows wait."""
        return SPILLING if (self.runs + len(self.desired)) % 2 else IN_MEMORY

    def apply(self, points: Points | None = None, *, slots: int = 2, **options: object) -> Report:
        """One run of apply; a Crash leaves the state as the dead process left it."""
        return self._run(points or Points(), slots, "apply", options)

    def refresh(self, points: Points | None = None, *, slots: int = 2, **options: object) -> Report:
        return self._run(points or Points(), slots, "refresh", options)

    def _run(self, points: Points, slots: int, command: str, options: dict[str, object]) -> Report:
        with self.opened(points, slots, command, options) as (ports, access, run):
            if command == "refresh":
                return run_refresh(ports, [access], "", run)
            return run_apply(ports, [access], SimProject(self, ports.ledger), run)

    @contextmanager
    def opened(
        self, points: Points, slots: int, command: str, options: dict[str, object]
    ) -> Iterator[tuple[Ports, ProviderAccess, RunOptions]]:
        """What a run of any command gets: the state under its lock, the wire, and who runs it."""
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
        former = self.current
        try:
            with self.locked(command) as lock, self.store.open(lock, self.clock.now_ms()) as real:
                ledger: Ledger = self.make_ledger(real, points)  # type: ignore[assignment]
                self.current = ledger
                quiet = Quiet(self)
                ports = Ports(ledger=ledger, clock=self.clock, control=quiet, progress=quiet, spooling=self.spooling)
                provider = self.settings.providers[0]
                wire = self.make_wire(self, points, slots, lock)
                yield ports, ProviderAccess(provider, make_codec(provider), wire), run
        finally:
            self.current = former

    @contextmanager
    def locked(self, command: str) -> Iterator[RunLock]:
        """The state's lock, as one process holds it."""
        holder = Holder(pid=1, host="test", command=command, since_ms=self.clock.now_ms())
        with acquire(self.state, holder, timeout_s=0) as lock:
            yield lock

    def restore(self, backup: Path) -> None:
        """Put a backup in the state's place, as `state restore` does."""
        with self.locked("restore") as lock:
            restore_state(
                backup, self.state, lock=lock, actor="test", reason="", at_ms=self.clock.now_ms(), network_allowed=True
            )

    @contextmanager
    def looking(self) -> Iterator[Ledger]:
        """The state between two runs."""
        with self.locked("look") as lock, self.store.open(lock, self.clock.now_ms()) as ledger:
            yield ledger

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


__all__ = [
    "LINEAGE",
    "Crash",
    "Fault",
    "NotSent",
    "Points",
    "Quiet",
    "SimClock",
    "SimWire",
    "World",
    "bonus",
    "settings",
]
