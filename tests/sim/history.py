"""One history: runs with whatever happens in them, something between two runs, and four quiet runs at the end.

The same code plays a seed, one leaf of an enumeration, and a script: only the chooser differs. A person keeps the
rules that docs/modes.md gives: in batches and synchronous mode one state is the only writer and comes back by `state
restore`; after such a mode a lost or replaced state waits a settle window before asynchronous singles.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from pathlib import Path

from reconcile import identity
from reconcile.model import Desired, Identity
from reconcile.settings import Policies
from tests.sim.chooser import BETWEEN, Chooser
from tests.sim.deciding import decide_all
from tests.sim.events import TWIN, menu_of
from tests.sim.kinds import KINDS, SINGLES, Kind, Way
from tests.sim.machine import HastyWire, Machine, WatchedLedger
from tests.sim.moments import Moments
from tests.sim.mturk_end import MturkProvider, MturkTruth
from tests.sim.provider import ChosenFaults, TolokaProvider
from tests.sim.watch import Watch
from tests.sim.worlds import name_of
from tests.support.sim_provider import SimClock
from tests.support.stores import FileStore, MemoryStore

WINDOW_MS = 901_000
QUIET_MS = 20_000_000
"""Before the quiet runs: late requests and slow operations have come to their end."""
SEQUENCES_MAX = 12
"""More top-ups than a history asks for."""
_FOLDERS = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is played. `core`: only what differs most may happen. `nested`: others may run during a run. `files`: the
    state lies in a file. `disk`: commits may fail. `quiet`: how many quiet runs end it.
    """

    kind: Kind = SINGLES
    bonuses: int = 2
    rounds: int = 2
    core: bool = False
    nested: bool = True
    files: bool = False
    disk: bool = True
    quiet: int = 4


