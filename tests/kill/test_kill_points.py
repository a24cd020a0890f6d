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
from tests.kill.launching_mturk import MturkProject
from tests.support.emulator import EmulatorProcess
from tests.support.figures import Tell

KILLS = int(os.environ.get("BONUSCTL_KILLS", "120"))
TURNS = -(-KILLS // 120)
"""More kills are taken in turns of 120, each with other points first and at other moments."""
POINTS = 60
"""About so many has an apply of three."""
CAMPAIGNS = 12
"""So many share a state and an emulator."""
ASKED = {"w1": "10.00", "w2": "20.00", "w3": "30.00"}


class Mode(NamedTuple):
    """Lines of the config, the environment, this mode's part of the kills in percent, and whose projects these are."""

    config: str
    percent: int
    environment: str = "sandbox"
    project: type[Project] = Project


MODES = {
    "singles": Mode("", 20),
    "batches": Mode("    batch_size: 2\n", 15),
    "sync": Mode("    mode: sync\n", 10),
    "sync batches": Mode("    mode: sync\n    batch_size: 2\n", 15),
    "yandex": Mode(f"    account: {ACCOUNT}\n", 10, "yandex"),
    "mturk": Mode("", 5, project=MturkProject),
    "mturk by reference": Mode("    reason_marker: true\n", 5, project=MturkProject),
}


def share_of(percent: int) -> int:
    """How many of a turn's kills: rounded up, so that all of them are at least as many as were asked for."""
    return -(-min(KILLS, 120) * percent // 100)


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("name", MODES)
def test_a_kill_at_a_point_and_the_next_run_pay_each_bonus_once(
    tmp_path: Path, launcher: Launcher, name: str, turn: int, tell: Tell
) -> None:
    """Points in order, each in a campaign of its own, until this mode's share of kills is used up."""
    mode = MODES[name]
    share, kills, rounds = share_of(mode.percent), 0, 0
    stride = max(1, POINTS // share)
    at = 1 + turn % stride
    while kills < share:
        rounds += 1
        folder = tmp_path / str(rounds)
        folder.mkdir()
        options = {"latency-ms": 2, "daily-limit": 0, "run-ms": 0, "yandex": mode.environment == "yandex"}
        with EmulatorProcess(folder / "remote.db", options) as emulator:
            project = mode.project(folder / "project", launcher, emulator, mode.config, environment=mode.environment)
            for campaign in range(min(CAMPAIGNS, share - kills)):
                killed = kill_at(project, f"c{campaign}", at)
                kills += killed
                at = at + stride if killed else 1 + (turn + rounds) % stride
    assert kills == share
    tell({"kills at points": kills})


def kill_at(project: Project, campaign: str, at: int) -> bool:
    """Whether an apply was killed at this point. The next ends with the truth in either case."""
    project.ask(campaign, **{f"{name}-{campaign}": amount for name, amount in ASKED.items()})
    ended = project.run("apply", "--auto-approve", "--format", "json", at=at)
    killed = ended.code == -signal.SIGKILL
    assert len(ended.points) >= at if killed else ended.code == 0, ended
    project.apply()
    project.assert_true()
    return killed
