"""A person at a machine: a folder with specs, a config and a state, and what `bonusctl` does there.

The project layer runs as the command line runs it, with real files; the wire ends in the emulator's own code in this
process, the clock is the world's, and a run can die at any look at the clock and at any event on the wire.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from reconcile.diagnostics import Diagnostics
from reconcile.errors import StateError
from reconcile.model import PaymentStatus
from reconcile.plan.model import Plan
from reconcile.plan.saved import write_saved
from reconcile.project.approvals import Consent
from reconcile.project.config import Project, load_project
from reconcile.project.run import Orders, apply, refresh
from reconcile.project.specs import choose, plan_of
from reconcile.project.state_ops import backup_to, export_to, import_from, resolve, restore_from
from reconcile.project.stop import StopControl
from reconcile.protocol.report import Report
from reconcile.providers.base import Wire
from reconcile.settings import ProviderSettings
from reconcile.state.anchor import anchor_path
from reconcile.state.events import Result
from reconcile.state.ledger import RecordedPayment
from reconcile.state.reader import open_reader
from reconcile.state.verify import verify_file
from tests.moves.page import Row, row_of
from tests.support.world import Crash, Points, Quiet, SimClock, SimWire, World

T = TypeVar("T")


class Place(World):
    """The provider, the clock, and what was sent: shared by every desk."""

    def rows(self) -> list[Row]:
        """The provider's ledger, with everything in it that is due by now."""
        self.paid()
        query = "SELECT id, user_id, amount, private_comment FROM bonuses ORDER BY id"
        found = self.remote.ledger.connection.execute(query).fetchall()
        amounts = {remote_id: amount for remote_id, _, amount in self.paid()}
        return [row_of(str(row[0]), str(row[1]), amounts[str(row[0])], str(row[3])) for row in found]


class MortalClock(SimClock):
    """The world's clock; a look at it can be the last thing a run does."""

    def __init__(self, clock: SimClock, points: Points) -> None:
        self._clock = clock
        self._points = points

    def now_ms(self) -> int:
        self._points.reach("a look at the clock")
        return self._clock.now_ms()

    def boottime_ms(self) -> int:
        return self._clock.boottime_ms()

    def boot_id(self) -> str:
        return self._clock.boot_id()


@dataclass(slots=True)
class Desk:
    """One machine. `sent` are the payments that its last run put on the wire; `known` the names of its specs."""

    folder: Path
    place: Place
    points: Points = field(default_factory=Points)

    @property
    def project(self) -> Project:
        """The project as a command loads it, on the simulated machine."""
        environ = {"HOME": str(self.folder), "TOLOKA_TOKEN": "token", "USER": "ann"}
        project = load_project(folder=self.folder, config=None, environ=environ)
        return replace(project, clock=MortalClock(self.place.clock, self.points), connect=self._connect)

    def _connect(self, _settings: ProviderSettings, _fence: Callable[[], str]) -> Wire:
        return SimWire(self.place, self.points, 2)

    @property
    def state(self) -> Path:
        return self.folder / "state" / "bonusctl.db"

    # --- what is typed -----------------------------------------------------------------------------------------------

    def plan(self, out: Path) -> Plan:
        """`bonusctl plan --out`. The state is not written to: its head is the same before and after."""
        before = self.head()
        project = self.project
        with open_reader(project.state_path) as reader:
            plan = plan_of(choose(project), reader, project.clock.now_ms())
        if not plan.refused:
            write_saved(plan, out, created_ms=project.clock.now_ms(), version="0")
        assert self.head() == before, "a plan wrote to the state"
        return plan

    def apply(self, consent: Consent, points: Points, *, wait_s: int, limit: int | None = None) -> Report | None:
        """`bonusctl apply`; None where it died."""

        def run() -> Report:
            orders = Orders(command="apply", wait_s=wait_s, limit=limit)
            quiet = Quiet(self.place)
            control = StopControl(lambda text: None)
            chosen = choose(self.project)
            return apply(chosen, consent, orders, control=control, progress=quiet, shown=lambda plan: None)

        return self._dying(points, run)

    def refresh(self, points: Points, *, full: bool) -> Report | None:
        """`bonusctl refresh`; None where it died."""

        def run() -> Report:
            project = self.project
            control = StopControl(lambda text: None)
            orders = Orders(command="refresh", wait_s=0, full=full)
            return refresh(project, choose(project).providers(), orders, control=control, progress=Quiet(self.place))

        return self._dying(points, run)

    def export(self) -> list[str]:
        """`bonusctl state export`."""
        lines: list[str] = []
        export_to(self.project, lines.append)
        return lines

    def take(self, lines: Sequence[str]) -> bool:
        """`bonusctl state import`; False where it is refused, which it says in our own words."""
        try:
            import_from(self.project, lines, reason="moved")
        except StateError:
            return False
        return True

    def backup(self, target: Path) -> None:
        """`bonusctl state backup`."""
        backup_to(self.project, target)

    def restore(self, backup: Path) -> None:
        """`bonusctl state restore`."""
        restore_from(self.project, backup, reason="the disk died")

    def lose(self, *, whole: bool) -> None:
        """The state's file is gone; with `whole`, everything that lay beside it too."""
        for path in self.state.parent.glob("bonusctl.db*") if whole else [self.state]:
            path.unlink(missing_ok=True)

    def decide(self, address: str, result: Result) -> None:
        """`bonusctl state resolve`."""
        resolve(self.project, address, result=result, reason="seen in the list")

    # --- what can be seen --------------------------------------------------------------------------------------------

    def head(self) -> object:
        with open_reader(self.state) as reader:
            return None if reader is None else reader.head()

    def payments(self) -> list[RecordedPayment]:
        """Every payment that the state knows."""
        with open_reader(self.state) as reader:
            ledgers = () if reader is None else reader.ledgers()
            return [payment for one in ledgers for payment in (reader.all_payments(one.ledger) if reader else ())]

    def issued(self) -> list[RecordedPayment]:
        return [payment for payment in self.payments() if payment.status is PaymentStatus.ISSUED]

    def open(self) -> list[RecordedPayment]:
        """Payments that were prepared and are not settled."""
        return [payment for payment in self.payments() if payment.status is PaymentStatus.PREPARED]

    def sound(self) -> bool:
        """`bonusctl state verify`."""
        return not self.state.exists() or verify_file(self.state).sound

    def errors(self) -> list[str]:
        """What is wrong with the specs."""
        diagnostics = Diagnostics()
        for _ in choose(self.project).desired(diagnostics):
            pass
        return [one.summary for one in diagnostics]

    def _dying(self, points: Points, run: Callable[[], T]) -> T | None:
        """A run that a crash may end. Nothing that only a living process does at its end is left of it."""
        anchor = anchor_path(self.state)
        before = anchor.read_bytes() if anchor.exists() else None
        self.points = points
        try:
            return run()
        except Crash:
            if before is None:
                anchor.unlink(missing_ok=True)
            else:
                anchor.write_bytes(before)
            return None
        finally:
            self.points = Points()
