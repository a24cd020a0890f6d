"""Seeded random histories: faults, crashes, edits, lost and restored states, clocks that jump; then four quiet runs.

Whatever happened, no payment stands twice at the provider, what the state calls issued is what was paid, and each
desired bonus is issued or named in the report. A failing seed replays: BONUSCTL_SEED=123 with this file.
"""

import os
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.model import parse_marker
from reconcile.settings import Policies
from tests.support.world import Crash, Fault, Points, World, bonus, settings

SEEDS = int(os.environ.get("BONUSCTL_HISTORIES", "150"))
MODES = [("async", 1), ("async", 1), ("async", 3), ("sync", 1), ("sync", 3)]
FAULTS = [
    ("cut_before", {}),
    ("cut_after", {}),
    ("hang", {}),
    ("error_after", {}),
    ("error_before", {"status": 503}),
    ("garble", {}),
    ("wrong_counts", {}),
    ("bare", {}),
    ("late", {"delay_ms": 400_000}),
    ("late", {"delay_ms": 800_000}),
    ("refuse", {}),
    ("too_many", {"interval": "MIN", "retry_after_s": 2}),
    ("slow_run", {"delay_ms": 900_000}),
    ("fail", {}),
    ("fail", {"made": 1}),
    ("reject", {}),
    ("reject", {"positions": (0,)}),
    ("reject_payment", {"positions": (1,)}),
    ("reject_payment", {}),
    ("log_archived", {}),
    ("lag", {"delay_ms": 600_000}),
    ("error_before", {"on": "operation"}),
    ("error_before", {"on": "operations"}),
    ("error_before", {"on": "log"}),
    ("error_before", {"on": "bonuses"}),
]


WINDOW_MS = 901_000


