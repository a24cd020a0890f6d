"""SIGKILL of the real command at its registered points: before and after each commit, before and after the bytes of each
request, after each answer. The next runs pay each bonus once, and the state is true.
"""

import os
import signal
from pathlib import Path
from typing import NamedTuple

import pytest

from reconcile.emulator.options import ACCOUNT
from tests.kill.launching import Launcher, Project
from tests.support.emulator import EmulatorProcess

KILLS = int(os.environ.get("BONUSCTL_KILLS", "120"))
POINTS_MAX = 400
ASKED = {"w1": "10.00", "w2": "20.00", "w3": "30.00"}


class Mode(NamedTuple):
    """Lines of the config, the environment, and this mode's part of the kills in percent."""

    config: str
    percent: int
    environment: str = "sandbox"


MODES = {
    "singles": Mode("", 20),
    "batches": Mode("    batch_size: 2\n", 15),
    "sync": Mode("    mode: sync\n", 10),
    "sync batches": Mode("    mode: sync\n    batch_size: 2\n", 15),
    "yandex": Mode(f"    account: {ACCOUNT}\n", 10, "yandex"),
}


@pytest.mark.parametrize("name", MODES)
def test_a_kill_at_a_point_and_the_next_run_pay_each_bonus_once(tmp_path: Path, launcher: Launcher, name: str) -> None:
    """Points in order, each in a campaign of its own; round again until this mode's share of kills is used up."""
    mode = MODES[name]
    share, kills, at = max(1, KILLS * mode.percent // 100), 0, 1
    stride = max(1, 70 // share)
    rounds = 0
    while kills < share:
        rounds += 1
        folder = tmp_path / str(rounds)
        folder.mkdir()
        options = {"latency-ms": 2, "daily-limit": 0, "run-ms": 0, "yandex": mode.environment == "yandex"}
        with EmulatorProcess(folder / "remote.db", options) as emulator:
            reached = kill_at(folder, launcher, emulator, mode, at)
        kills += reached
        at = at + stride if reached else 1 + rounds % stride
    assert kills == share


def kill_at(folder: Path, launcher: Launcher, emulator: EmulatorProcess, mode: Mode, at: int) -> bool:
    """Whether an apply was killed at this point. Applies end with the truth in either case."""
    project = Project(folder / "project", launcher, emulator, mode.config, environment=mode.environment)
    project.ask(**ASKED)
    ended = project.run("apply", "--auto-approve", "--format", "json", at=at)
    killed = ended.code == -signal.SIGKILL
    assert len(ended.points) >= at if killed else ended.code == 0, ended
    project.apply()
    project.assert_true()
    return killed
