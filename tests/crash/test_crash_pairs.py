"""Die in a run, die again in its recovery, and run once more: paid once, state true. In every scenario.

Between two moments in which something becomes durable, here or at the provider, deaths leave the same world: a pair is
taken of two such moments. Each is a share of all pairs; `BONUSCTL_CRASH_PAIRS=1` takes every pair in every mode.
"""

import os
from pathlib import Path

import pytest

from tests.crash.scenarios import MODES, SCENARIOS, Scenario, apply, begin, begun, recover
from tests.crash.test_crash_scenarios import EVERY_POINT
from tests.support.again import moment_of, world_at
from tests.support.figures import Tell
from tests.support.world import Crash, Points, World

WHOLE = os.environ.get("BONUSCTL_CRASH_PAIRS") == "1"
MOMENTS_MAX = 400
STRIDES = (1, 1) if WHOLE else (7, 5)


class DyingAfter(Points):
    """Dies right after the Nth moment in which something became durable: a commit, or a payment's request at the
    provider.
    """

    def __init__(self, world: World, moment: int) -> None:
        super().__init__()
        self._world = world
        self._left = moment

    def reach(self, name: str) -> None:
        super().reach(name)
        paying = name.startswith("request carried out") and self._world.requests[-1].method == "POST"
        self._left -= name == "after commit" or paying
        if self._left <= 0:
            raise Crash(name)


def dies(world: World, scenario: Scenario, moment: int) -> bool:
    """Whether the run that shall die after this moment reaches it."""
    try:
        scenario.run(world, DyingAfter(world, moment))
    except Crash:
        return True
    return False


def dies_recovering(world: World, scenario: Scenario, moment: int) -> bool:
    """The same of what comes next: the run once more where a person repeats it, else an apply."""
    try:
        again = scenario.run if scenario.again else apply
        again(world, DyingAfter(world, moment))
    except Crash:
        return True
    return False


@pytest.mark.parametrize("mode", MODES if WHOLE else sorted(EVERY_POINT))
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_during_the_recovery_from_a_crash_ends_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    scenario, pairs = SCENARIOS[name], 0
    turn = len(name) + len(mode)
    start = begun(tmp_path, scenario, MODES[mode])
    for first in range(1 + turn % STRIDES[0], MOMENTS_MAX, STRIDES[0]):
        world = begin(tmp_path, scenario, start)
        died, moment = dies(world, scenario, first), moment_of(world)
        world.close()
        if not died:
            assert pairs or not WHOLE, "so few moments mean that the run was not followed"
            tell({"pairs died at": pairs})
            return
        for second in range(1 + (turn + first) % STRIDES[1], MOMENTS_MAX, STRIDES[1]):
            world = world_at(tmp_path, moment)
            reached = dies_recovering(world, scenario, second)
            pairs += reached
            recover(world, scenario, MODES[mode])
            world.close()
            if not reached:
                break
    raise AssertionError("the run never ends")
