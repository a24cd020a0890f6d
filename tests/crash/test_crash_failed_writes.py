"""The Nth durable write fails, for every N, as on a full, broken or read-only disk: nothing more is written or sent, what
came back is handed to a person, and the next run ends with the truth. In every scenario and mode.

Whether the disk is well again for the next write makes no difference: none is attempted, and the real state itself takes
none after a failed one (`tests/state`).
"""

import json
from pathlib import Path

import pytest

from reconcile.errors import StateWriteFailed
from reconcile.protocol.engine import Unrecorded
from tests.crash.scenarios import MODES, SCENARIOS, begin, begun, journaled, posts, recover
from tests.support.figures import Tell
from tests.support.world import Points

COMMITS_MAX = 500
# Requests that started before the failed write are waited for: what they answer is a person's to keep.
RESCUED = ("request leaves", "request carried out, no answer yet", "answer received")


class Failing(Points):
    """Remembers what was reached after the write failed."""

    failed: bool = False
    after: tuple[str, ...] = ()

    def reach(self, name: str) -> None:
        super().reach(name)
        if self.failed:
            self.after += (name,)
        self.failed |= self.names.get("before commit", 0) == self.fail_commit


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SCENARIOS)
def test_after_a_failed_write_nothing_more_is_sent_and_the_next_run_ends_with_the_truth(
    tmp_path: Path, name: str, mode: str, tell: Tell
) -> None:
    scenario = SCENARIOS[name]
    failed, moment = 0, begun(tmp_path, scenario, MODES[mode])
    for number in range(1, COMMITS_MAX):
        world = begin(tmp_path, scenario, moment)
        before, finished = journaled(world), journaled(world, finished=True)
        points = Failing(fail_commit=number)
        try:
            scenario.run(world, points)
        except (StateWriteFailed, Unrecorded) as error:
            failed += 1
            assert points.names["before commit"] == number, "a second write was attempted"
            assert set(points.after) <= set(RESCUED)
            assert posts(world) <= journaled(world) - before, "sent before it was durable"
            handed = {json.loads(line)["operation_id"] for line in getattr(error, "lines", ())}
            unrecorded = posts(world) - (journaled(world, finished=True) - finished)
            assert handed >= set(unrecorded), "an answer that could not be recorded was not handed on"
            recover(world, scenario, MODES[mode])
            world.close()
        else:
            world.close()
            assert points.names["before commit"] < number
            tell({"writes failed": failed})
            return
    raise AssertionError("the run never ends")
