"""Every history of a world of two bonuses with at most K bad choices: two runs, something between and after them, and two
quiet runs (a third one finds what the second found).

K = 1 is whole: every point, every fault, every event, one by one and in batches, asynchronous and synchronous; in the
other kinds, MTurk's among them, over what differs most, and whole in `make soak`. K = 2 is whole over what differs most (deaths after
each commit and each payment's request; seven faults of a send; unread and lagging reads; the core of the events),
for asynchronous singles. K = 3 leaves failed commits to K = 2 (but for what the run says, one that is not durable is a death
before it) and rests for three quiet runs. A history that comes to a world in which an earlier one of its part stood at the same moment, with as
many bad choices left, goes on as that one did and is not played again. BONUSCTL_EXHAUSTIVE_K=3 goes on; BONUSCTL_EXHAUSTIVE_MAX bounds the histories of a block.
"""

import os
from pathlib import Path

import pytest

from tests.sim.history import Shape
from tests.sim.kinds import BATCHES, KINDS, SINGLES, SYNC, SYNC_BATCHES, Kind
from tests.sim.playing import play_every
from tests.support.figures import Tell

DEEPEST = int(os.environ.get("BONUSCTL_EXHAUSTIVE_K", "2"))
MOST = int(os.environ.get("BONUSCTL_EXHAUSTIVE_MAX", str(10**9)))
BLOCKS = 16
DEEP_BLOCKS = 19
"""Six of the 114 choices that a history with three of them can begin with: what two of them lead to alike is played once."""
WHOLE = KINDS if DEEPEST > 2 else (SINGLES, BATCHES, SYNC, SYNC_BATCHES)


@pytest.mark.parametrize("block", range(4))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_history_with_one_bad_choice_pays_once(tmp_path: Path, kind: Kind, block: int, tell: Tell) -> None:
    shape = Shape(kind=kind, quiet=2, core=kind not in WHOLE)
    tell(play_every(shape, 1, tmp_path, block=block, blocks=4, most=MOST))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_history_with_two_bad_choices_pays_once(tmp_path: Path, block: int, tell: Tell) -> None:
    tell(play_every(Shape(kind=SINGLES, core=True, quiet=2), 2, tmp_path, block=block, blocks=BLOCKS, most=MOST))


@pytest.mark.parametrize("block", range(DEEP_BLOCKS if DEEPEST > 2 else 1))
@pytest.mark.skipif(DEEPEST < 3, reason="a long share: BONUSCTL_EXHAUSTIVE_K=3")
def test_every_history_with_three_bad_choices_pays_once(tmp_path: Path, block: int, tell: Tell) -> None:
    # A lost state meets each id that was used up in a run of its own.
    shape = Shape(kind=SINGLES, core=True, disk=False, quiet=3)
    tell(play_every(shape, 3, tmp_path, block=block, blocks=DEEP_BLOCKS, most=MOST))


@pytest.mark.parametrize("block", range(BLOCKS if DEEPEST > 2 else 1))
@pytest.mark.parametrize("kind", [BATCHES, SYNC, SYNC_BATCHES], ids=lambda kind: kind.name)
@pytest.mark.skipif(DEEPEST < 3, reason="a long share: BONUSCTL_EXHAUSTIVE_K=3")
def test_every_history_with_two_bad_choices_in_other_modes_pays_once(
    tmp_path: Path, kind: Kind, block: int, tell: Tell
) -> None:
    tell(play_every(Shape(kind=kind, core=True, quiet=2), 2, tmp_path, block=block, blocks=BLOCKS, most=MOST))
