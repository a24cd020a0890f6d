"""Die at the Nth durable write or network event of a run, for N = 1, 2, 3 … until it goes through, in every scenario and
mode: nobody is paid twice, nothing left this host that was not in the journal, and the next run ends with the truth.

The dead process attempts nothing more. In the modes below every point is taken; in their variants, Yandex Tasks among them
(`test_crash_yandex` takes every point there), every fifth, or all of them with BONUSCTL_CRASH_PAIRS=1. Two deaths one after
the other that leave the same world within a second (every event of the state, every row of the provider) are recovered from
once; with BONUSCTL_CRASH_PAIRS=1 each is.
"""

import os
from pathlib import Path

import pytest

from tests.crash.scenarios import MODES, SCENARIOS, begin, begun, journaled, posts, recover
from tests.support.again import Moment, moment_of
from tests.support.figures import Tell
from tests.support.world import Crash, Points

EVERY_POINT = {"singles", "batches", "sync", "sync batches"}
WHOLE = os.environ.get("BONUSCTL_CRASH_PAIRS") == "1"
POINTS_MAX = 1_000
SECOND_MS = 1_000


class Dying(Points):
    """Dies at one point and at every later one, as a process that is gone does."""

    def reach(self, name: str) -> None:
        super().reach(name)
        if self.count > min(self.die_at):
            raise Crash(f"attempted after its death: {name}")


def same(one: Moment, other: Moment) -> bool:
    """Whether two deaths of one run left nothing that differs, but for less than a second."""
    apart_ms = abs(one.clock.boot_ms - other.clock.boot_ms)
    return apart_ms < SECOND_MS and (one.content, one.remote) == (other.content, other.remote)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_at_every_point_and_a_second_run_end_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    scenario = SCENARIOS[name]
    stride = 1 if WHOLE or mode in EVERY_POINT else 5
    died, moment, last = 0, begun(tmp_path, scenario, MODES[mode]), None
    for number in range(1 + len(name) % stride, POINTS_MAX, stride):
        world = begin(tmp_path, scenario, moment)
        before = journaled(world)
        points = Dying(die_at=frozenset({number}))
        try:
            scenario.run(world, points)
        except Crash:
            died += 1
            assert points.count == number, "something was attempted after the process's death"
            assert posts(world) <= journaled(world) - before, "sent before it was durable"
            left = moment_of(world)
            if WHOLE or last is None or not same(last, left):
                recover(world, scenario, MODES[mode])
                last = left
        else:
            assert points.count < number
            world.close()
            assert died >= 12 // stride, "so few points mean that the run was not followed"
            tell({"points died at": died})
            return
        world.close()
    raise AssertionError("the run never ends")
