"""Die at the Nth durable write or network event of a run, for N = 1, 2, 3 … until it goes through, in every scenario and
mode: nobody is paid twice, nothing left this host that was not in the journal, and the next run ends with the truth.

The dead process attempts nothing more. In the modes below every point is taken; in their variants, Yandex Tasks among them
(`test_crash_yandex` takes every point there), every fifth, or all of them with BONUSCTL_CRASH_PAIRS=1.
"""

import os
from pathlib import Path

import pytest

from tests.crash.scenarios import MODES, SCENARIOS, begin, journaled, posts, recover
from tests.support.figures import Tell
from tests.support.world import Crash, Points

EVERY_POINT = {"singles", "batches", "sync", "sync batches"}
WHOLE = os.environ.get("BONUSCTL_CRASH_PAIRS") == "1"
POINTS_MAX = 1_000


class Dying(Points):
    """Dies at one point and at every later one, as a process that is gone does."""

    def reach(self, name: str) -> None:
        super().reach(name)
        if self.count > min(self.die_at):
            raise Crash(f"attempted after its death: {name}")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_at_every_point_and_a_second_run_end_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    scenario = SCENARIOS[name]
    stride = 1 if WHOLE or mode in EVERY_POINT else 5
    died = 0
    for number in range(1 + len(name) % stride, POINTS_MAX, stride):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = begin(folder, scenario, MODES[mode])
        before = journaled(world)
        points = Dying(die_at=frozenset({number}))
        try:
            scenario.run(world, points)
        except Crash:
            died += 1
            assert points.count == number, "something was attempted after the process's death"
            assert posts(world) <= journaled(world) - before, "sent before it was durable"
            recover(world, scenario, MODES[mode])
        else:
            assert points.count < number
            world.close()
            assert died >= 15 // stride, "so few points mean that the run was not followed"
            tell({"points died at": died})
            return
        world.close()
    raise AssertionError("the run never ends")
