"""Die in a run, die again in its recovery, and run once more: paid once, state true. A share of all pairs of points;
`BONUSCTL_CRASH_PAIRS=1` takes every pair.
"""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.world import Crash, Points, World, bonus

WORKERS = {"w1": Decimal("1.00"), "w2": Decimal("2.00")}
WHOLE = os.environ.get("BONUSCTL_CRASH_PAIRS") == "1"
POINTS_MAX = 400
STRIDE = 1 if WHOLE else 5


def dies(world: World, number: int) -> bool:
    """Whether a run that shall die at this point reaches it."""
    try:
        world.apply(Points(die_at=frozenset({number})), wait_s=0)
    except Crash:
        return True
    return False


@pytest.mark.parametrize("offset", range(4))
def test_a_crash_during_the_recovery_from_a_crash_pays_each_bonus_once(tmp_path: Path, offset: int) -> None:
    pairs = 0
    for first in range(1 + offset, POINTS_MAX, 4):
        reached = True
        for second in range(1 + first % STRIDE, POINTS_MAX, STRIDE):
            folder = tmp_path / f"{first}-{second}"
            folder.mkdir()
            world = World(folder, desired=[bonus(name, f"{amount:.2f}") for name, amount in WORKERS.items()])
            reached = dies(world, first)
            again = reached and dies(world, second)
            assert world.apply().exit_code == 0
            assert sorted((who, amount) for _, who, amount in world.paid()) == sorted(WORKERS.items())
            assert world.issued() == {f"c/{name}": amount for name, amount in WORKERS.items()}
            world.close()
            pairs += again
            if not again:
                break
        if not reached:
            break
    assert pairs > 10