class History:
    """A world and what happens in it. `story` tells it in words, `struck` counts what went wrong by its kind."""

    def __init__(self, chooser: Chooser, shape: Shape, folder: Path) -> None:
        self.chooser = chooser
        self.shape = shape
        self.story: list[str] = []
        self.struck: Counter[str] = Counter()
        self.clock = SimClock()
        self.faults = ChosenFaults(chooser, self.tell, shape.core)
        self.kind = shape.kind
        make = MturkProvider if shape.kind.mturk else TolokaProvider
        self.provider: TolokaProvider | MturkProvider = make(shape.kind, self.clock, self.faults)
        self.watch = Watch(self.provider.truth, by_looks=shape.kind.by_looks)
        self.way = shape.kind.way
        self.policies = Policies()
        self.daily_limit = 10_000
        self.desired: list[Desired] = []
        self.formers: dict[bytes, Identity] = {}
        self.plain = self.way.singles
        self.carried = False
        self.copied = False
        self.shared = False
        self.moments = Moments(self)
        self._folder = folder
        self.machines = [self._machine("A", files=shape.files)]

    @property
    def first(self) -> Machine:
        """The machine that runs most."""
        return self.machines[0]

    def money(self, text: str) -> str:
        """An amount as it is written where this is played."""
        return self.shape.kind.money(text)

    def tell(self, text: str) -> None:
        """One more sentence of the story."""
        self.story.append(text)

    def play(self) -> None:
        """From the first run to the last quiet one. Raises Violation, or whatever the code raised, and Merged where what
        follows was played before.
        """
        try:
            self._begin()
            for number in range(1, self.shape.rounds + 1):
                self.chooser.run = f"run {number}"
                self._wait_if_carried()
                self._run()
                self.watch.served()
                self._between()
                self.chooser.came_to(lambda: name_of(self))
            self._finish()
        finally:
            self.struck += self.faults.struck
            for machine in self.machines:
                machine.store.close()
            self.provider.close()

    def _run(self) -> None:
        self.first.page = (0, 1, 2)[self.draw("pages", 3)]
        # Ctrl-C, once so many requests were served.
        stopped = self.chooser.pick("somebody stops it", 2)
        self.first.stop_after = (
            len(self.first.requests) + 2 * self.chooser.place("after requests", 10) if stopped else 0
        )
        if stopped:
            self.tell("somebody will stop this run")
            self.struck["somebody stops it"] += 1
        self.first.play(wait_s=(0, 60, 1_000)[self.draw("patience", 3)], slots=2 + self.draw("slots", 3))
        self.first.stop_after = 0

    def draw(self, about: str, options: int) -> int:
        """A detail that only seeds vary: an enumeration takes the first."""
        return self.chooser.place(about, options) if self.chooser.details else 0

    # --- what is asked for ---------------------------------------------------------------------------------------------

    def ask(self, row: Desired, *, group: str = "") -> None:
        """Ask for a bonus, in place of the one with the same identity."""
        name = group or self.watch.groups.get((row.recipient, row.key), row.recipient)
        self.desired = [other for other in self.desired if other.bonus_id != row.bonus_id] + [row]
        self.watch.ceilings[name] = max(self.watch.ceilings.get(name, Decimal(0)), row.amount)
        if group:
            self.watch.groups[row.recipient, row.key] = group
        for number in range(1, SEQUENCES_MAX):
            self.provider.truth.keys[identity.payment_id(row.bonus_id, number)] = row.key
        self._tell_machines()

    def withdraw(self, row: Desired) -> None:
        """Ask for it no longer."""
        self.desired = [other for other in self.desired if other.bonus_id != row.bonus_id]
        self._tell_machines()

    def rename(self, row: Desired, new: Desired, *, named: bool) -> None:
        """The same bonus under another name; `named`: the spec says what it was called before."""
        former = row.formerly or row.identity("")
        self.formers[new.bonus_id] = former
        self.withdraw(row)
        self.ask(new._replace(formerly=former if named else None))

    def send_by(self, way: Way) -> None:
        """How payments go out from now on."""
        self.way = way
        self.plain &= way.singles
        self._tell_machines()

    def allow_top_ups(self, *, allowed: bool) -> None:
        """The policy for higher amounts."""
        self.policies = Policies(allow_top_up=allowed)
        self._tell_machines()

    def limit_requests(self, number: int) -> None:
        """How many bonus requests a day the config allows."""
        self.daily_limit = number
        self._tell_machines()

    def _tell_machines(self) -> None:
        config = replace(self.shape.kind.settings(self.way), policies=((self.shape.kind.currency, self.policies),))
        (provider,) = config.providers
        config = replace(config, providers=(replace(provider, daily_request_limit=self.daily_limit),))
        for machine in self.machines:
            machine.desired, machine.settings = self.desired, config

    # --- between runs --------------------------------------------------------------------------------------------------

    def other(self) -> Machine:
        """The second machine, with a state of its own."""
        if len(self.machines) == 1:
            self.machines.append(self._machine("B", files=False))
            self._tell_machines()
        self.shared = True
        return self.machines[1]

    def in_flight(self) -> bool:
        """Whether anything may still be paid, or was sent, without any state's knowing what became of it."""
        self.provider.truth.catch_up()
        doubts = any(any(True for _ in machine.book.in_doubt()) for machine in self.machines)
        return doubts or any(True for _ in self.provider.truth.may_still_pay())

    def may_share(self) -> bool:
        """Whether a second state may be used: asynchronous singles alone, and no former name under way."""
        return self.plain and not (self.formers and self.in_flight())

    def beside(self, machine: Machine) -> Machine:
        """The machine that this one is not."""
        second = self.other()
        return self.first if machine is second else second

    def _between(self) -> None:
        menu = menu_of(self)
        option = self.chooser.pick("between", 1 + len(menu), BETWEEN)
        if option:
            event = menu[option - 1]
            if event.happen(self):
                self.tell(event.words)
                self.struck[event.words] += 1

    def _wait_if_carried(self) -> None:
        if self.way.singles and self.carried and not self.plain:
            self.clock.advance(WINDOW_MS)
            self.carried = False
            self.tell("a window passes first")

    def _machine(self, name: str, *, files: bool) -> Machine:
        folder = self._folder / (f"{name}-{next(_FOLDERS)}" if files else name)
        folder.mkdir(exist_ok=True)
        machine = Machine(
            folder=folder,
            clock=self.clock,
            running=self.provider.running,
            make_wire=HastyWire,
            make_ledger=WatchedLedger,
            name=name,
            history=self,
        )
        machine.kept = FileStore(machine.state) if files else MemoryStore()
        return machine

    # --- beginning and end -----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for number in range(self.shape.bonuses):
            self.ask(self.kind.bonus(self.kind.worker(f"w{number}"), self.money(f"{number + 1}.50")))
        if self.kind.mturk:
            # Two bonuses of one assignment, alike in all but their keys.
            worker = self.kind.worker("w0")
            self.ask(self.kind.bonus(worker, self.money("1.50"), key=TWIN), group=f"{worker}#{TWIN}")
        self.allow_top_ups(allowed=bool(self.draw("top-ups", 2)))
        if not self.way.singles and not self.draw("gate", 5):
            # Else most of a short history would be spent before the gate of a new state.
            self.chooser.muted = True
            self.first.play("refresh")
            self.clock.advance(WINDOW_MS)
            self.chooser.muted = False

    def _finish(self) -> None:
        self.chooser.muted = True
        self._wait_if_carried()
        self.provider.set_balance("100000.00")
        self.limit_requests(10_000)
        for row in self.desired:
            if row.formerly is None and row.bonus_id in self.formers:
                # What a refused plan asks for.
                self.ask(row._replace(formerly=self.formers[row.bonus_id]))
        self.clock.advance(QUIET_MS + max(0, -self.clock.skew_ms))
        self.tell("quiet runs")
        for machine in self.machines:
            self._rest(machine, self.shape.quiet)
            if self.kind.mturk and decide_all(machine):
                self.tell("a person decides, and quiet runs follow")
                self._rest(machine, 2)

    def _rest(self, machine: Machine, runs: int) -> None:
        """Quiet runs, and what must be true after them."""
        reports = []
        for _ in range(runs):
            reports.append(machine.play(wait_s=0))
            self.clock.advance(self.kind.rest_ms)
        assert reports[-1] is not None, "a quiet run broke off"
        self.watch.ended(machine, reports[-1], doubtful=self._doubtful())

    def _doubtful(self) -> bool:
        """Whether payments may stand at the provider that no list tells the owner of."""
        truth = self.provider.truth
        if not isinstance(truth, MturkTruth):
            return False
        lost = self.kind.by_looks and (self.shared or any(machine.life for machine in self.machines))
        # On two pages such twins look like one payment that is shown twice.
        parted = truth.has_twins() and any(machine.page for machine in self.machines)
        return lost or parted or bool(truth.by_hand)


def swarm(chooser: Chooser, seed: int, folder: Path) -> History:
    """The history of a seed: kind, size and length are drawn, too."""
    kind = KINDS[chooser.place("kind", len(KINDS))] if seed % 2 else SINGLES
    shape = Shape(
        kind=kind,
        bonuses=2 + chooser.place("bonuses", 4),
        rounds=1 + chooser.place("rounds", 4),
        files=seed % 40 == 7,
    )
    return History(chooser, shape, folder)