@dataclass
class History:
    """One seed's world. `asked` is every amount that was ever asked for a recipient.

    A person keeps two rules that the documentation gives for batches and synchronous mode: an older state comes back
    by `state restore`, and after such a mode a lost or older state waits a settle window before asynchronous singles.
    `plain`: only asynchronous singles so far. `carried`: the state was lost or put back since the last such wait.
    """

    seed: int
    folder: Path
    draw: random.Random = field(init=False)
    world: World = field(init=False)
    asked: dict[str, set[Decimal]] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    backup: Path | None = None
    policies: Policies = field(default_factory=Policies)
    plain: bool = True
    carried: bool = False

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.world = World(self.folder)
        self.policies = Policies(allow_top_up=self.draw.random() < 0.5)
        ids_used, ids_dashed = self.draw.random() < 0.5, self.draw.random() < 0.5
        self.world.options = replace(self.world.options, sync_ids_used=ids_used, ids_dashed=ids_dashed)
        self.story.append(f"sync_ids_used={ids_used}")
        self.mode()
        for number in range(self.draw.randint(2, 6)):
            self.ask(f"w{number}", f"{self.draw.randint(1, 9)}.{self.draw.randint(0, 99):02d}")
        if not self.singles and self.draw.random() < 0.8:
            # Else most of a short history would be spent before the gate of a new state.
            self.world.refresh()
            self.world.clock.advance(WINDOW_MS)
            self.story.append("the gate may open")

    @property
    def singles(self) -> bool:
        provider = self.world.settings.providers[0]
        return provider.mode == "async" and provider.batch_size == 1

    def mode(self) -> None:
        """How payments go out from now on."""
        mode, size = self.draw.choice(MODES)
        skip = self.draw.random() < 0.5
        provider = settings(mode=mode, batch_size=size, skip_invalid_items=skip)
        self.world.settings = replace(provider, policies=(("USD", self.policies),))
        self.plain &= self.singles
        self.story.append(f"mode {mode}, batch size {size}, skip_invalid_items={skip}")

    def ask(self, recipient: str, amount: str) -> None:
        self.world.desired = [row for row in self.world.desired if row.recipient != recipient]
        self.world.desired.append(bonus(recipient, amount))
        self.asked.setdefault(recipient, set()).add(Decimal(amount))

    def wait_after_a_carried_state(self) -> None:
        if self.singles and self.carried and not self.plain:
            self.world.clock.advance(WINDOW_MS)
            self.carried = False
            self.story.append("  a window passes first")

    def run(self) -> None:
        self.wait_after_a_carried_state()
        faults = self.draw.sample(FAULTS, self.draw.randint(0, 3))
        self.world.strike(
            *(
                Fault(name=name, per_mille=self.draw.choice([100, 300, 700]), seed=self.seed, **more)  # type: ignore[arg-type]
                for name, more in faults
            )
        )
        dies = frozenset({self.draw.randint(1, 60)}) if self.draw.random() < 0.6 else frozenset()
        self.story.append(f"run faults={[name for name, _ in faults]} dies={sorted(dies)}")
        try:
            report = self.world.apply(
                Points(die_at=dies), slots=self.draw.randint(1, 4), wait_s=self.draw.choice([0, 60, 1_000])
            )
        except Crash as crash:
            self.story.append(f"  died: {crash}")
        except AssertionError:
            raise
        else:
            self.story.append(f"  exit {report.exit_code} {Counter(left.why.value for left in report.left)}")
        self.check_paid_once()

    def event(self) -> None:
        world = self.world
        match self.draw.randint(0, 10):
            case 0:
                self.ask("w0", f"{self.draw.randint(1, 9)}.50")
                self.story.append("edit w0")
            case 1:
                world.desired = [row for row in world.desired if row.recipient != "w1"]
                self.story.append("remove w1")
            case 2:
                self.ask(f"x{len(self.story)}", "3.00")
                self.story.append("add")
            case 3:
                world.state.unlink(missing_ok=True)
                self.carried = True
                self.story.append("state lost")
            case 4 if world.state.exists():
                self.backup = self.folder / "backup.db"
                shutil.copyfile(world.state, self.backup)
                self.story.append("backup")
            case 5 if self.backup is not None:
                self.put_back(self.backup)
            case 6:
                world.clock.advance(self.draw.choice([60_000, 901_000, 3_600_000, 90_000_000, 700_000_000]))
                self.story.append("time passes")
            case 7:
                world.clock.boot, world.clock.boot_ms = f"boot-{len(self.story)}", 1_000
                self.story.append("reboot")
            case 8:
                world.clock.wall_ms -= self.draw.choice([10_000, 7_200_000])
                self.story.append("clock goes back")
            case 9:
                self.mode()
            case _:
                return

    def put_back(self, backup: Path) -> None:
        if self.plain:
            shutil.copyfile(backup, self.world.state)
        else:
            self.world.restore(backup)
        self.carried = True
        self.story.append("older state put back")

    def check_paid_once(self) -> None:
        rows = self.world.remote.ledger.connection.execute("SELECT private_comment FROM bonuses").fetchall()
        markers = Counter(parse_marker(row[0]) for row in rows)
        assert not [marker for marker, count in markers.items() if count > 1 or marker is None], "paid twice"

    def finish(self) -> None:
        world = self.world
        world.strike()
        self.wait_after_a_carried_state()
        # A clock that was set back has been put right by now; late requests and slow operations come to their end.
        world.clock.advance(20_000_000)
        for _ in range(4):
            report = world.apply(wait_s=0)
            self.check_paid_once()
            world.clock.advance(2_000_000)
        paid: dict[str, Decimal] = {}
        for _, recipient, amount in world.paid():
            paid[recipient] = paid.get(recipient, Decimal(0)) + amount
        issued = {address.removeprefix("c/"): amount for address, amount in world.issued().items()}
        assert issued == paid, "the state says something else than the provider"
        named = {left.address.removeprefix("c/"): left.why.value for left in report.left}
        for row in world.desired:
            if paid.get(row.recipient) == row.amount:
                continue
            assert named.get(row.recipient) in {"conflict"}, f"{row.recipient}: {named.get(row.recipient)}"
        for recipient, amount in paid.items():
            assert amount <= max(self.asked[recipient]), "more than was ever asked"


@pytest.mark.parametrize("block", range(10))
def test_random_histories_end_with_every_bonus_paid_once_and_a_true_state(tmp_path: Path, block: int) -> None:
    only = os.environ.get("BONUSCTL_SEED")
    seeds = [int(only)] if only else range(block * SEEDS // 10, (block + 1) * SEEDS // 10)
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        history = History(seed, folder)
        try:
            for _ in range(history.draw.randint(1, 4)):
                history.run()
                history.event()
            history.finish()
        except BaseException as error:
            error.add_note(f"seed {seed}:\n  " + "\n  ".join(history.story))
            raise
        finally:
            history.world.close()
