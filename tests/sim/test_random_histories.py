"""Seeded random histories: a swarm of faults, crashes, edits, lost and older states, two machines, clocks that jump;
then four quiet runs. Every promise is checked at every step, and again at the end, to the cent.

A failing seed is shrunk and tells its story. It plays again with BONUSCTL_SEED=123; BONUSCTL_HISTORIES=20000 plays more.
"""

import os
from pathlib import Path

import pytest

from tests.sim.playing import play_seeds
from tests.support.figures import Tell

SEEDS = int(os.environ.get("BONUSCTL_HISTORIES", "2000"))
BLOCKS = max(20, SEEDS // 500)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_histories_end_with_every_bonus_paid_once_and_a_true_state(
    tmp_path: Path, block: int, tell: Tell
) -> None:
    only = os.environ.get("BONUSCTL_SEED")
    seeds = [int(only)] if only else range(block, SEEDS, BLOCKS)
    tell(play_seeds(seeds, tmp_path))
