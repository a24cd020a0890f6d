"""SIGKILL of the real `bonusctl` at random moments of real runs against the real emulator: paid once, state true."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from reconcile.emulator.options import ACCOUNT
from tests.kill.launching import assert_state
from tests.kill.test_kill_points import TURNS, share_of
from tests.support.emulator import EmulatorProcess
from tests.support.figures import Tell

BONUSES = 240
LATENCY_MS = 20

CONFIG = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: {environment}
    endpoint: {endpoint}
    concurrency: 8
    daily_request_limit: 1000000
{mode}"""


class Mode(NamedTuple):
    """How payments go out, and this mode's part of the kills in percent. `patience_s`: the longest life of a run: one
    that must wait for windows needs more of it to get anywhere.
    """

    config: str
    percent: int
    patience_s: float


# The emulator is on this machine, and carries a request out within its latency: a window of a second is long.
WINDOW = "    settle_window: 1\n"
MODES = {
    "singles": Mode("", 9, 1.6),
    "batches": Mode(f"    batch_size: 5\n{WINDOW}", 6, 1.8),
    "sync": Mode(f"    mode: sync\n{WINDOW}", 4, 1.8),
    "sync batches": Mode(f"    mode: sync\n    batch_size: 5\n{WINDOW}", 4, 1.8),
}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": LATENCY_MS, "daily-limit": 0}) as process:
        yield process


class Project:
    """A folder with a config and specs, and the real command."""

    def __init__(
        self,
        folder: Path,
        endpoint: str,
        mode: Mode = MODES["singles"],
        *,
        environment: str = "sandbox",
        whole: int = 0,
    ) -> None:
        self.folder = folder
        self.whole = whole
        (folder / "specs").mkdir(parents=True)
        (folder / "bonusctl.yaml").write_text(
            CONFIG.format(endpoint=endpoint, mode=mode.config, environment=environment)
        )

    def write(self, campaign: str, workers: range) -> None:
        rows = "".join(f"  - {{user_id: w{number}, amount: {self.whole}.{number % 90 + 10}}}\n" for number in workers)
        text = f"version: 1\ncampaign: {campaign}\nprovider: toloka\nbonuses:\n{rows}"
        (self.folder / "specs" / f"{campaign}.yaml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "reconcile", *arguments],
            cwd=self.folder,
            env=os.environ | {"TOLOKA_TOKEN": "kill-test"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        assert process.returncode == code, f"{arguments}: exit {process.returncode}\n{out}\n{err}"
        value: dict[str, Any] = json.loads(out) if "json" in arguments else {}
        return value


def kill_while_applying(project: Project, kills: int, seed: int, *, patience_s: float) -> int:
    """Start apply and kill it, until it was killed `kills` times or has nothing left to do. Returns the kills."""
    draw = random.Random(seed)
    done = 0
    while done < kills:
        process = project.start("apply", "--auto-approve", "--format", "json")
        try:
            process.communicate(timeout=draw.uniform(0.25, patience_s))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done += 1
        else:
            if process.returncode == 0:
                break
    return done


def assert_true(project: Project, emulator: EmulatorProcess, expected: Counter[tuple[str, str]]) -> None:
    """The provider paid each bonus once, and the state says the same, payment by payment."""
    remote = emulator.ledger()["payments"]
    assert Counter((row["user_id"], row["amount"]) for row in remote) == expected
    assert_state(project.folder / "state" / "bonusctl.db", remote)


every_turn = pytest.mark.parametrize("turn", range(TURNS))


@every_turn
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_kills_at_random_moments_pay_nothing_twice_and_lose_nothing(
    tmp_path: Path, emulator: EmulatorProcess, mode: Mode, turn: int, tell: Tell
) -> None:
    project = Project(tmp_path / "project", emulator.endpoint, mode)
    tell(play_kills(project, emulator, mode, turn))


@every_turn
def test_kills_in_synchronous_mode_where_operation_ids_count_pay_each_bonus_once(
    tmp_path: Path, turn: int, tell: Tell
) -> None:
    """The other reading of `operation_id`; the emulator ignores it otherwise."""
    options = {"latency-ms": LATENCY_MS, "daily-limit": 0, "sync-ids-used": True}
    with EmulatorProcess(tmp_path / "remote.db", options) as emulator:
        project = Project(tmp_path / "project", emulator.endpoint, MODES["sync"])
        tell(play_kills(project, emulator, MODES["sync"], turn))


@every_turn
def test_kills_at_yandex_tasks_pay_each_bonus_of_roubles_once(tmp_path: Path, turn: int, tell: Tell) -> None:
    mode = Mode(f"    account: {ACCOUNT}\n", 3, 1.6)
    options = {"latency-ms": LATENCY_MS, "daily-limit": 0, "yandex": True}
    with EmulatorProcess(tmp_path / "remote.db", options) as emulator:
        project = Project(tmp_path / "project", emulator.endpoint, mode, environment="yandex", whole=7)
        tell(play_kills(project, emulator, mode, turn))


def play_kills(project: Project, emulator: EmulatorProcess, mode: Mode, turn: int) -> dict[str, int]:
    """Campaigns, killed until this mode's share of kills is used up; all is true after each. Returns the count."""
    expected: Counter[tuple[str, str]] = Counter()
    share = share_of(mode.percent)
    kills = campaigns = 0
    while kills < share:
        campaigns += 1
        workers = range(campaigns * 1000, campaigns * 1000 + BONUSES)
        project.write(f"campaign-{campaigns}", workers)
        expected.update((f"w{number}", f"{project.whole}.{number % 90 + 10}") for number in workers)
        kills += kill_while_applying(project, share - kills, seed=1000 * turn + campaigns, patience_s=mode.patience_s)
        project.run("apply", "--auto-approve", "--format", "json")
        assert_true(project, emulator, expected)
    assert kills == share
    return {"kills at random moments": kills}


def test_a_state_deleted_after_an_apply_is_made_anew_and_nothing_is_paid_again(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    project = Project(tmp_path / "project", emulator.endpoint)
    project.write("campaign-1", range(60))
    project.run("apply", "--auto-approve", "--format", "json")
    for path in (project.folder / "state").iterdir():
        path.unlink()
    report = project.run("apply", "--auto-approve", "--format", "json")
    assert report["summary"]["issued"] == 0
    assert_true(project, emulator, Counter((f"w{number}", f"0.{number % 90 + 10}") for number in range(60)))


def test_a_state_deleted_in_the_middle_of_an_apply_is_made_anew_and_nothing_is_paid_again(
    tmp_path: Path, emulator: EmulatorProcess
) -> None:
    project = Project(tmp_path / "project", emulator.endpoint)
    project.write("campaign-1", range(BONUSES))
    process = project.start("apply", "--auto-approve", "--format", "json")
    until = time.monotonic() + 30
    while len(emulator.ledger()["payments"]) < BONUSES // 3:
        assert time.monotonic() < until
        time.sleep(0.02)
    process.kill()
    process.communicate()
    for path in (project.folder / "state").iterdir():
        path.unlink()
    project.run("apply", "--auto-approve", "--format", "json")
    assert_true(project, emulator, Counter((f"w{number}", f"0.{number % 90 + 10}") for number in range(BONUSES)))
