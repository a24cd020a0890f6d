"""The Nth request is lost, for every N, on its way out or on its way back, once or with every later one: nobody is paid
twice, the run says what is left, and the next one ends with the truth. In every scenario and mode.
"""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from reconcile.errors import BonusctlError
from tests.crash.scenarios import MODES, SCENARIOS, assert_none_twice, begin, begun, journaled, posts, recover
from tests.crash.test_crash_scenarios import EVERY_POINT
from tests.support.figures import Tell
from tests.support.world import Fault, Points

WHOLE = os.environ.get("BONUSCTL_CRASH_PAIRS") == "1"
REQUESTS_MAX = 400
WAYS = [("cut_before", True), ("cut_after", True), ("cut_before", False), ("cut_after", False)]
"""(on its way out or back, with every later one)"""


def lost(number: int, way: tuple[str, bool]) -> Fault:
    """The Nth request of any kind is lost; with every later one where the way says so."""
    name, from_there_on = way
    nth = tuple(range(number, REQUESTS_MAX * 2)) if from_there_on else (number,)
    return Fault(name=name, on="any", nth=nth)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_request_lost_anywhere_pays_nobody_twice_and_the_next_run_ends_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    """Each N in one of the four ways, in the variants of a mode every fourth N; with BONUSCTL_CRASH_PAIRS=1 in all."""
    scenario = SCENARIOS[name]
    stride, losses = 1 if WHOLE or mode in EVERY_POINT else 4, 0
    moment = begun(tmp_path, scenario, MODES[mode])
    turn = list(MODES).index(mode) + list(SCENARIOS).index(name)
    for number in range(1, REQUESTS_MAX, stride):
        reached = False
        for way in WAYS if WHOLE else [WAYS[(number + turn) % 4]]:
            world = begin(tmp_path, scenario, moment)
            before = journaled(world)
            world.strike(*scenario.faults, lost(number, way))
            with suppress(BonusctlError):
                scenario.run(world, Points())
            reached |= len(world.requests) >= number
            losses += len(world.requests) >= number
            assert posts(world) <= journaled(world) - before, "sent before it was durable"
            assert_none_twice(world)
            recover(world, scenario, MODES[mode])
            world.close()
        if not reached:
            assert number > 2, "so few requests mean that the run was not followed"
            tell({"requests lost": losses})
            return
    raise AssertionError("the run never ends")
