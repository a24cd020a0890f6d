"""SIGKILL of the real command while it pays through MTurk, signed and by tokens: paid once, state true."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.kill.launching_mturk import HEAD, KEYS
from tests.kill.test_kill_points import TURNS, share_of
from tests.support.emulator import EmulatorProcess
from tests.support.figures import Tell

BONUSES = 60
PERCENT = 3
CONFIG = """\
version: 1
providers:
  mturk: {{type: mturk, environment: sandbox, endpoint: "{endpoint}", settle_window: 1, reason_marker: {marked}}}
"""


class Project:
    """A folder with a config and specs, and the real command."""

    def __init__(self, folder: Path, endpoint: str, *, marked: bool) -> None:
        self.folder = folder
        (folder / "specs").mkdir(parents=True)
        (folder / "bonusctl.yaml").write_text(CONFIG.format(endpoint=endpoint, marked=str(marked).lower()))

    def ask(self, campaign: str) -> Counter[tuple[str, str]]:
        """Bonuses of 0.10 and more, two of them equal for each assignment. Returns (worker, amount) of all."""
        rows = [(f"A{campaign.upper()}N{number}", f"0.{10 + number % 60}") for number in range(BONUSES // 2)]
        text = HEAD.format(campaign=campaign)
        for worker, amount in rows:
            one = f"worker_id: {worker}, assignment_id: 3{worker}, amount: {amount}"
            text += f"  - {{{one}}}\n  - {{{one}, key: again}}\n"
        (self.folder / "specs" / f"{campaign}.yaml").write_text(text)
        return Counter(rows * 2)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "reconcile", *arguments],
            cwd=self.folder,
            env=os.environ | KEYS,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """A command that ends with 0; its output."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, f"{arguments}: exit {process.returncode}\n{out}\n{err}"
        return out


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("marked", [False, True], ids=["by looks", "by reference"])
def test_kills_at_random_moments_pay_nothing_twice_and_lose_nothing(
    tmp_path: Path, turn: int, tell: Tell, *, marked: bool
) -> None:
    draw, share, kills, campaigns = random.Random(turn), share_of(PERCENT), 0, 0
    expected: Counter[tuple[str, str]] = Counter()
    with EmulatorProcess(tmp_path / "remote.db", {"latency-ms": 30}) as emulator:
        project = Project(tmp_path / "project", emulator.endpoint, marked=marked)
        while kills < share:
            campaigns += 1
            expected += project.ask(f"c{campaigns}")
            kills += killed_while_paying(project, share - kills, draw)
            project.run("apply", "--auto-approve", "--wait", "30")
            remote = emulator.mturk_payments()
            assert Counter((row["worker_id"], row["amount"]) for row in remote) == expected
            state = json.loads(project.run("state", "list", "--format", "json"))["bonuses"]
            known = [(row["recipient"], one["amount"], one["status"]) for row in state for one in row["payments"]]
            assert {status for _, _, status in known} == {"issued"}
            assert Counter((worker, amount) for worker, amount, _ in known) == expected
            project.run("state", "verify")
    assert kills == share
    tell({"kills at random moments": kills})


def killed_while_paying(project: Project, kills: int, draw: random.Random) -> int:
    """How often apply was killed before it had nothing left to do: at most `kills` times."""
    for done in range(kills):
        process = project.start("apply", "--auto-approve")
        try:
            process.communicate(timeout=draw.uniform(0.6, 2.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        else:
            if process.returncode == 0:
                return done
    return kills
